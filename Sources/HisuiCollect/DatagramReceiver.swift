import CLinux
import Glibc
import HisuiEvent

/// The loop of a `SyslogDatagramCollector`, on its thread.
///
/// A batch is handed over when it is full or a few milliseconds old. To gather it, the loop sleeps
/// in between and lets the kernel's buffer fill, if that has room for it; at full speed it does
/// not sleep.
@safe
struct DatagramReceiver: ~Copyable {
    private let descriptor: Int32
    // Safe: made and freed by the collector around the life of this value; one thread.
    private let set: OpaquePointer
    private var table: SenderTable
    private let quota: SenderQuota
    /// By slot of the table, where there is a quota.
    private var buckets: [Int: QuotaBucket] = [:]
    /// The process that sent the datagram before, and its text.
    private var lastProcess = SenderCredentials(pid: 0, uid: 0, gid: 0)
    private var lastProcessText = ""
    private let sink: any RecordSink
    private let hasRoom: Bool
    /// The kernel's count of drops when it was last read.
    private var drops: UInt32 = 0
    /// When it was read.
    private var dropsRead = Clock.now()
    private var isRefused = false

    @unsafe
    init(
        descriptor: Int32, set: OpaquePointer, table: consuming SenderTable,
        quota: SenderQuota, sink: any RecordSink, hasRoom: Bool
    ) {
        self.descriptor = descriptor
        unsafe self.set = set
        self.table = table
        self.quota = quota
        self.sink = sink
        self.hasRoom = hasRoom
    }

    mutating func run(until stop: StopSignal, _ name: String) throws(CollectError) {
        var entries = [
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while !stop.isRaised && !isRefused {
            // Safe: the array outlives the call.
            unsafe poll(&entries, 2, Self.dropCheckMilliseconds)
            let taken = try drain(name)
            if taken > 0 && taken < Self.busy && hasRoom {
                stop.wait(milliseconds: Self.gatherMilliseconds)
                _ = try drain(name)
            }
            countDrops()
            handOver()
        }
        // What the kernel holds was delivered: it is taken now, or it would be lost uncounted.
        let end = Clock.monotonicMilliseconds() + Self.lastDrainMilliseconds
        while !isRefused, try drain(name) > 0, Clock.monotonicMilliseconds() < end { handOver() }
        countDrops()
        handOver()
    }

    private mutating func handOver() {
        if !isRefused, !table.handOver(to: sink) { isRefused = true }
    }

    /// Takes what the socket holds, up to some thousands.
    ///
    /// - Returns: how many were taken.
    private mutating func drain(_ name: String) throws(CollectError) -> Int {
        var taken = 0
        while taken < Self.drainMax, !isRefused {
            // Safe: the set is alive.
            let count = unsafe hisui_datagrams_receive(set, descriptor)
            if count == -EAGAIN || count == -EINTR { break }
            guard count >= 0 else {
                // An ICMP answer to something this socket never sent; nothing is lost.
                if count == -ECONNREFUSED || count == -EHOSTUNREACH { continue }
                throw CollectError(.system, operation: "receive on", place: name, errno: -count)
            }
            let received = Clock.now()
            let now = quota.isLimited ? Clock.monotonicMilliseconds() : 0
            for i in 0..<UInt32(count) { take(i, received, now) }
            taken += Int(count)
        }
        return taken
    }

    private mutating func take(_ i: UInt32, _ received: Timestamp, _ now: Int64) {
        var peer = hisui_peer()
        var count: UInt32 = 0
        var cut: Int32 = 0
        // Safe: the bytes stay as they are until the next receive.
        unsafe hisui_datagram_peer(set, i, &peer)
        let start = unsafe hisui_datagram(set, i, &count, &cut)
        let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(count))
        var span = unsafe bytes.span
        if let last = span.indices.last, cut == 0, span[last] == 0x0a || span[last] == 0 {
            span = span.extracting(0..<last)
        }
        var place = place(i, peer)
        if table.isFull(place.slot) {
            if !table.handOver(place.slot, to: sink) { isRefused = true }
            place = self.place(i, peer)
        }
        guard isAdmitted(span.count, place.slot, now) else {
            return table.fill(place.slot) {
                $0.account.drop(.quota, 1, within: MomentSpan(received, received))
            }
        }
        let sender = place.sender
        let payload = span
        table.fill(place.slot) { batch in
            batch.append(
                payload, received: received, sender: sender,
                flags: cut != 0 ? .truncated : [])
        }
    }

    /// Slot and sender: the peer's address, or the process at the other end of a Unix socket.
    private mutating func place(
        _ i: UInt32, _ peer: hisui_peer
    ) -> (slot: Int, sender: UInt32) {
        let place = table.slot(peer)
        guard peer.family == 0 else { return place }
        var process = SenderCredentials(pid: 0, uid: 0, gid: 0)
        // Safe: the call writes three integers.
        let isKnown = unsafe hisui_datagram_credentials(
            set, i, &process.pid, &process.uid, &process.gid)
        guard isKnown == 1 else { return place }
        if process != lastProcess || lastProcessText.isEmpty {
            lastProcess = process
            lastProcessText = process.description
        }
        return (place.slot, table.sender(lastProcessText, in: place.slot))
    }

    private mutating func isAdmitted(_ count: Int, _ slot: Int, _ now: Int64) -> Bool {
        guard quota.isLimited else { return true }
        let fresh = QuotaBucket(quota, now: now)
        return buckets[slot, default: fresh].admits(bytes: count, now: now)
    }

    /// Accounts what the kernel has dropped since the last look.
    private mutating func countDrops() {
        var count: UInt32 = 0
        // Safe: the call writes one integer.
        guard unsafe hisui_socket_drops(descriptor, &count) == 0 else { return }
        let span = MomentSpan(dropsRead, Clock.now())
        dropsRead = span.last
        guard count != drops else { return }
        let more = UInt64(count &- drops)
        drops = count
        table.fill(SenderTable.own) { $0.account.drop(.kernelBuffer, more, within: span) }
    }

    private static let drainMax = 8192
    /// As many at once mean that datagrams come faster than it pays to wait for.
    private static let busy = 512
    private static let gatherMilliseconds: Int32 = 3
    private static let dropCheckMilliseconds: Int32 = 1000
    private static let lastDrainMilliseconds: Int64 = 1000
}
