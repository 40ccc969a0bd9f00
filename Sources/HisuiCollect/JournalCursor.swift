import HisuiEvent

/// What a journal cursor says: `s=…;i=…;b=…;m=…;t=…;x=…`, all hexadecimal.
///
/// The text is systemd's and opaque by contract, but it is the only place where systemd 252 tells
/// an entry's sequence number, and its form has not changed since 2012.
package struct JournalCursor: Hashable, Sendable {
    struct ID: Hashable, Sendable {
        var high: UInt64 = 0
        var low: UInt64 = 0

        /// 32 digits.
        var text: String {
            JournalCursor.hex(high, padded: true) + JournalCursor.hex(low, padded: true)
        }
    }

    /// Who numbered the entry: one id for all files of one journald or one remote writer.
    var writer = ID()
    var number: UInt64 = 0
    var boot = ID()
    /// Microseconds since boot.
    var monotonic: UInt64 = 0
    /// Microseconds since 1970.
    var realtime: UInt64 = 0
    /// Hash over the entry's fields.
    var fields: UInt64 = 0
    /// Where in the text the 32 digits of each id stand.
    var writerText = 0..<0
    var bootText = 0..<0

    /// When the entry was written, by its machine's clock.
    var time: Timestamp {
        let (high, low) = realtime.multipliedFullWidth(by: 1000)
        return Timestamp(nanoseconds: high == 0 ? Int64(clamping: low) : .max)
    }

    init(writer: ID, number: UInt64, realtime: UInt64) {
        (self.writer, self.number, self.realtime) = (writer, number, realtime)
    }

    /// Reads a cursor; nil if any of its parts is missing, doubled or malformed.
    package init?(_ text: Span<UInt8>) { self.init(text, parts: 0b11_1111) }

    /// Reads what a cursor has of certain parts, and nothing else.
    init?(_ text: Span<UInt8>, parts: UInt8) {
        guard text.count <= 256 else { return nil }
        var seen: UInt8 = 0
        var i = 0
        while i < text.count {
            guard i + 2 < text.count, text[i + 1] == UInt8(ascii: "=") else { return nil }
            let key = text[i]
            let start = i + 2
            // The first sixteen digits of an id, all of what is shorter.
            let (first, middle) = Self.number(text, start)
            let (second, end) = middle == start + 16 ? Self.number(text, middle) : (0, middle)
            let isID = end > start + 16
            let value = isID ? ID(high: first, low: second) : ID(low: first)
            guard end > start, end == text.count || text[end] == UInt8(ascii: ";"),
                let bit = take(key, value, start..<end), seen & bit == 0
            else { return nil }
            seen |= bit
            i = end + 1
        }
        guard seen == parts else { return nil }
    }

    private mutating func take(_ key: UInt8, _ value: ID, _ range: Range<Int>) -> UInt8? {
        switch key {
        case UInt8(ascii: "s"):
            writer = value
            writerText = range
            return range.count == 32 ? 1 : nil
        case UInt8(ascii: "b"):
            boot = value
            bootText = range
            return range.count == 32 ? 2 : nil
        default: break
        }
        guard range.count <= 16 else { return nil }
        switch key {
        case UInt8(ascii: "i"):
            number = value.low
            return 4
        case UInt8(ascii: "m"):
            monotonic = value.low
            return 8
        case UInt8(ascii: "t"):
            realtime = value.low
            return 16
        case UInt8(ascii: "x"):
            fields = value.low
            return 32
        default: return nil
        }
    }

    /// The number of the hexadecimal digits from `start` on, at most sixteen, and where they end.
    @inline(__always)
    private static func number(_ text: Span<UInt8>, _ start: Int) -> (UInt64, Int) {
        var value: UInt64 = 0
        var at = start
        let end = min(text.count, start + 16)
        while at < end {
            let byte = text[at]
            let letter = (byte | 0x20) &- UInt8(ascii: "a")
            if byte &- UInt8(ascii: "0") <= 9 {
                value = value << 4 | UInt64(byte & 0xF)
            } else if letter <= 5 {
                value = value << 4 | UInt64(letter + 10)
            } else {
                break
            }
            at += 1
        }
        return (value, at)
    }

    /// The cursor as systemd writes it.
    package var text: [UInt8] {
        let text =
            "s=\(writer.text);i=\(Self.hex(number));b=\(boot.text);"
            + "m=\(Self.hex(monotonic));t=\(Self.hex(realtime));x=\(Self.hex(fields))"
        return Array(text.utf8)
    }

    /// Whether it is an entry's: see `JournalWriters`.
    var isTaken: Bool { realtime > 0 }

    /// Writer, number and time alone.
    static let reachedParts: UInt8 = 0b01_0101

    fileprivate static func hex(_ value: UInt64, padded: Bool = false) -> String {
        let digits = String(value, radix: 16)
        return padded ? String(repeating: "0", count: 16 - digits.utf8.count) + digits : digits
    }

    /// Whether two cursors name the same entry.
    ///
    /// An entry that journald copied from its volatile to its
    /// persistent journal has a new writer and number, but all else is the same.
    func isSameEntry(as other: JournalCursor) -> Bool {
        if writer == other.writer { return number == other.number && fields == other.fields }
        return boot == other.boot && monotonic == other.monotonic && realtime == other.realtime
            && fields == other.fields
    }
}
