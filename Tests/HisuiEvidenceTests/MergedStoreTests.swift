import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiStore
import Testing

@testable import HisuiEvidence

/// What `hisui verify` says of stores whose segments were merged.
@Suite struct MergedStoreTests {
    private static let folder = "zones/lgwan/default/segments/"

    /// A store with four segments and a log, run and stopped.
    private static func made(stops: Bool = true) throws -> SmallStore {
        var store = SmallStore(SimulatedFileSystem(), path: "/s")
        try store.run(commits: [5, 270, 3, 9, 4], stops: stops)
        return store
    }

    private func disk(_ store: SmallStore) throws -> SimulatedFileSystem {
        try #require(store.fileSystem as? SimulatedFileSystem)
    }

    private func verify(
        _ disk: SimulatedFileSystem, full: Bool = true
    ) throws -> StoreVerdict {
        try SmallStore(disk, path: "/s").verify(full: full)
    }

    private func names(_ disk: SimulatedFileSystem) throws -> [String] {
        try disk.list("/s/" + Self.folder)
    }

    @Test func aMergedStoreIsSound() throws {
        var store = try Self.made()
        let before = try store.verify()
        let trust = try store.trust()
        try store.merge([0..<5, 5..<275, 275..<278])
        #expect(try names(disk(store)).count == 2)
        for full in [true, false] {
            let verdict = try store.verify(trust: trust, full: full)
            #expect(verdict.problems == [])
            #expect(verdict.streams[1].root == before.streams[1].root)
            #expect(verdict.streams[1].records == before.streams[1].records)
        }
        // Merged once more.
        try store.merge([0..<278, 278..<287])
        #expect(try names(disk(store)) == [Filenames.segment(0..<287)])
        let verdict = try store.verify(trust: trust)
        #expect(verdict.problems == [])
        #expect(!verdict.notes.contains { $0.what.english.contains("merge") })
    }

    @Test func changesOfMergedFilesAreFound() throws {
        var store = try Self.made()
        try store.merge([0..<5, 5..<275, 275..<278])
        let merged = Self.folder + Filenames.segment(0..<278)
        let disk = try disk(store)
        for offset in stride(from: 0, to: try disk.size("/s/" + merged), by: 37) {
            let copy = disk.killed()
            try copy.tamper("/s/" + merged) { $0[offset] ^= 4 }
            let verdict = try verify(copy)
            #expect(verdict.problems.contains { $0.file == merged }, "byte \(offset)")
        }
        let cut = disk.killed()
        try cut.tamper("/s/" + merged) { $0.removeLast(9) }
        #expect(!(try verify(cut).isSound))
        let removed = disk.killed()
        try removed.remove("/s/" + merged)
        let verdict = try verify(removed)
        #expect(verdict.problems.contains { $0.kind == .removed })
        #expect(!verdict.isSound)
    }

    /// Whoever can write the store merges files himself, and alters what was understood meanwhile.
    @Test(arguments: [true, false])
    func aFileThatNoActNamesIsFound(stops: Bool) throws {
        let store = try Self.made(stops: stops)
        let disk = try disk(store)
        let merger = SegmentMerger(fileSystem: disk, store: "/s", stream: SmallStore.origin)
        let merged = try merger.merge(
            [0..<5, 5..<275], isStopped: { false }, record: { _ in })
        #expect(merged != nil)
        let file = Self.folder + Filenames.segment(0..<275)
        for full in [true, false] {
            let verdict = try verify(disk, full: full)
            #expect(verdict.problems.map(\.kind) == [.added])
            #expect(verdict.problems.map(\.file) == [file])
        }
    }

