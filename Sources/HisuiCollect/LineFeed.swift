import HisuiBytes

/// Where lines end, in bytes of one or two.
///
/// Lines are looked at from their beginning: in UTF-16 the pair 0A 00 ends a line where it is a
/// unit, and means nothing where it lies across two.
enum LineFeed: Sendable {
    case byte, littleEndian, bigEndian

    init(_ encoding: TextEncoding) {
        switch encoding {
        case .utf16LittleEndian: self = .littleEndian
        case .utf16BigEndian: self = .bigEndian
        default: self = .byte
        }
    }

    /// Bytes of a line feed.
    var unitBytes: Int { self == .byte ? 1 : 2 }

    /// Finds the first line feed.
    ///
    /// - Parameters:
    ///   - range: what follows the part of the line that was seen before.
    ///   - half: the last byte of that part, if it is the first of a unit.
    /// - Returns: one past the line feed.
    /// - Complexity: O(length of the range).
    func end(in bytes: Span<UInt8>, _ range: Range<Int>, half: UInt8?) -> Int? {
        if self == .byte { return ByteSearch.first(of: 0x0A, in: bytes, range).map { $0 + 1 } }
        var start = range.lowerBound
        if let half, !range.isEmpty {
            start += 1
            if isLineFeed(half, bytes[range.lowerBound]) { return start }
        }
        var at = start
        while let found = ByteSearch.first(of: 0x0A, in: bytes, at..<range.upperBound) {
            let first = found - (found - start) % 2
            if first + 1 < range.upperBound, isLineFeed(bytes[first], bytes[first + 1]) {
                return first + 2
            }
            at = found + 1
        }
        return nil
    }

    /// How many bytes of a line are there without its end: LF or CR LF.
    ///
    /// - Parameter line: with its line feed.
    func content(of line: Span<UInt8>) -> Int {
        let count = line.count - unitBytes
        switch self {
        case .byte: return count > 0 && line[count - 1] == 0x0D ? count - 1 : count
        case .littleEndian:
            return count > 1 && line[count - 2] == 0x0D && line[count - 1] == 0 ? count - 2 : count
        case .bigEndian:
            return count > 1 && line[count - 2] == 0 && line[count - 1] == 0x0D ? count - 2 : count
        }
    }

    private func isLineFeed(_ first: UInt8, _ second: UInt8) -> Bool {
        self == .littleEndian ? first == 0x0A && second == 0 : first == 0 && second == 0x0A
    }
}
