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
        let change = handle?.process() ?? 0
        if change < 0 { return change }
        if change == Int32(SD_JOURNAL_INVALIDATE) || writers.count > 1 || !previous.isTaken {
            let status = goBack(after: previous, before: next)
            if status < 0 { return status }
        }
        reportMissing(after: previous, before: next, Self.removed)
        return 0
    }

    private static let removed = "journal entries removed or damaged before they were read"

    /// Counts the numbers between what a writer was reached to, `previous` if it was not, and an
    /// entry.
    mutating func reportMissing(
        after previous: JournalCursor, before next: JournalCursor, _ cause: String
    ) {
        let reached = writers[next.writer] ?? previous
        let missing = next.number - reached.number - 1
        if missing == 0 { return }
        reportGap(
            missing, cause, within: reached.isTaken ? MomentSpan(reached.time, next.time) : nil)
    }

    private mutating func goBack(
        after previous: JournalCursor, before next: JournalCursor
    ) -> Int32 {
        var status = handle?.seek(cursor: previous.text) ?? 0
        if status >= 0 { status = takeSkipped(between: previous, and: next, Self.removed) }
        if status < 0 { return status }
        status = handle?.seek(cursor: next.text) ?? 0
        if status < 0 { return status }
        // Of other writers' entries with the same time some may stand before it.
        var text: [UInt8] = []
        for _ in 0..<Limits.journalWritersMax {
            status = handle?.next() ?? 0
            guard status > 0, let back = readCursor(&text) else { break }
            if back.isSameEntry(as: next) { return 0 }
        }
        return status < 0 ? status : -ESTALE
    }

    /// Takes the entries of a writer that are numbered between two, from where the handle stands.
    ///
    /// What is missing between them is counted as it is met, and what is taken is reached: so none
    /// is taken or counted again if this has to be given up and is done anew.
    ///
    /// - Parameter cause: of what is missing.
    /// - Returns: 0, or a negative errno.
    mutating func takeSkipped(
        between previous: JournalCursor, and next: JournalCursor, _ cause: String
    ) -> Int32 {
        var text: [UInt8] = []
        var steps = 0
        while steps < Limits.journalHoleStepsMax {
            // A file that cannot be read further ends it: what it has stays missing.
            guard let moved = handle?.next(), moved > 0 else { break }
            steps += 1
            guard let cursor = readCursor(&text) else { return -EBADMSG }
            guard cursor.writer == next.writer else { continue }
            if cursor.number >= next.number { break }
            if cursor.number <= (writers[next.writer] ?? previous).number { continue }
            // One that cannot be read stays missing.
            if appendEntry(cursor, text) < 0 { continue }
            reportMissing(after: previous, before: cursor, cause)
            reach(cursor)
            if batch.entries.count >= Limits.batchRecordsMax { handOver() }
        }
        return 0
    }
}
