import Glibc
import HisuiBytes
public import HisuiEvent
import Synchronization

/// Listens to auditd through its plug-in `af_unix`, and asks the kernel how many records its audit
/// has lost.
///
/// The plug-in listens at a Unix socket and writes what auditd has got to whoever connects: lines,
/// the kernel's `EOE` records among them, which are in no audit.log. A line is a record. There is
/// one source, and one client at a time.
///
/// Nothing of this can be read again. What auditd tells while nobody is connected is gone for this
/// source, and the position says until when it was listened to: a later connection begins with a
/// gap. audit.log has those records; following it loses none (`FileCollector`).
///
/// **Lost in the kernel.** Every `statusSeconds` the kernel is asked for its count of records that
/// found no room (`AuditStatus`). What is added to it is counted for this source as
/// `lostBeforeRead`. That needs CAP_AUDIT_CONTROL and the machine's own namespaces; where it is
/// refused, the position says so, and nothing else does.
///
/// **Trouble.** When auditd is started again, the socket is connected to again. A socket that was
/// connected and cannot be for `patienceMilliseconds`, or closes each connection at once, ends
/// `collect` with an error; one that never was does so at the first try.
public final class AuditCollector: Collector {
    /// Where records come from.
    public enum Place: Hashable, Sendable {
        /// Path of the plug-in's socket.
        case socket(String)
        /// Nowhere: only what the kernel lost is counted, for those who follow audit.log.
        case losses
    }

    public let name: String
    public let source: Source
    private let place: Place
    private let ask: @Sendable () -> AuditStatus.Answer
    private let statusMilliseconds: Int64
    private let patienceMilliseconds: Int64
    private let state = Mutex(StreamConnections())

    /// Seconds between two questions to the kernel.
    public static let statusSeconds = 10

    /// - Parameter id: of the source; nil: made from the place.
    public convenience init(id: String? = nil, _ place: Place) {
        self.init(id: id, place, ask: AuditStatus.ask)
    }

    /// - Parameters:
    ///   - ask: for the kernel's status.
    ///   - statusMilliseconds: between two of those questions.
    ///   - patienceMilliseconds: how long a socket that was connected may be gone.
    package init(
        id: String? = nil, _ place: Place, ask: @escaping @Sendable () -> AuditStatus.Answer,
        statusMilliseconds: Int64 = Int64(AuditCollector.statusSeconds) * 1000,
        patienceMilliseconds: Int64 = 20_000
    ) {
        switch place {
        case .socket(let path): name = "audit:\(path)"
        case .losses: name = "audit:lost"
        }
        let derived =
            switch place {
            case .socket(let path): SourceID.make("audit", path)
            case .losses: "audit-lost"
            }
        source = Source(id: id ?? derived, kind: .audit, form: .line)
        self.place = place
        self.ask = ask
        self.statusMilliseconds = statusMilliseconds
        self.patienceMilliseconds = patienceMilliseconds
    }

    public func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError) {
        var listener = AuditListener(
            source: source, saved: resume(source.id), sink: sink, stop: stop, ask: ask,
            statusMilliseconds: statusMilliseconds)
        switch place {
        case .losses: listener.runWithoutSocket()
        case .socket(let path):
            // A connection that was up may be made again for a while; see above.
            var since: Int64?
            while !stop.isRaised && !listener.isRefused {
                let failure: CollectError
                let status = listener.connect(path)
                if status < 0 {
                    failure = Self.error(path, -status)
                } else {
                    switch listening(&listener) {
                    case .ended:
                        since = Clock.monotonicMilliseconds()
                        continue
                    case .turnedAway: failure = Self.turnedAway(path)
                    case .binary:
                        listener.handOver()
                        throw Self.binary(path)
                    }
                }
                let now = Clock.monotonicMilliseconds()
                guard let since, now - since < patienceMilliseconds else {
                    listener.handOver()
                    throw failure
                }
                listener.pause(milliseconds: 250)
            }
        }
        listener.handOver()
    }

    private func listening(_ listener: inout AuditListener) -> AuditListener.Heard {
        state.withLock { $0.open = 1 }
        let heard = listener.listen()
        state.withLock {
            $0.open = 0
            if case .ended(let end) = heard { $0.lastEnd = end }
        }
        return heard
    }

    private static func binary(_ path: String) -> CollectError {
        CollectError(
            .badConfiguration, operation: "read records of auditd from", place: path,
            hint: "the plug-in writes its binary format: say `string` in its configuration, "
                + "af_unix.conf")
    }

    private static func turnedAway(_ path: String) -> CollectError {
        CollectError(
            .cannotRead, operation: "listen to auditd at", place: path,
            hint: "it closes the connection at once: another program is connected, and the "
                + "plug-in takes one")
    }

    private static func error(_ path: String, _ errno: Int32) -> CollectError {
        let hint =
            switch errno {
            case ENOENT, ECONNREFUSED:
                "is auditd running, and `active = yes` in its af_unix.conf?"
            case EACCES, EPERM:
                "the mode in `args` of af_unix.conf has to let Hisui's group write to it"
            case EAGAIN: "others wait there already: the plug-in takes one client"
            case EPROTOTYPE: "this is a socket of datagrams, and not that of auditd's plug-in"
            default: ""
            }
        return CollectError(
            .cannotRead, operation: "connect to auditd at", place: path, errno: errno, hint: hint)
    }

    public func connections(of source: String) -> StreamConnections? {
        guard source == self.source.id, case .socket = place else { return nil }
        return state.withLock { $0 }
    }
}
