import HisuiBytes

/// What `SimulatedFileSystem` holds: files and folders, each as it is and as it would be found
/// after a crash, with the changes between the two.
struct SimulatedDisk: Sendable {
    /// A disk writes this much or nothing.
    static let sectorBytes = 512

    /// What one call changed: whole sectors, as the cache holds them after it, and the size.
    ///
    /// The cache is written by sectors, not by calls: what a sector held before is part of it.
    struct FileChange: Sendable {
        /// A multiple of `sectorBytes`.
        var offset: Int
        var bytes: [UInt8]
        /// Size of the file after the call.
        var size: Int
    }

    struct File: Sendable {
        /// What reads return.
        var current: [UInt8] = []
        /// What no crash takes away.
        var durable: [UInt8] = []
        /// What changed since the last sync, in order.
        var pending: [FileChange] = []
    }

    enum EntryChange: Sendable {
        case link(name: String, node: Int)
        case unlink(name: String, node: Int)
        case rename(name: String, newName: String, node: Int)
    }

    struct Folder: Sendable {
        var current: [String: Int] = [:]
        var durable: [String: Int] = [:]
        var pending: [EntryChange] = []
    }

    enum Node: Sendable {
        case file(File)
        case folder(Folder)
    }

    static let root = 0
    var nodes: [Int: Node] = [root: .folder(Folder())]
    var nextNode = 1

    // MARK: Looking

    /// The names of a path; empty ones and `.` left out.
    static func names(of path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
            .filter { $0 != "." }
    }

    func node(_ path: String, _ operation: String) throws(FileError) -> Int {
        var node = Self.root
        for name in Self.names(of: path) {
            guard case .folder(let folder) = nodes[node] else {
                throw FileError(.notADirectory, operation: operation, path: path)
            }
            guard let next = folder.current[name] else {
                throw FileError(.notFound, operation: operation, path: path)
            }
            node = next
        }
        return node
    }

    func folder(_ path: String, _ operation: String) throws(FileError) -> (Int, Folder) {
        let number = try node(path, operation)
        guard case .folder(let folder) = nodes[number] else {
            throw FileError(.notADirectory, operation: operation, path: path)
        }
        return (number, folder)
    }

    func file(_ path: String, _ operation: String) throws(FileError) -> (Int, File) {
        let number = try node(path, operation)
        guard case .file(let file) = nodes[number] else {
            throw FileError(.other, operation: operation, path: path, detail: "a directory")
        }
        return (number, file)
    }

    func file(_ number: Int) -> File {
        guard case .file(let file) = nodes[number] else { return File() }
        return file
    }

    /// Bytes of all files that have a name.
    var usedBytes: Int {
        var sum = 0
        var waiting = [Self.root]
        while let number = waiting.popLast() {
            switch nodes[number] {
            case .file(let file): sum += file.current.count
            case .folder(let folder): waiting.append(contentsOf: folder.current.values)
            case nil: break
            }
        }
        return sum
    }

    /// Whether names have changed that a crash may take back.
    var hasPendingEntries: Bool {
        nodes.values.contains { node in
            if case .folder(let folder) = node { !folder.pending.isEmpty } else { false }
        }
    }

    /// Whether bytes have changed that a crash may take back.
    var hasPendingBytes: Bool {
        nodes.values.contains { node in
            if case .file(let file) = node { !file.pending.isEmpty } else { false }
        }
    }

    /// A number for all durable folders, names and bytes.
    var fingerprint: UInt64 {
        var sum: UInt64 = 0
        var waiting = [(number: Self.root, path: UInt64(0))]
        while let (number, path) = waiting.popLast() {
            switch nodes[number] {
            case .file(let file):
                sum &+= Hash64.of(file.durable.span, seed: path)
            case .folder(let folder):
                sum &+= Hash64.mix(path, 1)
                for (name, child) in folder.durable {
                    waiting.append((child, Hash64.of(Array(name.utf8).span, seed: path)))
                }
            case nil: break
            }
        }
        return sum
    }

    // MARK: Changing

    private mutating func setFile(_ number: Int, _ file: File) { nodes[number] = .file(file) }

    mutating func make(_ new: Node, _ path: String) {
        guard let name = Self.names(of: path).last,
            let (parent, _) = try? folder(Path.parent(of: path), "make")
        else { return }
        let number = nextNode
        nextNode += 1
        nodes[number] = new
        change(parent) { folder in
            folder.current[name] = number
            folder.pending.append(.link(name: name, node: number))
        }
    }

