import HisuiEvent

/// RELP on a stream: records are acknowledged when they are durable, and repeated ones are flagged.
final class RELPHandler: StreamHandler {
    /// What a listener lets its senders do.
    struct Policy: Hashable, Sendable {
        /// Records of a session that may be sent again.
        var window = Limits.relpWindowDefault
        /// Bytes of a record; what is longer is cut, or breaks the session.
        var recordBytesMax = Limits.recordBytesMax
        var cutsLongRecords = true
    }

    private let policy: Policy
    private let resume: (String) -> [UInt8]?
    /// Who waits for a batch: how many records of which session are in it.
    private var batches: DurableBatches<[UInt64: Int]>
    /// By slot, of senders that have a source of their own.
    private var windows: [Int: RELPWindow] = [:]
    private var sessions: [UInt64: RELPSession] = [:]
    private var sessionsMade: UInt64 = 0
    /// By slot: how many records of which session are in its batch.
    private var gathered: [Int: [UInt64: Int]] = [:]
    /// Sessions that have to be looked at for answers.
    private var touched: Set<UInt64> = []
    private var heldBytes = 0

    init(
        source: Source, policy: Policy, sink: any RecordSink,
        resume: @escaping (String) -> [UInt8]?
    ) {
        batches = DurableBatches(listener: source, sink: sink)
        self.policy = policy
        self.resume = resume
    }

    var wakeDescriptor: Int32? { batches.wakeDescriptor }
    var isRefused: Bool { batches.isRefused }
    var isEmpty: Bool { batches.table.isEmpty }
    var owesAnswers: Bool { batches.owesAnswers }
    /// What is not answered is sent again.
    var readsAtStop: Bool { false }
    var readsInOrder: Bool { true }

    // MARK: Sessions

    func begin(_ peer: StreamPeer, at descriptor: Int32) -> RELPSession {
        sessionsMade += 1
        let session = RELPSession(
            id: sessionsMade, peer: peer, descriptor: descriptor, limit: policy.recordBytesMax)
        sessions[session.id] = session
        return session
    }

    func sourceID(of session: RELPSession) -> String? {
        batches.table.sourceID(batches.table.slot(session.peer).slot)
    }

    func end(_ session: inout RELPSession, reset: Bool) {
        // What is held was not acknowledged: it comes again.
        forget(session, session.id)
    }

    private func forget(_ session: RELPSession, _ id: UInt64) {
        sessions[id] = nil
        touched.remove(id)
        heldBytes -= session.heldBytes
        let slot = batches.table.slot(session.peer).slot
        windows[slot]?.leave(session: id)
    }

    func take(
        _ bytes: Span<UInt8>, of session: inout RELPSession, from process: SenderCredentials?,
        now: Int64
    ) -> StreamTaken {
        var taken = StreamTaken()
        var position = 0
        while position < bytes.count, !isRefused {
            switch session.framer.take(bytes, from: &position) {
            case .more: break
            case .broken: return broken(taken)
            case .command(let number, let name, let data, let isCut):
                guard accept(number, name, session) else { return broken(taken) }
                if name != .syslog { continue }
                if isCut && !policy.cutsLongRecords { return broken(taken) }
                taken.records += 1
                let flags: RowFlags = isCut ? .truncated : []
                if let data {
                    store(bytes.extracting(data), flags, session, now)
                } else {
                    let kept = session.framer.kept
                    store(kept.span, flags, session, now)
                }
            }
        }
        taken.isStuffed = session.unansweredCount > Limits.relpUnansweredMax
        return taken
    }

    private func broken(_ taken: StreamTaken) -> StreamTaken {
        var taken = taken
        taken.closes = true
        taken.refusal = .brokenRules
        return taken
    }

    private func accept(
        _ number: Int, _ name: RELPFramer.Name, _ session: RELPSession
    ) -> Bool {
        let before = session.id
        let made = sessionsMade
        let isGood = session.take(number, name) { made + 1 }
        if session.id != before {
            sessionsMade += 1
            forget(session, before)
            sessions[session.id] = session
        }
        touched.insert(session.id)
        return isGood
    }

    // MARK: Records

