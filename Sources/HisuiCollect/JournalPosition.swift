import HisuiEvent

/// Where reading a journal stopped; the position of a journal source.
///
///     version   u8 = 1
///     text      the cursor of the last entry; empty if none was ever taken
///     lines     each a line feed and `s=WRITER;i=NUMBER;t=REALTIME`: how far a writer's numbers
///               were reached, where the cursor does not tell; hexadecimal, in order of writers
///     the end   a line feed if of every writer that was seen it is known how far its numbers were
///               reached
///
/// Anything else is refused as a whole.
package struct JournalPosition: Hashable, Sendable {
    var entry: JournalCursor?
    /// Of these the writer, the number and the time of the wall clock are known.
    var reached: [JournalCursor] = []
    /// Whether every writer that was seen is here.
    var isComplete = false

    init(entry: JournalCursor?) { self.entry = entry }

    package var encoded: [UInt8] {
        var bytes = [Self.version] + (entry?.text ?? [])
        for writer in reached { bytes += [Self.lineFeed] + writer.reachedText }
        if isComplete { bytes.append(Self.lineFeed) }
        return bytes
    }

    /// Reads a position; nil if it is none.
    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count > 1, bytes[0] == Self.version else { return nil }
        var start = 1
        while start <= bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != Self.lineFeed { end += 1 }
            let line = bytes.extracting(start..<end)
            if start == 1 {
                if !line.isEmpty {
                    guard let cursor = JournalCursor(line) else { return nil }
                    entry = cursor
                }
            } else if line.isEmpty, end == bytes.count {
                isComplete = true
            } else {
                guard let writer = JournalCursor(line, parts: JournalCursor.reachedParts),
                    reached.count < Limits.journalWritersMax
                else { return nil }
                reached.append(writer)
            }
            start = end + 1
        }
        if entry == nil, reached.isEmpty { return nil }
    }

    private static let version: UInt8 = 1
    private static let lineFeed = UInt8(ascii: "\n")
}
