import HisuiBytes
import HisuiEvent
import HisuiFile
import Testing

@testable import HisuiStore

/// Definitions that rows name are kept, whoever was killed while keeping them.
@Suite struct DefinitionArchiveTests {
    private static let store = "/store"
    private static let digest = [UInt8](repeating: 0xD0, count: 32)
    private static let members = (0..<3).map { number in
        DefinitionArchive.Member(
            parser: "p\(number)", version: 1, file: "p\(number).yaml",
            bytes: Array("parser: p\(number)\n".utf8))
    }

    private static func keep(on disk: SimulatedFileSystem) throws {
        try DefinitionArchive(fileSystem: disk, store: store).keep(members, digest: digest)
    }

    /// What a kept set lacks, by its own list.
    private static func missing(on disk: SimulatedFileSystem) throws -> [String] {
        let folder = Path.join(store, Filenames.definitions)
        let set = Path.join(folder, Filenames.definitionSet(digest))
        guard try disk.exists(set) else { return [set] }
        let list = String(decoding: try disk.bytes(set, from: 0, count: 1 << 16), as: UTF8.self)
        let lines = list.split(separator: "\n")
        if lines.count != members.count { return [set] }
        var missing: [String] = []
        for (line, member) in zip(lines, members) {
            let path = Path.join(folder, line.prefix(64) + ".yaml")
            let bytes = (try? disk.bytes(path, from: 0, count: 1 << 16)) ?? []
            if bytes != member.bytes { missing.append(path) }
        }
        return missing
    }

    /// One process is killed after any operation, the next loses power after any of its own; the
    /// third keeps them, and has them after every loss of power. A definition that the first had
    /// renamed and not synced was once named by the set of the second, and lost with the set there:
    /// the third took the set for whole.
    @Test func aSetIsWholeThoughItsMembersNamesWereNotSynced() throws {
        let first = SimulatedFileSystem()
        first.recordMoments()
        try Self.keep(on: first)
        var found = 0
        for killed in first.moments {
            let second = killed.killed()
            second.recordMoments()
            try Self.keep(on: second)
            for moment in second.moments {
                for third in try #require(moment.allCrashed(countMax: 5000)) {
                    found += 1
                    // What is there before anybody acts is whole or not there at all.
                    let set = Path.join(
                        Path.join(Self.store, Filenames.definitions),
                        Filenames.definitionSet(Self.digest))
                    let comment: Comment = "killed after \(killed.operation), \(moment.operation)"
                    if try third.exists(set) {
                        #expect(try Self.missing(on: third) == [], comment)
                    }
                    try Self.keep(on: third)
                    #expect(try Self.missing(on: third.crashed(seed: 1)) == [], comment)
                }
            }
        }
        #expect(found > 500)
    }

    /// A store that lost a definition behind a set gets it back from whoever has it in force.
    @Test func aDefinitionThatIsMissingBehindASetIsWrittenAgain() throws {
        let disk = SimulatedFileSystem()
        try Self.keep(on: disk)
        let folder = Path.join(Self.store, Filenames.definitions)
        let lost = Self.members[1].bytes
        try disk.remove(Path.join(folder, Filenames.definition(SHA256.of(lost.span))))
        #expect(try Self.missing(on: disk).count == 1)
        try Self.keep(on: disk)
        #expect(try Self.missing(on: disk) == [])
    }
}