    mutating func unlink(_ path: String) {
        guard let name = Self.names(of: path).last, let number = try? node(path, "remove"),
            let (parent, _) = try? folder(Path.parent(of: path), "remove")
        else { return }
        change(parent) { folder in
            folder.current[name] = nil
            folder.pending.append(.unlink(name: name, node: number))
        }
    }

    mutating func rename(_ path: String, to newPath: String) {
        guard let name = Self.names(of: path).last, let newName = Self.names(of: newPath).last,
            let number = try? node(path, "rename"),
            let (parent, _) = try? folder(Path.parent(of: path), "rename"),
            let (newParent, _) = try? folder(Path.parent(of: newPath), "rename")
        else { return }
        if parent == newParent {
            change(parent) { folder in
                folder.current[name] = nil
                folder.current[newName] = number
                folder.pending.append(.rename(name: name, newName: newName, node: number))
            }
            return
        }
        change(newParent) { folder in
            folder.current[newName] = number
            folder.pending.append(.link(name: newName, node: number))
        }
        change(parent) { folder in
            folder.current[name] = nil
            folder.pending.append(.unlink(name: name, node: number))
        }
    }

    mutating func syncFolder(_ number: Int) {
        change(number) { folder in
            folder.durable = folder.current
            folder.pending = []
        }
    }

    /// Writes over and behind the bytes of a file, in the cache.
    mutating func write(_ bytes: ArraySlice<UInt8>, at offset: Int, to number: Int) {
        if bytes.isEmpty { return }
        var file = file(number)
        let overlap = min(bytes.count, file.current.count - offset)
        file.current.replaceSubrange(offset..<offset + overlap, with: bytes.prefix(overlap))
        file.current += bytes.dropFirst(overlap)
        file.note(offset..<offset + bytes.count)
        setFile(number, file)
    }

    mutating func truncate(_ number: Int, to size: Int) {
        var file = file(number)
        file.current.removeSubrange(size...)
        // The rest of the last sector is zeroed, and has to be written.
        file.note(size..<size)
        setFile(number, file)
    }

    /// A sync of a file, which does what `effect` says.
    ///
    /// After one that failed, the system holds for written what it could not write: reads may show
    /// it, and no later sync writes it. The size is kept elsewhere, and may get to the disk yet.
    mutating func syncFile(_ number: Int, _ effect: SimulatedFault.Effect) {
        var file = file(number)
        switch effect {
        case .everything:
            for change in file.pending { change.apply(to: &file.durable) }
        case .part(let seed):
            var choices = CrashChoices(seed: seed)
            file.durable = survivor(of: file, &choices)
        case .nothing, .forgotten:
            break
        }
        file.pending = []
        if effect == .forgotten {
            // The pages have left the cache: reads fetch them from the disk.
            let zeros = [UInt8](
                repeating: 0, count: max(0, file.current.count - file.durable.count))
            file.current = Array(file.durable.prefix(file.current.count)) + zeros
        }
        if file.durable.count != file.current.count {
            file.pending.append(FileChange(offset: 0, bytes: [], size: file.current.count))
        }
        setFile(number, file)
    }

    private mutating func change(_ number: Int, _ body: (inout Folder) -> Void) {
        guard case .folder(var folder) = nodes[number] else { return }
        body(&folder)
        nodes[number] = .folder(folder)
    }
}

extension SimulatedDisk.File {
    /// Notes that the sectors of these bytes differ from those before; an empty range is the place
    /// at which the file was cut.
    fileprivate mutating func note(_ bytes: Range<Int>) {
        let sector = SimulatedDisk.sectorBytes
        let start = bytes.lowerBound / sector * sector
        let end = min(current.count, (bytes.upperBound + sector - 1) / sector * sector)
        pending.append(
            SimulatedDisk.FileChange(
                offset: start, bytes: Array(current[start..<max(start, end)]), size: current.count))
    }
}

extension SimulatedDisk.FileChange {
    /// Makes of bytes on the disk those after this change, as if all of it had been written.
    func apply(to bytes: inout [UInt8]) {
        let end = offset + self.bytes.count
        while bytes.count < max(size, end) { bytes.append(0) }
        bytes.replaceSubrange(offset..<end, with: self.bytes)
        bytes.removeSubrange(size...)
    }
}
