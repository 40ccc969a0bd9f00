import Glibc
import HisuiFile
import HisuiStore
import Testing

@testable import HisuiPipeline

/// Which definitions are proven by their samples at a start, and which have been before.
@Suite struct ProvenDefinitionsTests {
    private let fileSystem = RealFileSystem()
    private let folder = "/tmp/hisui-proven-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    private var path: String { folder + "/cache/definitions.proven" }

    private func definition(_ word: String, sample: String) -> String {
        """
        parser: test.\(word)
        version: 1
        match: { program: test }
        rules:
          - { id: one, line: "\(word) {user.name:word}", set: { event.action: logon } }
        samples:
          - { line: "\(sample)", is: { rule: one, user.name: you } }
          - reject: "goodbye"

        """
    }

    private func write(_ text: String, _ name: String) throws {
        try fileSystem.writeDurably(Array(text.utf8), to: folder + "/parsers/" + name)
    }

    private func prepare() throws {
        try fileSystem.createDirectory(folder)
        try fileSystem.createDirectory(folder + "/parsers")
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false)
            .dropLast(3).joined(separator: "/")
        let schema = try fileSystem.bytes(root + "/parsers/schema.yaml", from: 0, count: 4 << 20)
        try fileSystem.writeDurably(schema, to: folder + "/parsers/schema.yaml")
        try write(definition("hello", sample: "hello you"), "a.yaml")
        try write(definition("goodday", sample: "goodday you"), "b.yaml")
    }

    private func load() throws -> DefinitionLoader.Loaded {
        try DefinitionLoader.load(directories: [folder + "/parsers"], proven: path)
    }

    private func lines() throws -> [[UInt8]] {
        try fileSystem.bytes(path, from: 0, count: 4096).split(separator: 0x0A).map { Array($0) }
    }

    @Test func whatPassedIsRememberedAndWhatWasChangedIsProvenAgain() throws {
        try prepare()
        defer { unsafe system("rm -rf \(folder)") }
        #expect(try load().members.count == 2)
        let first = try lines()
        #expect(first.count == 3)
        #expect(try load().members.count == 2)
        #expect(try lines() == first)
        try write(definition("hello", sample: "hallo you"), "a.yaml")
        let changed = try load()
        #expect(changed.members.map(\.parser) == ["test.goodday"])
        #expect(changed.refused.map(\.file) == [folder + "/parsers/a.yaml"])
        #expect(try lines().count == 2)
    }

    /// Said to have passed, a file is taken without its samples: that they are skipped can be seen.
    @Test func aFileThatIsRememberedIsNotRunAgain() throws {
        try prepare()
        defer { unsafe system("rm -rf \(folder)") }
        try write(definition("hello", sample: "hallo you"), "a.yaml")
        #expect(try load().refused.count == 1)
        var proven = ProvenDefinitions(fileSystem, path)
        let schema = try fileSystem.bytes(
            folder + "/parsers/schema.yaml", from: 0, count: 4 << 20)
        proven.use(schema: schema)
        proven.remember([Array(definition("hello", sample: "hallo you").utf8)])
        #expect(try load().refused.isEmpty)
        // Another program, or another schema, remembers nothing.
        try write(String(decoding: schema, as: UTF8.self) + "\n", "schema.yaml")
        #expect(try load().refused.count == 1)
    }

    @Test func aFileOfAnotherProgramOrOfRubbishSaysNothing() throws {
        try prepare()
        defer { unsafe system("rm -rf \(folder)") }
        _ = try load()
        let own = try lines()
        for text in ["", "rubbish\n", "\(String(repeating: "0", count: 32))\n"] {
            var bytes = Array(text.utf8)
            for line in own.dropFirst() { bytes += line + [0x0A] }
            try fileSystem.writeDurably(bytes, to: path)
            let proven = ProvenDefinitions(fileSystem, path)
            #expect(!proven.contains(Array(definition("hello", sample: "hello you").utf8)))
        }
        // A directory that cannot be made keeps nobody from starting.
        let loaded = try DefinitionLoader.load(
            directories: [folder + "/parsers"], proven: "/proc/none/definitions.proven")
        #expect(loaded.members.count == 2)
    }
}
