import HisuiBytes
import HisuiEvent

/// HTTP on a stream: a request is answered 2xx when all its records are durable.
final class HTTPHandler: StreamHandler {
    private let sink: any RecordSink
    private let tokens: HTTPTokens
    private let resume: (String) -> [UInt8]?
    private let receipts = StreamReceipts()
    private var table: SenderTable
    private var sessions: [UInt64: HTTPSession] = [:]
    private var sessionsMade: UInt64 = 0
    /// By slot: the entries that were sent.
    private var uploaded: [Int: UploadedEntries] = [:]
    /// By slot: batches that were handed over, and those of them that are durable.
    private var made: [Int: Int] = [:]
    private var durable: [Int: Int] = [:]
    /// By number of a batch that is not durable: its slot.
    private var onTheWay: [UInt64: Int] = [:]
    private var batchesMade: UInt64 = 0
    /// By slot: sessions that wait for a batch.
    private var waiting: [Int: [UInt64]] = [:]
    /// Sessions that have something to send, or to say.
    private var touched: Set<UInt64> = []
    private var heldBytes = 0
    private var plain: [UInt8] = []
    private(set) var isRefused = false

    init(
        source: Source, tokens: HTTPTokens, sink: any RecordSink,
        resume: @escaping (String) -> [UInt8]?
    ) {
        table = SenderTable(listener: source)
        self.tokens = tokens
        self.sink = sink
        self.resume = resume
    }

    var wakeDescriptor: Int32? { receipts.descriptor }
    var isEmpty: Bool { table.isEmpty }
    var owesAnswers: Bool { !onTheWay.isEmpty }
    /// What is not answered is sent again.
    var readsAtStop: Bool { false }
    /// Entries are told by their numbers, in whatever order they come.
    var readsInOrder: Bool { false }

    // MARK: Sessions

    func begin(_ peer: StreamPeer, at descriptor: Int32) -> HTTPSession {
        sessionsMade += 1
        let session = HTTPSession(
            id: sessionsMade, descriptor: descriptor, peer: peer,
            now: Clock.monotonicMilliseconds())
        sessions[session.id] = session
        return session
    }

    /// Nobody takes up a source before a request of its was let in.
    func sourceID(of session: HTTPSession) -> String? {
        session.isAdmitted ? table.sourceID(table.slot(session.peer).slot) : nil
    }

    func end(_ session: inout HTTPSession, reset: Bool) {
        // An entry that is not whole was not answered: it comes again.
        sessions[session.id] = nil
        touched.remove(session.id)
        heldBytes -= session.heldBytes
    }

    func take(
        _ bytes: Span<UInt8>, of session: inout HTTPSession, from process: SenderCredentials?,
        now: Int64
    ) -> StreamTaken {
        var taken = StreamTaken()
        switch session.phase {
        case .reading: taken.records = run(bytes, session, now)
        case .waiting: session.carry.append(bytes, 0..<bytes.count)
        case .draining:
            session.drained += bytes.count
            taken.closes = session.drained > Limits.httpDrainBytesMax
        }
        hold(session, now)
        taken.isStuffed = session.phase == .waiting
        if let refusal = session.refusal {
            (taken.refusal, taken.detail) = refusal
            session.refusal = nil
        }
        return taken
    }

    /// Counts what a session holds, and turns it away if that is too much.
    private func hold(_ session: HTTPSession, _ now: Int64) {
        func count() -> Bool {
            let held = session.held
            let isMore = held > session.heldBytes
            heldBytes += held - session.heldBytes
            session.heldBytes = held
            return isMore && heldBytes > Limits.httpHeldBytesMax
        }
        guard count(), session.phase == .reading else { return }
        turnAway(session, HTTPAnswer(.unavailable), .memory, "", now)
        _ = count()
    }

    private func turnAway(
        _ session: HTTPSession, _ answer: HTTPAnswer, _ reason: Refusals.Reason,
        _ detail: String, _ now: Int64
    ) {
        session.turnAway(answer, reason, detail, now: now)
        touched.insert(session.id)
    }

    // MARK: Requests

    /// Takes bytes of a session that reads requests.
    ///
    /// - Returns: how many records were in them.
    private func run(_ bytes: Span<UInt8>, _ session: HTTPSession, _ now: Int64) -> Int {
        var position = 0
        var records = 0
        var wasInHead = session.framer.isInHead
        while session.phase == .reading, !isRefused {
            switch session.framer.take(bytes, from: &position) {
            case .more:
                if session.framer.isInHead, !wasInHead { session.since = now }
                return records
            case .head(let request):
                wasInHead = false
                begin(request, session, position < bytes.count, now)
            case .body(let range): records += feed(bytes, range, session, now)
            case .end: records += finish(session, now)
            case .broken(let status):
                turnAway(
                    session, HTTPAnswer(status), .brokenRules, "\(status.rawValue)", now)
            }
        }
        if session.phase == .waiting { session.carry.append(bytes, position..<bytes.count) }
        return records
    }

