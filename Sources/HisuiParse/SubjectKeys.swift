import CCrypto
import HisuiBytes

/// Keys that make pseudonyms of the people whom records are about: `hisui.subject.id`.
///
///     pseudonym   id of the key - 24 characters: base 32 (RFC 4648 §6, small letters) of the first
///                 15 bytes of HMAC-SHA-256 (RFC 2104) over "hisui.subject.id", 00, the number
///
/// The same number has the same pseudonym as long as the key is the same, so that looks at one
/// person can be counted; who has no key cannot try out numbers. A file of keys has a line for
/// each, `ID HEX`, the newest last: new records get that one, and a search for a number asks for
/// all.
///
/// Numbers are compared as people write them: without blanks around them, full-width characters as
/// the narrow ones, and digits without the blanks and hyphens between them.
public struct SubjectKeys: Sendable {
    /// A key, and what its pseudonyms begin with.
    private struct Key: Sendable {
        let id: [UInt8]
        let secret: [UInt8]

        /// HMAC-SHA-256 of a message.
        func digest(of message: [UInt8]) -> [UInt8] {
            var digest = [UInt8](repeating: 0, count: 32)
            let isDone = unsafe secret.withUnsafeBufferPointer { secret in
                unsafe message.withUnsafeBufferPointer { message in
                    unsafe digest.withUnsafeMutableBufferPointer { digest in
                        // Safe: all three buffers are used inside this closure only, and the
                        // digest has 32 bytes.
                        unsafe hisui_hmac_sha256(
                            secret.baseAddress, secret.count, message.baseAddress, message.count,
                            digest.baseAddress)
                    }
                }
            }
            precondition(isDone == 1, "memory for a hash")
            return digest
        }
    }

    private let keys: [Key]

    /// What stands in place of a number where there is no key.
    public static let withheld = Array("withheld".utf8)

    /// The field that only pseudonyms stand in.
    public static let field = "hisui.subject.id"

    /// Bytes of a key: those of the hash.
    public static let secretBytes = 32
    /// Bounds on a file of keys.
    public static let keysMax = 64
    private static let idBytesMax = 16
    private static let digestBytes = 15
    private static let subjectBytesMax = 256
    private static let context = Array(field.utf8) + [0]

    /// A mistake in a file of keys.
    public struct Problem: Error, CustomStringConvertible, Equatable {
        /// From 1; 0 for the file.
        public var line: Int
        public var description: String
    }

    /// Reads a file of keys: lines `ID HEX`; `#` begins a remark.
    public init(_ text: [UInt8]) throws(Problem) {
        var keys: [Key] = []
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            let words = line.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
            guard let id = words.first, id.first != 0x23 else { continue }
            func problem(_ text: String) -> Problem {
                Problem(line: number + 1, description: text)
            }
            guard id.count <= Self.idBytesMax, id.allSatisfy(Self.isOfID) else {
                throw problem(
                    "the id of a key has 1 to \(Self.idBytesMax) of a to z and digits")
            }
            guard words.count == 2, let secret = HexText.bytes(words[1]),
                secret.count == Self.secretBytes
            else { throw problem("a key has \(2 * Self.secretBytes) hexadecimal digits") }
            guard secret.contains(where: { $0 != secret[0] }) else {
                throw problem("a key must be random")
            }
            guard !keys.contains(where: { $0.id == Array(id) }) else {
                throw problem("two keys have the same id")
            }
            keys.append(Key(id: Array(id), secret: secret))
        }
        if keys.isEmpty { throw Problem(line: 0, description: "there is no key") }
        if keys.count > Self.keysMax {
            throw Problem(line: 0, description: "there are more than \(Self.keysMax) keys")
        }
        self.keys = keys
    }

    /// A line for a file of keys, with a new random key.
    public static func newLine(id: String) -> String {
        var random = SystemRandomNumberGenerator()
        let secret = (0..<secretBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        return "\(id) \(HexText.text(secret))\n"
    }

    private static func isOfID(_ byte: UInt8) -> Bool {
        byte &- 0x30 <= 9 || byte &- 0x61 < 26
    }

    /// The pseudonyms of a number under all keys, the newest first; none if there is nothing of it.
    public func pseudonyms(of subject: String) -> [String] {
        let bytes = Array(subject.utf8)
        guard Self.isSomebody(bytes.span) else { return [] }
        return keys.reversed().map { key in
            var out: [UInt8] = []
            append(bytes.span, key, to: &out)
            return String(decoding: out, as: UTF8.self)
        }
    }

    /// Whether a text names somebody: it is not empty, and no lone hyphen.
    static func isSomebody(_ text: Span<UInt8>) -> Bool {
        var at = 0
        while at < text.count, text[at] == 0x20 || text[at] == 0x09 || text[at] == 0x2D { at += 1 }
        return at < text.count
    }

    /// Appends the pseudonym by the newest key.
    ///
    /// - Complexity: O(length of the text), of which 256 bytes are hashed as they are.
    func append(_ subject: Span<UInt8>, to out: inout [UInt8]) {
        append(subject, keys[keys.count - 1], to: &out)
    }

    private func append(_ subject: Span<UInt8>, _ key: Key, to out: inout [UInt8]) {
        let digest = key.digest(of: Self.context + Self.normalised(subject))
        out += key.id
        out.append(0x2D)
        // Five bytes are eight digits.
        for group in 0..<Self.digestBytes / 5 {
            let bits = (0..<5).reduce(UInt64(0)) { $0 << 8 | UInt64(digest[5 * group + $1]) }
            for digit in 0..<8 {
                let value = UInt8(bits >> UInt64(35 - 5 * digit) & 31)
                out.append(value < 26 ? 0x61 + value : 0x32 + (value - 26))
            }
        }
    }

    /// The number as it is compared; what is too long to be one is compared by its hash.
    private static func normalised(_ subject: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var at = 0
        while at < subject.count {
            if subject[at] == 0xEF, at + 2 < subject.count,
                subject[at + 1] == 0xBC && subject[at + 2] >= 0x81
                    || subject[at + 1] == 0xBD && subject[at + 2] <= 0x9E
            {
                // U+FF01 to U+FF5E are U+0021 to U+007E, full-width.
                let low = Int(subject[at + 1] - 0xBC) * 64 + Int(subject[at + 2]) - 0x81
                out.append(UInt8(truncatingIfNeeded: 0x21 + low))
                at += 3
            } else if subject[at] == 0xE3, at + 2 < subject.count, subject[at + 1] == 0x80,
                subject[at + 2] == 0x80
            {
                out.append(0x20)
                at += 3
            } else {
                out.append(subject[at])
                at += 1
            }
        }
        let ends = out.indices.filter { out[$0] != 0x20 && out[$0] != 0x09 }
        out = ends.isEmpty ? [] : Array(out[ends[0]...ends[ends.count - 1]])
        let digits = out.filter { $0 != 0x20 && $0 != 0x2D }
        if digits.allSatisfy({ $0 &- 0x30 <= 9 }) { out = digits }
        return out.count <= subjectBytesMax ? out : SHA256.of(out.span)
    }

    /// Keys for samples: everybody knows them.
    static let ofSamples = SubjectKeys(keys: [
        Key(id: Array("sample".utf8), secret: (0..<32).map { UInt8($0) })
    ])

    private init(keys: [Key]) { self.keys = keys }
}
