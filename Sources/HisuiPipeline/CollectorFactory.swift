import HisuiCollect
import HisuiEvent
import HisuiPolicy

/// From what the configuration says of a source to the collector that does it.
enum CollectorFactory {
    static func collector(
        for source: Configuration.Source
    ) throws(CollectError) -> any Collector {
        switch source.input {
        case .journal(let journal):
            switch journal.place {
            case .local: JournalCollector(id: source.id, namespace: journal.namespace)
            case .directory(let path): JournalCollector(id: source.id, directory: path)
            case .files(let paths): JournalCollector(id: source.id, files: paths)
            }
        case .syslog(let syslog):
            try syslogCollector(id: source.id, syslog)
        case .http(let http):
            try httpCollector(id: source.id, http)
        case .files(let files):
            try FileCollector(
                name: source.id, patterns: files.paths, from: files.from == .end ? .end : .start,
                encoding: files.encoding, join: files.join.map(rule))
        case .audit(.socket(let path)): AuditCollector(id: source.id, .socket(path))
        case .audit(.losses): AuditCollector(id: source.id, .losses)
        case .folder(let folder):
            try FolderCollector(
                name: source.id, pattern: folder.pattern, completion: completion(folder),
                contents: contents(folder))
        }
    }

    private static func completion(
        _ folder: Configuration.Folder
    ) -> FolderCollector.Completion {
        switch folder.completion {
        case .stable(let seconds): .stable(seconds: seconds)
        case .renamed: .renamed
        case .marker(let suffix): .marker(suffix: suffix)
        }
    }

    private static func contents(_ folder: Configuration.Folder) -> FolderContents {
        let table = TableRule(
            delimiter: folder.delimiter,
            header: TableRule.Header(rawValue: folder.header.rawValue) ?? .auto)
        guard let attachments = folder.attachments else {
            return .tables(table, encoding: folder.encoding)
        }
        return .mail(
            MailRule(attachments: attachments, encoding: folder.encoding, table: table))
    }

    private static func rule(_ join: Configuration.Join) -> JoinRule {
        let kind: JoinRule.Kind =
            switch join.kind {
            case .start(let expression): .start(expression)
            case .continues(let expression): .continues(expression)
            case .indented: .indented
            }
        return JoinRule(
            kind, linesMax: join.linesMax, bytesMax: join.bytesMax,
            waitMilliseconds: Int64(join.waitSeconds) * 1000)
    }

    /// What a listener asks the kernel for when the configuration does not say.
    private static let bufferBytes = 16 << 20

    private static func syslogCollector(
        id: String, _ syslog: Configuration.Syslog
    ) throws(CollectError) -> any Collector {
        let bufferBytes = syslog.receiveBufferBytes ?? Self.bufferBytes
        let quota = SenderQuota(
            recordsPerSecond: syslog.recordsPerSecondMax ?? 0,
            bytesPerSecond: syslog.bytesPerSecondMax ?? 0)
        let limits = StreamLimits(
            idleSeconds: syslog.idleSeconds ?? 0,
            connectionsMax: syslog.connectionsMax ?? Limits.connectionsPerListenerMax,
            connectionsPerSenderMax: syslog.connectionsPerSenderMax ?? 0, quota: quota)
        switch syslog.listener {
        case .udp(let endpoint):
            return try SyslogDatagramCollector(
                id: id, address: "\(endpoint.address)", port: endpoint.port,
                bufferBytes: bufferBytes, quota: quota)
        case .unix(let path):
            return try SyslogDatagramCollector(id: id, path: path, bufferBytes: bufferBytes)
        case .unixStream(let path):
            return try SyslogStreamCollector(id: id, path: path, limits: limits)
        case .tcp(let endpoint):
            return try SyslogStreamCollector(
                id: id, address: "\(endpoint.address)", port: endpoint.port, limits: limits,
                tls: syslog.tls.map(settings))
        case .relp(let endpoint):
            return try RELPCollector(
                id: id, address: "\(endpoint.address)", port: endpoint.port, limits: limits,
                tls: syslog.tls.map(settings),
                window: syslog.window ?? Limits.relpWindowDefault)
        }
    }

    private static func httpCollector(
        id: String, _ http: Configuration.HTTP
    ) throws(CollectError) -> HTTPCollector {
        let limits = StreamLimits(
            idleSeconds: http.idleSeconds ?? Limits.httpIdleSecondsDefault,
            connectionsMax: http.connectionsMax ?? Limits.connectionsPerListenerMax,
            connectionsPerSenderMax: http.connectionsPerSenderMax ?? 0,
            quota: SenderQuota(
                recordsPerSecond: http.recordsPerSecondMax ?? 0,
                bytesPerSecond: http.bytesPerSecondMax ?? 0))
        let trade: HTTPCollector.Trade =
            switch http.trade {
            case .journal: .journal
            case .shippers: .shippers
            }
        return try HTTPCollector(
            trade, id: id, address: "\(http.endpoint.address)", port: http.endpoint.port,
            limits: limits, tls: http.tls.map(settings), tokens: HTTPTokens(http.tokens))
    }

    private static func settings(_ tls: Configuration.TLS) -> TLSSettings {
        let clients: TLSSettings.Clients =
            switch tls.clients {
            case .none: .none
            case .optional: .optional
            case .required: .required
            }
        return TLSSettings(
            certificate: tls.certificate, key: tls.key, authorities: tls.authorities,
            clients: clients, permitted: tls.permitted)
    }
}
