import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiPolicy
import HisuiProof
import HisuiShape
@testable import HisuiStore
import Testing

@testable import HisuiPipeline

private let day: Int64 = 86_400_000_000_000

/// A store with records received over the years, with a tree, on a simulated disk.
private struct OldStore {
    static let path = "/store"
    let disk = SimulatedFileSystem()
    let tree: TreeWriter
    let signer = NoteSigner.generate(name: "hisui/0123456789abcdef/a")
    /// Noon of 2026-11-23 in Tokyo.
    static let now = Timestamp(
        nanoseconds: CivilTime(year: 2026, month: 11, day: 23, hour: 3).nanoseconds ?? 0)

    /// - Parameters:
    ///   - ages: of each segment's records, in days.
    ///   - checkpoints: ages of the checkpoints, in half days; by default nothing leapt lately.
    init(ages: [Int64], rows: Int = 300, checkpoints: [Int64] = (0..<20).reversed()) throws {
        tree = try TreeWriter(
            fileSystem: disk, folder: "/store/zones/a/default/tree",
            origin: "hisui/0123456789abcdef/a/default", verifiers: [])
        let writer = try ZoneWriter.open(
            fileSystem: disk, store: Self.path, zone: "a", now: { Self.now })
        _ = try writer.stream("default")
        var next: UInt64 = 0
        for age in ages {
            var importer = try SegmentImporter(
                fileSystem: disk, store: Self.path, zone: "a", stream: "default", nextIndex: next)
            let batch = Self.batch(rows, Timestamp(nanoseconds: Self.now.nanoseconds - age * day))
            try importer.append(batch, shapes: ShapeTable())
            try importer.finish()
            tree.append(batch)
            next = importer.nextIndex
        }
        try writer.close()
        for age in checkpoints {
            let time = Self.now.nanoseconds - age * day / 2
            try tree.checkpoint(
                TreeWriter.Facts(
                    time: Timestamp(nanoseconds: time),
                    bootID: "7d3c5c7e-6d0f-4a3a-8a43-6f1a7f5bb2a0", epoch: 1),
                signers: [signer])
        }
    }

    private static func batch(_ rows: Int, _ received: Timestamp) -> RowBatch {
        var batch = RowBatch(
            source: Source(id: "test", kind: .file, form: .line), senders: [""])
        for number in 0..<rows {
            let text = Array("record \(number) at \(received.nanoseconds)".utf8)
            let start = batch.bytes.count
            batch.bytes += text
            batch.rows.append(
                RowBatch.Row(
                    offset: UInt32(start), count: UInt32(text.count), shape: 0,
                    firstSlot: UInt32(batch.slots.count), time: received, received: received,
                    sender: 0, flags: []))
            batch.slots.append(ByteRange(start..<batch.bytes.count))
        }
        return batch
    }

    func run(
        approved: String = "approved_by: CISO, approved_on: 2026-04-01", keep: String = "1y",
        zone: String = "a", class name: String = "standard", on other: SimulatedFileSystem? = nil,
        now: Timestamp = now
    ) throws -> RetentionRun {
        let text = """
            organisation: {name: City}
            zone: \(zone)
            zones: [{id: a, name: A}, {id: b, name: B}]
            store: /store
            sources: [{journal: {local: true}}]
            streams: [{name: default, class: \(name)}]
            """
        let policy = """
            retention: site
            version: 1
            name: Site
            basis: Rule 7
            classes:
              - {class: standard, name: S, keep: \(keep), count_from: received, \(approved)}
            """
        let (configuration, wrong) = Configuration.load(Array(text.utf8), file: "f")
        try #require(wrong.isEmpty)
        let (classes, refused) = RetentionClasses.load(
            directories: [[("p", Array(policy.utf8))]])
        try #require(refused.isEmpty)
        let disk = other ?? disk
        return RetentionRun(
            fileSystem: disk, store: Self.path, configuration: configuration, classes: classes,
            proofs: TreeDeletionProofs(fileSystem: disk, store: Self.path), now: { now })
    }

