import CLinux
import Glibc
import HisuiEvent
import Synchronization

/// The loop of a `SyslogStreamCollector`, on its thread: one epoll over listener, connections and
/// the stop signal.
///
/// A batch of a peer is handed over when it is full, or when no socket has anything more to read,
/// at the latest a few milliseconds after its first record.
struct StreamReceiver: ~Copyable {
    private struct Connection {
        var framer = SyslogFramer()
        var peer: hisui_peer
        var lastRead: Int64
    }

    private let collector: SyslogStreamCollector
    private let sink: any RecordSink
    private let stop: StopSignal
    private let epoll: Int32
    private var table: SenderTable
    private var connections: [Int32: Connection] = [:]
    private var buffer = [UInt8](repeating: 0, count: readBytes)
    private var isRefused = false
    /// When the oldest record that was not handed over came.
    private var oldest: Int64 = 0
    private var nextIdleCheck: Int64 = 0
    /// The listener is not watched, because no descriptor is left for another connection.
    private var isListenerPaused = false

    init(
        _ collector: SyslogStreamCollector, sink: any RecordSink, stop: StopSignal
    ) throws(CollectError) {
        self.collector = collector
        self.sink = sink
        self.stop = stop
        table = SenderTable(listener: collector.source)
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0, watch(stop.descriptor) == 0, watch(collector.socket.descriptor) == 0
        else {
            throw CollectError(
                .system, operation: "watch sockets of", place: collector.name, errno: errno)
        }
    }

    deinit {
        for descriptor in connections.keys { Glibc.close(descriptor) }
        Glibc.close(epoll)
    }

    private func watch(_ descriptor: Int32) -> Int32 {
        hisui_epoll_set(
            epoll, EPOLL_CTL_ADD, descriptor, UInt32(EPOLLIN.rawValue),
            UInt64(UInt32(bitPattern: descriptor)))
    }

    mutating func run() throws(CollectError) {
        var tokens = [UInt64](repeating: 0, count: 256)
        var events = [UInt32](repeating: 0, count: 256)
        while !stop.isRaised && !isRefused {
            let timeout: Int32 = table.isEmpty ? 1000 : 0
            // Safe: both arrays have the capacity that is given.
            let count = unsafe hisui_epoll_wait(epoll, &tokens, &events, 256, timeout)
            if count < 0 && count != -EINTR {
                throw CollectError(
                    .system, operation: "wait for", place: collector.name, errno: -count)
            }
            let now = Clock.monotonicMilliseconds()
            if table.isEmpty { oldest = now }
            for i in 0..<max(0, Int(count)) { handle(Int32(truncatingIfNeeded: tokens[i]), now) }
            if count <= 0 || now - oldest >= Self.holdMilliseconds { handOver() }
            if now >= nextIdleCheck { checkIdle(now) }
        }
        for descriptor in Array(connections.keys) {
            if !isRefused { read(descriptor, Clock.monotonicMilliseconds()) }
            close(descriptor, reset: false)
        }
        handOver()
    }

    private mutating func handle(_ descriptor: Int32, _ now: Int64) {
        if descriptor == stop.descriptor || isRefused { return }
        if descriptor == collector.socket.descriptor {
            accept(now)
        } else {
            read(descriptor, now)
        }
    }

    private mutating func handOver() {
        if !isRefused, !table.handOver(to: sink) { isRefused = true }
    }

    // MARK: Connections

    private mutating func accept(_ now: Int64) {
        for _ in 0..<Self.acceptsAtOnce {
            var peer = hisui_peer()
            // Safe: the call writes one structure.
            let taken = unsafe hisui_accept(collector.socket.descriptor, &peer)
            if taken == -EMFILE || taken == -ENFILE { pauseListener() }
            if taken < 0 { return }
            guard connections.count < collector.connectionsMax, watch(taken) == 0 else {
                Glibc.close(taken)
                collector.shared.withLock { $0.refused += 1 }
                continue
            }
            connections[taken] = Connection(peer: peer, lastRead: now)
            collector.shared.withLock {
                $0.accepted += 1
                $0.open += 1
            }
        }
    }

    /// Without a free descriptor the listener would be ready for ever; it is looked at again when
    /// a connection closes, or in a second.
    private mutating func pauseListener() {
        isListenerPaused = true
        _ = hisui_epoll_set(epoll, EPOLL_CTL_DEL, collector.socket.descriptor, 0, 0)
    }

    private mutating func close(_ descriptor: Int32, reset: Bool) {
        guard var connection = connections.removeValue(forKey: descriptor) else { return }
        if connection.framer.isInFrame {
            let place = place(of: connection)
            table.fill(place.slot) {
                connection.framer.finish(
                    reset: reset, received: Clock.now(), sender: place.sender, into: &$0)
            }
        }
        Glibc.close(descriptor)
        collector.shared.withLock {
            $0.open -= 1
            if reset { $0.reset += 1 }
        }
        if isListenerPaused, watch(collector.socket.descriptor) == 0 { isListenerPaused = false }
    }

    private mutating func checkIdle(_ now: Int64) {
        nextIdleCheck = now + 1000
        if isListenerPaused, watch(collector.socket.descriptor) == 0 { isListenerPaused = false }
        guard collector.idleSeconds > 0 else { return }
        let limit = now - Int64(collector.idleSeconds) * 1000
        let idle = connections.filter { $0.value.lastRead < limit }.map(\.key)
        for descriptor in idle {
            close(descriptor, reset: false)
            collector.shared.withLock { $0.closedIdle += 1 }
        }
    }

    // MARK: Reading

    /// Reads what a connection holds, up to some buffers, so that one peer does not starve others.
    private mutating func read(_ descriptor: Int32, _ now: Int64) {
        for _ in 0..<Self.readsAtOnce {
            // Safe: the buffer has the size that is given, and is not touched meanwhile.
            let count = unsafe recv(descriptor, &buffer, Self.readBytes, 0)
            if count < 0 {
                if errno == EAGAIN || errno == EINTR { return }
                return close(descriptor, reset: true)
            }
            if count == 0 { return close(descriptor, reset: false) }
            take(descriptor, count, now)
            if count < Self.readBytes || isRefused { return }
        }
    }

    private mutating func take(_ descriptor: Int32, _ count: Int, _ now: Int64) {
        guard var connection = connections.removeValue(forKey: descriptor) else { return }
        connection.lastRead = now
        let received = Clock.now()
        var position = 0
        let bytes = buffer
        while position < count && !isRefused {
            let place = place(of: connection)
            let input = bytes.span.extracting(0..<count)
            position = table.fill(place.slot) {
                connection.framer.take(
                    input, from: position, received: received, sender: place.sender, into: &$0)
            }
        }
        connections[descriptor] = connection
    }

    /// Slot and sender of a connection, with room in the slot's batch.
    ///
    /// The sender's number in the shared slot changes with the batch, so it is asked for each time.
    private mutating func place(of connection: Connection) -> (slot: Int, sender: UInt32) {
        let place = table.slot(connection.peer)
        guard table.isFull(place.slot) else { return place }
        if !table.handOver(place.slot, to: sink) { isRefused = true }
        return table.slot(connection.peer)
    }

    private static let readBytes = 65_536
    private static let readsAtOnce = 8
    private static let acceptsAtOnce = 64
    private static let holdMilliseconds: Int64 = 5
}
