import HisuiBytes
import HisuiEvent

/// HTTP on a stream: a request is answered 2xx when all its records are durable.
final class HTTPHandler: StreamHandler {
    private let tokens: HTTPTokens
    private let service: any HTTPService
    /// From a request's first byte to its last.
    private let requestMillisMax: Int64
    /// Who waits for a batch: its slot.
    private var batches: DurableBatches<Int>
    private var sessions: [UInt64: HTTPSession] = [:]
    private var sessionsMade: UInt64 = 0
    /// By slot: batches that were handed over, and those of them that are durable.
    private var made: [Int: Int] = [:]
    private var durable: [Int: Int] = [:]
    /// By slot: sessions that wait for a batch.
    private var waiting: [Int: [UInt64]] = [:]
    /// Sessions that have something to send, or to say.
    private var touched: Set<UInt64> = []
    private var heldBytes = 0
    private var plain: [UInt8] = []

    init(
        source: Source, service: any HTTPService, tokens: HTTPTokens, requestMillisMax: Int64,
        sink: any RecordSink
    ) {
        batches = DurableBatches(listener: source, sink: sink)
        self.tokens = tokens
        self.service = service
        self.requestMillisMax = requestMillisMax
    }

    var wakeDescriptor: Int32? { batches.wakeDescriptor }
    var isRefused: Bool { batches.isRefused }
    var isEmpty: Bool { batches.table.isEmpty }
    var owesAnswers: Bool { batches.owesAnswers }
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
        session.isAdmitted ? batches.table.sourceID(batches.table.slot(session.peer).slot) : nil
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
        if let refusal = admit(request, session) { return refuse(refusal, session, now) }
        guard request.coding != .other else {
            var answer = HTTPAnswer(.unsupportedMediaType)
            answer.fields = "Accept-Encoding: gzip, zstd\r\n"
            return refuse(
                HTTPRefusedRequest(answer, .request, "the coding is neither gzip nor zstd"),
                session, now)
        }
        switch service.receive(request) {
        case .refusal(let refusal): return refuse(refusal, session, now)
        case .answer(let answer):
            session.answer(answer, keeps: request.keepsAlive)
            touched.insert(session.id)
            guard !request.keepsAlive else { return }
            session.drain(now)
            session.closes = request.body == .none
        case .body(let content): session.body = HTTPBody(request.coding, content)
        }
        guard request.expectsContinue, request.body != .none, !hasMore else { return }
        session.output += HTTPAnswer.goOn
        touched.insert(session.id)
    }

    /// Answers a request that is not taken; one that has sent no body may be followed by others.
    private func refuse(_ refusal: HTTPRefusedRequest, _ session: HTTPSession, _ now: Int64) {
        guard let request = session.request, request.body == .none, request.keepsAlive else {
            return turnAway(session, refusal.answer, refusal.reason, refusal.detail, now)
        }
        session.refusal = (refusal.reason, refusal.detail)
        session.answer(refusal.answer, keeps: true)
        touched.insert(session.id)
    }

    /// Looks at who sends; nil: it may.
    private func admit(
        _ request: HTTPRequest, _ session: HTTPSession
    ) -> HTTPRefusedRequest? {
        if request.hasOrigin {
            return HTTPRefusedRequest(
                HTTPAnswer(.forbidden), .request, "from a page in a browser")
        }
        guard !tokens.isEmpty, session.peer.certificate.isEmpty else {
            session.isAdmitted = true
            return nil
        }
        guard let name = tokens.name(request.authorization) else {
            var answer = HTTPAnswer(.unauthorized)
            answer.fields = "WWW-Authenticate: Bearer\r\n"
            return HTTPRefusedRequest(
                answer, .token, request.authorization.isEmpty ? "none" : "not listed")
        }
        session.peer.token = name
        session.isAdmitted = true
        return nil
    }

    // MARK: Bodies

    private func feed(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ session: HTTPSession, _ now: Int64
    ) -> Int {
        guard let body = session.body else { return 0 }
        if body.isPlain { return cut(bytes, range, body, session, now) }
        let piece = bytes.extracting(range)
        var position = 0
        var records = 0
        while session.phase == .reading, !isRefused {
            let before = position
            plain.removeAll(keepingCapacity: true)
            do throws(Decompressor.Failure) {
                try body.decompress(piece, &position, into: &plain)
            } catch .tooLarge {
                refuse(
                    body, session, HTTPContentError(.contentTooLarge, "it expands too much"), now)
                return records
            } catch {
                refuse(body, session, HTTPContentError(.badRequest, "it is damaged"), now)
                return records
            }
            if plain.isEmpty, position == before { break }
            var taken: [UInt8] = []
            swap(&taken, &plain)
            records += cut(taken.span, 0..<taken.count, body, session, now)
            swap(&taken, &plain)
        }
        return records
    }

    private func cut(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ body: HTTPBody, _ session: HTTPSession,
        _ now: Int64
    ) -> Int {
        var position = range.lowerBound
        var records = 0
        do throws(HTTPContentError) {
            while position < range.upperBound, !isRefused {
                records += try fill(session.peer) { place, batch throws(HTTPContentError) in
                    position = try body.content.take(
                        bytes, position..<range.upperBound, at: place, into: &batch)
                }
            }
        } catch {
            refuse(body, session, error, now)
        }
        return records
    }

    /// A body cannot be taken, and more of it may come.
    private func refuse(
        _ body: HTTPBody, _ session: HTTPSession, _ error: HTTPContentError, _ now: Int64
    ) {
        turnAway(
            session, body.content.answer(error.status, error.detail), .body, error.detail, now)
    }

    /// Lets `body` add to the batch of a peer's source, which has room.
    ///
    /// - Returns: how many records were added.
    private func fill(
        _ peer: StreamPeer,
        _ body: (HTTPPlace, inout RecordBatch) throws(HTTPContentError) -> Void
    ) throws(HTTPContentError) -> Int {
        let slot = batches.table.slot(peer).slot
        if batches.table.isFull(slot) { handOver(slot) }
        // Its number in a shared slot changes with the batch.
        let sender = batches.table.slot(peer).sender
        let place = HTTPPlace(
            slot: slot, source: batches.table.sourceID(slot), received: Clock.now(),
            sender: sender)
        return try batches.table.fill(slot) { batch throws(HTTPContentError) in
            let before = batch.entries.count
            try body(place, &batch)
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
            refuse(body, session, HTTPContentError(.badRequest, "it is cut off"), now)
            return 0
        }
        session.body = nil
        var records = 0
        do throws(HTTPContentError) {
            var isDone = false
            while !isDone, !isRefused {
                records += try fill(session.peer) { place, batch throws(HTTPContentError) in
                    isDone = try body.content.finish(at: place, into: &batch)
                }
            }
        } catch {
            // All of it was read, so that the connection is good for more.
            session.refusal = (.body, error.detail)
            session.reply = body.content.answer(error.status, error.detail)
            answer(session)
            return 0
        }
        session.reply = body.content.answer
        if !body.content.remark.isEmpty { session.refusal = (.body, body.content.remark) }
        // What it repeats may be on its way still: it waits for all there is of its source.
        let slot = batches.table.slot(session.peer).slot
        session.needs = made[slot, default: 0] + (batches.table.isEmpty(slot) ? 0 : 1)
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
        session.answer(session.reply, keeps: keeps)
        session.request = nil
        session.phase = keeps ? .reading : .draining
        session.closes = !keeps
        touched.insert(session.id)
    }

    func handOver() {
        for slot in batches.table.filledSlots { handOver(slot) }
        batches.forgetFilled()
    }

    private func handOver(_ slot: Int) {
        if batches.handOver(slot, position: service.position(of: slot), waiting: slot) {
            made[slot, default: 0] += 1
        }
    }

    // MARK: Answers

    func tick(now: Int64) {
        for session in sessions.values {
            switch session.phase {
            case .waiting: continue
            case .reading:
                // An idle connection that has sent something is the listener's to close.
                let isSlow = session.framer.isInHead || !session.isAdmitted
                let isInBody = session.request != nil
                guard isSlow || isInBody,
                    now - session.since
                        > (isInBody ? requestMillisMax : Int64(Limits.httpHeadMillisMax))
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
        for slot in batches.takeDurable() {
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
