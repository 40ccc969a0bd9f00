import HisuiBytes
import HisuiShape

/// A JSON object for each row, on a line of its own: flat, names with dots, in the order of the
/// row.
///
/// Integers that are written as JSON writes numbers are numbers, all else are strings of valid
/// UTF-8 without control characters.
public struct JSONLinesWriter: RowWriter {
    /// Quoted names of fields with their colons, and where each stands, by the field's number.
    private var names: [UInt8] = []
    private var places: [Range<Int>] = []

    public init() {}

    public mutating func write(_ row: borrowing ResultRow, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        for index in 0..<row.count {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            appendName(of: row, at: index, to: &out)
            let range = row.range(at: index)
            if row.type(at: index) == .integer, Self.isNumber(row.bytes, range) {
                out.append(row.bytes.span, range)
            } else {
                JSONText.appendString(row.bytes.span, range, to: &out)
            }
        }
        out.append(contentsOf: "}\n".utf8)
    }

    public mutating func finish(to out: inout [UInt8]) {}

    private mutating func appendName(
        of row: borrowing ResultRow, at index: Int, to out: inout [UInt8]
    ) {
        let number = Int(row.cells[index].name)
        while places.count <= number { places.append(0..<0) }
        if places[number].isEmpty {
            let start = names.count
            JSONText.appendString(row.name(at: index), to: &names)
            names.append(UInt8(ascii: ":"))
            places[number] = start..<names.count
        }
        out.append(names.span, places[number])
    }

    /// Whether the bytes are an integer as JSON writes it, within the 18 digits that every reader
    /// of 64-bit integers takes.
    private static func isNumber(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        var digits = bytes[range]
        if digits.first == UInt8(ascii: "-") { digits = digits.dropFirst() }
        guard let first = digits.first, digits.count <= 18 else { return false }
        if first == 0x30, range.count > 1 { return false }
        return digits.allSatisfy { $0 &- 0x30 < 10 }
    }
}
