import HisuiEvent
import HisuiFile
import Testing

@testable import HisuiProof

/// The tree on a disk, against the tree in memory.
@Suite struct TreeTests {
    static let folder = "/store/zones/z/default/tree"
    static let zone = NoteSigner.generate(name: "hisui/0123456789abcdef/z")
    static let origin = "hisui/0123456789abcdef/z/default"

    static func open(_ disk: SimulatedFileSystem) throws(ProofError) -> TreeWriter {
        try TreeWriter(
            fileSystem: disk, folder: folder, origin: origin, verifiers: [zone.verifier])
    }

    static func facts(_ seconds: Int) -> TreeWriter.Facts {
        TreeWriter.Facts(
            time: Timestamp(
                nanoseconds: 1_790_000_000_000_000_000 + Int64(seconds) * 1_000_000_000),
            bootID: "0", epoch: 1)
    }

    static let leaves = (0..<140_000).map {
        MerkleHash.leaf([UInt8($0 & 255), UInt8($0 >> 8 & 255), UInt8($0 >> 16)])
    }

    static func add(_ writer: TreeWriter, upTo end: Int) {
        let first = Int(writer.size)
        writer.append(
            Array(leaves[first..<end]), source: "s\(end % 3)",
            newest: Timestamp(nanoseconds: Int64(end)))
    }

    static func lookUp(_ range: Range<UInt64>) -> [MerkleHash] {
        Array(leaves[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    /// Sizes around the borders of blocks and tiles, each from a new writer.
    static let sizes = [0, 0, 1, 255, 256, 257, 700, 1024, 65_535, 65_536, 65_537, 66_000, 140_000]

    @Test func writersGoOnWhereTheLastOneStopped() throws {
        let disk = SimulatedFileSystem()
        for (number, size) in Self.sizes.enumerated() {
            let writer = try Self.open(disk)
            #expect(writer.size == UInt64(number == 0 ? 0 : Self.sizes[number - 1]))
            Self.add(writer, upTo: size)
            // Days pass.
            try writer.checkpoint(Self.facts(number * 50_000), signers: [Self.zone])
            #expect(writer.root == MerkleHash.root(of: Self.leaves[..<size]))
        }
        let reader = TreeReader(fileSystem: disk, folder: Self.folder)
        let checkpoints = try reader.checkpoints()
        #expect(checkpoints.map { Int($0.checkpoint.size) } == Self.sizes)
        #expect(try reader.days().count > 5)
        for entry in checkpoints {
            #expect(try entry.note.verify([Self.zone.verifier]) == [Self.zone.verifier])
            let size = entry.checkpoint.size
            #expect(try reader.root(size: size, leaves: Self.lookUp) == entry.checkpoint.root)
        }
        // Only what a writer needs is left beside tiles and checkpoints.
        #expect(
            try disk.list(Self.folder)
                == [ProofNames.checkpoints, ProofNames.frontier(size: 140_000), "tile"])
    }

    @Test func proofsFromTilesVerify() throws {
        let disk = SimulatedFileSystem()
        let writer = try Self.open(disk)
        Self.add(writer, upTo: 140_000)
        try writer.checkpoint(Self.facts(0), signers: [Self.zone])
        let reader = TreeReader(fileSystem: disk, folder: Self.folder)
        var random = Randomness()
        for _ in 0..<300 {
            let size = Int.random(in: 1...140_000, using: &random)
            let index = Int.random(in: 0..<size, using: &random)
            let root = try reader.root(size: UInt64(size), leaves: Self.lookUp)
            let proof = try reader.inclusionProof(
                index: UInt64(index), size: UInt64(size), leaves: Self.lookUp)
            #expect(
                MerkleProof.verifyInclusion(
                    leaf: Self.leaves[index], index: UInt64(index), size: UInt64(size),
                    proof: proof, root: root))
            let consistency = try reader.consistencyProof(
                from: UInt64(index), to: UInt64(size), leaves: Self.lookUp)
            let oldRoot = try reader.root(size: UInt64(index), leaves: Self.lookUp)
            #expect(
                MerkleProof.verifyConsistency(
                    from: UInt64(index), oldRoot, to: UInt64(size), root, proof: consistency))
        }
    }

