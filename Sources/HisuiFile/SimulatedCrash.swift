// What may be found after power was lost.
//
// Of a file: each sector of 512 bytes that changed since the last sync is found in any of the
// versions it has had since, whatever the other sectors are found in; the size is any that the
// file has had, or, where it grew, one in between at the border of a sector. Sectors that the size
// counts and nobody wrote hold zeros; in a block of 4096 bytes of which nothing was ever written
// also noise, or the blocks of some file that is gone.
//
// Of a folder: each change of a name since the last sync is there or not, whatever the others are;
// a rename within a folder is one change. So a name may be there before the bytes behind it, a
// folder be lost with all that was synced in it, and a removed name be back.

/// Where there is more than one possibility: chance, or one after the other.
struct CrashChoices {
    private var random: SeededGenerator?
    /// What was chosen, and out of how many, on the way to the present state.
    private var trail: [(choice: Int, of: Int)] = []
    private var depth = 0
    /// Whether more choices would be needed than a trail may have.
    private(set) var isTooDeep = false

    private static let depthMax = 64

    /// Choices of chance, the same for each seed.
    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// All possibilities in order: use, then `advance`.
    init() {}

    var isExhaustive: Bool { random == nil }

    /// One of the numbers `0 ..< count`; `count` is at least 1.
    mutating func choose(_ count: Int) -> Int {
        if count == 1 { return 0 }
        if var random {
            defer { self.random = random }
            return Int.random(in: 0..<count, using: &random)
        }
        guard depth < Self.depthMax else {
            isTooDeep = true
            return 0
        }
        if depth == trail.count { trail.append((0, count)) }
        depth += 1
        return trail[depth - 1].choice
    }

    /// Goes to the next possibility; false when all were had.
    mutating func advance() -> Bool {
        depth = 0
        while let last = trail.popLast() {
            if last.choice + 1 < last.of {
                trail.append((last.choice + 1, last.of))
                return true
            }
        }
        return false
    }
}

extension SimulatedDisk {
    /// What becomes of the pending changes of one file or folder. Chance begins with this, so that
    /// it finds the simple cases, too; in order, all of them are among the scattered ones.
    private enum Fate: CaseIterable {
        case lost
        case kept
        /// Those up to some point, the last one torn.
        case prefix
        /// Each sector and each name for itself.
        case scattered

        static func chosen(by choices: inout CrashChoices) -> Fate {
            choices.isExhaustive ? .scattered : allCases[choices.choose(allCases.count)]
        }
    }

    /// One of the states in which the disk may be found after a crash now.
    func afterCrash(_ choices: inout CrashChoices) -> SimulatedDisk {
        var found = SimulatedDisk()
        found.nodes = [:]
        found.nextNode = nextNode
        var waiting = [Self.root]
        while let number = waiting.popLast() {
            if found.nodes[number] != nil { continue }
            switch nodes[number] {
            case .folder(let folder):
                let names = Self.survivors(of: folder, &choices)
                found.nodes[number] = .folder(Folder(current: names, durable: names))
                waiting.append(contentsOf: names.sorted { $0.key < $1.key }.map(\.value))
            case .file(let file):
                let bytes = survivor(of: file, &choices)
                found.nodes[number] = .file(File(current: bytes, durable: bytes))
            case nil:
                found.nodes[number] = .file(File())
            }
        }
        // The blocks of files that are gone stay where they were.
        for (number, node) in nodes where found.nodes[number] == nil {
            if case .file(let file) = node {
                found.nodes[number] = .file(File(current: file.current, durable: file.current))
            }
        }
        return found
    }