    @Test func aFileBesideThoseThatActsNameIsFound() throws {
        var store = try Self.made()
        let disk = try disk(store)
        let original = try disk.bytes(
            "/s/" + Self.folder + Filenames.segment(275..<278), from: 0, count: 1 << 20)
        try store.merge([0..<5, 5..<275, 275..<278])
        // What was replaced is put back: nobody reads it.
        let back = disk.killed()
        let path = "/s/" + Self.folder + Filenames.segment(275..<278)
        try back.writeDurably(original, to: path)
        let sound = try verify(back)
        #expect(sound.problems == [])
        #expect(sound.notes.contains { $0.what.english.contains("not removed yet") })
        try back.tamper(path) { $0[$0.count / 2] ^= 1 }
        #expect(try verify(back).problems.map(\.kind) == [.changed])
        // One that never was.
        let strange = disk.killed()
        try strange.writeDurably(
            original, to: "/s/" + Self.folder + Filenames.segment(100..<200))
        for full in [true, false] {
            #expect(try verify(strange, full: full).problems.map(\.kind) == [.added])
        }
    }

    /// Somebody altered a file before a merge that did not look.
    @Test func anAlterationThatWasMergedIsFound() throws {
        var store = try Self.made()
        try store.merge([0..<5, 5..<275], changing: { $0.replaced[1].digest[7] ^= 1 })
        let verdict = try store.verify()
        #expect(verdict.problems.map(\.kind) == [.changed])
        #expect(verdict.problems.first?.indices == 5..<275)
        #expect(!(try store.verify(full: false).isSound))
    }

    /// At each step of a merge that was cut short the store is sound, and nothing is hidden.
    @Test func aMergeThatWasCutShortIsNoAlteration() throws {
        var store = SmallStore(SimulatedFileSystem(), path: "/s")
        try store.run(commits: [5, 20, 3, 9, 4], stops: false)
        try store.proveActs()
        let disk = try disk(store)
        var whole = SmallStore(disk.killed(), path: "/s", now: store.now)
        let before = disk.killed().operationCount
        try whole.merge([0..<5, 5..<25, 25..<28], proving: false)
        let operations = try self.disk(whole).operationCount - before
        #expect(operations > 15)
        var notes = 0
        for operation in 0...operations {
            let cut = disk.killed()
            cut.crashAfter(operation: operation)
            var again = SmallStore(cut, path: "/s", now: store.now)
            try? again.merge([0..<5, 5..<25, 25..<28], proving: false)
            for found in [cut.killed(), cut.crashed(seed: UInt64(operation))] {
                let verdict = try verify(found)
                #expect(verdict.problems == [], "after operation \(operation)")
                notes += verdict.notes.count { $0.what.english.contains("merge") }
            }
        }
        #expect(notes > 0)
    }
}

extension SmallStore {
    /// Merges segments as the daemon does, with the act.
    mutating func merge(
        _ run: [Range<UInt64>], proving: Bool = true,
        changing change: (inout SegmentAct) -> Void = { _ in }
    ) throws {
        let (fileSystem, path, time) = (fileSystem, path, Timestamp(nanoseconds: now + 1))
        now += 2
        func file(_ path: String) throws(StoreError) -> SegmentAct.File {
            do throws(FileError) {
                let bytes = try fileSystem.bytes(path, from: 0, count: 1 << 24)
                let leaves = Filenames.segmentRange(Path.name(of: path)) ?? 0..<1
                return SegmentAct.File(
                    leaves: leaves, digest: MerkleHash.digest(of: bytes).bytes)
            } catch {
                throw StoreError(.system, "\(error)", path: path)
            }
        }
        _ = try SegmentMerger(fileSystem: fileSystem, store: path, stream: Self.origin).merge(
            run, isStopped: { false }
        ) { (merged) throws(StoreError) in
            var replaced: [SegmentAct.File] = []
            for path in merged.replaced { replaced.append(try file(path)) }
            var act = SegmentAct(
                stream: Self.origin, file: try file(merged.path), replaced: replaced)
            change(&act)
            try ActLog(fileSystem: fileSystem, store: path, now: { time }).append([
                Act(
                    .segment, time: time, zone: Self.zone, actor: Actor(.daemon),
                    fields: act.fields)
            ])
        }
        if proving { try proveActs() }
    }
}
