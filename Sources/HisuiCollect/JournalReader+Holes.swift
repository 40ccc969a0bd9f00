import CSystemd
import Glibc
import HisuiEvent

/// Numbers of a writer that are skipped while reading.
extension JournalReader {
    /// Goes back for entries numbered between two of the same writer, and counts what is missing.
    ///
    /// libsystemd never returns an entry that sorts before the one it stands on, so entries in a
    /// file that it opened too late (a user's first journal, another machine's late delivery) are
    /// left out by it without a word; only their numbers tell. They are taken here, in the order
    /// of their numbers. What cannot be found was removed before it was read.
    ///
    /// - Returns: 0 or more with the handle on the entry of `next`, or a negative errno.
    mutating func fillHole(after previous: JournalCursor, before next: JournalCursor) -> Int32 {
        var missing = next.number - previous.number - 1
        let change = handle?.process() ?? 0
        if change < 0 { return change }
        if change == Int32(SD_JOURNAL_INVALIDATE) || writers.count > 1 {
            let status = goBack(after: previous, before: next, &missing)
            if status < 0 { return status }
        }
        if missing > 0 {
            reportGap(
                missing, "journal entries removed or damaged before they were read",
                within: previous.isTaken ? MomentSpan(previous.time, next.time) : nil)
        }
        return 0
    }

    private mutating func goBack(
        after previous: JournalCursor, before next: JournalCursor, _ missing: inout UInt64
    ) -> Int32 {
        var status = handle?.seek(cursor: previous.text) ?? 0
        if status >= 0 { status = takeSkipped(between: previous, and: next, &missing) }
        if status < 0 { return status }
        status = handle?.seek(cursor: next.text) ?? 0
        if status < 0 { return status }
        status = handle?.next() ?? 0
        var text: [UInt8] = []
        guard status > 0, let back = readCursor(&text), back.isSameEntry(as: next) else {
            return status < 0 ? status : -ESTALE
        }
        return 0
    }

    /// Takes the entries of a writer that are numbered between two, from where the handle stands.
    ///
    /// - Parameter missing: lowered by as many as were taken.
    /// - Returns: 0, or a negative errno.
    mutating func takeSkipped(
        between previous: JournalCursor, and next: JournalCursor, _ missing: inout UInt64
    ) -> Int32 {
        var reached = previous.number
        var text: [UInt8] = []
        var steps = 0
        while steps < Limits.journalHoleStepsMax {
            // A file that cannot be read further ends it: what it has stays missing.
            guard let moved = handle?.next(), moved > 0 else { break }
            steps += 1
            guard let cursor = readCursor(&text) else { return -EBADMSG }
            guard cursor.writer == next.writer else { continue }
            if cursor.number >= next.number { break }
            if cursor.number <= reached { continue }
            // One that cannot be read stays missing.
            if appendEntry(cursor, text) < 0 { continue }
            reached = cursor.number
            missing -= 1
            if batch.entries.count >= Limits.batchRecordsMax { handOver() }
        }
        return 0
    }
}
