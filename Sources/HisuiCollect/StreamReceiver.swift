import CLinux
import Glibc
import HisuiEvent

/// The loop of a stream listener, on its thread: one epoll over listener, connections, the
/// handler's own descriptor and the stop signal.
///
/// What a peer has sent is handed over when the batch is full, or when no socket has anything more
/// to read, at the latest a few milliseconds after its first record.
struct StreamReceiver<Handler: StreamHandler>: ~Copyable {
    typealias Connection = StreamConnection<Handler.Session>

    /// What the connections of one peer have in common.
    private struct Sender {
        var open = 0
        var bucket: QuotaBucket
        /// When its last connection was closed.
        var left: Int64 = 0
    }

    private let listener: StreamListener
    private let stop: StopSignal
    private let epoll: Int32
    private let handler: Handler
    private var connections: [Int32: Connection] = [:]
    private var senders: [SenderTable.Key: Sender] = [:]
    /// Connections that wait for their sender's quota.
    private var paused: Set<Int32> = []
    private var buffer: [UInt8]
    /// When the oldest record that was not handed over came.
    private var oldest: Int64 = 0
    private var nextCheck: Int64 = 0
    /// The listener is not watched, because no descriptor is left for another connection.
    private var isListenerPaused = false

    init(
        _ listener: StreamListener, handler: Handler, stop: StopSignal
    ) throws(CollectError) {
        self.listener = listener
        self.stop = stop
        self.handler = handler
        buffer = [UInt8](repeating: 0, count: Self.readBytes)
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        // A peer that has gone must not end the daemon while TLS writes to it.
        hisui_thread_block_pipe()
        var isWatched =
            epoll >= 0 && watch(stop.descriptor) && watch(listener.socket.descriptor)
        if let wake = handler.wakeDescriptor { isWatched = isWatched && watch(wake) }
        guard isWatched else {
            throw CollectError(
                .system, operation: "watch sockets of", place: listener.name, errno: errno)
        }
    }

    deinit { Glibc.close(epoll) }

    private func watch(_ descriptor: Int32) -> Bool {
        hisui_epoll_set(
            epoll, EPOLL_CTL_ADD, descriptor, UInt32(EPOLLIN.rawValue),
            UInt64(UInt32(bitPattern: descriptor))) == 0
    }

    mutating func run() throws(CollectError) {
        var tokens = [UInt64](repeating: 0, count: 256)
        var events = [UInt32](repeating: 0, count: 256)
        while !stop.isRaised && !handler.isRefused {
            let timeout: Int32 = handler.isEmpty ? (paused.isEmpty ? 1000 : 10) : 0
            // Safe: both arrays have the capacity that is given.
            let count = unsafe hisui_epoll_wait(epoll, &tokens, &events, 256, timeout)
            if count < 0 && count != -EINTR {
                throw CollectError(
                    .system, operation: "wait for", place: listener.name, errno: -count)
            }
            let now = Clock.monotonicMilliseconds()
            if handler.isEmpty { oldest = now }
            for i in 0..<max(0, Int(count)) { handle(Int32(truncatingIfNeeded: tokens[i]), now) }
            if !paused.isEmpty { resume(now) }
            if count <= 0 || now - oldest >= Self.holdMilliseconds { handler.handOver() }
            if now >= nextCheck { check(now) }
            answer(now)
        }
        finish()
    }

    private mutating func handle(_ descriptor: Int32, _ now: Int64) {
        if descriptor == stop.descriptor || handler.isRefused { return }
        if descriptor == handler.wakeDescriptor { return }
        if descriptor == listener.socket.descriptor { return accept(now) }
        guard let connection = connections[descriptor] else { return }
        if connection.session == nil {
            guard shakeHands(connection, now) else { return }
        }
        if connection.unsentCount > 0 { flush(connection, now) }
        if connections[descriptor] != nil, !connection.closesWhenWritten, !connection.isStuffed,
            connection.pausedUntil <= now
        {
            read(connection, now)
        }
        update(connection, now)
    }

    /// Tells epoll what to look for.
    ///
    /// Nothing means that it is not asked at all: it would tell of a peer that has gone again and
    /// again.
    private func update(_ connection: Connection, _ now: Int64) {
        guard connections[connection.descriptor] === connection else { return }
        let wanted = connection.interest(now: now)
        if wanted == connection.watched { return }
        let operation =
            wanted == 0 ? EPOLL_CTL_DEL : connection.watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        _ = hisui_epoll_set(
            epoll, operation, connection.descriptor, wanted,
            UInt64(UInt32(bitPattern: connection.descriptor)))
        connection.watched = wanted
    }

    // MARK: Connections

