import CLinux
import HisuiEvent

/// Who is at the other end of a connection, as the transport says it and not the records.
struct StreamPeer: Hashable {
    /// The address without its port; of a Unix socket the user.
    var address: SenderTable.Key
    /// The same as text; of a Unix socket the process.
    var text: String
    /// The name its certificate was let in by; empty without one.
    var certificate: String
    /// The name that goes with the token of its request; empty without one.
    var token = ""
    /// The process that has sent what was read last; nil: not through a Unix socket.
    var process: SenderCredentials?

    init(_ peer: hisui_peer, certificate: String) {
        address = SenderTable.key(peer)
        text = SenderTable.text(peer)
        self.certificate = certificate
    }

    /// A process that has connected to a Unix socket.
    init(_ process: SenderCredentials) {
        address = SenderTable.Key(low: UInt64(process.uid))
        text = process.description
        certificate = ""
        self.process = process
    }

    /// What it is known by beside its address, and of what kind that is.
    var name: (kind: String, name: String)? {
        if !certificate.isEmpty { return ("cert", certificate) }
        return token.isEmpty ? nil : ("token", token)
    }
}

/// What became of bytes that a handler was given.
struct StreamTaken {
    /// Records that were in them.
    var records = 0
    /// The peer broke the rules, or said farewell: the connection is closed when what is to be
    /// written to it has been.
    var closes = false
    /// Why the peer was turned away, or its request; nil: it was not.
    var refusal: Refusals.Reason?
    /// What was wrong with it.
    var detail = ""
    /// Nothing more can be taken before `StreamHandler.takeAnswers` names the connection.
    var isStuffed = false
}

/// Bytes for a peer.
struct StreamAnswer {
    var descriptor: Int32
    var bytes: [UInt8]
    var closes: Bool
    /// As in `StreamTaken`.
    var isStuffed = false
    var refusal: Refusals.Reason?
    var detail = ""
}

/// What a listener does with the bytes of its connections: the protocol above TCP or TLS.
///
/// Owned by a `StreamReceiver`, which calls it on its thread.
protocol StreamHandler: AnyObject {
    associatedtype Session

    /// Readable when `takeAnswers` has something new; nil: it never has.
    var wakeDescriptor: Int32? { get }
    /// The sink has refused a batch: the pipeline ends.
    var isRefused: Bool { get }
    /// Whether no record waits to be handed over.
    var isEmpty: Bool { get }
    /// Whether peers still wait for answers.
    var owesAnswers: Bool { get }
    /// Whether what the kernel holds is taken when the daemon stops: it would be lost otherwise.
    var readsAtStop: Bool { get }
    /// Whether all that a peer's other connections hold is taken before a new one of it begins.
    var readsInOrder: Bool { get }

    /// A peer has connected, and may.
    func begin(_ peer: StreamPeer, at descriptor: Int32) -> Session
    /// Other processes than before may send on a connection through a Unix socket.
    func take(
        _ bytes: Span<UInt8>, of session: inout Session, from process: SenderCredentials?,
        now: Int64
    ) -> StreamTaken
    /// The source that a session's records are counted for; nil as long as that is not known.
    func sourceID(of session: Session) -> String?
    /// The connection is gone or about to be closed.
    func end(_ session: inout Session, reset: Bool)
    /// Gives all that waits to the sink.
    func handOver()
    /// Called about once a second.
    func tick(now: Int64)
    /// What is to be written, at most once for each connection.
    func takeAnswers() -> [StreamAnswer]
}
