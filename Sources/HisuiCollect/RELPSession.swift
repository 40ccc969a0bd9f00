import HisuiEvent

/// One RELP session: its numbers, what is not answered, and records that may be repeated ones.
///
/// Commands are answered in the order of their numbers: `syslog` when its record is durable, the
/// others when all before them are answered.
final class RELPSession {
    /// A command that is not answered.
    private enum Pending {
        case syslog
        case open
        case close
    }

    /// A record that is not handed over, because it may be a repeated one.
    struct Held {
        var bytes: [UInt8]
        var digest: UInt64
        var flags: RowFlags
        var received: Timestamp
    }

    /// What receipts are for; changes when another session begins on the same connection.
    private(set) var id: UInt64
    let peer: StreamPeer
    let descriptor: Int32
    var framer: RELPFramer
    /// Undecided as long as it is there.
    var overlap: RELPOverlap?
    var held: [Held] = []
    var heldBytes = 0
    /// When the first was held, monotonic milliseconds.
    var heldSince: Int64 = 0
    /// Records that were taken.
    var taken = 0
    /// Whether the sender had sessions before: it may repeat what was their end.
    var mayRepeat = false
    private(set) var isOpen = false
    private(set) var isClosing = false
    private var nextNumber = 1
    /// Number of the first command that is not answered.
    private var answerNumber = 1
    private var pending: [Pending] = []
    private var firstPending = 0
    /// Records that are durable and not answered.
    private var credit = 0

    init(id: UInt64, peer: StreamPeer, descriptor: Int32, limit: Int) {
        self.id = id
        self.peer = peer
        self.descriptor = descriptor
        framer = RELPFramer(limit: limit)
    }

    var unansweredCount: Int { pending.count - firstPending }

    /// Takes a command's number and kind.
    ///
    /// - Returns: false when it breaks the rules.
    func take(_ number: Int, _ name: RELPFramer.Name, fresh: () -> UInt64) -> Bool {
        // Behind some proxies the sessions of several senders follow each other on one connection.
        if name == .open, number == 1, nextNumber != 1 { restart(fresh()) }
        guard number == nextNumber, !isClosing else { return false }
        nextNumber = number == Self.numberMax ? 1 : number + 1
        switch name {
        case .open:
            isOpen = true
            pending.append(.open)
        case .syslog:
            guard isOpen else { return false }
            pending.append(.syslog)
        case .close:
            isClosing = true
            pending.append(.close)
        case .response, .other: return false
        }
        return true
    }

    /// What was not answered belonged to somebody who is gone.
    private func restart(_ id: UInt64) {
        self.id = id
        nextNumber = 1
        answerNumber = 1
        pending.removeAll()
        firstPending = 0
        credit = 0
        overlap = nil
        held.removeAll()
        heldBytes = 0
        taken = 0
        mayRepeat = false
        isOpen = false
    }

    /// So many more records of the session are durable.
    func add(credit more: Int) { credit += more }

    /// Answers that can be given now.
    func answers() -> [UInt8] {
        var bytes: [UInt8] = []
        while firstPending < pending.count {
            switch pending[firstPending] {
            case .syslog:
                guard credit > 0 else { return trimmed(bytes) }
                credit -= 1
                Self.append(answerNumber, "200 OK", to: &bytes)
            case .open:
                Self.append(answerNumber, Self.offer, to: &bytes)
            case .close:
                Self.append(answerNumber, "", to: &bytes)
                bytes += Array("0 serverclose 0\n".utf8)
            }
            firstPending += 1
            answerNumber = answerNumber == Self.numberMax ? 1 : answerNumber + 1
        }
        return trimmed(bytes)
    }

    private func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        if firstPending == pending.count || firstPending > 4096 {
            pending.removeFirst(firstPending)
            firstPending = 0
        }
        return bytes
    }

    private static func append(_ number: Int, _ text: String, to bytes: inout [UInt8]) {
        let count = text.utf8.count
        bytes += Array("\(number) rsp \(count)\(count > 0 ? " " : "")\(text)\n".utf8)
    }

    private static let offer = """
        200 OK
        relp_version=0
        relp_software=hisui
        commands=syslog
        """
    /// Nine digits; 1 comes after it.
    private static let numberMax = 999_999_999
}
