/// Who may connect to a listener by its certificate: one entry of a list (RFC 5425, section 5.2).
public enum PermittedPeer: Hashable, Sendable {
    /// A DNS name or address of the certificate, or its common name, without regard to case.
    ///
    /// `*.` at its beginning stands for one label.
    case name(String)
    /// SHA-256 of the certificate: no authority has to vouch for it.
    case fingerprint([UInt8])

    /// Reads `sha256:` with 64 hexadecimal digits, colons allowed between them, or a name.
    ///
    /// Nil for what is neither.
    public init?(_ text: String) {
        guard text.utf8.starts(with: "sha256:".utf8) else {
            guard Self.isPattern(text) else { return nil }
            self = .name(text.lowercased())
            return
        }
        let digits = text.utf8.dropFirst(7).filter { $0 != UInt8(ascii: ":") }
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for pair in stride(from: 0, to: 64, by: 2) {
            let two = String(decoding: digits[pair..<pair + 2], as: UTF8.self)
            guard let byte = UInt8(two, radix: 16), !two.hasPrefix("+") else { return nil }
            bytes.append(byte)
        }
        self = .fingerprint(bytes)
    }

    private static func isPattern(_ text: String) -> Bool {
        let name = text.hasPrefix("*.") ? text.dropFirst(2) : Substring(text)
        return !name.isEmpty && text.utf8.count <= 255
            && name.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "*") }
    }

    /// Whether it names `name`, which is not empty.
    public func matches(name: String) -> Bool {
        guard case .name(let pattern) = self else { return false }
        let name = name.lowercased()
        guard pattern.hasPrefix("*.") else { return name == pattern }
        guard let dot = name.firstIndex(of: "."), dot > name.startIndex else { return false }
        return name[dot...] == pattern.dropFirst(1)
    }
}
