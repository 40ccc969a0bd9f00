import Glibc
import HisuiEvent

/// Entries that files should have, and that reading to the end did not bring.
extension JournalReader {
    /// Compares the numbers that were reached with those that the headers of the files name.
    ///
    /// - Precondition: the handle is at the end.
    mutating func compareWithFiles() {
        guard let found = files.settled(Clock.monotonicMilliseconds()) else { return }
        for (path, cause) in found.unreadable.sorted(by: { $0.key < $1.key }) {
            reportGap(nil, "the journal file \(path) is passed over: \(cause)")
        }
        // What libsystemd does not watch it finds when it opens the journal.
        if found.hasNewDirectory || found.writers.contains(where: { isBehind($0.key, $0.value) }) {
            openAgain()
        }
        for (writer, numbers) in found.writers where isBehind(writer, numbers) {
            takeRest(of: writer, numbers)
        }
        handOver()
    }

    /// What stands before the entries of a writer that was never met: of a new one in a directory,
    /// what is older than what was read of others is not returned by libsystemd.
    ///
    /// Nil on the machine itself, where journald copies entries from one of its journals to
    /// another, and if not all writers are known.
    mutating func beginning(of writer: JournalCursor.ID) -> JournalCursor? {
        guard place.isOfOthers, knowsEachWriter, let numbers = files.look().writers[writer] else {
            return nil
        }
        return numbers.beginning(of: writer)
    }

    /// Whether the files of an entry's writer are there, so that what is missing of it is counted
    /// when their end is reached.
    mutating func filesTell(of entry: JournalCursor) -> Bool {
        guard place.isComplete, knowsEachWriter else { return false }
        return (files.look().writers[entry.writer]?.last ?? 0) >= entry.number
    }

    private func isBehind(_ writer: JournalCursor.ID, _ numbers: JournalFiles.Numbers) -> Bool {
        guard let reached = writers[writer]?.number else { return knowsEachWriter }
        return numbers.last > reached
    }

    /// Takes the entries of a writer that come after the last one taken, and counts those that
    /// are not to be found.
    ///
    /// There are such as libsystemd sorts before what was read: another machine's, delivered late.
    private mutating func takeRest(
        of writer: JournalCursor.ID, _ numbers: JournalFiles.Numbers
    ) {
        let known = writers[writer].flatMap { $0.isTaken ? $0 : nil }
        let end = numbers.cursor(of: writer, at: numbers.last + 1)
        let start = writers[writer] ?? numbers.beginning(of: writer)
        var status = (known == nil ? handle?.seekHead() : handle?.seek(cursor: start.text)) ?? 0
        if status >= 0 { status = takeSkipped(between: start, and: end, Self.damaged) }
        if status < 0 { return recover(status) }
        reportMissing(after: start, before: end, Self.damaged)
        reach(numbers.cursor(of: writer, at: numbers.last))
        status = go(to: position)
        if status < 0 { recover(status) }
    }

    private static let damaged = "journal entries at the end of a damaged file, or removed from it"
}