    private static func survivors(
        of folder: Folder, _ choices: inout CrashChoices
    ) -> [String: Int] {
        var names = folder.durable
        if folder.pending.isEmpty { return names }
        let fate = Fate.chosen(by: &choices)
        let end = fate == .prefix ? choices.choose(folder.pending.count + 1) : 0
        for (index, change) in folder.pending.enumerated() {
            let survives =
                switch fate {
                case .lost: false
                case .kept: true
                case .prefix: index < end
                case .scattered: choices.choose(2) == 1
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

    /// The bytes in which a file is found.
    func survivor(of file: File, _ choices: inout CrashChoices) -> [UInt8] {
        if file.pending.isEmpty { return file.durable }
        let fate = Fate.chosen(by: &choices)
        // All changes up to here are there.
        var whole = 0
        switch fate {
        case .lost, .scattered: break
        case .kept: whole = file.pending.count
        case .prefix: whole = choices.choose(file.pending.count)
        }
        var found = FileVersions(file, whole: whole)
        switch fate {
        case .lost:
            // The size may have been written, and what it counts not.
            found.size = found.sizes[choices.choose(2) * choices.choose(found.sizes.count)]
        case .kept:
            break
        case .prefix:
            let torn = file.pending[whole]
            let sectors = torn.bytes.count / Self.sectorBytes + 1
            for sector in 0..<choices.choose(sectors + 1) {
                found.choose(sector + torn.offset / Self.sectorBytes, version: 1)
            }
            found.size = found.sizes[choices.choose(found.sizes.count)]
        case .scattered:
            for sector in found.sectors {
                found.choose(sector, version: choices.choose(found.versionCount(sector)))
            }
            found.size = found.sizes[choices.choose(found.sizes.count)]
        }
        return found.bytes { filler(&choices) }
    }

    /// What stands in sectors that were allotted and not written: zeros, noise, or the blocks of
    /// some file that is gone, at the same offset.
    private func filler(_ choices: inout CrashChoices) -> (Int) -> UInt8 {
        switch choices.choose(3) {
        case 0: return { _ in 0 }
        case 1:
            let key = UInt64(choices.isExhaustive ? 1 : choices.choose(1 << 30))
            return { offset in
                let product = (UInt64(offset) &+ key) &* 0x9E37_79B9_7F4A_7C15
                return UInt8(truncatingIfNeeded: (product ^ product >> 29) &* 0xBF58_476D >> 24)
            }
        default:
            var files = freedFiles
            // In order, the newest ones are enough.
            if choices.isExhaustive { files = Array(files.suffix(3)) }
            if files.isEmpty { return { _ in 0 } }
            let stale = file(files[choices.choose(files.count)]).current
            return { offset in offset < stale.count ? stale[offset] : 0 }
        }
    }
}

extension SimulatedDisk {
    /// Files with bytes that no folder has any more, neither now nor after a crash.
    private var freedFiles: [Int] {
        var named: Set<Int> = [Self.root]
        var waiting = [Self.root]
        while let number = waiting.popLast() {
            guard case .folder(let folder) = nodes[number] else { continue }
            for child in folder.current.values where named.insert(child).inserted {
                waiting.append(child)
            }
            for child in folder.durable.values where named.insert(child).inserted {
                waiting.append(child)
            }
        }
        return nodes.keys.filter { !named.contains($0) && !file($0).current.isEmpty }.sorted()
    }
}

/// The versions of the sectors of a file since its last sync, and one chosen of each.
private struct FileVersions {
    private static let sectorBytes = SimulatedDisk.sectorBytes
    private static let blockBytes = 4096

    private let base: [UInt8]
    /// Of each sector that changed, from the version of `base` on.
    private var versions: [Int: [ArraySlice<UInt8>]] = [:]
    private var chosen: [Int: Int] = [:]
    /// The sizes that may be found; that of `base` comes first.
    private(set) var sizes: [Int]
    var size: Int

    /// - Parameter whole: so many changes were written as they are.
    init(_ file: SimulatedDisk.File, whole: Int) {
        var base = file.durable
        for change in file.pending.prefix(whole) { change.apply(to: &base) }
        self.base = base
        size = base.count
        sizes = [base.count]
        var last = base.count
        for change in file.pending.dropFirst(whole) {
            if change.size > last {
                let border = (last / Self.sectorBytes + 1) * Self.sectorBytes
                for size in stride(from: border, to: change.size, by: Self.sectorBytes) {
                    add(size)
                }
            }
            add(change.size)
            last = change.size
            for start in stride(from: 0, to: change.bytes.count, by: Self.sectorBytes) {
                let sector = (change.offset + start) / Self.sectorBytes
                let end = min(change.bytes.count, start + Self.sectorBytes)
                let known = versions[sector] ?? [inBase(sector)]
                versions[sector] = known + [change.bytes[start..<end]]
            }
        }
    }

    private mutating func add(_ size: Int) {
        if !sizes.contains(size) { sizes.append(size) }
    }

    private func inBase(_ sector: Int) -> ArraySlice<UInt8> {
        let start = min(base.count, sector * Self.sectorBytes)
        return base[start..<min(base.count, start + Self.sectorBytes)]
    }

    /// Sectors that changed, in order.
    var sectors: [Int] { versions.keys.sorted() }

    func versionCount(_ sector: Int) -> Int { versions[sector]?.count ?? 1 }

    mutating func choose(_ sector: Int, version: Int) {
        if version < versionCount(sector) { chosen[sector] = version }
    }

    /// The file as it is found.
    ///
    /// - Parameter filler: called once if there is a sector that nobody wrote.
    func bytes(_ filler: () -> (Int) -> UInt8) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        var fill: ((Int) -> UInt8)?
        while bytes.count < size {
            let start = bytes.count
            let sector = start / Self.sectorBytes
            let end = min(size, start + Self.sectorBytes)
            let version = chosen[sector] ?? 0
            let content = versions[sector]?[version] ?? inBase(sector)
            if content.isEmpty, base.count > start / Self.blockBytes * Self.blockBytes {
                // The block was written before, with zeros behind the end of the file.
                bytes += [UInt8](repeating: 0, count: end - start)
            } else if content.isEmpty {
                let made = fill ?? filler()
                fill = made
                for offset in start..<end { bytes.append(made(offset)) }
            } else {
                bytes += content.prefix(end - start)
                while bytes.count < end { bytes.append(0) }
            }
        }
        return bytes
    }
}
