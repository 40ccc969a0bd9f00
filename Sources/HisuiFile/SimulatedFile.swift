import Synchronization

/// A file of a `SimulatedFileSystem`, open for writing.
final class SimulatedFile: OpenFile {
    private struct Use {
        var isPoisoned = false
        var isClosed = false
    }

    private let system: SimulatedFileSystem
    private let node: Int
    private let path: String
    private let use = Mutex(Use())

    init(_ system: SimulatedFileSystem, _ node: Int, _ path: String) {
        self.system = system
        self.node = node
        self.path = path
    }

    var size: Int { system.state.withLock { $0.disk.file(node).current.count } }

    func append(_ bytes: Span<UInt8>) throws(FileError) {
        try write(bytes, at: nil)
    }

    func overwrite(_ bytes: Span<UInt8>, at offset: Int) throws(FileError) {
        precondition(offset >= 0 && offset + bytes.count <= size, "outside the file")
        try write(bytes, at: offset)
    }

    func truncate(to size: Int) throws(FileError) {
        try checkUsable("truncate")
        callOut("truncate")
        try system.state.withLock { (state) throws(FileError) in
            let fault = try SimulatedFileSystem.begin(&state, "truncate", path)
            if fault.map({ $0.effect == .everything }) ?? true {
                let present = state.disk.file(node).current.count
                precondition(size >= 0 && size <= present, "a file is only ever cut")
                state.disk.truncate(node, to: size)
            }
            if let fault { throw SimulatedFileSystem.error(fault, "truncate", path) }
        }
    }

    func sync() throws(FileError) {
        try checkUsable("fdatasync")
        callOut("fdatasync")
        do throws(FileError) {
            try system.state.withLock { (state) throws(FileError) in
                let fault = try SimulatedFileSystem.begin(&state, "fdatasync", path)
                state.disk.syncFile(node, fault?.effect ?? .everything)
                if let fault { throw SimulatedFileSystem.error(fault, "fdatasync", path) }
            }
        } catch {
            use.withLock { $0.isPoisoned = true }
            throw error
        }
    }

    func close() { use.withLock { $0.isClosed = true } }

    private func write(_ bytes: Span<UInt8>, at offset: Int?) throws(FileError) {
        let operation = offset == nil ? "write" : "overwrite"
        try checkUsable(operation)
        callOut(operation)
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for index in bytes.indices { copy.append(bytes[index]) }
        try system.state.withLock { (state) throws(FileError) in
            let fault = try SimulatedFileSystem.begin(&state, operation, path)
            var room = copy.count
            if let fault {
                if fault.kind == .shortWrite {
                    room /= 2
                } else if fault.effect != .everything {
                    room = 0
                }
            }
            let wanted = room
            let at = offset ?? state.disk.file(node).current.count
            if let capacity = state.capacity, offset == nil {
                room = min(room, max(0, capacity - state.disk.usedBytes))
            }
            state.disk.write(copy[..<room], at: at, to: node)
            if let fault { throw SimulatedFileSystem.error(fault, operation, path) }
            if room < wanted { throw FileError(.noSpace, operation: operation, path: path) }
        }
    }

    private func callOut(_ operation: String) {
        system.callOut(
            SimulatedFileSystem.Call(operation: operation, path: path, isRead: false))
    }

    private func checkUsable(_ operation: String) throws(FileError) {
        let use = use.withLock { $0 }
        if use.isPoisoned { throw FileError(.poisoned, operation: operation, path: path) }
        if use.isClosed {
            throw FileError(.other, operation: operation, path: path, detail: "closed")
        }
    }
}