    @Test func tilesCostAnEighthOfAByteForARecord() throws {
        let disk = SimulatedFileSystem()
        let writer = try Self.open(disk)
        Self.add(writer, upTo: 140_000)
        try writer.checkpoint(Self.facts(0), signers: [Self.zone])
        var bytes = 0
        for level in 1...3 {
            for number in 0..<3 as Range<UInt64> {
                let path = Path.join(Self.folder, ProofNames.tile(level: level, number: number))
                bytes += (try? disk.size(path)) ?? 0
            }
        }
        #expect(bytes == (140_000 / 256 + 140_000 / 65_536) * 32)
        #expect(Double(bytes) / 140_000 < 0.2)
    }

    /// A disk with the folder of a stream: the store sees to that.
    static func empty() throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem()
        try disk.createDirectory(Path.parent(of: folder))
        return disk
    }

    /// A disk on which the tree stands shortly before the end of a tile.
    static func prepared() throws -> SimulatedFileSystem {
        let disk = try empty()
        let writer = try open(disk)
        add(writer, upTo: 65_500)
        try writer.checkpoint(facts(-200_000), signers: [zone])
        return disk
    }

    static let steps = [65_530, 65_560, 65_560, 66_100]
    static let roots: [Int: MerkleHash] = {
        var roots: [Int: MerkleHash] = [:]
        for size in [200, 300, 700, 65_500, 66_200] + steps {
            roots[size] = MerkleHash.root(of: leaves[..<size])
        }
        return roots
    }()

    /// Whatever step is the last, with whatever a disk leaves behind: the next writer stands at the
    /// last checkpoint that was told, or at the one being written, and reaches the same root.
    @Test(arguments: [false, true]) func everyKillPointIsSurvived(isNew: Bool) throws {
        let steps = isNew ? [200, 300, 700] : Self.steps
        let start = try isNew ? Self.empty() : Self.prepared()
        func run(_ disk: SimulatedFileSystem, _ told: inout Int) throws(ProofError) {
            let writer = try Self.open(disk)
            for (number, size) in steps.enumerated() {
                Self.add(writer, upTo: size)
                try writer.checkpoint(Self.facts(number), signers: [Self.zone])
                told = size
            }
        }
        let whole = start.killed()
        var told = isNew ? 0 : 65_500
        try run(whole, &told)
        let operations = whole.operationCount
        #expect(operations > 20)
        for operation in 1...operations {
            let disk = start.killed()
            disk.crashAfter(operation: operation)
            var told = isNew ? 0 : 65_500
            try? run(disk, &told)
            for seed in 0..<4 as Range<UInt64> {
                let found = seed == 0 ? disk.killed() : disk.crashed(seed: seed)
                let writer = try Self.open(found)
                let size = Int(writer.size)
                let next = steps.first { $0 > told } ?? told
                #expect(size == told || size == next, "operation \(operation), seed \(seed)")
                #expect(writer.root == (size == 0 ? .emptyTree : Self.roots[size]))
                let end = isNew ? 700 : 66_200
                Self.add(writer, upTo: end)
                try writer.checkpoint(Self.facts(9), signers: [Self.zone])
                // And what it wrote is durable, whole, and leads to its roots.
                let later = found.crashed(seed: seed)
                try Self.check(later, endsAt: end)
                #expect(try Self.open(later).root == Self.roots[end])
            }
        }
    }

    /// Checks all checkpoints of a disk.
    static func check(_ disk: SimulatedFileSystem, endsAt end: Int) throws {
        let reader = TreeReader(fileSystem: disk, folder: folder)
        let entries = try reader.checkpoints()
        let sizes = entries.map { Int($0.checkpoint.size) }
        #expect(sizes.last == end && sizes == sizes.sorted())
        for entry in entries {
            let root = try reader.root(size: entry.checkpoint.size, leaves: lookUp)
            #expect(root == entry.checkpoint.root && root == roots[Int(entry.checkpoint.size)])
        }
    }

    /// Every operation fails once, done all the same or not; then the same is tried again.
    @Test(arguments: [false, true]) func whatFailsIsTriedAgain(isNew: Bool) throws {
        let steps = isNew ? [200, 300, 700] : Self.steps
        let start = try isNew ? Self.empty() : Self.prepared()
        func run(_ disk: SimulatedFileSystem) throws {
            // Opening settles the last note; that may fail, too.
            guard let writer = (try? Self.open(disk)) ?? (try? Self.open(disk)) else { return }
            for (number, size) in steps.enumerated() {
                Self.add(writer, upTo: size)
                do throws(ProofError) {
                    try writer.checkpoint(Self.facts(number), signers: [Self.zone])
                } catch {
                    try writer.checkpoint(Self.facts(number), signers: [Self.zone])
                }
            }
        }
        let whole = start.killed()
        try run(whole)
        for operation in 1...whole.operationCount {
            for kind in SimulatedFault.Kind.allCases {
                for persists in [false, true] {
                    let disk = start.killed()
                    disk.add(.init(operation: operation, kind: kind, persists: persists))
                    try run(disk)
                    try Self.check(
                        disk.crashed(seed: UInt64(operation)), endsAt: isNew ? 700 : 66_100)
                }
            }
        }
    }

    /// A checkpoint fails, and before it is tried again a day passes, while the disk may fail once
    /// more: in the file of the day that is over nothing is left of it, or verification would find
    /// for ever a checkpoint there that is not whole.
    @Test(arguments: SimulatedFault.Kind.allCases, [false, true])
    func whatFailsAtTheEndOfADayIsCutOff(kind: SimulatedFault.Kind, persists: Bool) throws {
        for first in 1...8 {
            for second in 1...12 {
                let disk = SimulatedFileSystem()
                let writer = try Self.open(disk)
                try writer.checkpoint(Self.facts(0), signers: [Self.zone])
                Self.add(writer, upTo: 10)
                let start = disk.operationCount
                for number in [start + first, start + first + second] {
                    disk.add(.init(operation: number, kind: kind, persists: persists))
                }
                _ = try? writer.checkpoint(Self.facts(60), signers: [Self.zone])
                Self.add(writer, upTo: 20)
                for _ in 0..<3 {
                    _ = try? writer.checkpoint(Self.facts(86_400), signers: [Self.zone])
                }
                let comment: Comment = "\(kind), \(persists): \(first), then \(second)"
                try Self.checkDays(disk, comment)
                for seed in 0..<4 as Range<UInt64> {
                    try Self.checkDays(disk.crashed(seed: seed), comment)
                }
            }
        }
    }

    /// The last checkpoint is there, and every file has whole checkpoints of its own day only.
    private static func checkDays(_ disk: SimulatedFileSystem, _ comment: Comment) throws {
        let reader = TreeReader(fileSystem: disk, folder: folder, origin: origin)
        #expect(try reader.newest()?.checkpoint.size == 20, comment)
        #expect(try reader.days().count == 2, comment)
        for day in try reader.days() {
            let path = Path.join(Path.join(folder, ProofNames.checkpoints), day)
            let notes = try NoteLog.read(disk, path, origin: origin)
            #expect(notes.tail.isEmpty && !notes.entries.isEmpty, comment)
            let times = try reader.checkpoints(day: day).map(\.checkpoint.time)
            #expect(times.allSatisfy { $0.map(ProofNames.day) == day }, comment)
        }
    }

    @Test func whatIsNotThisTreeIsRefused() throws {
        let disk = SimulatedFileSystem()
        let writer = try Self.open(disk)
        Self.add(writer, upTo: 1000)
        try writer.checkpoint(Self.facts(0), signers: [Self.zone])
        Self.add(writer, upTo: 2000)
        try writer.checkpoint(Self.facts(1), signers: [Self.zone])
        let stranger = NoteSigner.generate(name: "hisui/0123456789abcdef/z")
        #expect(throws: ProofError.self) {
            _ = try TreeWriter(
                fileSystem: disk, folder: Self.folder, origin: Self.origin,
                verifiers: [stranger.verifier])
        }
        #expect(throws: ProofError.self) {
            _ = try TreeWriter(
                fileSystem: disk, folder: Self.folder, origin: Self.origin + "2",
                verifiers: [Self.zone.verifier])
        }
        for path in [
            ProofNames.tile(level: 1, number: 0), ProofNames.frontier(size: 2000),
            "checkpoints/" + ProofNames.day(Self.facts(0).time),
        ] {
            let changed = disk.killed()
            try changed.tamper(Path.join(Self.folder, path)) { $0[$0.count - 20] ^= 1 }
            #expect(throws: ProofError.self) { _ = try Self.open(changed) }
        }
    }

    @Test func namesOfTilesAreThoseOfTheSpecification() {
        #expect(ProofNames.tile(level: 1, number: 0) == "tile/1/000")
        #expect(ProofNames.tile(level: 2, number: 1_234_067) == "tile/2/x001/x234/067")
        #expect(ProofNames.frontierSize(ProofNames.frontier(size: 7)) == 7)
        #expect(ProofNames.frontierSize("frontier-7") == nil)
    }

    @Test func leavesAreWhatTheFormatSays() {
        var rows = RowBatch(takingOver: RecordBatch(source: Self.source))
        rows.bytes = Array("first".utf8) + Array("second".utf8)
        rows.senders = ["", "192.0.2.7"]
        rows.rows = [
            RowBatch.Row(
                offset: 0, count: 5, shape: 0, firstSlot: 0, time: Timestamp(nanoseconds: 3),
                received: Timestamp(nanoseconds: 4), sender: 1, flags: [.truncated]),
            RowBatch.Row(
                offset: 5, count: 6, shape: 0, firstSlot: 0, time: .none,
                received: Timestamp(nanoseconds: 5), sender: 0, flags: []),
        ]
        var leaves: [MerkleHash] = []
        LeafHasher.appendLeaves(of: rows, to: &leaves)
        let first =
            [3] + Array("web".utf8) + [2, 1, 9] + Array("192.0.2.7".utf8)
            + [4, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0] + Array("first".utf8)
        let second =
            [3] + Array("web".utf8) + [2, 1, 0]
            + [5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0]
            + Array("second".utf8)
        let expected = [first, second].map {
            MerkleHash.leaf([1] + MerkleHash.digest(of: $0).bytes)
        }
        #expect(leaves == expected)
        #expect(LeafHasher.lost == MerkleHash.leaf([0]))
    }

    static let source = Source(id: "web", kind: .syslogUDP, form: .syslog)

    @Test func tablesOfSourcesReadBack() throws {
        var table = SourceTable()
        table.count("b", records: 2, newest: Timestamp(nanoseconds: 7))
        table.count("a/1", records: 1, newest: Timestamp(nanoseconds: -5))
        table.count("b", records: 3, newest: Timestamp(nanoseconds: 6))
        #expect(table.text == "a/1 1 -5\nb 5 7\n")
        #expect(try SourceTable(parsing: table.text) == table)
        #expect(try SourceTable(parsing: "") == SourceTable())
        for text in ["b 5 7\na 1 1\n", "a 01 1\n", "a 1\n", "a 1 1", "a 1 1\na 1 1\n"] {
            #expect(throws: ProofError.self) { _ = try SourceTable(parsing: text) }
        }
    }
}
