import HisuiBytes
import Synchronization

/// A disk in memory that forgets what was not synced: what tests of durability run on.
///
///     let disk = SimulatedFileSystem()
///     disk.crashAfter(operation: 17)              // everything after it fails with `.halted`
///     … the code under test, until it fails …
///     let found = disk.crashed(seed: 42)          // a disk as it might be found after power loss
///
/// It keeps what `FileSystem` promises and nothing more: unsynced bytes are lost, kept, torn or
/// written in another order by sectors of 512 bytes, leaving zeros, noise or old blocks; new,
/// changed and removed names are lost or kept each for itself. A sector is written whole or not;
/// a rename within a folder is atomic. After a failed sync that did not persist, reads show
/// the new bytes although no later sync writes them, as Linux does. `SimulatedCrash.swift` says
/// exactly what may be found.
///
/// Every change is an operation with a number, from 1: mkdir, create, write, truncate, sync,
/// rename, remove, sync of a folder. Faults and the halt are set by these numbers.
public final class SimulatedFileSystem: FileSystem {
    /// A call to the disk that is about to be made.
    public struct Call: Sendable {
        public var operation: String
        public var path: String
        /// Whether it only looks, and so is no operation with a number.
        public var isRead: Bool
    }

    struct State: Sendable {
        var disk = SimulatedDisk()
        var operations = 0
        var faults: [Int: SimulatedFault] = [:]
        /// Faults that last, by system call; empty for all calls.
        var lastingFaults: [String: SimulatedFault] = [:]
        /// The disk after each operation so far but the last, from none on.
        var moments: [SimulatedDisk]?
        var beforeCall: (@Sendable (Call) -> Void)?
        var haltAfter: Int?
        var capacity: Int?
        var locks: Set<String> = []
        var log: [String]?

        var isHalted: Bool { haltAfter.map { operations >= $0 } ?? false }
    }

    let state: Mutex<State>

    public init() { state = Mutex(State()) }

    init(_ disk: SimulatedDisk) { state = Mutex(State(disk: disk)) }

    // MARK: For tests

    /// Operations so far.
    public var operationCount: Int { state.withLock { $0.operations } }

    /// What the operations were, if `recordsOperations` was set.
    public var operations: [String] { state.withLock { $0.log ?? [] } }

    /// Keeps a line for each operation, for tests that look at their order.
    public func recordOperations() { state.withLock { $0.log = [] } }

    public func add(_ fault: SimulatedFault) {
        state.withLock { $0.faults[fault.operation] = fault }
    }

    /// Lets no operation fail any more.
    public func clearFaults() {
        state.withLock { state in
            state.faults = [:]
            state.lastingFaults = [:]
        }
    }

    /// Calls `body` before each call to the disk, outside of it: `body` may use the disk itself,
    /// as another process would at that moment. It is not called for what it does then.
    public func beforeEachCall(_ body: (@Sendable (Call) -> Void)?) {
        state.withLock { $0.beforeCall = body }
    }

    /// Keeps what the disk is like after each operation from now on.
    public func recordMoments() {
        state.withLock { state in
            precondition(state.operations == 0, "from the first operation on")
            state.moments = []
        }
    }

    /// The disk after each operation so far, from none on, if `recordMoments` was called.
    public var moments: [SimulatedMoment] {
        state.withLock { state in
            guard let moments = state.moments else { return [] }
            return (moments + [state.disk]).enumerated().map {
                SimulatedMoment($0.element, operation: $0.offset)
            }
        }
    }

    /// The disk as it is.
    public var moment: SimulatedMoment {
        state.withLock { SimulatedMoment($0.disk, operation: $0.operations) }
    }

    /// Lets operation number `operation` be the last one; reads fail after it, too.
    public func crashAfter(operation: Int) { state.withLock { $0.haltAfter = operation } }

    /// Bytes of all files that have a name.
    public var usedBytes: Int { state.withLock { $0.disk.usedBytes } }

