import HisuiBytes
import HisuiEvent
import HisuiShape

/// Lines of a W3C extended log, as IIS and proxies write them: what the values are called stands in
/// the file, in the last `#Fields:` line before them.
///
///     #Software: Microsoft Internet Information Services 10.0
///     #Fields: date time cs-method cs-uri-stem cs(User-Agent) sc-status
///     2026-11-27 01:02:03 GET /index.html Mozilla/5.0+(X11) 200
///
/// Blanks part values, or tabs or commas where they part the names. A hyphen is nothing, `+` in a
/// value stands for a blank but in addresses of the web, and times are UTC.
struct W3CFormat: Hashable, Sendable {
    /// Empty in a definition, which takes them from the file.
    var columns: [String] = []
    var delimiter: UInt8 = 0x20
    /// Where the date and the time of day stand, or the time as a whole: only a line with digits
    /// there is a line of values.
    private var times: [Int] = []

    static let mark = Array("#Fields:".utf8)

    init() {}

    /// - Parameter line: begins with `mark`.
    /// - Returns: nil if the line names no time, too many columns, or one twice.
    init?(_ line: Span<UInt8>) {
        guard line.count <= Limits.columnLineBytesMax else { return nil }
        var start = W3CFormat.mark.count
        while start < line.count, line[start] == 0x20 || line[start] == 0x09 { start += 1 }
        let all = start..<line.count
        if ByteSearch.first(of: 0x09, in: line, all) != nil {
            delimiter = 0x09
        } else if ByteSearch.first(of: 0x2C, in: line, all) != nil {
            delimiter = 0x2C
        }
        var known: Set<String> = []
        while start < line.count {
            let end = ByteSearch.first(of: delimiter, in: line, start..<line.count) ?? line.count
            var name = start..<end
            while let last = name.last, line[last] <= 0x20 { name = name.dropLast() }
            while let first = name.first, line[first] <= 0x20 { name = name.dropFirst() }
            start = end + 1
            if name.isEmpty {
                // Blanks behind the last name.
                if delimiter == 0x20 { continue }
                return nil
            }
            let text = String(decodingBytes: line, name)
            guard columns.count < Limits.columnsMax, known.insert(text).inserted else { return nil }
            columns.append(text)
        }
        times = ["date-time", "date", "time"].compactMap(columns.firstIndex)
        if times.isEmpty { return nil }
    }

    /// Appends the values of a line; nil, with nothing appended, if it is none.
    func appendSlots(
        of text: Span<UInt8>, _ line: Range<Int>, to slots: inout [ByteRange]
    ) -> NamedValues? {
        let first = slots.count
        let isFound =
            DelimitedText.appendValues(
                of: text, line, delimiter: delimiter, counts: columns.count...columns.count,
                to: &slots)
            // A quote that a stranger sent is no quote of the format.
            || delimiter != 0x2C && appendPlain(of: text, line, to: &slots)
        guard isFound, slots.count <= Limits.slotsPerShapeMax,
            times.allSatisfy({ Self.isDigit(text, slots[first + $0].range) })
        else {
            slots.removeSubrange(first...)
            return nil
        }
        return NamedValues(range: line, isTakenApart: true)
    }

    private static func isDigit(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        range.first.map { text[$0] &- 0x30 <= 9 } ?? false
    }

    private func appendPlain(
        of text: Span<UInt8>, _ line: Range<Int>, to slots: inout [ByteRange]
    ) -> Bool {
        let first = slots.count
        var start = line.lowerBound
        while slots.count - first < columns.count {
            let end = ByteSearch.first(of: delimiter, in: text, start..<line.upperBound)
            slots.append(ByteRange(start..<(end ?? line.upperBound)))
            guard let end else { break }
            start = end + 1
        }
        if slots.count - first == columns.count, slots.last?.range.upperBound == line.upperBound {
            return true
        }
        slots.removeSubrange(first...)
        return false
    }

    func members(_ text: Span<UInt8>, _ slots: Span<ByteRange>, first: Int) -> [NamedMember] {
        columns.indices.map { index in
            let start = slots[first + index].range.lowerBound
            let isQuoted = start > 0 && text[start - 1] == 0x22
            return NamedMember(
                name: columns[index], slot: first + index,
                decoding: isQuoted
                    ? .doubledQuotes
                    : delimiter == 0x2C || Self.isAddress(columns[index]) ? .name : .plusBlanks)
        }
    }

    /// Whether a plus sign in the column's values is one.
    private static func isAddress(_ column: String) -> Bool {
        column.hasPrefix("cs-uri") || column.hasPrefix("c-uri") || column.hasSuffix("(Referer)")
    }
}
