/// Base64 of RFC 4648 §4.
enum Base64 {
    private static let letters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var out = letters(of: bytes)
        while out.count % 4 != 0 { out.append(UInt8(ascii: "=")) }
        return out
    }

    /// The letters that stand for `bytes` alone, when `offset` other bytes precede them and any
    /// follow.
    static func encode(_ bytes: [UInt8], offset: Int) -> [UInt8] {
        let out = letters(of: [UInt8](repeating: 0, count: offset) + bytes)
        let end = (offset + bytes.count) % 3 == 0 ? out.count : out.count - 1
        let start = [0, 2, 3][offset]
        return start < end ? Array(out[start..<end]) : []
    }

    private static func letters(of bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var buffer = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | Int(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                out.append(letters[buffer >> bits & 63])
            }
            buffer &= (1 << bits) - 1
        }
        if bits > 0 { out.append(letters[buffer << (6 - bits) & 63]) }
        return out
    }
}
