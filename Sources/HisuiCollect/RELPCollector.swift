public import HisuiEvent

/// Receives syslog over RELP, as rsyslog's `omrelp` sends it, by TCP or TLS.
///
/// A record is answered `200 OK` only when it is durable, so that what a sender heard acknowledged
/// is never lost. There is no other answer: where something is wrong the session is closed, because
/// senders give up on what was answered otherwise.
///
/// Sources are told apart as by `SyslogStreamCollector`: `relp:0.0.0.0:2514/192.0.2.7`, or
/// `…/cert:web1.example` by a checked certificate.
///
/// After a cut a sender repeats what it did not hear acknowledged. What repeats exactly the end of
/// an earlier session of the same source is stored with the flag `maybeDuplicate`: it is never
/// dropped, because nobody can tell a repetition from two records that are alike. See `RELPWindow`,
/// which is the position of each source.
///
/// **Back-pressure** is not answering and not reading.
public final class RELPCollector: StreamCollector {
    public let listener: StreamListener
    private let policy: RELPHandler.Policy

    /// Listens at a numeric address.
    ///
    /// - Parameters:
    ///   - id: of the listener's source; nil: made from the address.
    ///   - tls: nil: plain TCP.
    ///   - window: records of a session that may be sent again, at most `Limits.relpWindowMax`; the
    ///     senders' own window must not be larger.
    ///   - recordBytesMax: what is longer is cut and flagged, or closes the session.
    public init(
        id: String? = nil, address: String, port: UInt16, limits: StreamLimits = StreamLimits(),
        tls: TLSSettings? = nil, window: Int = Limits.relpWindowDefault,
        recordBytesMax: Int = Limits.recordBytesMax, cutsLongRecords: Bool = true
    ) throws(CollectError) {
        precondition(window > 0 && window <= Limits.relpWindowMax, "a window of RELP is bounded")
        listener = try StreamListener(
            StreamListener.Trade(
                prefix: tls == nil ? "relp" : "relp-tls", kind: .relp, form: .syslog),
            id: id, address: address, port: port, limits: limits, tls: tls)
        policy = RELPHandler.Policy(
            window: window, recordBytesMax: recordBytesMax, cutsLongRecords: cutsLongRecords)
    }

    public func collect(
        into sink: any RecordSink, resume: @Sendable (String) -> [UInt8]?, until stop: StopSignal
    ) throws(CollectError) {
        try withoutActuallyEscaping(resume) { resume throws(CollectError) in
            var receiver = try StreamReceiver(
                listener,
                handler: RELPHandler(
                    source: source, policy: policy, sink: sink, resume: resume),
                stop: stop)
            try receiver.run()
        }
    }
}
