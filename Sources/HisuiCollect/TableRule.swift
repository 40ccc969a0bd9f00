import HisuiBytes
import HisuiEvent

/// How to tell the columns of a file of delimited values.
public struct TableRule: Hashable, Sendable {
    /// Whether the first line names the columns.
    public enum Header: String, Hashable, Sendable, CaseIterable {
        /// It does if its values could be names: different, not empty, none of them a number.
        case auto
        case yes, no
    }

    /// ASCII; nil: the one of `DelimitedText.delimiters` that occurs most in the first line.
    public var delimiter: UInt8?
    public var header: Header

    public init(delimiter: UInt8? = nil, header: Header = .auto) {
        self.delimiter = delimiter
        self.header = header
    }

    /// The columns of a file.
    ///
    /// - Parameter line: its first line in UTF-8, without the line's end.
    /// - Returns: nil if there are more columns than a table may have.
    func table(firstLine line: Span<UInt8>) -> RecordTable? {
        let delimiter = delimiter ?? Self.delimiter(of: line)
        let values = DelimitedText.values(of: line, 0..<line.count, delimiter: delimiter) ?? [[]]
        guard values.count <= Limits.columnsMax else { return nil }
        let isNamed =
            switch header {
            case .yes: true
            case .no: false
            case .auto: Self.areNames(values)
            }
        var columns: [String] = []
        var known: Set<String> = []
        for (index, value) in values.enumerated() {
            let name = Self.name(isNamed ? value : [], index + 1)
            var unique = name
            var number = 2
            while !known.insert(unique).inserted {
                unique = "\(name).\(number)"
                number += 1
            }
            columns.append(unique)
        }
        return RecordTable(columns: columns, delimiter: delimiter, isNamed: isNamed)
    }

    /// What stands between values most often, quotes left aside.
    private static func delimiter(of line: Span<UInt8>) -> UInt8 {
        var best: (delimiter: UInt8, count: Int) = (DelimitedText.delimiters[0], 0)
        for delimiter in DelimitedText.delimiters {
            let count = DelimitedText.count(of: line, 0..<line.count, delimiter: delimiter) ?? 0
            if count > best.count { best = (delimiter, count) }
        }
        return best.delimiter
    }

    private static func areNames(_ values: [[UInt8]]) -> Bool {
        var known: Set<[UInt8]> = []
        for value in values {
            let text = value.filter { $0 != 0x20 }
            guard let first = text.first, known.insert(text).inserted else { return false }
            // Numbers, dates, addresses.
            if first >= 0x30 && first <= 0x39 || first == 0x2D || first == 0x2B { return false }
        }
        return values.count > 1
    }

    /// The name of a column, blanks around it left away; a number where there is none.
    private static func name(_ bytes: [UInt8], _ number: Int) -> String {
        var part = bytes.prefix(Limits.nameBytesMax)[...]
        while let last = part.last, last <= 0x20 || last & 0xC0 == 0x80 && part.count < bytes.count
        {
            part.removeLast()
        }
        while let first = part.first, first <= 0x20 { part.removeFirst() }
        let text = String(decoding: part.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
        return text.isEmpty ? "column\(number)" : text
    }
}
