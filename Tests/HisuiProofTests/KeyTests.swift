import HisuiEvent
import HisuiFile
import Testing

@testable import HisuiProof

/// Keys, their files, and the chain of epochs.
@Suite struct KeyTests {
    static let place = KeyStore.Place(
        keys: "/store/keys", zone: "z", epochs: "/store/zones/z/epochs")
    static let acts = KeyStore.Place(
        keys: "/store/keys", zone: "acts", epochs: "/store/acts/epochs", isShared: true)
    static let noon = Timestamp(nanoseconds: 1_790_000_000_000_000_000)
    static let tomorrow = Timestamp(nanoseconds: noon.nanoseconds + 86_400_000_000_000)

    static func disk() throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem()
        try disk.createDirectory("/store/zones/z")
        try disk.createDirectory("/store/acts")
        return disk
    }

    static func open(
        _ disk: SimulatedFileSystem, _ place: KeyStore.Place = place, at now: Timestamp = noon,
        boot: String = "1", hasCheckpoints: Bool = false
    ) throws(ProofError) -> KeyStore {
        try KeyStore(
            fileSystem: disk, place: place, hasCheckpoints: hasCheckpoints, now: now, bootID: boot)
    }

    @Test func keysAreMadeOnce() throws {
        let disk = try Self.disk()
        let first = try Self.open(disk)
        let other = try Self.open(disk, Self.acts)
        try first.handOver()
        let again = try Self.open(disk)
        #expect(again.zone.verifier == first.zone.verifier)
        let id = String(
            decoding: try disk.bytes("/store/keys/id", from: 0, count: 16), as: UTF8.self)
        #expect(first.zone.name == "hisui/\(id)/z" && other.zone.name == "hisui/\(id)/acts")
        let known = try KeyStore.verifier(fileSystem: disk, place: Self.place)
        #expect(known == first.zone.verifier)
        let chain = try KeyStore.epochs(
            fileSystem: disk, place: Self.place, zone: first.zone.verifier)
        #expect(chain == again.chain)
    }

    @Test func epochsFollowDaysBootsAndLosses() throws {
        let disk = try Self.disk()
        func reasons(_ other: SimulatedFileSystem? = nil) throws -> [Epoch.Reason] {
            let disk = other ?? disk
            let key = try #require(try KeyStore.verifier(fileSystem: disk, place: Self.place))
            return try KeyStore.epochs(fileSystem: disk, place: Self.place, zone: key)
                .epochs.map(\.reason)
        }
        var keys = try Self.open(disk)
        #expect(try reasons() == [.first])
        try keys.handOver()
        #expect(try disk.exists("/store/keys/z/epoch.key"))
        keys = try Self.open(disk)
        #expect(try !disk.exists("/store/keys/z/epoch.key"))
        #expect(try reasons() == [.first])
        let signers = try keys.signers(Self.tomorrow)
        #expect(try reasons() == [.first, .day])
        #expect(signers.map(\.name) == [keys.zone.name, keys.zone.name + "/epoch/2"])
        try keys.handOver()
        keys = try Self.open(disk, at: Self.tomorrow, boot: "2")
        #expect(try reasons() == [.first, .day, .handedOver])
        #expect(!keys.isBroken)
        // Killed: nothing was handed over.
        let found = disk.killed()
        keys = try Self.open(found, at: Self.tomorrow, boot: "2")
        #expect(try reasons(found) == [.first, .day, .handedOver, .powerLoss])
        #expect(keys.isBroken && keys.epoch == 4)
    }

    @Test func actsShareTheirEpoch() throws {
        let disk = try Self.disk()
        for _ in 0..<3 { #expect(try Self.open(disk, Self.acts).epoch == 1) }
        #expect(try Self.open(disk, Self.acts, at: Self.tomorrow).epoch == 2)
        #expect(try Self.open(disk, Self.acts, at: Self.tomorrow).chain.breaks.isEmpty)
    }

    @Test func oldHandOversAreNotBelieved() throws {
        let disk = try Self.disk()
        try Self.open(disk).handOver()
        let path = "/store/keys/z/epoch.key"
        let old = try disk.bytes(path, from: 0, count: 4096)
        try Self.open(disk, at: Self.tomorrow).handOver()
        try disk.tamper(path) { $0 = old }
        #expect(try Self.open(disk, at: Self.tomorrow).isBroken)
    }

    @Test func missingAndForeignKeysAreRefused() throws {
        let disk = try Self.disk()
        try Self.open(disk).handOver()
        let other = try Self.disk()
        try Self.open(other).handOver()
        let path = "/store/keys/z/zone.key"
        let foreign = try other.bytes(path, from: 0, count: 4096)
        let changed = disk.killed()
        try changed.tamper(path) { $0 = foreign }
        #expect(throws: ProofError.self) { _ = try Self.open(changed) }
        try disk.remove(path)
        let error = #expect(throws: ProofError.self) { _ = try Self.open(disk) }
        #expect(error?.code == .key && error?.advice.contains("backup") == true)
        let empty = try Self.disk()
        #expect(throws: ProofError.self) { _ = try Self.open(empty, hasCheckpoints: true) }
    }

    @Test func everyKillPointIsSurvived() throws {
        func run(_ disk: SimulatedFileSystem) throws(ProofError) {
            try Self.open(disk).handOver()
            let keys = try Self.open(disk)
            _ = try keys.signers(Self.tomorrow)
            try keys.handOver()
            _ = try Self.open(disk, Self.acts)
            _ = try Self.open(disk, Self.acts, at: Self.tomorrow)
        }
        let whole = try Self.disk()
        let before = whole.operationCount
        try run(whole)
        for operation in before + 1...whole.operationCount {
            let disk = try Self.disk()
            disk.crashAfter(operation: operation)
            try? run(disk)
            for seed in 0..<6 as Range<UInt64> {
                let found = seed == 0 ? disk.killed() : disk.crashed(seed: seed)
                for place in [Self.place, Self.acts] {
                    let keys = try Self.open(found, place, at: Self.tomorrow, boot: "2")
                    #expect(try keys.signers(Self.tomorrow).count == 2)
                    let later = found.crashed(seed: seed)
                    let key = try KeyStore.verifier(fileSystem: later, place: place)
                    #expect(key == keys.zone.verifier)
                    let chain = try KeyStore.epochs(
                        fileSystem: later, place: place, zone: keys.zone.verifier)
                    #expect(chain == keys.chain)
                    // Something may have been signed meanwhile: the key must not be lost.
                    let next = try Self.open(
                        later, place, at: Self.tomorrow, boot: "2", hasCheckpoints: true)
                    #expect(next.zone.verifier == key)
                }
            }
        }
    }
}
