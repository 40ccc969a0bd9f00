import HisuiBytes

/// Who may send by a bearer token, known by its digest: what is configured opens no door.
public struct HTTPTokens: Hashable, Sendable {
    private var names: [[UInt8]: String] = [:]

    /// - Parameter names: by SHA-256 of the token.
    public init(_ names: [[UInt8]: String] = [:]) { self.names = names }

    public var isEmpty: Bool { names.isEmpty }

    /// The name that goes with an `Authorization`; nil if there is none.
    ///
    /// A token is taken from `Bearer TOKEN` (RFC 6750), from `ApiKey TOKEN`, and, for senders that
    /// know nothing else, as the password of `Basic` (RFC 7617).
    ///
    /// Digests are compared, and not tokens: how long it takes tells nothing.
    ///
    /// - Complexity: O(bytes).
    func name(_ authorization: [UInt8]) -> String? {
        guard let blank = authorization.firstIndex(of: 0x20) else { return nil }
        let scheme = String(decoding: authorization[..<blank], as: UTF8.self).lowercased()
        let rest = authorization[blank...].drop { $0 == 0x20 }
        switch scheme {
        case "bearer", "apikey": return name(token: Array(rest))
        case "basic":
            guard let pair = Base64Text.decode(rest),
                let colon = pair.firstIndex(of: UInt8(ascii: ":"))
            else { return nil }
            return name(token: Array(pair[(colon + 1)...]))
        default: return nil
        }
    }

    private func name(token: [UInt8]) -> String? {
        token.isEmpty ? nil : names[SHA256.of(token.span)]
    }
}
