import HisuiBytes
import HisuiEvent
import HisuiYAML

/// Listeners for HTTP, and who may send to them.
extension ConfigurationReader {
    func http(_ reader: inout MappingReader, _ conflicts: inout SourceConflicts) -> Input? {
        let bounds = streamBounds(&reader)
        let hasTLS = reader.keyNode("tls") != nil
        let tls = tls(&reader)
        let tokens = tokens(&reader)
        guard var inner = reader.mapping("http", "`http`", required: true) else { return nil }
        let place = httpPlace(&inner)
        inner.finish()
        guard let (trade, given) = place, let endpoint = endpoint(given),
            conflicts.isFree(endpoint, "tcp", given.node), !hasTLS || tls != nil,
            let tokens
        else { return nil }
        guard tokens.isEmpty || tls != nil || endpoint.isLoopback else {
            reader.report(
                "tokens", "whoever listens to the network reads tokens without TLS",
                hint: "give `tls`, or listen at 127.0.0.1")
            return nil
        }
        var http = Configuration.HTTP(trade, at: endpoint)
        http.connectionsMax = bounds.connectionsMax
        http.idleSeconds = bounds.idleSeconds
        http.connectionsPerSenderMax = bounds.connectionsPerSenderMax
        http.recordsPerSecondMax = bounds.recordsPerSecondMax
        http.bytesPerSecondMax = bounds.bytesPerSecondMax
        http.tls = tls
        http.tokens = tokens
        return .http(http)
    }

    /// What is taken, and where.
    private func httpPlace(
        _ reader: inout MappingReader
    ) -> (trade: Configuration.HTTP.Trade, at: (text: String, node: YAMLNode))? {
        let trades = Configuration.HTTP.Trade.allCases
        let key = onlyKey(reader, trades.map(\.rawValue))?.text
        var found: (Configuration.HTTP.Trade, (text: String, node: YAMLNode))?
        for trade in trades {
            let given = reader.stringNode(trade.rawValue)
            if trade.rawValue == key { found = given.map { (trade, $0) } }
        }
        return found
    }

    /// `NAME: sha256:…`; nil if something is wrong with them.
    private func tokens(_ reader: inout MappingReader) -> [[UInt8]: String]? {
        guard reader.keyNode("tokens") != nil else { return [:] }
        guard var inner = reader.mapping("tokens", "`tokens`") else { return nil }
        let keys = inner.presentKeys
        guard bounded(keys, Limits.httpTokensMax, least: 1, reader, "tokens", "tokens") else {
            return nil
        }
        var tokens: [[UInt8]: String] = [:]
        for key in keys {
            guard let name = key.text, let given = inner.stringNode(name) else { continue }
            guard SourceID.isValid(name) else {
                log.report(
                    key, "\(key.quoted) is no name for a sender",
                    hint: "1 to \(Limits.configuredSourceIDBytesMax) of a-z A-Z 0-9 . _ : / @ -")
                continue
            }
            guard case .fingerprint(let digest)? = PermittedPeer(given.text) else {
                log.report(
                    given.node, "\(given.node.quoted) is no digest of a token",
                    hint: "sha256: and 64 hexadecimal digits: printf %s TOKEN | sha256sum")
                continue
            }
            if let other = tokens.updateValue(name, forKey: digest) {
                log.report(given.node, "this token is that of `\(other)`, too")
            }
        }
        inner.finish()
        return tokens.count == keys.count ? tokens : nil
    }
}