    private func begin(
        _ request: HTTPRequest, _ session: HTTPSession, _ hasMore: Bool, _ now: Int64
    ) {
        session.request = request
        session.body = nil
        if let refusal = admit(request, session) ?? refusal(of: request) {
            guard request.body == .none, request.keepsAlive else {
                return turnAway(session, refusal.answer, refusal.reason, refusal.detail, now)
            }
            session.refusal = (refusal.reason, refusal.detail)
            session.answer(refusal.answer, keeps: true)
            touched.insert(session.id)
            return
        }
        session.body = HTTPBody(request.coding)
        guard request.expectsContinue, request.body != .none, !hasMore else { return }
        session.output += HTTPAnswer.goOn
        touched.insert(session.id)
    }

    private typealias Refusal = (answer: HTTPAnswer, reason: Refusals.Reason, detail: String)

    /// Looks at who sends; nil: it may.
    private func admit(_ request: HTTPRequest, _ session: HTTPSession) -> Refusal? {
        if request.hasOrigin {
            return (HTTPAnswer(.forbidden), .request, "from a page in a browser")
        }
        guard !tokens.isEmpty, session.peer.certificate.isEmpty else {
            session.isAdmitted = true
            return nil
        }
        guard let name = tokens.name(request.authorization) else {
            var answer = HTTPAnswer(.unauthorized)
            answer.fields = "WWW-Authenticate: Bearer\r\n"
            return (answer, .token, request.authorization.isEmpty ? "none" : "not listed")
        }
        session.peer.token = name
        session.isAdmitted = true
        return nil
    }

    /// Why a request is not taken; nil: it is.
    private func refusal(of request: HTTPRequest) -> Refusal? {
        let path = String(decoding: request.path, as: UTF8.self)
        guard request.path.elementsEqual("/upload".utf8) else {
            return (HTTPAnswer(.notFound), .request, "no such path: \(path)")
        }
        guard request.method == .post else {
            var answer = HTTPAnswer(.methodNotAllowed)
            answer.fields = "Allow: POST\r\n"
            return (answer, .request, "the method is not POST")
        }
        guard request.mediaType.elementsEqual("application/vnd.fdo.journal".utf8) else {
            let type = String(decoding: request.mediaType, as: UTF8.self)
            return (HTTPAnswer(.unsupportedMediaType), .request, "not the type: \(type)")
        }
        guard request.coding != .other else {
            var answer = HTTPAnswer(.unsupportedMediaType)
            answer.fields = "Accept-Encoding: gzip, zstd\r\n"
            return (answer, .request, "the coding is neither gzip nor zstd")
        }
        return nil
    }

    // MARK: Bodies

    private func feed(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ session: HTTPSession, _ now: Int64
    ) -> Int {
        guard let body = session.body else { return 0 }
        if body.isPlain { return cut(bytes, range, body, session.peer) }
        let piece = bytes.extracting(range)
        var position = 0
        var records = 0
        while !isRefused {
            let before = position
            plain.removeAll(keepingCapacity: true)
            do throws(Decompressor.Failure) {
                try body.decompress(piece, &position, into: &plain)
            } catch .tooLarge {
                turnAway(
                    session, HTTPAnswer(.contentTooLarge), .body, "it expands too much", now)
                return records
            } catch {
                turnAway(session, HTTPAnswer(.badRequest), .body, "it is damaged", now)
                return records
            }
            if plain.isEmpty, position == before { break }
            var taken: [UInt8] = []
            swap(&taken, &plain)
            records += cut(taken.span, 0..<taken.count, body, session.peer)
            swap(&taken, &plain)
        }
        return records
    }

    private func cut(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ body: HTTPBody, _ peer: StreamPeer
    ) -> Int {
        let received = Clock.now()
        var position = range.lowerBound
        var records = 0
        while position < range.upperBound, !isRefused {
            records += fill(peer) { sender, known, batch in
                position = body.take(
                    bytes, position..<range.upperBound, received: received, sender: sender,
                    known: &known, into: &batch)
            }
        }
        return records
    }

