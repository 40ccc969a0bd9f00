import HisuiBytes
import HisuiEvent
import HisuiYAML

/// Syslog listeners: which keys each transport has, and TLS.
extension ConfigurationReader {
    /// Keys of transports to which peers connect.
    static let streamKeys = [
        "connections_max", "idle_seconds", "connections_per_sender_max",
    ]
    /// Keys of transports whose senders have addresses.
    static let quotaKeys = ["records_per_second_max", "bytes_per_second_max"]

    private static let transports = ["udp", "tcp", "unix", "unix_stream", "relp"]

    /// Keys that not every transport has, and those that have them.
    private static let owners: [(keys: [String], transports: [String])] = [
        (["receive_buffer_bytes", "spill_class"], ["udp", "unix"]),
        (streamKeys, ["tcp", "unix_stream", "relp"]),
        (["tls"], ["tcp", "relp"]),
        (quotaKeys, ["udp", "tcp", "relp"]),
        (["window"], ["relp"]),
    ]

    func syslog(_ reader: inout MappingReader, _ conflicts: inout SourceConflicts) -> Input? {
        let zone = reader.stringNode("time_zone").flatMap { checkedTimeZone($0) }
        let encoding = encoding(&reader)
        if encoding.unitBytes > 1, let node = reader.keyNode("encoding") {
            log.report(
                node, "no syslog message is in \(encoding.name)",
                hint: "files and imports may be; messages are in UTF-8, cp932, euc-jp, iso-2022-jp")
        }
        var syslog = Configuration.Syslog(
            listener: .unix(""), timeZone: zone ?? timeZone, encoding: encoding)
        syslog.receiveBufferBytes = reader.int("receive_buffer_bytes", in: 4096...1 << 30)
        let bounds = streamBounds(&reader)
        syslog.connectionsMax = bounds.connectionsMax
        syslog.idleSeconds = bounds.idleSeconds
        syslog.connectionsPerSenderMax = bounds.connectionsPerSenderMax
        syslog.recordsPerSecondMax = bounds.recordsPerSecondMax
        syslog.bytesPerSecondMax = bounds.bytesPerSecondMax
        syslog.window = reader.int("window", in: 1...Limits.relpWindowMax)
        let hasTLS = reader.keyNode("tls") != nil
        syslog.tls = tls(&reader)
        guard var inner = reader.mapping("syslog", "`syslog`", required: true) else { return nil }
        let texts = Self.transports.map { inner.stringNode($0) }
        inner.finish()
        guard let key = onlyKey(inner, Self.transports),
            let index = Self.transports.firstIndex(of: key.text ?? ""), let given = texts[index]
        else { return nil }
        let transport = Self.transports[index]
        reportForeign(reader, transport)
        guard !hasTLS || syslog.tls != nil,
            let listener = listener(transport, given, &conflicts)
        else { return nil }
        syslog.listener = listener
        return .syslog(syslog)
    }

    struct StreamBounds {
        var connectionsMax: Int?
        var idleSeconds: Int?
        var connectionsPerSenderMax: Int?
        var recordsPerSecondMax: Int?
        var bytesPerSecondMax: Int?
    }

    /// What `streamKeys` and `quotaKeys` say.
    func streamBounds(_ reader: inout MappingReader) -> StreamBounds {
        let most = Limits.connectionsPerListenerMax
        return StreamBounds(
            connectionsMax: reader.int("connections_max", in: 1...most),
            idleSeconds: reader.int("idle_seconds", in: 1...604_800),
            connectionsPerSenderMax: reader.int("connections_per_sender_max", in: 1...most),
            recordsPerSecondMax: reader.int("records_per_second_max", in: 1...10_000_000),
            bytesPerSecondMax: reader.int("bytes_per_second_max", in: 1024...1 << 40))
    }

    /// Reports keys that mean nothing for a transport.
    private func reportForeign(_ reader: MappingReader, _ transport: String) {
        for (keys, owners) in Self.owners where !owners.contains(transport) {
            for key in keys {
                guard let node = reader.keyNode(key) else { continue }
                let names =
                    owners.count == 1
                    ? owners[0]
                    : owners.dropLast().joined(separator: ", ") + " and " + (owners.last ?? "")
                log.report(
                    node, "`\(key)` has no meaning for \(transport)",
                    hint: "it belongs to \(names)")
            }
        }
    }

    private func listener(
        _ transport: String, _ given: Text, _ conflicts: inout SourceConflicts
    ) -> Configuration.Syslog.Listener? {
        if transport.hasPrefix("unix") {
            guard let path = socketPath(given), conflicts.isNewPath(path, given.node) else {
                return nil
            }
            return transport == "unix" ? .unix(path) : .unixStream(path)
        }
        // RELP is a TCP port to the kernel.
        guard let endpoint = endpoint(given),
            conflicts.isFree(endpoint, transport == "udp" ? "udp" : "tcp", given.node)
        else { return nil }
        switch transport {
        case "udp": return .udp(endpoint)
        case "tcp": return .tcp(endpoint)
        default: return .relp(endpoint)
        }
    }

    func tls(_ reader: inout MappingReader) -> Configuration.TLS? {
        guard var inner = reader.mapping("tls", "`tls`") else { return nil }
        let certificate = inner.stringNode("certificate", required: true)
            .flatMap { path($0, "the certificate") }
        let key = inner.stringNode("key", required: true).flatMap { path($0, "the key") }
        let authorities = inner.stringNode("authorities")
        let authoritiesPath = authorities.flatMap { path($0, "the file of authorities") }
        let names = Configuration.TLS.Clients.allCases.map(\.rawValue)
        let clients = inner.choice("clients", of: names).flatMap(Configuration.TLS.Clients.init)
        let given = inner.strings("permitted") ?? []
        inner.finish()
        let permitted = given.compactMap { entry -> PermittedPeer? in
            if let peer = PermittedPeer(entry.text) { return peer }
            log.report(
                entry.node, "\(entry.node.quoted) is no peer",
                hint: "a name, `*.` and a name, or sha256: and 64 hexadecimal digits")
            return nil
        }
        guard let certificate, let key, permitted.count == given.count,
            authorities == nil || authoritiesPath != nil,
            bounded(
                given.map(\.node), Limits.permittedPeersMax, least: 0, inner, "permitted", "peers")
        else { return nil }
        let asks = authorities != nil || !permitted.isEmpty
        let isAsked = clients ?? (asks ? .required : .none)
        guard isAsked == .none || asks else {
            inner.report(
                "clients", "nothing says which certificates of clients are good",
                hint: "give `authorities`, or fingerprints in `permitted`")
            return nil
        }
        let needsAuthority = permitted.contains { if case .name = $0 { true } else { false } }
        guard !needsAuthority || authorities != nil else {
            inner.report(
                "permitted", "a name in a certificate means nothing without `authorities`",
                hint: "give them, or fingerprints instead of names")
            return nil
        }
        return Configuration.TLS(
            certificate: certificate, key: key, authorities: authoritiesPath, clients: isAsked,
            permitted: permitted)
    }
}