    static func deletions(_ disk: SimulatedFileSystem) throws -> [Act] {
        try ActReader(fileSystem: disk, store: path).acts(kinds: [.deletion]).acts.map(\.act)
    }
}

private func words(_ plan: RetentionPlan) -> [RetentionPlan.Reason] { plan.items[0].reasons }

@Suite struct RetentionRunTests {
    @Test func onlyWhatIsOverGoesWithAnAct() throws {
        let store = try OldStore(ages: [800, 500, 300, 0])
        let run = try store.run()
        let plan = try run.plan()
        #expect(plan.items.count == 1)
        #expect(plan.items[0].due.map(\.leaves) == [0..<300, 300..<600])
        #expect(plan.records == 600)
        #expect(words(plan).isEmpty)
        #expect(try OldStore.deletions(store.disk).isEmpty)

        let outcome = try run.apply(actor: Actor(.operator)) { _ in true }
        #expect(outcome.segments == 2)
        #expect(outcome.records == 600)
        #expect(outcome.refused.isEmpty)
        let acts = try OldStore.deletions(store.disk)
        #expect(acts.count == 1)
        let act = try #require(acts.first)
        #expect(act.zone == "a")
        #expect(act.text("stream") == "default")
        #expect(act.integer("leaves.first") == 0)
        #expect(act.integer("leaves.end") == 600)
        #expect(act.integer("records") == 600)
        #expect(act.list("files")?.count == 2)
        #expect(act.text("policy.id") == "site/standard")
        #expect(act.text("policy.digest")?.utf8.count == 64)
        #expect(act.text("approved_by") == "CISO")
        #expect(act.text("approved_on") == "2026-04-01")
        // 600 = 512 + 64 + 16 + 8.
        #expect(act.list("subtree.hashes")?.count == 4)
        // The policy's file is kept under its digest.
        let digest = act.text("policy.digest") ?? ""
        #expect(try store.disk.list("/store/definitions").contains(digest + ".yaml"))

        let left = try StoreReader(fileSystem: store.disk, path: OldStore.path).snapshot()
        #expect(left.blocks.first?.firstIndex == 600)
        #expect(left.problems.isEmpty)
        // Nothing more: a second time there is nothing due.
        let again = try run.apply(actor: Actor(.operator)) { _ in true }
        #expect(again.segments == 0)
        #expect(
            words(again.plan) == [.nothingDue(next: again.plan.items[0].reasons.next)])
    }

    /// What the acts keep leads to the root that was signed before anything went.
    @Test func theSubtreesAndTheRestLeadToTheRoot() throws {
        let store = try OldStore(ages: [900, 800, 700, 0], rows: 333)
        let root = store.tree.root
        var hashes: [MerkleHash] = []
        for block in try StoreReader(fileSystem: store.disk, path: OldStore.path).snapshot().blocks
        {
            var rows = try BlockRows(block, from: 0, shapes: ShapeTable())
            while let batch = try rows.next(before: .max) {
                LeafHasher.appendLeaves(of: batch, to: &hashes)
            }
        }
        #expect(MerkleHash.root(of: hashes) == root)
        _ = try store.run(keep: "850d").apply(actor: Actor(.operator)) { _ in true }
        _ = try store.run(keep: "1y").apply(actor: Actor(.operator)) { _ in true }
        let acts = try OldStore.deletions(store.disk)
        #expect(acts.map { $0.integer("leaves.end") } == [333, 999])
        // Hashes of perfect subtrees, from left to right, against those of the records.
        for act in acts {
            var start = Int(act.integer("leaves.first") ?? 0)
            let end = Int(act.integer("leaves.end") ?? 0)
            for text in act.list("subtree.hashes") ?? [] {
                var size = start == 0 ? 1 << 40 : 1 << start.trailingZeroBitCount
                while size > end - start { size /= 2 }
                #expect(
                    MerkleHash(base64: text) == MerkleHash.root(of: hashes[start..<start + size]))
                start += size
            }
            #expect(start == end)
        }
        let edges = try Expiry(fileSystem: store.disk, store: OldStore.path)
            .edges(zone: "a", stream: "default")
        #expect(edges.map(\.end) == [999])
        #expect(edges.first?.hashes == hashes[768..<999].map(\.bytes))
    }

    @Test(
        arguments: [
            ("approved_by: ''", "1y", "a", RetentionPlan.Reason.notApproved),
            (
                "approved_by: CISO, approved_on: 2026-11-24", "1y", "a",
                .approvedLater(Day("2026-11-24") ?? Day(OldStore.epoch))
            ),
            ("approved_by: CISO, approved_on: 2026-04-01", "forever", "a", .forever),
            ("approved_by: CISO, approved_on: 2026-04-01", "1y", "b", .otherZone),
        ])
    func withoutApprovalNothingGoes(
        approval: String, keep: String, zone: String, reason: RetentionPlan.Reason
    ) throws {
        let store = try OldStore(ages: [800, 0])
        let run = try store.run(approved: approval, keep: keep, zone: zone)
        #expect(words(try run.plan()).contains(reason))
        var isAsked = false
        let outcome = try run.apply(actor: Actor(.operator)) { _ in
            isAsked = true
            return true
        }
        #expect(!isAsked)
        #expect(outcome.segments == 0)
        #expect(try OldStore.deletions(store.disk).isEmpty)
    }

    @Test func anUnknownClassOnlyPlans() throws {
        let store = try OldStore(ages: [800, 0])
        let plan = try store.run(class: "unheard-of").plan()
        #expect(words(plan) == [.unknownClass])
        #expect(plan.items[0].oldest != nil)
    }

    @Test func anAnswerOfNoDeletesNothing() throws {
        let store = try OldStore(ages: [800, 0])
        let outcome = try store.run().apply(actor: Actor(.operator)) { plan in
            #expect(plan.segments == 1)
            return false
        }
        #expect(outcome.segments == 0)
        #expect(try OldStore.deletions(store.disk).isEmpty)
    }

    @Test func anotherTimeOnlyPlans() throws {
        let store = try OldStore(ages: [300, 0])
        let run = try store.run()
        #expect(try run.plan().records == 0)
        let later = Timestamp(nanoseconds: OldStore.now.nanoseconds + 100 * day)
        #expect(try run.plan(at: later).records == 300)
    }

    @Test func aClockThatNobodyConfirmsDeletesNothing() throws {
        let store = try OldStore(ages: [800, 0])
        let later = Timestamp(nanoseconds: OldStore.now.nanoseconds + 2 * day)
        let plan = try store.run(now: later).plan()
        #expect(words(plan) == [.clock(newest: OldStore.now)])
        #expect(plan.records == 0)
        #expect(plan.items[0].due.count == 1)
    }

    /// The daemon went on after its clock was put forward by two years.
    @Test func aLeapIsNotBelieved() throws {
        let store = try OldStore(ages: [770, 730, 0], checkpoints: [0])
        // Segments of 40 days and of 0 days before the leap of 730 days.
        let plan = try store.run().plan()
        #expect(plan.records == 0)
        #expect(words(plan).contains { if case .leap = $0 { true } else { false } })
    }

    @Test func recordsThatTheTreeDoesNotConfirmStay() throws {
        let store = try OldStore(ages: [800, 0])
        let tile = "/store/zones/a/default/tree/tile/1/000"
        try store.disk.tamper(tile) { $0[3] ^= 1 }
        let outcome = try store.run().apply(actor: Actor(.operator)) { _ in true }
        #expect(outcome.segments == 0)
        #expect(outcome.refused.first?.why.code == .damaged)
        #expect(try OldStore.deletions(store.disk).isEmpty)
        #expect(try store.disk.list("/store/zones/a/default/segments").count == 2)
    }

    @Test func nothingGoesBeforeACheckpointCoversIt() throws {
        let store = try OldStore(ages: [800] + (0...8).reversed(), checkpoints: [])
        let outcome = try store.run().apply(actor: Actor(.operator)) { _ in true }
        #expect(outcome.segments == 0)
        #expect(outcome.refused.first?.why.code == .failed)
    }

    /// A deletion cut short anywhere, then the same again: in the end the same acts and files.
    @Test func killedAnywhereAndDoneAgain() throws {
        let store = try OldStore(ages: [900, 800, 700, 0], rows: 40)
        let whole = store.disk.killed()
        _ = try store.run(on: whole).apply(actor: Actor(.operator)) { _ in true }
        for point in 0..<whole.operationCount {
            let disk = store.disk.killed()
            disk.crashAfter(operation: point)
            let run = try store.run(on: disk)
            #expect(throws: StoreError.self) {
                try run.apply(actor: Actor(.operator)) { _ in true }
            }
            for seed in UInt64(0)..<3 {
                let comment: Comment = "operation \(point), seed \(seed)"
                let found = seed == 0 ? disk.killed() : disk.crashed(seed: seed)
                _ = try store.run(on: found).apply(actor: Actor(.operator)) { _ in true }
                let acts = try OldStore.deletions(found)
                #expect(acts.map { $0.integer("leaves.end") } == [120], comment)
                let left = try StoreReader(fileSystem: found, path: OldStore.path).snapshot()
                #expect(left.blocks.map(\.firstIndex) == [120], comment)
                #expect(left.problems.isEmpty, comment)
            }
        }
    }

    @Test func stretchesEndAtHoles() {
        func segment(_ leaves: Range<UInt64>) -> Expiry.Segment {
            Expiry.Segment(
                path: "", leaves: leaves, records: 1, bytes: 1, events: .none ... .none,
                received: .none ... .none)
        }
        let runs = RetentionRun.runs([segment(0..<5), segment(5..<9), segment(11..<12)])
        #expect(runs.map(\.count) == [2, 1])
    }
}

