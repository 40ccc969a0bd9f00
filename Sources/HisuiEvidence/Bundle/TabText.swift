/// Tables as text: a line each, cells parted by tabs, the first line the names of the columns.
///
/// Tab, line feed, carriage return and backslash in a cell are written `\t`, `\n`, `\r`, `\\`.
struct TabText {
    private(set) var bytes: [UInt8] = []

    init(_ header: [String]) { add(header) }

    mutating func add(_ cells: [String]) {
        for (number, cell) in cells.enumerated() {
            if number > 0 { bytes.append(0x09) }
            for byte in cell.utf8 {
                switch byte {
                case 0x09: bytes += [0x5C, UInt8(ascii: "t")]
                case 0x0A: bytes += [0x5C, UInt8(ascii: "n")]
                case 0x0D: bytes += [0x5C, UInt8(ascii: "r")]
                case 0x5C: bytes += [0x5C, 0x5C]
                default: bytes.append(byte)
                }
            }
        }
        bytes.append(0x0A)
    }

    /// Rows of such a table without the first line, cells as they stand.
    static func rows(_ bytes: [UInt8]) -> [[String]] {
        bytes.split(separator: 0x0A).dropFirst().map { line in
            line.split(separator: 0x09, omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }
}
