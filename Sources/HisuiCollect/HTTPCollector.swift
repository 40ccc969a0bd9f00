import HisuiEvent

/// Receives journal entries over HTTP or HTTPS, as `systemd-journal-upload` sends them.
///
/// A request is answered `202 Accepted` only when all its records are durable, so that what a
/// sender was told to forget is never lost. What it sends again because an answer did not reach it
/// is known by the entries' numbers (`UploadedEntries`, which is the position of each source),
/// counted as deduplicated and not stored again. Bodies may be of any length: nothing of them is
/// kept but the entry that is not whole.
///
/// Sources are told apart as by `SyslogStreamCollector`: `journal-upload:0.0.0.0:19532/192.0.2.7`,
/// `…/cert:web1.example` by a checked certificate, `…/token:web1` by a token.
///
/// **Back-pressure** is not reading. A sender is never told to come back later: this one would
/// give up, and send all of its request again.
public final class HTTPCollector: StreamCollector {
    public let listener: StreamListener
    private let tokens: HTTPTokens

    /// Listens at a numeric address.
    ///
    /// - Parameters:
    ///   - id: of the listener's source; nil: made from the address.
    ///   - tls: nil: plain TCP.
    ///   - tokens: if there are some, nobody sends without one of them or a checked certificate.
    public init(
        id: String? = nil, address: String, port: UInt16, limits: StreamLimits = StreamLimits(),
        tls: TLSSettings? = nil, tokens: HTTPTokens = HTTPTokens()
    ) throws(CollectError) {
        listener = try StreamListener(
            StreamListener.Trade(
                prefix: tls == nil ? "journal-upload" : "journal-upload-tls", kind: .http,
                form: .journal),
            id: id, address: address, port: port, limits: limits, tls: tls)
        self.tokens = tokens
    }

    public func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError) {
        try withoutActuallyEscaping(resume) { resume throws(CollectError) in
            var receiver = try StreamReceiver(
                listener,
                handler: HTTPHandler(
                    source: source, service: JournalUploadService(resume: resume),
                    tokens: tokens, sink: sink),
                stop: stop)
            try receiver.run()
        }
    }
}