    private mutating func accept(_ now: Int64) {
        for _ in 0..<Self.acceptsAtOnce {
            var address = hisui_peer()
            // Safe: the call writes one structure.
            let taken = unsafe hisui_accept(listener.socket.descriptor, &address)
            if taken == -EMFILE || taken == -ENFILE { pauseListener() }
            if taken < 0 { return }
            guard let peer = peer(taken, address) else {
                Glibc.close(taken)
                continue
            }
            if let reason = refusal(of: peer) {
                Glibc.close(taken)
                listener.refuse(reason, peer.text)
                continue
            }
            guard let connection = connection(taken, peer, now) else {
                Glibc.close(taken)
                listener.refuse(.memory, peer.text)
                continue
            }
            connections[taken] = connection
            let fresh = sender(now)
            senders[peer.address, default: fresh].open += 1
            listener.count {
                $0.accepted += 1
                $0.open += 1
            }
            if connection.tls == nil { begin(connection) }
            update(connection, now)
        }
    }

    /// Nil for a process that is not known: the connection is gone already.
    private func peer(_ descriptor: Int32, _ address: hisui_peer) -> StreamPeer? {
        guard listener.socket.isUnix else { return StreamPeer(address, certificate: "") }
        return ListeningSocket.process(of: descriptor).map { StreamPeer($0) }
    }

    /// Why a peer may not connect now; nil: it may.
    private func refusal(of peer: StreamPeer) -> Refusals.Reason? {
        let limits = listener.limits
        if connections.count >= limits.connectionsMax { return .connections }
        let ofSender = senders[peer.address]?.open ?? 0
        let isWithin =
            limits.connectionsPerSenderMax == 0 || ofSender < limits.connectionsPerSenderMax
        return isWithin ? nil : .connectionsOfSender
    }

    private func sender(_ now: Int64) -> Sender {
        Sender(bucket: QuotaBucket(listener.limits.quota, now: now))
    }

    private func connection(
        _ descriptor: Int32, _ peer: StreamPeer, _ now: Int64
    ) -> Connection? {
        guard let context = listener.context else {
            return Connection(descriptor: descriptor, peer: peer, tls: nil, now: now)
        }
        guard let tls = TLSConnection(context, descriptor: descriptor) else { return nil }
        return Connection(descriptor: descriptor, peer: peer, tls: tls, now: now)
    }

    private mutating func begin(_ connection: Connection) {
        if handler.readsInOrder { readOthers(of: connection) }
        connection.session = handler.begin(connection.peer, at: connection.descriptor)
    }

    /// Takes what the other connections of a peer hold: what it sends on a new one because an old
    /// one was cut comes after what it sent there.
    private mutating func readOthers(of connection: Connection) {
        let key = connection.peer.address
        guard senders[key]?.open ?? 0 > 1 else { return }
        let now = Clock.monotonicMilliseconds()
        for other in Array(connections.values)
        where other !== connection && other.session != nil
            && other.peer.address == key
        {
            if other.closesWhenWritten || other.isStuffed || other.pausedUntil > now { continue }
            read(other, now)
            update(other, now)
        }
    }

    /// Goes on with a handshake.
    ///
    /// - Returns: whether it is done, and the peer may send.
    private mutating func shakeHands(_ connection: Connection, _ now: Int64) -> Bool {
        guard let tls = connection.tls else { return false }
        connection.handshakeWantsOutput = false
        switch tls.shakeHands() {
        case .wantsInput: break
        case .wantsOutput: connection.handshakeWantsOutput = true
        case .failed(let why): closeStranger(connection, .handshake, why)
        case .done:
            let peer = tls.peer
            guard let identity = tls.settings.identity(peer) else {
                closeStranger(connection, .certificate, peer?.words ?? "")
                return false
            }
            connection.peer.certificate = identity
            begin(connection)
            return true
        }
        update(connection, now)
        return false
    }

    private mutating func closeStranger(
        _ connection: Connection, _ reason: Refusals.Reason, _ detail: String = ""
    ) {
        listener.refuse(reason, connection.peer.text, detail)
        close(connection, .byUs)
    }

    /// Without a free descriptor the listener would be ready for ever; it is looked at again when
    /// a connection closes, or in a second.
    private mutating func pauseListener() {
        isListenerPaused = true
        listener.refuse(.descriptors, "")
        _ = hisui_epoll_set(epoll, EPOLL_CTL_DEL, listener.socket.descriptor, 0, 0)
    }

    private mutating func close(_ connection: Connection, _ end: StreamConnections.End) {
        let reset = end == .cut
        guard connections.removeValue(forKey: connection.descriptor) != nil else { return }
        paused.remove(connection.descriptor)
        if var session = connection.session {
            handler.end(&session, reset: reset)
            connection.session = nil
        }
        if let source = connection.source { listener.ended(source, end) }
        if !reset { connection.tls?.sayEnd() }
        if connection.watched != 0 {
            _ = hisui_epoll_set(epoll, EPOLL_CTL_DEL, connection.descriptor, 0, 0)
        }
        let key = connection.peer.address
        senders[key]?.open -= 1
        senders[key]?.left = Clock.monotonicMilliseconds()
        listener.count {
            $0.open -= 1
            if reset { $0.reset += 1 }
        }
        if isListenerPaused, watch(listener.socket.descriptor) { isListenerPaused = false }
    }

