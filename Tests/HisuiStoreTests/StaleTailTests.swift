import HisuiEvent
import HisuiFile
import Testing

@testable import HisuiStore

/// Logs that end in the blocks of an older log of the same name, at the same offsets: whole frames,
/// their checksums right. And the acts' log, cut anywhere, with any tail.
@Suite struct StaleTailTests {
    @Test func framesOfAnOlderLogOfTheSameNameAreNoFrames() throws {
        let seed = UInt64.random(in: 0 ... .max)
        let log = try SmallLog(seed: seed, commits: 3, rows: 3)
        let older = try SmallLog(seed: seed, commits: 4, rows: 3)
        let sizes = older.commits.prefix(3).map(\.size)
        #expect(log.path == older.path && log.commits.map(\.size) == sizes)
        for place in log.commits.indices {
            for near in -2...2 {
                let size = min(log.bytes.count, log.commits[place].size + near)
                let comment: Comment = "seed \(seed), cut at \(size)"
                let tail = older.bytes[size...]
                let disk = try log.changed(to: Array(log.bytes[..<size]) + tail)
                let (rows, reader, _) = try log.read(disk)
                let certain = log.commits.last { $0.size <= size }?.rows ?? 0
                #expect(reader.damages.isEmpty && rows.count >= certain, comment)
                #expect(rows.map(\.row) == Array(log.maker.expected.prefix(rows.count)), comment)
                let writer = try SmallLog.open(disk)
                #expect(try writer.stream("default").nextIndex == UInt64(rows.count), comment)
                try writer.close()
            }
        }
    }

    /// The acts' log, and how long it was after each append.
    private static func acts(_ count: Int) throws -> (disk: SimulatedFileSystem, sizes: [Int]) {
        let disk = try ActLogTests.disk()
        var sizes: [Int] = []
        for number in 0..<count {
            try ActLogTests.log(disk).append([ActLogTests.act(number)])
            sizes.append(try disk.size(path))
        }
        return (disk, sizes)
    }

    private static let path = ActLogTests.wal + "/00000000000000000000-00000001.log"

    /// What is read is what was appended, all that is surely there; and the next append goes on.
    private func expectGoesOn(
        _ disk: SimulatedFileSystem, _ bytes: [UInt8], certain: Int, _ comment: Comment
    ) throws {
        let changed = disk.killed()
        try changed.tamper(Self.path) { $0 = bytes }
        let found = try ActLogTests.numbers(changed)
        #expect(found == (0..<found.count).map(Int64.init) && found.count >= certain, comment)
        let range = try ActLogTests.log(changed).append([ActLogTests.act(100)])
        #expect(range == UInt64(found.count)..<UInt64(found.count) + 1, comment)
        #expect(try ActLogTests.numbers(changed.crashed(seed: 1)) == found + [100], comment)
    }

    @Test func theActsLogCutAtEveryByte() throws {
        let (disk, sizes) = try Self.acts(3)
        let bytes = try disk.bytes(Self.path, from: 0, count: .max)
        for size in 0...bytes.count {
            try expectGoesOn(
                disk, Array(bytes[..<size]), certain: sizes.count { $0 <= size }, "cut at \(size)")
        }
    }

    @Test func theActsLogWithAnyTail() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let (disk, sizes) = try Self.acts(3)
        let bytes = try disk.bytes(Self.path, from: 0, count: .max)
        let older = try Self.acts(5).disk.bytes(Self.path, from: 0, count: .max)
        for boundary in sizes {
            for size in [boundary - 7, boundary, min(bytes.count, boundary + 9)] {
                let noise = (0..<700).map { _ in UInt8.random(in: 0...255, using: &random) }
                let tails = [
                    [UInt8](repeating: 0, count: 900), noise, Array(older[size...]),
                    Array(bytes.prefix(300)), Array(bytes.suffix(300)),
                ]
                for (kind, tail) in tails.enumerated() {
                    try expectGoesOn(
                        disk, bytes[..<size] + tail, certain: sizes.count { $0 <= size },
                        "seed \(seed), cut at \(size), tail \(kind)")
                }
            }
        }
    }
}