extension OldStore {
    fileprivate static let epoch = CivilTime(year: 1970, month: 1, day: 1)
}

extension [RetentionPlan.Reason] {
    fileprivate var next: Timestamp? {
        for case .nothingDue(let next) in self { return next }
        return nil
    }
}

@Suite struct ClockWitnessTests {
    private func at(_ days: Double) -> Timestamp {
        Timestamp(nanoseconds: OldStore.now.nanoseconds + Int64(days * Double(day)))
    }

    @Test func aSteadyClockIsBelieved() {
        let times = (0..<20).map { at(-Double($0) / 2) }
        #expect(ClockWitness.ask(at(0), times) == .believed(at(0)))
        #expect(ClockWitness.ask(at(0.9), times) == .believed(at(0.9)))
        #expect(ClockWitness.ask(at(-0.9), times) == .believed(at(-0.9)))
    }

    @Test func whatDiffersByMoreThanADayIsDoubted() {
        #expect(ClockWitness.ask(at(0), []) == .doubted(newest: nil))
        #expect(ClockWitness.ask(at(0), [.none]) == .doubted(newest: nil))
        #expect(ClockWitness.ask(at(1.1), [at(0)]) == .doubted(newest: at(0)))
        #expect(ClockWitness.ask(at(-1.1), [at(0)]) == .doubted(newest: at(0)))
        #expect(ClockWitness.ask(Timestamp(nanoseconds: .max), [at(0)]) == .doubted(newest: at(0)))
    }

    @Test func leapsOfTheLastWeekAreTakenOff() {
        #expect(ClockWitness.ask(at(0), [at(-100), at(0)]) == .believed(at(-100)))
        #expect(ClockWitness.ask(at(0), [at(-40), at(-6), at(-3), at(0)]) == .believed(at(-40)))
        // Older than a week: believed.
        let steady = (0..<16).map { at(-Double($0) / 2) }
        #expect(ClockWitness.ask(at(0), steady + [at(-300)]) == .believed(at(0)))
    }
}
