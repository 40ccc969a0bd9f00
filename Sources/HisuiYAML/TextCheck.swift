/// What must hold of a file before YAML is looked at: its size and its characters.
///
/// libyaml checks the characters too, but tells an offset into a buffer and no line.
enum TextCheck {
    struct Problem {
        var line: Int
        var column: Int
        var message: String
        var hint: String
    }

    /// The first byte that is no UTF-8 or no character YAML allows.
    /// - Complexity: O(bytes).
    static func firstProblem(in bytes: [UInt8]) -> Problem? {
        if bytes.count > YAMLLimits.fileBytesMax {
            return Problem(
                line: 1, column: 1,
                message: "the file has \(bytes.count) bytes; at most \(YAMLLimits.fileBytesMax) "
                    + "are read",
                hint: "split it")
        }
        var line = 1
        var column = 1
        var at = bomLength(bytes)
        while at < bytes.count {
            let byte = bytes[at]
            if byte < 0x80 {
                at += 1
                if byte == 0x0A || byte == 0x0D {
                    if byte == 0x0D, at < bytes.count, bytes[at] == 0x0A { at += 1 }
                    line += 1
                    column = 1
                    continue
                }
                if byte < 0x20 && byte != 0x09 || byte == 0x7F {
                    return Problem(
                        line: line, column: column,
                        message: "the control character 0x\(hex(byte)) is not allowed",
                        hint: "remove it, or write it as \\x\(hex(byte)) in double quotes")
                }
                column += 1
                continue
            }
            guard let (scalar, length) = decode(bytes, at) else {
                return Problem(
                    line: line, column: column, message: "the byte 0x\(hex(byte)) is no UTF-8",
                    hint: "save the file as UTF-8")
            }
            at += length
            switch scalar {
            case 0x85, 0x2028, 0x2029:
                line += 1
                column = 1
            case 0x80..<0xA0, 0xFEFF, 0xFFFE, 0xFFFF:
                return Problem(
                    line: line, column: column,
                    message: "the character U+\(hex(scalar)) is not allowed", hint: "remove it")
            default: column += 1
            }
        }
        return nil
    }

    /// Bytes of a byte order mark at the start; it is no part of the text.
    static func bomLength(_ bytes: [UInt8]) -> Int {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// The code point at `at`, whose first byte is not ASCII, and its length (RFC 3629).
    private static func decode(_ bytes: [UInt8], _ at: Int) -> (scalar: UInt32, length: Int)? {
        let first = bytes[at]
        let length: Int
        var scalar: UInt32
        switch first {
        case 0xC2...0xDF: (length, scalar) = (2, UInt32(first & 0x1F))
        case 0xE0...0xEF: (length, scalar) = (3, UInt32(first & 0x0F))
        case 0xF0...0xF4: (length, scalar) = (4, UInt32(first & 0x07))
        default: return nil
        }
        guard bytes.count - at >= length else { return nil }
        for byte in bytes[(at + 1)..<(at + length)] {
            guard byte & 0xC0 == 0x80 else { return nil }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        // Overlong forms, surrogates, and what is beyond Unicode.
        let least: [UInt32] = [0, 0, 0x80, 0x800, 0x10000]
        guard scalar >= least[length], scalar <= 0x10FFFF else { return nil }
        return scalar & 0xFFFF_F800 == 0xD800 ? nil : (scalar, length)
    }

    private static func hex(_ value: some FixedWidthInteger) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, value.bitWidth / 8 * 2 - digits.count) % 4)
            + digits
    }
}
