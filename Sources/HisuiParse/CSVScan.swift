import HisuiBytes

/// Takes a line of delimited values apart (RFC 4180): each value is a slot, without its quotes.
///
/// A value that begins with a quote ends with the next one that is not doubled; any other ends
/// before the next delimiter, quotes in it being plain text. Values with line feeds are not read:
/// a record is one line.
enum CSVScan {
    /// Appends the slots of the values in `range`.
    ///
    /// - Returns: false, with nothing appended, unless there are exactly `count` values.
    /// - Complexity: O(length of the range).
    static func appendSlots(
        of text: Span<UInt8>, _ range: Range<Int>, delimiter: UInt8, count: Int,
        to slots: inout [ByteRange]
    ) -> Bool {
        let first = slots.count
        let end = range.upperBound
        var at = range.lowerBound
        // The mark of UTF-8 that some programs begin files with.
        if end - at >= 3, text[at] == 0xEF, text[at + 1] == 0xBB, text[at + 2] == 0xBF { at += 3 }
        while slots.count - first < count {
            if at < end, text[at] == 0x22 {
                let start = at + 1
                guard let close = closingQuote(text, start..<end) else { break }
                slots.append(ByteRange(start..<close))
                at = close + 1
            } else {
                let stop = ByteSearch.first(of: delimiter, in: text, at..<end) ?? end
                slots.append(ByteRange(at..<stop))
                at = stop
            }
            if at == end {
                if slots.count - first == count { return true }
                break
            }
            guard text[at] == delimiter else { break }
            at += 1
        }
        slots.removeSubrange(first...)
        return false
    }

    private static func closingQuote(_ text: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var at = range.lowerBound
        while let quote = ByteSearch.first(of: 0x22, in: text, at..<range.upperBound) {
            guard quote + 1 < range.upperBound, text[quote + 1] == 0x22 else { return quote }
            at = quote + 2
        }
        return nil
    }
}
