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
        for (writer, numbers) in found.writers where isBehind(writer, numbers) {
            takeRest(of: writer, numbers)
        }
        handOver()
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
        let start = writers[writer] ?? numbers.cursor(of: writer, at: numbers.first - 1)
        var missing = end.number - start.number - 1
        var status = handle?.process() ?? 0
        if status >= 0 {
            status = (known == nil ? handle?.seekHead() : handle?.seek(cursor: start.text)) ?? 0
        }
        if status >= 0 { status = takeSkipped(between: start, and: end, &missing) }
        if status < 0 { return recover(status) }
        if missing > 0 {
            reportGap(
                missing, "journal entries at the end of a damaged file, or removed from it",
                within: known.map { MomentSpan($0.time, end.time) })
        }
        reach(numbers.cursor(of: writer, at: numbers.last))
        status = go(to: position)
        if status < 0 { recover(status) }
    }
}
