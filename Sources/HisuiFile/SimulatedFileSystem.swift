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
/// the new bytes although no later sync writes them, as Linux does.
///
/// Every change is an operation with a number, from 1: mkdir, create, write, truncate, sync,
/// rename, remove, sync of a folder. Faults and the halt are set by these numbers.
public final class SimulatedFileSystem: FileSystem {
    /// An operation that fails.
    public struct Fault: Hashable, Sendable {
        public enum Kind: Hashable, Sendable, CaseIterable {
            case inputOutput
            case noSpace
            /// Half of a write is done; other operations fail with an input/output error.
            case shortWrite
        }

        public var operation: Int
        public var kind: Kind
        /// Whether the operation is done all the same, and only says that it failed.
        public var persists: Bool

        public init(operation: Int, kind: Kind, persists: Bool) {
            self.operation = operation
            self.kind = kind
            self.persists = persists
        }
    }

    struct State: Sendable {
        var disk = SimulatedDisk()
        var operations = 0
        var faults: [Int: Fault] = [:]
        var haltAfter: Int?
        var capacity: Int?
        var locks: Set<String> = []
        var log: [String]?

        var isHalted: Bool { haltAfter.map { operations >= $0 } ?? false }
    }

    let state: Mutex<State>

    public init() { state = Mutex(State()) }

    private init(_ disk: SimulatedDisk) { state = Mutex(State(disk: disk)) }

    // MARK: For tests

    /// Operations so far.
    public var operationCount: Int { state.withLock { $0.operations } }

    /// What the operations were, if `recordsOperations` was set.
    public var operations: [String] { state.withLock { $0.log ?? [] } }

    /// Keeps a line for each operation, for tests that look at their order.
    public func recordOperations() { state.withLock { $0.log = [] } }

    public func add(_ fault: Fault) { state.withLock { $0.faults[fault.operation] = fault } }

    /// Lets operation number `operation` be the last one; reads fail after it, too.
    public func crashAfter(operation: Int) { state.withLock { $0.haltAfter = operation } }

    /// Bytes the files may have together; beyond it, writes fail with `.noSpace`.
    public func setCapacity(_ bytes: Int?) { state.withLock { $0.capacity = bytes } }

    /// Whether names have changed that a crash may take back.
    public var hasPendingEntries: Bool { state.withLock { $0.disk.hasPendingEntries } }

    /// A disk as it may be found after power was lost now: each seed another possibility.
    public func crashed(seed: UInt64) -> SimulatedFileSystem {
        var random = SeededGenerator(seed: seed)
        return SimulatedFileSystem(state.withLock { $0.disk.afterCrash(&random) })
    }

    /// The same disk after only the process was killed: nothing is lost, and nothing is synced.
    public func killed() -> SimulatedFileSystem {
        SimulatedFileSystem(state.withLock { $0.disk })
    }

    /// A number for what a crash now would surely leave: tells states apart.
    public var fingerprint: UInt64 {
        state.withLock { state in
            var hash: UInt64 = 0
            func mix(_ node: Int, _ path: String) {
                switch state.disk.nodes[node] {
                case .file(let file):
                    let name = Array(path.utf8)
                    hash ^= Hash64.of(file.durable.span, seed: Hash64.of(name.span))
                case .folder(let folder):
                    for (name, child) in folder.durable { mix(child, path + "/" + name) }
                case nil: break
                }
            }
            mix(SimulatedDisk.root, "")
            return hash
        }
    }

    /// Replaces the bytes of a file as an accident or an intruder would, durably.
    public func tamper(_ path: String, _ body: (inout [UInt8]) -> Void) throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            var (number, file) = try state.disk.file(path, "tamper")
            body(&file.current)
            file.durable = file.current
            file.pending = []
            state.disk.setFile(number, file)
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
        try state.withLock { (state) throws(FileError) -> Result in
            try Self.checkRunning(state, operation, path)
            return try body(state.disk)
        }
    }

    /// Counts an operation, and does it or not as the faults say.
    private func change(
        _ operation: String, _ path: String,
        _ body: (inout SimulatedDisk) throws(FileError) -> Void
    ) throws(FileError) {
        try state.withLock { (state) throws(FileError) in
            let fault = try Self.begin(&state, operation, path)
            guard let fault else { return try body(&state.disk) }
            if fault.persists { try body(&state.disk) }
            throw Self.error(fault, operation, path)
        }
    }

    /// Counts an operation and returns the fault it is to meet, if any.
    static func begin(
        _ state: inout State, _ operation: String, _ path: String
    ) throws(FileError) -> Fault? {
        try checkRunning(state, operation, path)
        state.operations += 1
        state.log?.append(operation + " " + path)
        return state.faults[state.operations]
    }

    static func error(_ fault: Fault, _ operation: String, _ path: String) -> FileError {
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
