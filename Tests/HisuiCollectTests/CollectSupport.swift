import CLinux
import Glibc
import HisuiCollect
import HisuiEvent
import Synchronization
import Testing

/// Keeps what collectors hand over, as the store would: positions and accounts by source.
final class TestSink: RecordSink {
    struct Record: Hashable, Sendable {
        var source: String
        var bytes: [UInt8]
        var flags: RowFlags
        var sender: String
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }
    struct State: Sendable {
        var records: [Record] = []
        var positions: [String: [UInt8]] = [:]
        var accounts: [String: Account] = [:]
        var gaps: [Gap] = []
        var notes: [FileNote] = []
        var tables: Set<RecordTable> = []
        /// What each batch with records says of columns.
        var columns: [RecordBatch.ColumnLines] = []
        var batches = 0
        /// Of batches that are not durable yet.
        var receipts: [Receipt] = []
    }
    private let state = Mutex(State())
    private let held = Atomic(false)
    /// Milliseconds each batch takes.
    private let delay: UInt32
    /// Batches taken before the sink refuses.
    private let batchesMax: Int
    /// Whether batches are durable as soon as they are taken.
    private let isDurable: Bool

    init(delay: UInt32 = 0, batchesMax: Int = .max, isDurable: Bool = true) {
        self.delay = delay
        self.isDurable = isDurable
        self.batchesMax = batchesMax
    }

    var now: State { state.withLock { $0 } }
    var count: Int { state.withLock { $0.records.count } }
    var texts: [String] { now.records.map(\.text) }
    var gapCount: UInt64 { now.gaps.reduce(0) { $0 + ($1.count ?? 0) } }
    var resume: @Sendable (String) -> [UInt8]? {
        { source in self.state.withLock { $0.positions[source] } }
    }

    /// The disk is done with everything that was taken.
    func sync() {
        let receipts = state.withLock { state in
            defer { state.receipts = [] }
            return state.receipts
        }
        for receipt in receipts { receipt.give() }
    }

    /// Makes whoever hands over wait from now on, or no longer.
    func hold(_ isHeld: Bool) { held.store(isHeld, ordering: .releasing) }

    func dropped(_ reason: DropReason) -> UInt64 {
        now.accounts.values.reduce(0) { $0 + $1[reason] }
    }

    func put(_ batch: consuming RecordBatch) -> Bool {
        if delay > 0 { usleep(delay * 1000) }
        while held.load(ordering: .acquiring) { usleep(1000) }
        let batch = batch
        #expect(batch.bytes.count <= Limits.batchBytesMax)
        #expect(batch.position.count <= Limits.positionBytesMax)
        #expect(batch.source.id.utf8.count <= Limits.sourceIDBytesMax)
        let isTaken = state.withLock { state in
            if state.batches >= batchesMax { return false }
            if let receipt = batch.receipt { state.receipts.append(receipt) }
            state.batches += 1
            for entry in batch.entries {
                let start = Int(entry.offset)
                state.records.append(
                    Record(
                        source: batch.source.id,
                        bytes: Array(batch.bytes[start..<start + Int(entry.count)]),
                        flags: entry.flags, sender: batch.senders[Int(entry.sender)]))
            }
            if !batch.position.isEmpty { state.positions[batch.source.id] = batch.position }
            state.accounts[batch.source.id, default: Account()].add(batch.account)
            state.gaps += batch.gaps
            for gap in batch.gaps { #expect(gap.japaneseCause != nil, "\(gap.cause)") }
            state.notes += batch.notes
            if let table = batch.table { state.tables.insert(table) }
            if !batch.entries.isEmpty { state.columns.append(batch.columns) }
            return true
        }
        if isDurable { sync() }
        return isTaken
    }
}

/// A collector on a thread of its own.
final class Running {
    private final class Job {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let stop = StopSignal()
    private var thread = pthread_t()
    private let failure: Mutex<CollectError?>
    private var isJoined = false

    init(_ collector: any Collector, into sink: TestSink, resume: TestSink? = nil) {
        let stop = stop
        let saved = (resume ?? sink).resume
        let failure = Shared()
        self.failure = Mutex(nil)
        shared = failure
        let job = Job {
            do throws(CollectError) {
                try collector.collect(into: sink, resume: saved, until: stop)
            } catch {
                failure.error.withLock { $0 = error }
            }
            failure.hasEnded.store(true, ordering: .releasing)
        }
        // Safe: the job is retained until the thread has taken it over.
        let pointer = unsafe Unmanaged.passRetained(job).toOpaque()
        unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<Job>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, pointer)
    }