    /// Bytes the files may have together; beyond it, writes fail with `.noSpace`.
    public func setCapacity(_ bytes: Int?) { state.withLock { $0.capacity = bytes } }

    /// Whether names have changed that a crash may take back.
    public var hasPendingEntries: Bool { state.withLock { $0.disk.hasPendingEntries } }

    /// A disk as it may be found after power was lost now: each seed another possibility.
    public func crashed(seed: UInt64) -> SimulatedFileSystem { moment.crashed(seed: seed) }

    /// The same disk after only the process was killed: nothing is lost, and nothing is synced.
    public func killed() -> SimulatedFileSystem { moment.killed() }

    /// A number for what a crash now would surely leave, all folders, names and bytes: tells
    /// states apart.
    public var fingerprint: UInt64 { state.withLock { $0.disk.fingerprint } }

    /// Replaces the bytes of a file as an accident or an intruder would, durably.
    public func tamper(_ path: String, _ body: (inout [UInt8]) -> Void) throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            var (number, file) = try state.disk.file(path, "tamper")
            body(&file.current)
            file.durable = file.current
            file.pending = []
            state.disk.nodes[number] = .file(file)
        }
    }

    // MARK: FileSystem

    public func createDirectory(_ path: String) throws(FileError) {
        do throws(FileError) {
            _ = try state.withLock { (state) throws(FileError) in
                try Self.checkRunning(state, "mkdir", path)
                return try state.disk.folder(path, "mkdir")
            }
            return
        } catch {
            if error.code != .notFound { throw error }
        }
        let parent = Path.parent(of: path)
        if parent != path { try createDirectory(parent) }
        try change("mkdir", path) { (disk) throws(FileError) in
            disk.make(.folder(SimulatedDisk.Folder()), path)
        }
        try syncDirectory(parent)
    }

    public func list(_ path: String) throws(FileError) -> [String] {
        try read("opendir", path) { (disk) throws(FileError) in
            try disk.folder(path, "opendir").1.current.keys.sorted()
        }
    }

    public func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
        switch mode {
        case .readWrite:
            let number = try read("open", path) { (disk) throws(FileError) in
                try disk.file(path, "open").0
            }
            return SimulatedFile(self, number, path)
        case .create:
            try read("open", path) { (disk) throws(FileError) in
                _ = try disk.folder(Path.parent(of: path), "open")
                if (try? disk.node(path, "open")) != nil {
                    throw FileError(.exists, operation: "open", path: path)
                }
            }
            try change("create", path) { (disk) throws(FileError) in
                disk.make(.file(SimulatedDisk.File()), path)
            }
            let number = try read("open", path) { (disk) throws(FileError) in
                try disk.file(path, "open").0
            }
            return SimulatedFile(self, number, path)
        }
    }

    public func rename(_ path: String, to newPath: String) throws(FileError) {
        try change("rename", path) { (disk) throws(FileError) in
            _ = try disk.node(path, "rename")
            _ = try disk.folder(Path.parent(of: newPath), "rename")
            disk.rename(path, to: newPath)
        }
    }

    public func remove(_ path: String) throws(FileError) {
        try change("remove", path) { (disk) throws(FileError) in
            let number = try disk.node(path, "remove")
            if case .folder(let folder) = disk.nodes[number], !folder.current.isEmpty {
                throw FileError(.exists, operation: "remove", path: path, detail: "not empty")
            }
            disk.unlink(path)
        }
    }

    public func syncDirectory(_ path: String) throws(FileError) {
        try change("fsync", path) { (disk) throws(FileError) in
            disk.syncFolder(try disk.folder(path, "fsync").0)
        }
    }

    public func size(_ path: String) throws(FileError) -> Int {
        try read("stat", path) { (disk) throws(FileError) in
            disk.file(try disk.node(path, "stat")).current.count
        }
    }

    public func permissions(_ path: String) throws(FileError) -> UInt32 {
        _ = try size(path)
        return 0o600
    }

    public func freeBytes(_ path: String) throws(FileError) -> Int {
        _ = try read("statvfs", path) { (disk) throws(FileError) in try disk.node(path, "statvfs") }
        return state.withLock { state in
            state.capacity.map { max(0, $0 - state.disk.usedBytes) } ?? .max
        }
    }

    public func bytes(_ path: String, from offset: Int, count: Int) throws(FileError) -> [UInt8] {
        try read("read", path) { (disk) throws(FileError) in
            let bytes = try disk.file(path, "read").1.current
            return Array(bytes.dropFirst(offset).prefix(count))
        }
    }

    public func contents(_ path: String) throws(FileError) -> FileContents {
        FileContents(
            try read("read", path) { (disk) throws(FileError) in
                try disk.file(path, "read").1.current
            })
    }

    public func lock(_ path: String) throws(FileError) -> any FileLock {
        if try !exists(path) { try open(path, .create).close() }
        let name = SimulatedDisk.names(of: path).joined(separator: "/")
        try state.withLock { (state) throws(FileError) in
            guard state.locks.insert(name).inserted else {
                throw FileError(.locked, operation: "lock", path: path, detail: "process 1")
            }
        }
        return SimulatedLock(self, name)
    }

    // MARK: Operations

    private static func checkRunning(
        _ state: State, _ operation: String, _ path: String
    ) throws(FileError) {
        if state.isHalted { throw FileError(.halted, operation: operation, path: path) }
    }

    private func read<Result>(
        _ operation: String, _ path: String,
        _ body: (SimulatedDisk) throws(FileError) -> Result
    ) throws(FileError) -> Result {
        callOut(Call(operation: operation, path: path, isRead: true))
        return try state.withLock { (state) throws(FileError) -> Result in
            try Self.checkRunning(state, operation, path)
            return try body(state.disk)
        }
    }

    /// Lets others do something before a call.
    func callOut(_ call: Call) {
        let body = state.withLock { state in
            defer { state.beforeCall = nil }
            return state.beforeCall
        }
        guard let body else { return }
        body(call)
        state.withLock { $0.beforeCall = $0.beforeCall ?? body }
    }

    /// Counts an operation, and does it or not as the faults say.
    private func change(
        _ operation: String, _ path: String,
        _ body: (inout SimulatedDisk) throws(FileError) -> Void
    ) throws(FileError) {
        callOut(Call(operation: operation, path: path, isRead: false))
        try state.withLock { (state) throws(FileError) in
            let fault = try Self.begin(&state, operation, path)
            guard let fault else { return try body(&state.disk) }
            if fault.effect == .everything { try body(&state.disk) }
            throw Self.error(fault, operation, path)
        }
    }

    /// Counts an operation and returns the fault it is to meet, if any.
    static func begin(
        _ state: inout State, _ operation: String, _ path: String
    ) throws(FileError) -> SimulatedFault? {
        try checkRunning(state, operation, path)
        state.moments?.append(state.disk)
        state.operations += 1
        state.log?.append(operation + " " + path)
        if let fault = state.faults[state.operations] {
            switch fault.duration {
            case .once: break
            case .sameCall: state.lastingFaults[operation] = fault
            case .everything: state.lastingFaults[""] = fault
            }
            return fault
        }
        return state.lastingFaults[operation] ?? state.lastingFaults[""]
    }

    static func error(
        _ fault: SimulatedFault, _ operation: String, _ path: String
    ) -> FileError {
        FileError(
            fault.kind == .noSpace ? .noSpace : .inputOutput, operation: operation, path: path)
    }
}

private final class SimulatedLock: FileLock {
    private let system: SimulatedFileSystem
    private let name: String

    init(_ system: SimulatedFileSystem, _ name: String) {
        self.system = system
        self.name = name
    }

    deinit { release() }

    func release() { system.state.withLock { _ = $0.locks.remove(name) } }
}

/// Random numbers that a seed repeats (splitmix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Hash64.mix(state, state >> 31)
    }
}