    private mutating func check(_ now: Int64) {
        nextCheck = now + 1000
        if isListenerPaused, watch(listener.socket.descriptor) { isListenerPaused = false }
        handler.tick(now: now)
        let kept = now - Self.senderKeptMilliseconds
        senders = senders.filter { $0.value.open > 0 || $0.value.left > kept }
        let idle = Int64(listener.limits.idleSeconds) * 1000
        let handshake = Int64(listener.limits.handshakeSeconds) * 1000
        for connection in Array(connections.values) {
            if connection.session == nil {
                guard now - connection.began > handshake else { continue }
                closeStranger(connection, .handshakeTime)
            } else if idle > 0, connection.lastRead < now - idle {
                close(connection, .byUs)
                listener.count { $0.closedIdle += 1 }
            }
        }
    }

    /// Reads again from those whose sender's quota has room.
    private mutating func resume(_ now: Int64) {
        for descriptor in paused {
            guard let connection = connections[descriptor], connection.pausedUntil <= now else {
                continue
            }
            paused.remove(descriptor)
            update(connection, now)
        }
    }

    // MARK: Reading and writing

    /// Reads what a connection holds, up to some buffers, so that one peer does not starve others.
    private mutating func read(_ connection: Connection, _ now: Int64) {
        for _ in 0..<(connection.tls == nil ? Self.readsAtOnce : Self.recordsAtOnce) {
            let count = connection.read(&buffer)
            if count < 0 {
                if count == -Int(EAGAIN) || count == -Int(EINTR) { return }
                return close(connection, .cut)
            }
            if count == 0 { return close(connection, .closed) }
            connection.lastRead = now
            guard var session = connection.session else { return }
            let taken = handler.take(
                buffer.span.extracting(0..<count), of: &session, from: connection.peer.process,
                now: now)
            connection.session = session
            if connection.source == nil, let source = handler.sourceID(of: session) {
                connection.source = source
                listener.opened(source)
            }
            if let reason = taken.refusal {
                listener.refuse(reason, connection.peer.text, taken.detail)
            }
            if taken.closes { return closeWhenWritten(connection, now) }
            connection.isStuffed = taken.isStuffed
            charge(connection, taken.records, count, now)
            if connection.isStuffed || connection.pausedUntil > now || handler.isRefused { return }
            if connection.tls == nil, count < Self.readBytes { return }
        }
    }

    private mutating func charge(
        _ connection: Connection, _ records: Int, _ bytes: Int, _ now: Int64
    ) {
        guard listener.limits.quota.isLimited else { return }
        let key = connection.peer.address
        guard
            let wait = senders[key]?.bucket.take(records: records, bytes: bytes, now: now)
        else { return }
        guard wait > 0 else { return }
        connection.pausedUntil = now + wait
        paused.insert(connection.descriptor)
        listener.count { $0.held += 1 }
    }

    /// Writes what the handler has for peers.
    private mutating func answer(_ now: Int64) {
        for answer in handler.takeAnswers() {
            guard let connection = connections[answer.descriptor] else { continue }
            connection.append(answer.bytes)
            connection.isStuffed = answer.isStuffed
            if let reason = answer.refusal {
                listener.refuse(reason, connection.peer.text, answer.detail)
            }
            if answer.closes { connection.closesWhenWritten = true }
            flush(connection, now)
            update(connection, now)
        }
    }

    private mutating func closeWhenWritten(_ connection: Connection, _ now: Int64) {
        connection.closesWhenWritten = true
        answer(now)
        if connections[connection.descriptor] === connection { flush(connection, now) }
    }

    private mutating func flush(_ connection: Connection, _ now: Int64) {
        let isWhole = connection.flush()
        if !isWhole || connection.unsentCount > Limits.unsentBytesMax {
            close(connection, .cut)
        } else if connection.closesWhenWritten, connection.unsentCount == 0 {
            close(connection, .byUs)
        }
    }

    // MARK: The end

    private mutating func finish() {
        if handler.readsAtStop {
            // Who has connected and not been seen yet may have said all it had to say.
            accept(Clock.monotonicMilliseconds())
            for connection in Array(connections.values)
            where connection.session != nil && !handler.isRefused {
                read(connection, Clock.monotonicMilliseconds())
            }
        }
        handler.handOver()
        let deadline = Clock.monotonicMilliseconds() + Self.lastAnswersMilliseconds
        while handler.owesAnswers, !handler.isRefused,
            Clock.monotonicMilliseconds() < deadline, let wake = handler.wakeDescriptor
        {
            var entry = pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
            // Safe: the kernel writes one pollfd, which lives on this frame.
            unsafe poll(&entry, 1, 50)
            answer(Clock.monotonicMilliseconds())
        }
        for connection in Array(connections.values) { close(connection, .byUs) }
        handler.handOver()
    }

    private static var readBytes: Int { 65_536 }
    private static var readsAtOnce: Int { 8 }
    /// A record of TLS has 16 KiB at the most, and a read takes one.
    private static var recordsAtOnce: Int { 32 }
    private static var acceptsAtOnce: Int { 64 }
    private static var holdMilliseconds: Int64 { 5 }
    /// Who comes back within this time finds its quota as it left it.
    private static var senderKeptMilliseconds: Int64 { 10_000 }
    /// How long peers wait for the store when the daemon stops; what is not answered is sent again.
    private static var lastAnswersMilliseconds: Int64 { 3000 }
}