    /// Lets `body` add to the batch of a peer's source, which has room.
    ///
    /// - Returns: how many records were added.
    private func fill(
        _ peer: StreamPeer,
        _ body: (UInt32, inout UploadedEntries, inout RecordBatch) -> Void
    ) -> Int {
        let slot = table.slot(peer).slot
        if table.isFull(slot) { handOver(slot) }
        if uploaded[slot] == nil {
            uploaded[slot] = UploadedEntries(position: resume(table.sourceID(slot)) ?? [])
        }
        // Its number in a shared slot changes with the batch.
        let sender = table.slot(peer).sender
        return table.fill(slot) { batch in
            let before = batch.entries.count
            body(sender, &uploaded[slot, default: UploadedEntries()], &batch)
            return batch.entries.count - before
        }
    }

    /// The request is whole.
    private func finish(_ session: HTTPSession, _ now: Int64) -> Int {
        guard let body = session.body else {
            session.request = nil
            return 0
        }
        guard body.isAtEnd else {
            turnAway(session, HTTPAnswer(.badRequest), .body, "it is cut off", now)
            return 0
        }
        let records = fill(session.peer) { sender, known, batch in
            body.finish(received: Clock.now(), sender: sender, known: &known, into: &batch)
        }
        session.body = nil
        // What it repeats may be on its way still: it waits for all there is of its source.
        let slot = table.slot(session.peer).slot
        session.needs = made[slot, default: 0] + (table.isEmpty(slot) ? 0 : 1)
        if durable[slot, default: 0] >= session.needs {
            answer(session)
        } else {
            session.phase = .waiting
            waiting[slot, default: []].append(session.id)
        }
        return records
    }

    private func answer(_ session: HTTPSession) {
        let keeps = session.request?.keepsAlive ?? false
        session.answer(HTTPAnswer(.accepted, "OK.\n"), keeps: keeps)
        session.request = nil
        session.phase = keeps ? .reading : .draining
        session.closes = !keeps
        touched.insert(session.id)
    }

    func handOver() {
        for slot in table.filledSlots { handOver(slot) }
        // What was handed over one by one is no longer among the filled ones.
        if !isRefused, !table.handOver(to: sink) { isRefused = true }
    }

    private func handOver(_ slot: Int) {
        guard !isRefused, !table.isEmpty(slot) else { return }
        batchesMade += 1
        let receipt = Receipt(desk: receipts, number: batchesMade)
        let position = uploaded[slot]?.position ?? []
        table.fill(slot) {
            $0.receipt = receipt
            $0.position = position
        }
        onTheWay[batchesMade] = slot
        made[slot, default: 0] += 1
        if !table.handOver(slot, to: sink) { isRefused = true }
    }

    // MARK: Answers

    func tick(now: Int64) {
        for session in sessions.values {
            switch session.phase {
            case .waiting: continue
            case .reading:
                // An idle connection that has sent something is the listener's to close.
                let isSlow = session.framer.isInHead || !session.isAdmitted
                guard isSlow, session.request == nil,
                    now - session.since > Int64(Limits.httpHeadMillisMax)
                else { continue }
                turnAway(session, HTTPAnswer(.requestTimeout), .requestTime, "", now)
            case .draining:
                guard now - session.since > Int64(Limits.httpDrainMillisMax) else { continue }
                session.closes = true
                touched.insert(session.id)
            }
        }
    }

    func takeAnswers() -> [StreamAnswer] {
        for number in receipts.take() {
            guard let slot = onTheWay.removeValue(forKey: number) else { continue }
            durable[slot, default: 0] += 1
            release(slot)
        }
        var answers: [StreamAnswer] = []
        for id in touched {
            guard let session = sessions[id] else { continue }
            var answer = StreamAnswer(
                descriptor: session.descriptor, bytes: session.output, closes: session.closes,
                isStuffed: session.phase == .waiting)
            if let refusal = session.refusal {
                (answer.refusal, answer.detail) = refusal
                session.refusal = nil
            }
            session.output = []
            answers.append(answer)
        }
        touched.removeAll(keepingCapacity: true)
        return answers
    }

    /// Answers those whose records have become durable, and goes on with what they sent meanwhile.
    private func release(_ slot: Int) {
        let reached = durable[slot, default: 0]
        let ids = waiting.removeValue(forKey: slot) ?? []
        for (number, id) in ids.enumerated() {
            guard let session = sessions[id] else { continue }
            // Later ones need no fewer.
            guard session.needs <= reached else {
                waiting[slot] = Array(ids[number...]) + (waiting[slot] ?? [])
                return
            }
            answer(session)
            let now = Clock.monotonicMilliseconds()
            var carry: [UInt8] = []
            swap(&carry, &session.carry)
            if session.phase == .reading { _ = run(carry.span, session, now) }
            hold(session, now)
        }
    }
}
