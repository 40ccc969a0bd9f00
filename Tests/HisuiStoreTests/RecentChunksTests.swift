import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// Chunks that are kept for the next search are those of their block, and no more than there may
/// be.
@Suite struct RecentChunksTests {
    let disk = RealFileSystem()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private struct NoSegment: Error {}

    private func block() throws -> SegmentBlock {
        var maker = RowMaker(seed: 70)
        maker.addShape()
        let path = try writeSegment([maker.batch(50)], maker.table, on: disk, in: folder.path)
        let reader = try SegmentReader(fileSystem: disk, path: path)
        guard case .segment(let rows) = try #require(reader.blocks.first).backing else {
            throw NoSegment()
        }
        return rows
    }

    @Test func whatWasAskedForLastIsKept() throws {
        let chunks = RecentChunks(bytes: 800)
        let block = try block()
        let bytes = (0..<40).map { [UInt8](repeating: UInt8($0), count: 100) }
        for number in 0..<40 {
            #expect(chunks.find(number, of: block) == nil)
            chunks.keep(bytes[number], number, of: block)
            #expect(chunks.find(number, of: block) == bytes[number])
            // Whoever is asked for again and again stays.
            #expect(chunks.find(0, of: block) == bytes[0])
        }
        let kept = (0..<40).filter { chunks.find($0, of: block) != nil }
        #expect(kept == [0] + Array(33..<40))
    }

    @Test func aChunkThatIsTooLargeIsNotKept() throws {
        let chunks = RecentChunks(bytes: 800)
        let block = try block()
        chunks.keep([UInt8](repeating: 1, count: 101), 0, of: block)
        #expect(chunks.find(0, of: block) == nil)
        let none = RecentChunks(bytes: 0)
        none.keep([1], 0, of: block)
        #expect(none.find(0, of: block) == nil)
    }

    @Test func aBlockThatGoesTakesItsChunksWithIt() throws {
        let chunks = RecentChunks(bytes: 800)
        let (one, other) = (try block(), try block())
        for number in 0..<3 {
            chunks.keep([1, 2, 3], number, of: one)
            chunks.keep([4, 5, 6], number, of: other)
        }
        chunks.forget(one, chunks: 3)
        for number in 0..<3 {
            #expect(chunks.find(number, of: one) == nil)
            #expect(chunks.find(number, of: other) == [4, 5, 6])
        }
    }

    /// A reader that keeps chunks reads what one that keeps none reads, again and again.
    @Test func aStoreIsReadAlikeWithAndWithoutThem() throws {
        var maker = RowMaker(seed: 71)
        for _ in 0..<4 { maker.addShape() }
        let path = try writeSegment(
            [maker.batch(300), maker.batch(300)], maker.table, on: disk, in: folder.path)
        let plain = try SegmentReader(fileSystem: disk, path: path)
        let keeping = try SegmentReader(
            fileSystem: disk, path: path, sharing: SharedParts(chunkBytes: 1 << 20))
        for _ in 0..<2 {
            for (one, other) in zip(plain.blocks, keeping.blocks) {
                var (expected, found): ([UInt8], [UInt8]) = ([], [])
                for row in 0..<one.count {
                    try one.appendRecord(row: row, to: &expected)
                    try other.appendRecord(row: row, to: &found)
                }
                #expect(found == expected)
                #expect(try one.times() == other.times())
                #expect(try one.received() == other.received())
                one.dropCaches()
                other.dropCaches()
            }
        }
    }
}
