import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiStore
import Testing

@testable import HisuiEvidence

/// What `hisui verify` finds: everything that is not as it was written, and nothing else.
@Suite struct StoreVerifierTests {
    /// A store that was run twice and stopped: two segments, a log, tiles, a finding.
    static func made() throws -> (disk: SimulatedFileSystem, store: SmallStore) {
        let disk = SimulatedFileSystem()
        var store = SmallStore(disk, path: "/s")
        try store.run(commits: [5, 270, 3])
        try store.run(commits: [40, 0])
        try store.find([3, 280])
        return (disk, store)
    }

    static func verify(
        _ disk: SimulatedFileSystem, trust: TrustFile? = nil, full: Bool = true
    ) throws -> StoreVerdict {
        try SmallStore(disk, path: "/s").verify(trust: trust, full: full)
    }

    @Test func soundStoreIsSound() throws {
        let (_, store) = try Self.made()
        for full in [true, false] {
            for trust in [nil, try store.trust()] {
                let verdict = try store.verify(trust: trust, full: full)
                #expect(verdict.problems == [])
                #expect(verdict.streams.map(\.stream) == [.acts, SmallStore.origin])
                #expect(verdict.streams[1].size == 318)
                #expect(verdict.streams[1].records == 318)
                #expect(
                    verdict.anchor == (trust == nil ? .selfConsistent : .trusted(checkpoints: 2)))
            }
        }
        #expect(try store.verify().recordsRead > 318)
    }

    /// A store that was killed, or runs, ends in the middle of something.
    @Test func storeInUseIsSound() throws {
        let disk = SimulatedFileSystem()
        var store = SmallStore(disk, path: "/s")
        try store.run(commits: [300, 7], stops: false)
        #expect(try store.verify().problems == [])
        let log = try #require(try disk.list("/s/zones/lgwan/default/wal").first)
        try disk.tamper("/s/zones/lgwan/default/wal/\(log)") { $0 += [0xF7, 0x48, 1, 2, 3] }
        try disk.tamper("/s/zones/lgwan/default/tree/tile/1/000") { $0 += [1, 2, 3] }
        let verdict = try store.verify()
        #expect(verdict.problems == [])
        #expect(verdict.notes.contains { $0.what.english.contains("did not end") })
    }

    @Test func everyChangedByteIsFound() throws {
        let (disk, store) = try Self.made()
        let seed = UInt64.random(in: 0...999)
        var numbers = SeededNumbers(seed: seed, name: "flips")
        var flips = 0
        for file in try store.files() {
            let size = try disk.size("/s/" + file)
            var offset = Int(numbers.next() % 23)
            while offset < size {
                let copy = disk.killed()
                let bit = UInt8(1) << UInt8(numbers.next() % 8)
                try copy.tamper("/s/" + file) { $0[offset] ^= bit }
                let verdict = try Self.verify(copy)
                #expect(
                    !verdict.isSound, "seed \(seed): \(file), byte \(offset), bit \(bit)")
                offset += 1 + Int(numbers.next() % 45)
                flips += 1
            }
        }
        #expect(flips > 500)
    }

    @Test func everyRemovedFileIsFound() throws {
        let (disk, store) = try Self.made()
        for file in try store.files() {
            let copy = disk.killed()
            try copy.remove("/s/" + file)
            let verdict = try Self.verify(copy)
            #expect(!verdict.isSound, "\(file)")
        }
    }

    @Test func everyCutFileIsFound() throws {
        let (disk, store) = try Self.made()
        for file in try store.files() {
            let size = try disk.size("/s/" + file)
            for left in [0, 1, size / 2, size - 1] {
                let copy = disk.killed()
                try copy.tamper("/s/" + file) { $0.removeLast(size - left) }
                #expect(!(try Self.verify(copy).isSound), "\(file) cut to \(left)")
            }
        }
    }

    @Test func everyAddedFileIsFound() throws {
        let (disk, _) = try Self.made()
        for folder in [
            "zones", "zones/lgwan", "zones/lgwan/default", "zones/lgwan/default/wal",
            "zones/lgwan/default/segments", "zones/lgwan/default/tree",
            "zones/lgwan/default/tree/tile/1", "zones/lgwan/default/tree/checkpoints", "acts",
            "acts/wal", "acts/tree",
        ] {
            let copy = disk.killed()
            try copy.writeDurably([1, 2, 3], to: "/s/\(folder)/strange.file")
            let verdict = try Self.verify(copy)
            #expect(verdict.problems.map(\.kind) == [.added], "\(folder)")
            #expect(verdict.problems.first?.file == "\(folder)/strange.file")
        }
    }

    @Test func swappedSegmentsAreFound() throws {
        let (disk, _) = try Self.made()
        let folder = "/s/zones/lgwan/default/segments/"
        let names = try disk.list(folder)
        try #require(names.count >= 2)
        let copy = disk.killed()
        let first = try copy.bytes(folder + names[0], from: 0, count: 1 << 20)
        let second = try copy.bytes(folder + names[1], from: 0, count: 1 << 20)
        try copy.tamper(folder + names[0]) { $0 = second }
        try copy.tamper(folder + names[1]) { $0 = first }
        #expect(!(try Self.verify(copy).isSound))
    }

    /// The whole zone as it was earlier: the acts know better, and so does a trusted checkpoint.
    @Test func rolledBackLogIsFound() throws {
        let disk = SimulatedFileSystem()
        var store = SmallStore(disk, path: "/s")
        try store.run(commits: [5, 270])
        let old = disk.killed()
        try store.run(commits: [40])
        let trust = try store.trust()
        let copy = disk.killed()
        for file in try store.files() where file.hasPrefix("zones/") {
            try copy.remove("/s/" + file)
        }
        let before = SmallStore(old, path: "/s")
        for file in try before.files() where file.hasPrefix("zones/") {
            let bytes = try old.bytes("/s/" + file, from: 0, count: 1 << 22)
            try copy.createDirectory(Path.parent(of: "/s/" + file))
            try copy.writeDurably(bytes, to: "/s/" + file)
        }
        let kinds = Set(try Self.verify(copy).problems.map(\.kind))
        #expect(kinds.contains(.rolledBack))
        #expect(try Self.verify(copy, trust: trust).problems.map(\.kind).contains(.rolledBack))
        // With the acts set back too, only the outside can tell.
        #expect(try Self.verify(old).isSound)
        let told = try Self.verify(old, trust: trust)
        #expect(told.problems.map(\.kind).contains(.rolledBack))
    }

    /// Everything made anew, keys included.
    @Test func remadeStoreIsFoundByTrust() throws {
        let (_, store) = try Self.made()
        let other = SimulatedFileSystem()
        var remade = SmallStore(other, path: "/s")
        try remade.run(commits: [5, 270, 3])
        #expect(try remade.verify().isSound)
        let verdict = try remade.verify(trust: try store.trust())
        #expect(verdict.problems.map(\.kind).contains(.resigned))
    }
}
