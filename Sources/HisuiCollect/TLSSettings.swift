import HisuiBytes
public import HisuiEvent

/// How a listener speaks TLS (RFC 5425 for syslog), and who may connect.
public struct TLSSettings: Hashable, Sendable {
    /// What is asked of clients.
    public enum Clients: String, Hashable, Sendable, CaseIterable {
        /// No certificate is asked for: anyone may connect.
        case none
        /// A certificate is looked at where one is given.
        case optional
        /// Nobody connects without a certificate.
        case required
    }

    /// PEM file of the own certificate, followed by those between it and the root.
    public var certificate: String
    /// PEM file of its private key.
    public var key: String
    /// PEM file of the authorities that vouch for clients; nil: only fingerprints count.
    public var authorities: String?
    public var clients: Clients
    /// Who may connect; empty: everyone an authority vouches for.
    public var permitted: [PermittedPeer]

    public init(
        certificate: String, key: String, authorities: String? = nil, clients: Clients = .none,
        permitted: [PermittedPeer] = []
    ) {
        self.certificate = certificate
        self.key = key
        self.authorities = authorities
        self.clients = clients
        self.permitted = permitted
    }

    /// Whether some peer may connect without an authority.
    var takesUnverified: Bool {
        permitted.contains { if case .fingerprint = $0 { true } else { false } }
    }

    /// Who a peer is; nil: it may not connect.
    ///
    /// Its name is the one the list permits, otherwise the first of its certificate, otherwise its
    /// fingerprint; `""` where it gave no certificate and needs none.
    func identity(_ peer: TLSPeer?) -> String? {
        guard let peer else { return clients == .required ? nil : "" }
        let isPinned = permitted.contains(.fingerprint(peer.fingerprint))
        guard isPinned || peer.isVerified else { return nil }
        let named = peer.names.first { name in permitted.contains { $0.matches(name: name) } }
        guard isPinned || permitted.isEmpty || named != nil else { return nil }
        return named ?? peer.names.first
            ?? "sha256-" + HexText.text(Array(peer.fingerprint.prefix(8)))
    }
}

/// What a peer's certificate says.
struct TLSPeer: Hashable, Sendable {
    /// SHA-256 of the certificate.
    var fingerprint: [UInt8]
    /// Whether an authority vouches for it.
    var isVerified: Bool
    /// DNS names and addresses, then the common name.
    var names: [String]

    /// What an operator needs to permit it, the fingerprint first: names can be long.
    var words: String {
        let name = names.first.map { " (\($0))" } ?? ""
        return "sha256:" + HexText.text(fingerprint) + name
            + (isVerified ? "" : ", no authority vouches for it")
    }
}
