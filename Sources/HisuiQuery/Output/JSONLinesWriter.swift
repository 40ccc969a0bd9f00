import HisuiBytes
import HisuiShape

/// A JSON object for each row, on a line of its own: flat, names with dots, in the order of the
/// row.
///
/// Integers that are written as JSON writes numbers are numbers, all else are strings of valid
/// UTF-8 without control characters.
public struct JSONLinesWriter: RowWriter {
    /// The quoted name of each field with its colon, by the field's number.
    private var names: [[UInt8]] = []

    public init() {}

    public mutating func write(_ row: borrowing ResultRow, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "{"))
        for index in 0..<row.count {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            appendName(of: row, at: index, to: &out)
            let range = row.range(at: index)
            if row.type(at: index) == .integer, Self.isNumber(row.bytes, range) {
                out.append(contentsOf: row.bytes[range])
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
        while names.count <= number { names.append([]) }
        if names[number].isEmpty {
            JSONText.appendString(row.name(at: index), to: &names[number])
            names[number].append(UInt8(ascii: ":"))
        }
        out.append(contentsOf: names[number])
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
