/// What `SimulatedFileSystem` holds: files and folders, each as it is and as it would be found
/// after a crash, with the changes between the two.
struct SimulatedDisk: Sendable {
    enum FileChange: Sendable {
        case write(offset: Int, bytes: [UInt8])
        case truncate(size: Int)
    }

    struct File: Sendable {
        /// What reads return.
        var current: [UInt8] = []
        /// What no crash takes away.
        var durable: [UInt8] = []
        /// What changed since the last sync, in order. After a failed sync that did not persist,
        /// these are gone although `current` shows them: so do the pages of a real system.
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
    private(set) var nodes: [Int: Node] = [root: .folder(Folder())]
    private var nextNode = 1

    // MARK: Looking

    /// The names of a path; empty ones and `.` left out.
    static func names(of path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.map(String.init)
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

    // MARK: Changing

    mutating func setFile(_ number: Int, _ file: File) { nodes[number] = .file(file) }

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

    /// - Parameter persists: whether the bytes reach the disk.
    mutating func syncFile(_ number: Int, persists: Bool) {
        var file = file(number)
        if persists {
            for change in file.pending { Self.apply(change, to: &file.durable, filler: { _ in 0 }) }
        }
        file.pending = []
        setFile(number, file)
    }

    private mutating func change(_ number: Int, _ body: (inout Folder) -> Void) {
        guard case .folder(var folder) = nodes[number] else { return }
        body(&folder)
        nodes[number] = .folder(folder)
    }

    static func apply(_ change: FileChange, to bytes: inout [UInt8], filler: (Int) -> UInt8) {
        switch change {
        case .truncate(let size):
            if size < bytes.count { bytes.removeSubrange(size...) }
        case .write(let offset, let new):
            while bytes.count < offset { bytes.append(filler(bytes.count)) }
            let overlap = min(new.count, bytes.count - offset)
            bytes.replaceSubrange(offset..<offset + overlap, with: new[..<overlap])
            bytes.append(contentsOf: new[overlap...])
        }
    }
}

// Crashes.
extension SimulatedDisk {
    /// A disk writes this much or nothing.
    static let sectorBytes = 512

    /// What becomes of pending changes; chosen anew for each file and folder.
    private enum Fate: CaseIterable {
        case lost
        case kept
        /// Those up to some point, the last one torn.
        case prefix
        /// Each sector and each name for itself, in any order.
        case scattered
    }

    /// One of the states in which the disk may be found after a crash now.
    func afterCrash(_ random: inout some RandomNumberGenerator) -> SimulatedDisk {
        var crashed = SimulatedDisk()
        crashed.nodes = [:]
        crashed.nextNode = nextNode
        var waiting = [Self.root]
        while let number = waiting.popLast() {
            if crashed.nodes[number] != nil { continue }
            switch nodes[number] {
            case .folder(let folder):
                let names = Self.survivors(of: folder, &random)
                crashed.nodes[number] = .folder(Folder(current: names, durable: names))
                waiting.append(contentsOf: names.sorted { $0.key < $1.key }.map(\.value))
            case .file(let file):
                let bytes = survivor(of: file, &random)
                crashed.nodes[number] = .file(File(current: bytes, durable: bytes))
            case nil:
                crashed.nodes[number] = .file(File())
            }
        }
        return crashed
    }

    private static func survivors(
        of folder: Folder, _ random: inout some RandomNumberGenerator
    ) -> [String: Int] {
        var names = folder.durable
        let fate = Fate.allCases.randomElement(using: &random) ?? .lost
        let end = Int.random(in: 0...folder.pending.count, using: &random)
        for (index, change) in folder.pending.enumerated() {
            let survives =
                switch fate {
                case .lost: false
                case .kept: true
                case .prefix: index < end
                case .scattered: Bool.random(using: &random)
                }
            guard survives else { continue }
            switch change {
            case .link(let name, let node):
                names[name] = node
            case .unlink(let name, let node):
                if names[name] == node { names[name] = nil }
            case .rename(let name, let newName, let node):
                if names[name] == node { names[name] = nil }
                names[newName] = node
            }
        }
        return names
    }

    private func survivor(
        of file: File, _ random: inout some RandomNumberGenerator
    ) -> [UInt8] {
        var bytes = file.durable
        if file.pending.isEmpty { return bytes }
        let filler = filler(&random)
        let fate = Fate.allCases.randomElement(using: &random) ?? .lost
        let end = Int.random(in: 0..<file.pending.count, using: &random)
        for (index, change) in file.pending.enumerated() {
            switch fate {
            case .lost: break
            case .kept: Self.apply(change, to: &bytes, filler: filler)
            case .prefix:
                if index < end {
                    Self.apply(change, to: &bytes, filler: filler)
                } else if index == end, case .write = change {
                    let sectors = Self.sectors(of: change)
                    let kept = Int.random(in: 0...sectors.count, using: &random)
                    for sector in sectors.prefix(kept) {
                        Self.apply(sector, to: &bytes, filler: filler)
                    }
                }
            case .scattered:
                for sector in Self.sectors(of: change) where Bool.random(using: &random) {
                    Self.apply(sector, to: &bytes, filler: filler)
                }
            }
        }
        // The size may have been written, and what it counts not.
        if fate != .kept, file.current.count > bytes.count, Bool.random(using: &random) {
            let size = Int.random(in: bytes.count...file.current.count, using: &random)
            while bytes.count < size { bytes.append(filler(bytes.count)) }
        }
        return bytes
    }

    /// A change cut at the borders of sectors; a sector is written whole or not at all.
    private static func sectors(of change: FileChange) -> [FileChange] {
        guard case .write(let offset, let bytes) = change else { return [change] }
        var parts: [FileChange] = []
        var at = 0
        while at < bytes.count {
            let room = sectorBytes - (offset + at) % sectorBytes
            let next = min(bytes.count, at + room)
            parts.append(.write(offset: offset + at, bytes: Array(bytes[at..<next])))
            at = next
        }
        return parts
    }

    /// What stands in sectors that were allotted and not written: zeros, noise, or the blocks of
    /// some file, old or new, at the same offset.
    private func filler(_ random: inout some RandomNumberGenerator) -> (Int) -> UInt8 {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return { _ in 0 }
        case 1:
            let key = UInt64.random(in: 0 ... .max, using: &random)
            return { offset in
                let product = (UInt64(offset) &+ key) &* 0x9E37_79B9_7F4A_7C15
                return UInt8(truncatingIfNeeded: (product ^ product >> 29) &* 0xBF58_476D >> 24)
            }
        default:
            let number = nodes.keys.sorted().randomElement(using: &random) ?? Self.root
            let stale = file(number).current
            return { offset in offset < stale.count ? stale[offset] : 0 }
        }
    }
}
