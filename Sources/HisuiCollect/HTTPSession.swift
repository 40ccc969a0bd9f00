import HisuiBytes
import HisuiEvent

/// One HTTP connection: the request that is read or waits for the store, and what is to be sent.
final class HTTPSession {
    enum Phase: Hashable {
        /// Requests are read.
        case reading
        /// The request is whole, and waits until a batch of its source is durable.
        case waiting
        /// The peer was turned away. What it still sends is passed over, so that it reads the
        /// answer: a connection that is closed with bytes in it is reset.
        case draining
    }

    let id: UInt64
    let descriptor: Int32
    var peer: StreamPeer
    var phase = Phase.reading
    var framer = HTTPFramer()
    /// The request at hand; nil between two.
    var request: HTTPRequest?
    /// What its body becomes; nil: it has none.
    var body: HTTPBody?
    /// What is said when the request is durable.
    var reply = HTTPAnswer(.ok)
    /// Bytes behind a request that is not answered.
    var carry: [UInt8] = []
    /// Not taken yet by the connection.
    var output: [UInt8] = []
    /// A request of its was let in.
    var isAdmitted = false
    /// The connection is closed when that has been written.
    var closes = false
    /// Which batch of its source has to be durable before it is answered.
    var needs = 0
    /// Why it was turned away since that was told last.
    var refusal: (reason: Refusals.Reason, detail: String)?
    /// When the head at hand began, or the connection; of one that drains, when that began.
    var since: Int64
    var drained = 0
    /// As last added to the listener's sum.
    var heldBytes = 0

    init(id: UInt64, descriptor: Int32, peer: StreamPeer, now: Int64) {
        self.id = id
        self.descriptor = descriptor
        self.peer = peer
        since = now
    }

    /// What it holds of what the peer has sent.
    var held: Int { framer.heldBytes + carry.count + (body?.heldBytes ?? 0) }

    /// Puts an answer into the output.
    func answer(_ answer: HTTPAnswer, keeps: Bool) {
        output += answer.bytes(
            isHead: request?.method == .head, keeps: keeps, at: Clock.now())
    }

    /// Puts the last answer into the output: no more requests are read.
    func turnAway(
        _ answer: HTTPAnswer, _ reason: Refusals.Reason, _ detail: String, now: Int64
    ) {
        self.answer(answer, keeps: false)
        refusal = (reason, detail)
        drain(now)
    }

    /// Passes over what still comes.
    func drain(_ now: Int64) {
        phase = .draining
        request = nil
        body = nil
        carry = []
        since = now
    }
}
