public import HisuiBytes

/// The words in the fixed text of a message, and what is left of it without them.
///
/// A word is a run of bytes that nothing in `CharacterClass` stops, or a run of characters beyond
/// ASCII; Japanese punctuation ends it. So no word ends inside a character.
public struct MessageWords: Sendable {
    /// The words, spans of the record, in order.
    public private(set) var words: [ByteRange] = []
    /// A hash of everything else, of where the words stand in it and of where the slots do.
    public private(set) var frame: UInt64 = 0

    public init() {}

    /// Finds the words of `message`.
    ///
    /// - Parameters:
    ///   - slots: those of the message, spans of `record`, in order.
    ///   - encoding: of the record.
    /// - Complexity: O(length of the fixed text).
    public mutating func scan(
        _ record: Span<UInt8>, _ message: Range<Int>, around slots: Span<ByteRange>,
        _ encoding: TextEncoding
    ) {
        words.removeAll(keepingCapacity: true)
        frame = 0
        var from = message.lowerBound
        for index in slots.indices {
            scan(record, from..<slots[index].range.lowerBound, encoding)
            from = slots[index].range.upperBound
            fold(0x100)
        }
        scan(record, from..<message.upperBound, encoding)
    }

    /// Makes the words of the set slots.
    ///
    /// - Parameters:
    ///   - chosen: bit *n* for word *n*.
    ///   - slots: of the record that was scanned.
    ///   - body: which of them are the message's.
    public func insert(_ chosen: UInt64, into slots: inout [ByteRange], _ body: Range<Int>) {
        var at = body.lowerBound
        var end = body.upperBound
        for index in words.indices.prefix(64) where chosen >> UInt64(index) & 1 == 1 {
            while at < end, slots[at].offset < words[index].offset { at += 1 }
            slots.insert(words[index], at: at)
            at += 1
            end += 1
        }
    }

    @inline(__always)
    private mutating func fold(_ value: UInt64) {
        frame = Hash64.mix(frame, value)
    }

    private mutating func scan(_ record: Span<UInt8>, _ gap: Range<Int>, _ encoding: TextEncoding) {
        let classes = CharacterClass.table
        let table = classes.span
        var at = gap.lowerBound
        while at < gap.upperBound {
            let first = at
            let byte = record[at]
            if byte >= 0x80 {
                at = MessageWords.end(of: at, in: record, gap.upperBound, encoding)
            } else {
                while at < gap.upperBound, table[Int(record[at])] & CharacterClass.stop == 0 {
                    at += 1
                }
            }
            if at > first {
                words.append(ByteRange(first..<at))
                fold(0x101)
            } else {
                // What stops a word, and is none.
                let end =
                    byte < 0x80
                    ? at + 1 : min(at + MessageWords.punctuationBytes, gap.upperBound)
                while at < end {
                    fold(UInt64(record[at]))
                    at += 1
                }
            }
        }
    }

    /// Where the run of characters beyond ASCII ends that begins at `first`.
    private static func end(
        of first: Int, in record: Span<UInt8>, _ end: Int, _ encoding: TextEncoding
    ) -> Int {
        var at = first
        while at < end, record[at] >= 0x80 {
            switch encoding {
            case .utf8:
                if isPunctuation(record, at, end) { return at }
                at += 1
            case .cp932:
                let isSingle = record[at] == 0x80 || record[at] >= 0xA0 && record[at] <= 0xDF
                at += isSingle || at + 1 == end ? 1 : 2
            case .eucJP, .iso2022JP, .utf16LittleEndian, .utf16BigEndian: at += 1
            }
        }
        return at
    }

    private static let punctuationBytes = 3

    /// Whether one of U+3000 to U+3002, U+300C, U+300D, U+FF08, U+FF09, U+FF0C and U+FF1A stands
    /// there.
    private static func isPunctuation(_ record: Span<UInt8>, _ at: Int, _ end: Int) -> Bool {
        guard at + 2 < end else { return false }
        switch (record[at], record[at + 1], record[at + 2]) {
        case (0xE3, 0x80, 0x80...0x82), (0xE3, 0x80, 0x8C...0x8D), (0xEF, 0xBC, 0x88...0x89),
            (0xEF, 0xBC, 0x8C), (0xEF, 0xBC, 0x9A):
            return true
        default: return false
        }
    }
}
