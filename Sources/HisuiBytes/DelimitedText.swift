/// Takes lines of delimited values apart (RFC 4180).
///
/// A value that begins with a quote ends with the next one that is not doubled; any other ends
/// before the next delimiter or line end, quotes in it being plain text.
public enum DelimitedText {
    /// What may stand between values: comma, tab, semicolon.
    ///
    /// None of them is part of a character in CP932 or EUC-JP.
    public static let delimiters: [UInt8] = [0x2C, 0x09, 0x3B]

    /// Appends the values in `range`, without their quotes.
    ///
    /// - Parameter counts: how many values there may be.
    /// - Returns: false, with nothing appended, if there are more or fewer.
    /// - Complexity: O(length of the range).
    public static func appendValues(
        of text: Span<UInt8>, _ range: Range<Int>, delimiter: UInt8, counts: ClosedRange<Int>,
        to slots: inout [ByteRange]
    ) -> Bool {
        let first = slots.count
        var scan = Scan(text, range, delimiter)
        while slots.count - first < counts.upperBound, let value = scan.next() {
            slots.append(ByteRange(value))
        }
        if slots.count - first >= counts.lowerBound, scan.isAtEnd { return true }
        slots.removeSubrange(first...)
        return false
    }

    /// How many values there are; nil if quotes are not as they should be.
    ///
    /// - Complexity: O(length of the range).
    public static func count(of text: Span<UInt8>, _ range: Range<Int>, delimiter: UInt8) -> Int? {
        var scan = Scan(text, range, delimiter)
        var count = 0
        while scan.next() != nil { count += 1 }
        return scan.isAtEnd ? count : nil
    }

    /// The values, quotes removed and doubled ones single.
    public static func values(
        of text: Span<UInt8>, _ range: Range<Int>, delimiter: UInt8
    ) -> [[UInt8]]? {
        var scan = Scan(text, range, delimiter)
        var values: [[UInt8]] = []
        while let value = scan.next() {
            let isQuoted = value.lowerBound > range.lowerBound && text[value.lowerBound - 1] == 0x22
            var bytes: [UInt8] = []
            var isDoubled = false
            for at in value {
                isDoubled = isQuoted && text[at] == 0x22 && !isDoubled
                if !isDoubled { bytes.append(text[at]) }
            }
            values.append(bytes)
        }
        return scan.isAtEnd ? values : nil
    }

    /// Whether a value in quotes is open behind the text.
    ///
    /// - Parameter isOpenBefore: whether one was before it.
    /// - Complexity: O(length of the text).
    public static func isOpen(
        behind text: Span<UInt8>, delimiter: UInt8, isOpenBefore: Bool
    ) -> Bool {
        var at = isOpenBefore ? 0 : markEnd(text, 0..<text.count)
        var isOpen = isOpenBefore
        while at < text.count {
            if !isOpen, text[at] == 0x22 {
                isOpen = true
                at += 1
            }
            if isOpen {
                guard let close = closingQuote(text, at..<text.count) else { return true }
                isOpen = false
                at = close + 1
            }
            let next = ByteSearch.first(of: delimiter, in: text, at..<text.count)
            guard let next else { return false }
            at = next + 1
        }
        return isOpen
    }

    /// Where text begins: behind the mark of UTF-8 that some programs begin files with.
    private static func markEnd(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
        let at = range.lowerBound
        let isMark =
            range.count >= 3 && text[at] == 0xEF && text[at + 1] == 0xBB && text[at + 2] == 0xBF
        return isMark ? at + 3 : at
    }

    private static func closingQuote(_ text: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var at = range.lowerBound
        while let quote = ByteSearch.first(of: 0x22, in: text, at..<range.upperBound) {
            guard quote + 1 < range.upperBound, text[quote + 1] == 0x22 else { return quote }
            at = quote + 2
        }
        return nil
    }

    /// One value after the other.
    private struct Scan: ~Escapable {
        private let text: Span<UInt8>
        private let delimiter: UInt8
        private let end: Int
        private var at: Int
        /// Another value begins at `at`.
        private var hasNext = true

        @_lifetime(copy text)
        init(_ text: Span<UInt8>, _ range: Range<Int>, _ delimiter: UInt8) {
            self.text = text
            self.delimiter = delimiter
            end = range.upperBound
            at = DelimitedText.markEnd(text, range)
        }

        /// Whether all is taken.
        var isAtEnd: Bool { !hasNext && at == end }

        /// The next value; nil at the end, and where something stands behind a closing quote.
        mutating func next() -> Range<Int>? {
            guard hasNext else { return nil }
            let value: Range<Int>
            if at < end, text[at] == 0x22 {
                guard let close = DelimitedText.closingQuote(text, at + 1..<end) else {
                    hasNext = false
                    return nil
                }
                value = at + 1..<close
                at = close + 1
            } else {
                let stop = ByteSearch.first(of: delimiter, in: text, at..<end) ?? end
                value = at..<stop
                at = stop
            }
            hasNext = at < end && text[at] == delimiter
            if hasNext { at += 1 }
            return value
        }
    }
}
