import CLinux
import Glibc
import HisuiBytes
import HisuiEvent

/// The work of an `AuditCollector`, on its thread.
struct AuditListener: ~Copyable {
    /// How a connection ended.
    enum Heard: Hashable {
        case ended(StreamConnections.End)
        /// What came is the plug-in's binary format, whose length differs between versions.
        case binary
        /// It was closed at once, and nothing came.
        case turnedAway
    }

    private let source: Source
    private let sink: any RecordSink
    private let stop: StopSignal
    private let ask: @Sendable () -> AuditStatus.Answer
    private let statusMilliseconds: Int64
    private let boot = AuditListener.bootHash()
    private var position: AuditPosition
    /// The position that was handed over last.
    private var told: AuditPosition
    private var batch: RecordBatch
    private var descriptor: Int32 = -1
    /// When the connection was made.
    private var connected = Timestamp.none
    /// Something was told through the connection, or it has lasted `standsMilliseconds`.
    private var isStanding = false
    private var nextStatus: Int64 = 0
    /// When the kernel was last asked.
    private var asked = Timestamp.none
    /// The sink refused: the pipeline is stopping.
    private(set) var isRefused = false

    init(
        source: Source, saved: [UInt8]?, sink: any RecordSink, stop: StopSignal,
        ask: @escaping @Sendable () -> AuditStatus.Answer, statusMilliseconds: Int64
    ) {
        self.source = source
        self.sink = sink
        self.stop = stop
        self.ask = ask
        self.statusMilliseconds = statusMilliseconds
        position = saved.flatMap { AuditPosition($0.span) } ?? AuditPosition()
        told = position
        batch = RecordBatch(source: source)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    // MARK: The socket

    /// Connects.
    ///
    /// - Returns: 0, or a negative errno.
    mutating func connect(_ path: String) -> Int32 {
        // Safe: the path is passed as a terminated copy for the call only.
        let status = unsafe hisui_connect_unix(path)
        guard status >= 0 else { return status }
        descriptor = status
        connected = Clock.now()
        isStanding = false
        if position.seen == .none { stand() }
        handOver()
        return 0
    }

    /// The connection is one that is listened to: what was told since the last such is missing.
    ///
    /// A plug-in that is ending takes a connection as well, and ends it at once. Nothing is told
    /// through that one, and the gap goes on.
    private mutating func stand() {
        if position.seen != .none {
            let (from, to) = (position.seen.utcText, connected.utcText)
            reportGap(
                nil,
                "not connected to auditd: of what it told from \(from) to \(to) some may be "
                    + "missing")
        }
        position.seen = connected
        isStanding = true
    }

    /// Takes what comes until the connection ends, or the pipeline does.
    mutating func listen() -> Heard {
        var buffer = [UInt8](repeating: 0, count: Self.readBytes)
        var cutter = LineCutter()
        let began = Clock.monotonicMilliseconds()
        var oldest = began
        var isFresh = true
        defer { disconnect(&cutter) }
        while !stop.isRaised && !isRefused {
            let isWaiting = !batch.entries.isEmpty
            askKernel()
            wait(isWaiting ? Self.holdMilliseconds : Self.restMilliseconds)
            // Safe: the array has the capacity that is given.
            let count = unsafe read(descriptor, &buffer, buffer.count)
            let failure = count < 0 ? errno : 0
            let now = Clock.monotonicMilliseconds()
            // Closed without a word it never stood, however late that was noticed.
            let isQuiet = count < 0 && now - began >= Self.standsMilliseconds
            if !isStanding && (count > 0 || isQuiet) { stand() }
            if count > 0 {
                if isFresh, buffer[0] < 2 { return .binary }
                isFresh = false
                if !isWaiting { oldest = now }
                take(buffer.span.extracting(0..<count), &cutter)
                if now - oldest >= Self.gatherMilliseconds { handOver() }
                continue
            }
            if count == 0 {
                let isTurnedAway = isFresh && now - began < Self.turnedAwayMilliseconds
                return isTurnedAway ? .turnedAway : .ended(.closed)
            }
            if failure != EAGAIN && failure != EINTR { return .ended(.cut) }
            handOver()
        }
        return .ended(.byUs)
    }

    private mutating func take(_ bytes: Span<UInt8>, _ cutter: inout LineCutter) {
        let received = Clock.now()
        position.seen = received
        var from = 0
        while from < bytes.count {
            from = cutter.take(bytes, from..<bytes.count, received: received, into: &batch)
            if LineCutter.isFull(batch) { handOver() }
            if isRefused { return }
        }
    }

    /// Ends the connection; half a record that came is one that was cut.
    private mutating func disconnect(_ cutter: inout LineCutter) {
        let now = Clock.now()
        cutter.finish(received: now, flags: .truncated, into: &batch)
        if isStanding { position.seen = now }
        close(descriptor)
        descriptor = -1
        handOver()
    }

    /// Waits where there is no connection.
    mutating func pause(milliseconds: Int32) {
        askKernel()
        handOver()
        stop.wait(milliseconds: milliseconds)
    }

    private func wait(_ milliseconds: Int32) {
        var entries = [
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        // Safe: the array outlives the call.
        unsafe poll(&entries, 2, milliseconds)
    }

    // MARK: The kernel

    /// Only asks the kernel, until stopped.
    mutating func runWithoutSocket() {
        while !stop.isRaised && !isRefused {
            askKernel()
            handOver()
            stop.wait(milliseconds: Self.restMilliseconds)
        }
    }

    /// Asks the kernel for its count of lost records, if it is time to.
    private mutating func askKernel() {
        let now = Clock.monotonicMilliseconds()
        guard now >= nextStatus else { return }
        nextStatus = now + statusMilliseconds
        let lost = position.take(ask(), boot: boot)
        let moment = Clock.now()
        if lost > 0 {
            reportGap(UInt64(lost), "the kernel's audit lost records before they were read")
            batch.account.drop(
                .lostBeforeRead, UInt64(lost),
                within: MomentSpan(asked == .none ? moment : asked, moment))
        }
        asked = moment
    }

    /// A boot of the machine, as a number.
    private static func bootHash() -> UInt64 {
        var text = [UInt8](repeating: 0, count: 64)
        let file = unsafe open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        // Safe: the array has the capacity that is given.
        let count = unsafe read(file, &text, text.count)
        close(file)
        return Hash64.of(text.span.extracting(0..<max(0, count)))
    }

    // MARK: Handing over

    private mutating func reportGap(_ count: UInt64?, _ cause: String) {
        batch.gaps.append(
            Gap(source: source.id, detected: Clock.now(), count: count, cause: cause))
        batch.account.gaps += 1
    }

    /// Gives the batch to the sink with the position it reaches, if there is anything to say.
    mutating func handOver() {
        guard !isRefused, !batch.isEmpty || position != told else { return }
        batch.position = position.encoded
        told = position
        var full = RecordBatch(source: source)
        swap(&full, &batch)
        if !sink.put(full) { isRefused = true }
    }

    private static let readBytes = 65_536
    /// How often to look at the clock without being told anything.
    private static let restMilliseconds: Int32 = 1000
    /// What comes within this time of a record goes with it, up to `gatherMilliseconds`: an event's
    /// records come together.
    private static let holdMilliseconds: Int32 = 5
    private static let gatherMilliseconds: Int64 = 50
    private static let turnedAwayMilliseconds: Int64 = 1000
    /// After which a connection through which nothing was told is listened to all the same: longer
    /// than a plug-in that is ending keeps one on a busy machine.
    private static let standsMilliseconds: Int64 = 5000
}
