import HisuiEvent
import HisuiFile
import Testing

@testable import HisuiStore

/// A log that ends below the last checkpoint goes on at its size: no index is given twice.
@Suite struct LeastIndexTests {
    private let disk = SimulatedFileSystem()

    private func open(least: UInt64) throws -> ZoneWriter {
        try ZoneWriter.open(
            fileSystem: disk, store: "/store", zone: "local",
            now: { Timestamp(nanoseconds: 5) },
            leastIndex: { (stream) throws(StoreError) in stream == "default" ? least : 0 })
    }

    @Test func indicesGoOnBehindAGap() throws {
        var maker = RowMaker(seed: 3)
        maker.addShape()
        func append(_ writer: ZoneWriter, _ count: Int) throws -> Range<UInt64> {
            let batch = maker.batch(count, source: "s", length: 0...9)
            let leaves = try writer.append(
                batch, shapes: maker.table, definitions: LogModel.digest)
            try writer.commit()
            return leaves
        }
        let first = try open(least: 0)
        #expect(try append(first, 5) == 0..<5)
        try first.close()
        // Nothing is missing: the checkpoint is older than the log.
        let second = try open(least: 3)
        #expect(try second.stream("default").recovery.damages.isEmpty)
        #expect(try append(second, 1) == 5..<6)
        try second.close()
        // Somebody cut the log: a checkpoint covers 9 records.
        let third = try open(least: 9)
        let damages = try third.stream("default").recovery.damages
        #expect(damages.map(\.missing) == [6..<9])
        #expect(try append(third, 2) == 9..<11)
        #expect(try third.stream("other").nextIndex == 0)
        try third.close()
        // The gap is told once, however often the stream is opened.
        for _ in 0..<3 {
            let later = try open(least: 9)
            _ = try append(later, 1)
            try later.close()
        }
        let snapshot = try StoreReader(fileSystem: disk, path: "/store").snapshot()
        let stream = Snapshot.Stream(zone: "local", stream: "default")
        #expect(snapshot.nextIndices[stream] == 14)
        let gaps = snapshot.gaps[stream] ?? []
        #expect(gaps.map(\.count) == [3])
        #expect(gaps.first?.cause.contains("records 6 to 8 are missing") == true)
    }

    @Test func ownNamesAreNoZones() {
        for name in ["epochs", "id", "lock", "acts"] { #expect(!Filenames.isValidName(name)) }
    }
}