    private final class Shared: Sendable {
        let error = Mutex<CollectError?>(nil)
        let hasEnded = Atomic(false)
    }
    private let shared: Shared

    /// Whether the collector has ended, by itself or because it was stopped.
    var hasEnded: Bool { shared.hasEnded.load(ordering: .acquiring) }

    /// Stops the collector and waits for its thread.
    @discardableResult
    func end() -> CollectError? {
        stop.raise()
        if !isJoined {
            pthread_join(thread, nil)
            isJoined = true
        }
        return shared.error.withLock { $0 }
    }

    deinit { end() }
}

/// Waits until something holds; a test fails when it does not within the time.
func eventually(
    _ what: String, seconds: Int = 20, location: SourceLocation = #_sourceLocation,
    _ holds: () -> Bool
) {
    for _ in 0..<seconds * 200 {
        if holds() { return }
        usleep(5000)
    }
    Issue.record("not within \(seconds) s: \(what)", sourceLocation: location)
}

/// A directory that goes away with the value.
final class TestDirectory {
    let path: String

    init() {
        var template = Array("/tmp/hisui-collect-XXXXXX".utf8CString)
        // Safe: mkdtemp changes the template in place and returns it.
        path = unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? ""
        precondition(!path.isEmpty)
    }

    deinit { shell("rm -rf '\(path)'") }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Appends to a file, making it if needed.
    func append(_ name: String, _ text: String) { append(name, Array(text.utf8)) }

    func append(_ name: String, _ bytes: [UInt8]) {
        let file = unsafe open(path(name), O_WRONLY | O_CREAT | O_APPEND, 0o600)
        precondition(file >= 0)
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(file, buffer.baseAddress! + done, bytes.count - done)
            }
            precondition(count > 0)
            done += count
        }
        close(file)
    }

    /// Makes a file, in the place of one that may be there.
    func make(_ name: String, _ bytes: [UInt8]) {
        _ = unsafe unlink(path(name))
        append(name, bytes)
    }

    func rename(_ name: String, _ other: String) {
        #expect(unsafe Glibc.rename(path(name), path(other)) == 0)
    }
}

/// Runs a command with the shell.
///
/// - Returns: what it wrote to standard output, and its status.
@discardableResult
func shell(_ command: String) -> (output: [UInt8], status: Int32) {
    guard let pipe = unsafe popen(command, "r") else { return ([], -1) }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe fread(&buffer, 1, buffer.count, pipe)
        if count == 0 { break }
        output += buffer[..<count]
    }
    return (output, unsafe pclose(pipe))
}

/// A small random number generator that a printed seed starts again.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// A connected socket to a port of this machine.
final class TestClient {
    let descriptor: Int32
    private var isClosed = false

    init(port: UInt16, stream: Bool, address: String = "127.0.0.1") {
        descriptor = unsafe hisui_connect_inet(address, port, stream ? 1 : 0)
        precondition(descriptor >= 0)
    }

    /// A connection through a Unix socket.
    init(path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        precondition(descriptor >= 0)
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        precondition(path.utf8.count < 108)
        // Safe: the path fits with a NUL behind it.
        unsafe withUnsafeMutableBytes(of: &target.sun_path) { name in
            unsafe name.copyBytes(from: path.utf8)
        }
        // Safe: the structure is one of those that the call takes for an address.
        let status = unsafe withUnsafePointer(to: &target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        precondition(status == 0)
    }

    /// A datagram socket that sends from an address of its own.
    init(port: UInt16, from source: String) {
        descriptor = unsafe hisui_listen_inet(source, 0, 0, 0)
        precondition(descriptor >= 0)
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        // Safe: the structure is one of those that the call takes for an address.
        let status = unsafe withUnsafePointer(to: &target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(status == 0)
    }

    deinit { if !isClosed { close(descriptor) } }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress! + done, bytes.count - done,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            done += count
        }
    }

    /// Whether the peer has ended the connection; waits for it for some seconds.
    var isEnded: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var byte: UInt8 = 0
        // Safe: both variables outlive the calls.
        guard unsafe poll(&entry, 1, 5000) == 1 else { return false }
        return unsafe recv(descriptor, &byte, 1, 0) <= 0
    }

    /// Ends the connection as a crash would: with a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &linger,
            socklen_t(MemoryLayout<Glibc.linger>.size))
        close(descriptor)
        isClosed = true
    }
}
