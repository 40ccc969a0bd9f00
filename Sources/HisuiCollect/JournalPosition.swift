import HisuiBytes
import HisuiEvent

/// Where reading a journal stopped; the position of a journal source.
///
///     version   u8 = 2
///     flags     u8: bit 0 it is known of every writer that was seen how far it was reached
///     count     u8, and so many bytes: the cursor of the last entry, as systemd writes it; none if
///               no entry was ever taken
///     writers   to the end: `JournalWriters`
///
/// Version 1 had a line for each writer instead, and is read too:
///
///     version   u8 = 1
///     text      the cursor of the last entry; empty if none was ever taken
///     lines     each a line feed and `s=WRITER;i=NUMBER;t=REALTIME`: how far a writer's numbers
///               were reached, where the cursor does not tell; hexadecimal
///     the end   a line feed, for bit 0
///
/// Anything else is refused as a whole.
package struct JournalPosition: Hashable, Sendable {
    var entry: JournalCursor?
    var writers = JournalWriters()
    /// Whether every writer that was seen is among `writers`.
    var isComplete = false

    init(entry: JournalCursor?, writers: JournalWriters, isComplete: Bool) {
        (self.entry, self.writers, self.isComplete) = (entry, writers, isComplete)
    }

    package var encoded: [UInt8] {
        let text = entry?.text ?? []
        var bytes: [UInt8] = []
        bytes.reserveCapacity(3 + text.count + writers.bytes.count)
        bytes += [Self.version, isComplete ? 1 : 0, UInt8(text.count)]
        bytes += text
        bytes += writers.bytes
        return bytes
    }

    /// Reads a position; nil if it is none.
    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count > 1 else { return nil }
        let isRead =
            switch bytes[0] {
            case Self.version: read(bytes)
            case 1: readLines(bytes)
            default: false
            }
        guard isRead, entry != nil || !writers.isEmpty else { return nil }
        if let entry, writers[entry.writer] == nil { _ = writers.reach(entry) }
    }

    private mutating func read(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= 3, bytes[1] <= 1, bytes.count >= 3 + Int(bytes[2]) else {
            return false
        }
        isComplete = bytes[1] == 1
        let end = 3 + Int(bytes[2])
        if end > 3 {
            guard let cursor = JournalCursor(bytes.extracting(3..<end)) else { return false }
            entry = cursor
        }
        guard let writers = JournalWriters(bytes.extracting(end..<bytes.count)) else {
            return false
        }
        self.writers = writers
        return true
    }

    private mutating func readLines(_ bytes: Span<UInt8>) -> Bool {
        var start = 1
        while start <= bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != Self.lineFeed { end += 1 }
            let line = bytes.extracting(start..<end)
            if start == 1 {
                if !line.isEmpty {
                    guard let cursor = JournalCursor(line) else { return false }
                    entry = cursor
                }
            } else if line.isEmpty, end == bytes.count {
                isComplete = true
            } else {
                guard let writer = JournalCursor(line, parts: JournalCursor.reachedParts) else {
                    return false
                }
                // One for which there is no room is one that is not known.
                if !writers.reach(writer) { return false }
            }
            start = end + 1
        }
        return true
    }

    private static let version: UInt8 = 2
    private static let lineFeed = UInt8(ascii: "\n")
}
