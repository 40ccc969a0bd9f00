import HisuiBytes
import HisuiEvent

/// How far the numbers of each writer of a journal were reached.
///
/// Kept as a position has it, because each batch carries it: nothing is made anew for those
/// writers of which nothing came. 32 bytes for each, in the order in which they were met:
///
///     writer     u64, u64: the id, its higher half first
///     number     u64
///     realtime   u64: of the entry with that number, microseconds since 1970; 0: no entry of this
///                writer was taken, and this is the number before the first that its files had
///
/// Integers are little-endian.
package struct JournalWriters: Hashable, Sendable {
    /// Where in `bytes` a writer stands.
    private var places: [JournalCursor.ID: Int] = [:]
    package private(set) var bytes: [UInt8] = []

    init() {}

    /// Reads what a position has; nil if it is none.
    init?(_ bytes: Span<UInt8>) {
        guard bytes.count % Self.entryBytes == 0,
            bytes.count / Self.entryBytes <= Limits.journalWritersMax
        else { return nil }
        self.bytes.reserveCapacity(bytes.count)
        for i in 0..<bytes.count { self.bytes.append(bytes[i]) }
        for place in stride(from: 0, to: bytes.count, by: Self.entryBytes) {
            guard places.updateValue(place, forKey: id(at: place)) == nil else { return nil }
        }
    }

    var count: Int { places.count }
    var isEmpty: Bool { places.isEmpty }

    /// Writer, number and time of the entry that was reached; nil if the writer was never met.
    subscript(writer: JournalCursor.ID) -> JournalCursor? {
        guard let place = places[writer] else { return nil }
        return JournalCursor(
            writer: writer, number: number(at: place + 16), realtime: number(at: place + 24))
    }

    /// An entry was reached.
    ///
    /// - Returns: false, and nothing changed, if its writer is new and there is no room for it.
    /// - Complexity: O(1).
    mutating func reach(_ entry: JournalCursor) -> Bool {
        if let place = places[entry.writer] {
            set(entry.number, at: place + 16)
            set(entry.realtime, at: place + 24)
            return true
        }
        guard count < Limits.journalWritersMax else { return false }
        places[entry.writer] = bytes.count
        for value in [entry.writer.high, entry.writer.low, entry.number, entry.realtime] {
            bytes.appendLittleEndian(value)
        }
        return true
    }

    private func id(at place: Int) -> JournalCursor.ID {
        JournalCursor.ID(high: number(at: place), low: number(at: place + 8))
    }

    private func number(at place: Int) -> UInt64 {
        var value: UInt64 = 0
        for i in 0..<8 { value |= UInt64(bytes[place + i]) << (8 * UInt64(i)) }
        return value
    }

    private mutating func set(_ value: UInt64, at place: Int) {
        for i in 0..<8 { bytes[place + i] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(i))) }
    }

    static let entryBytes = 32
}
