import HisuiEvent

/// Receives by HTTP or HTTPS: journal entries as `systemd-journal-upload` sends them, or what
/// shippers of logs send.
///
/// A request is answered with success only when all its records are durable, so that what a sender
/// was told to forget is never lost. Journal entries that come again because an answer did not
/// reach their sender are known by their numbers (`UploadedEntries`, which is the position of each
/// source), counted as deduplicated and not stored again; their bodies may be of any length, and
/// nothing of them is kept but the entry that is not whole. What shippers repeat is stored again:
/// see `ShipperService`.
///
/// Sources are told apart as by `SyslogStreamCollector`: `shippers:0.0.0.0:9200/192.0.2.7`,
/// `…/cert:web1.example` by a checked certificate, `…/token:web1` by a token.
///
/// **Back-pressure** is not reading. A sender is never told to come back later because the store is
/// slow: it would send all of its request again.
public final class HTTPCollector: StreamCollector {
    /// What is taken at a listener.
    public enum Trade: Hashable, Sendable {
        /// What `systemd-journal-upload` sends.
        case journal
        /// What shippers of logs send.
        case shippers

        fileprivate var name: String { self == .journal ? "journal-upload" : "shippers" }
        fileprivate var form: RecordForm { self == .journal ? .journal : .json }
    }

    private let trade: Trade
    public let listener: StreamListener
    private let tokens: HTTPTokens

    /// Listens at a numeric address.
    ///
    /// - Parameters:
    ///   - id: of the listener's source; nil: made from what it takes, and the address.
    ///   - tls: nil: plain TCP.
    ///   - tokens: if there are some, nobody sends without one of them or a checked certificate.
    public init(
        _ trade: Trade, id: String? = nil, address: String, port: UInt16,
        limits: StreamLimits = StreamLimits(), tls: TLSSettings? = nil,
        tokens: HTTPTokens = HTTPTokens()
    ) throws(CollectError) {
        listener = try StreamListener(
            StreamListener.Trade(
                prefix: tls == nil ? trade.name : "\(trade.name)-tls", kind: .http,
                form: trade.form),
            id: id, address: address, port: port, limits: limits, tls: tls)
        self.trade = trade
        self.tokens = tokens
    }

    public func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError) {
        try withoutActuallyEscaping(resume) { resume throws(CollectError) in
            var receiver = try StreamReceiver(
                listener,
                handler: HTTPHandler(
                    source: source, service: service(resume), tokens: tokens,
                    requestMillisMax: requestMillisMax, sink: sink),
                stop: stop)
            try receiver.run()
        }
    }

    /// An upload of journal entries goes on as long as there is a journal, and nothing of it is
    /// kept; what shippers send is kept until it is whole.
    private var requestMillisMax: Int64 {
        trade == .journal ? .max : Int64(listener.limits.requestSeconds) * 1000
    }

    private func service(_ resume: @escaping (String) -> [UInt8]?) -> any HTTPService {
        switch trade {
        case .journal: JournalUploadService(resume: resume)
        case .shippers: ShipperService()
        }
    }
}