    /// Takes a record, less the LF that rsyslog puts behind it.
    private func store(
        _ data: Span<UInt8>, _ flags: RowFlags, _ session: RELPSession, _ now: Int64
    ) {
        var count = data.count
        if count > 0, data[count - 1] == 0x0a { count -= 1 }
        let record = data.extracting(0..<count)
        let slot = batches.table.slot(session.peer).slot
        guard batches.table.isOfOneSender(slot) else {
            return append(record, flags, Clock.now(), session, slot)
        }
        let digest = RELPWindow.digest(record)
        if session.taken == 0 { session.mayRepeat = !window(slot).lanes.isEmpty }
        session.taken += 1
        if session.mayRepeat, session.overlap == nil, session.taken <= policy.window {
            session.overlap = RELPOverlap(
                window(slot), of: session.taken == 1 ? nil : session.id)
        }
        guard var overlap = session.overlap else {
            windows[slot]?.append(digest, session: session.id)
            return append(record, flags, Clock.now(), session, slot)
        }
        let isDecided = overlap.take(digest)
        session.overlap = overlap
        hold(record, digest, flags, session, now)
        if isDecided || heldBytes > Limits.relpHeldBytesMax { release(session, slot) }
    }

    private func window(_ slot: Int) -> RELPWindow {
        if let known = windows[slot] { return known }
        let position = resume(batches.table.sourceID(slot)) ?? []
        let window = RELPWindow(position: position, recordsMax: policy.window)
        windows[slot] = window
        return window
    }

    private func hold(
        _ record: Span<UInt8>, _ digest: UInt64, _ flags: RowFlags, _ session: RELPSession,
        _ now: Int64
    ) {
        if session.held.isEmpty { session.heldSince = now }
        session.held.append(
            RELPSession.Held(
                bytes: record.indices.map { record[$0] }, digest: digest, flags: flags,
                received: Clock.now()))
        session.heldBytes += record.count
        heldBytes += record.count
    }

    /// Decides by what has come, and takes what was held.
    private func release(_ session: RELPSession, _ slot: Int) {
        guard let overlap = session.overlap else { return }
        session.overlap = nil
        let held = session.held
        session.held.removeAll()
        heldBytes -= session.heldBytes
        session.heldBytes = 0
        if overlap.repeated > 0 {
            windows[slot]?.takeOver(lane: overlap.lane, session: session.id)
        }
        for (number, record) in held.enumerated() {
            let isRepeated = number < overlap.repeated
            if !isRepeated { windows[slot]?.append(record.digest, session: session.id) }
            append(
                record.bytes.span, isRepeated ? record.flags.union(.maybeDuplicate) : record.flags,
                record.received, session, slot)
        }
    }

    private func append(
        _ record: Span<UInt8>, _ flags: RowFlags, _ received: Timestamp, _ session: RELPSession,
        _ slot: Int
    ) {
        if batches.table.isFull(slot) { handOver(slot) }
        let sender = batches.table.slot(session.peer).sender
        batches.table.fill(slot) {
            $0.append(record, received: received, sender: sender, flags: flags)
        }
        gathered[slot, default: [:]][session.id, default: 0] += 1
    }

    func handOver() {
        for slot in batches.table.filledSlots { handOver(slot) }
        batches.forgetFilled()
    }

    private func handOver(_ slot: Int) {
        let waiting = gathered[slot] ?? [:]
        let position = windows[slot]?.position ?? []
        if batches.handOver(slot, position: position, waiting: waiting) { gathered[slot] = nil }
    }

    // MARK: Answers

    func tick(now: Int64) {
        for session in Array(sessions.values)
        where session.overlap != nil && !session.held.isEmpty
            && now - session.heldSince > Self.decisionMilliseconds
        {
            release(session, batches.table.slot(session.peer).slot)
        }
    }

    func takeAnswers() -> [StreamAnswer] {
        for waiting in batches.takeDurable() {
            for (id, count) in waiting {
                sessions[id]?.add(credit: count)
                touched.insert(id)
            }
        }
        var answers: [StreamAnswer] = []
        for id in touched {
            guard let session = sessions[id] else { continue }
            let bytes = session.answers()
            let closes = session.isClosing && session.unansweredCount == 0
            guard !bytes.isEmpty || closes else { continue }
            answers.append(
                StreamAnswer(descriptor: session.descriptor, bytes: bytes, closes: closes))
        }
        touched.removeAll(keepingCapacity: true)
        return answers
    }

    /// How long records that may be the beginning of a repetition are held. A sender that repeats
    /// sends all of it at once; one that does not waits for its answers so long.
    private static let decisionMilliseconds: Int64 = 3000
}
