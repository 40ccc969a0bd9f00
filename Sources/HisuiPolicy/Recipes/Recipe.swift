import HisuiBytes

/// How a kind of device is made to send its logs: what a person pastes into it, and what has to be
/// in the configuration of the daemon.
///
/// Data of `recipes/*.yaml`; `RecipeReader` says how they are written.
public struct Recipe: Hashable, Sendable {
    /// What an operator types: `fortigate`.
    public var id: String
    public var name: String
    public var nameJapanese: String
    /// In order of preference.
    public var ways: [Way]

    /// One way in which such a device can send.
    public struct Way: Hashable, Sendable {
        public var over: Over
        /// The only port to which the device can send; nil: any.
        public var port: UInt16?
        /// The file that such a device writes, where it writes one.
        public var file: String?
        /// Where to paste.
        public var place: String
        public var placeJapanese: String
        /// What to paste; holds placeholders.
        public var paste: String
        /// What to know beside it; may be empty.
        public var note: String
        public var noteJapanese: String
        /// Lines of the configuration's `sources:` where nothing in it fits; hold placeholders.
        public var configuration: String

        /// The text to paste, for one place in the configuration.
        public func paste(_ values: [Placeholder: String]) -> String {
            Recipe.filled(paste, values)
        }

        public func configuration(_ values: [Placeholder: String]) -> String {
            Recipe.filled(configuration, values)
        }
    }

    /// How records come from a device to the daemon.
    public enum Over: String, Hashable, Sendable, CaseIterable {
        case udp, tcp, tls
        /// Acknowledged, as rsyslog's `omrelp` sends it.
        case relp
        case relpTLS = "relp-tls"
        /// By HTTP, as shippers of logs send; acknowledged.
        case shippers
        case shippersTLS = "shippers-tls"
        /// The daemon's machine's own journal.
        case journal
        /// A directory of journals that other machines send.
        case journals
        /// A folder into which something drops tables.
        case folder = "csv-folder"
        /// A folder into which a mail server delivers.
        case mailFolder = "mail-folder"
        /// A file of the daemon's machine.
        case files
        /// The socket of auditd's plug-in.
        case audit

        /// The port that is usual; nil where there is none.
        public var usualPort: UInt16? {
            switch self {
            case .udp: 514
            case .tcp: 601
            case .tls: 6514
            case .relp: 2514
            case .relpTLS: 2515
            case .shippers: 9200
            case .shippersTLS: 9243
            case .journal, .journals, .folder, .mailFolder, .files, .audit: nil
            }
        }
    }

    /// What stands in braces in a text of a recipe.
    public enum Placeholder: String, Hashable, Sendable, CaseIterable {
        /// Where devices reach the daemon.
        case address, port
        /// The daemon's zone.
        case zone
        /// The directory, and the pattern, in which files are looked for.
        case folder, pattern
        /// Path of the socket of auditd's plug-in.
        case socket
    }

    /// `text` with values for its placeholders; those without one stay.
    public static func filled(_ text: String, _ values: [Placeholder: String]) -> String {
        values.reduce(text) { $0.replacing("{\($1.key.rawValue)}", with: $1.value) }
    }
}

extension Recipe.Over {
    /// How a source of a configuration is fed; nil for one that no device feeds.
    public init?(_ source: Configuration.Source) {
        switch source.input {
        case .syslog(let syslog):
            switch syslog.listener {
            case .udp: self = .udp
            case .tcp: self = syslog.tls == nil ? .tcp : .tls
            case .relp: self = syslog.tls == nil ? .relp : .relpTLS
            case .unix, .unixStream: return nil
            }
        case .journal(let journal):
            switch journal.place {
            case .local: self = .journal
            case .directory: self = .journals
            case .files: return nil
            }
        case .folder(let folder): self = folder.attachments == nil ? .folder : .mailFolder
        case .http(let http) where http.trade == .shippers:
            self = http.tls == nil ? .shippers : .shippersTLS
        case .files: self = .files
        case .audit(.socket): self = .audit
        case .audit(.losses), .http: return nil
        }
    }
}

extension Configuration.Source {
    /// The address and port at which it listens; nil where it does not.
    public var endpoint: Configuration.Endpoint? {
        if case .http(let http) = input { return http.endpoint }
        guard case .syslog(let syslog) = input else { return nil }
        return switch syslog.listener {
        case .udp(let endpoint), .tcp(let endpoint), .relp(let endpoint): endpoint
        case .unix, .unixStream: nil
        }
    }

    /// Whether a device can send to it in this way.
    public func fits(_ way: Recipe.Way) -> Bool {
        guard Recipe.Over(self) == way.over else { return false }
        if case .files(let files) = input, let file = way.file {
            return files.paths.contains { Glob.match($0, file) }
        }
        return way.port == nil || endpoint?.port == way.port
    }
}
