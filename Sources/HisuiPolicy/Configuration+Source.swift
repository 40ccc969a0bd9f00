public import HisuiBytes
public import HisuiEvent

extension Configuration {
    /// A place from which the daemon collects.
    public struct Source: Hashable, Sendable {
        /// As given, or derived from the place and so the same after a restart and wherever in the
        /// list the source stands; 1 to `Limits.configuredSourceIDBytesMax` bytes of
        /// `a-z A-Z 0-9 . _ : / @ -`.
        public var id: String
        public var input: Input
        /// Seconds after which the silence of what it collects is told; 0: never; nil: as each
        /// teaches.
        public var silenceSeconds: Int?
        /// How dear its records are when the spill ring is full. Datagrams only: others wait.
        public var spillClass = SpillClass.priority

        public enum SpillClass: String, Sendable, CaseIterable {
            /// As dear as the priority of each record says.
            case priority
            case low, middle, high, security
        }

        public enum Input: Hashable, Sendable {
            case journal(Journal)
            case syslog(Syslog)
            case http(HTTP)
            case files(Files)
            case folder(Folder)
            case audit(Audit)
        }

        /// The one definition that reads the records; nil: all are tried.
        public var parser: String? {
            switch input {
            case .files(let files): files.parser
            case .folder(let folder): folder.parser
            case .journal, .syslog, .http, .audit: nil
            }
        }

        public var kind: SourceKind {
            switch input {
            case .journal: .journal
            case .http: .http
            case .audit: .audit
            case .files, .folder: .file
            case .syslog(let syslog):
                switch syslog.listener {
                case .udp: .syslogUDP
                case .tcp: .syslogTCP
                case .unix, .unixStream: .syslogUnix
                case .relp: .relp
                }
            }
        }
    }

    /// Entries of systemd's journal.
    public struct Journal: Hashable, Sendable {
        public enum Place: Hashable, Sendable {
            /// This machine's own.
            case local
            /// All journal files in a directory, e.g. of `systemd-journal-remote`.
            case directory(String)
            case files([String])
        }
        public var place: Place
        /// A journal namespace; only with `.local`.
        public var namespace: String?
    }

    /// The Linux audit system of this machine.
    public enum Audit: Hashable, Sendable {
        /// Path of the socket of auditd's plug-in `af_unix`; what the kernel lost is counted, too.
        case socket(String)
        /// Only what the kernel lost is counted.
        case losses
    }

    /// A syslog listener.
    public struct Syslog: Hashable, Sendable {
        public enum Listener: Hashable, Sendable {
            case udp(Endpoint)
            case tcp(Endpoint)
            /// Path of a datagram socket.
            case unix(String)
            /// Path of a socket to which processes connect.
            case unixStream(String)
            /// Acknowledged, as rsyslog's `omrelp` sends it.
            case relp(Endpoint)

            /// Whether peers connect.
            public var isStream: Bool {
                switch self {
                case .tcp, .relp, .unixStream: true
                case .udp, .unix: false
                }
            }
        }
        public var listener: Listener
        /// The zone of times that name none: the source's own, or the configuration's.
        public var timeZone: String
        public var encoding: TextEncoding
        /// Size of the kernel's buffer; nil leaves it to the collector.
        ///
        /// Not for streams.
        public var receiveBufferBytes: Int?
        /// Connections at once; nil leaves it to the collector.
        ///
        /// Streams only.
        public var connectionsMax: Int?
        /// Seconds of silence after which a connection is closed; nil leaves it to the collector.
        ///
        /// Streams only.
        public var idleSeconds: Int?
        /// Connections of one address, or of one user at a Unix socket, at once; nil: as many as
        /// there may be.
        ///
        /// Streams only.
        public var connectionsPerSenderMax: Int?
        /// What one sender may send in a second; nil: without limit. Streams wait, datagrams are
        /// dropped and counted.
        ///
        /// Not for Unix sockets.
        public var recordsPerSecondMax: Int?
        public var bytesPerSecondMax: Int?
        /// Records of a RELP session that may be sent again; nil leaves it to the collector.
        public var window: Int?
        /// TCP and RELP only.
        public var tls: TLS?
    }

    /// How a listener speaks TLS, and who may connect.
    public struct TLS: Hashable, Sendable {
        /// What is asked of clients.
        public enum Clients: String, Sendable, CaseIterable {
            case none, optional, required
        }
        /// PEM files.
        public var certificate: String
        public var key: String
        public var authorities: String?
        public var clients: Clients
        /// Empty: all whom an authority vouches for.
        public var permitted: [PermittedPeer]
    }

    /// Files that grow line by line, also through rotation.
    public struct Files: Hashable, Sendable {
        public enum Start: String, Sendable, CaseIterable {
            /// Files met for the first time are read from their beginning.
            case start
            /// Of files that are there when the daemon first starts only what is added is read.
            case end
        }
        /// Absolute patterns.
        public var paths: [String]
        public var timeZone: String
        public var encoding: TextEncoding
        /// The definition that reads the lines; nil: all are tried.
        public var parser: String?
        public var from: Start
        /// Which lines are one record; nil: each is one.
        public var join: Join?
    }

    /// Lines that are one record.
    public struct Join: Hashable, Sendable {
        public enum Kind: Hashable, Sendable {
            /// Lines that fit begin a record.
            case start(RegularExpression)
            /// Lines that fit belong to the record before.
            case continues(RegularExpression)
            /// Lines that begin with a blank or are empty belong to the record before.
            case indented
        }
        public var kind: Kind
        public var linesMax: Int
        public var bytesMax: Int
        /// How long the last record of a file waits for more lines.
        public var waitSeconds: Int
    }

    /// A folder into which another program drops files: each is taken once, whole.
    public struct Folder: Hashable, Sendable {
        public enum Completion: Hashable, Sendable {
            /// Nobody has changed the file for so many seconds.
            case stable(seconds: Int)
            /// Its writer gives it its name when it is done.
            case renamed
            /// A file beside it is called like it, with this ending.
            case marker(suffix: String)
        }
        public enum Header: String, Sendable, CaseIterable {
            case auto, yes, no
        }
        /// Absolute, the files' pattern included.
        public var pattern: String
        public var completion: Completion
        /// ASCII; nil: comma, tab or semicolon, whichever the first line has most of.
        public var delimiter: UInt8?
        /// Whether the first line names the columns.
        public var header: Header
        public var timeZone: String
        public var encoding: TextEncoding
        /// The definition that reads the rows of tables; nil: columns are fields, and no rule is
        /// tried.
        public var parser: String?
        /// Nil: the files are tables. Otherwise they are messages of mail, and these are patterns
        /// of names of attachments that are tables.
        public var attachments: [String]?
    }

    /// An address and port to listen on.
    public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
        public var address: IPAddress
        /// 1 to 65535.
        public var port: UInt16

        public init(address: IPAddress, port: UInt16) {
            self.address = address
            self.port = port
        }

        /// `127.0.0.1:514` or `[::1]:514`.
        public var description: String {
            address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)"
        }

        /// Whether only this machine can reach it.
        public var isLoopback: Bool {
            let plain = address.unmapped
            return plain.isV4 ? plain.low >> 24 == 127 : plain.high == 0 && plain.low == 1
        }

        /// Whether it stands for every address of the machine.
        public var isWildcard: Bool { address.high == 0 && address.low == 0 }

        /// Whether the kernel would refuse to open the second of the two.
        func collides(with other: Endpoint) -> Bool {
            port == other.port && address.isV4 == other.address.isV4
                && (address == other.address || isWildcard || other.isWildcard)
        }
    }
}
