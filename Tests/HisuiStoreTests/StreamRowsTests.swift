import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// A stream read from any leaf on, while its files are written, sealed, damaged or removed.
@Suite struct StreamRowsTests {
    private static let stream = Snapshot.Stream(zone: "local", stream: "default")
    private static let folder = Filenames.streamPath(
        store: "/store", zone: "local", stream: "default")

    /// A disk with three logs of 12 and 9 rows, the last one open.
    private struct Prepared {
        let disk = SimulatedFileSystem()
        var store: TestStore
        let writer: ZoneWriter
        let logs: [ClosedLog]

        init(seed: UInt64 = 31) throws {
            store = TestStore(disk: disk, path: "/store", seed: seed)
            writer = try store.open()
            for number in 0..<3 {
                try store.append(12, to: writer)
                try writer.commit()
                try store.append(9, to: writer, source: "other")
                if number < 2 { try writer.stream("default").rotate() }
            }
            try writer.commit()
            logs = writer.takeClosedLogs()
        }

        func rows(from index: UInt64, shapes: ShapeTable = ShapeTable()) -> StreamRows {
            StreamRows(
                fileSystem: disk, store: "/store", stream: StreamRowsTests.stream, from: index,
                shapes: shapes)
        }

        func seal(_ number: Int) throws {
            try Sealer(fileSystem: disk, store: "/store").seal(logs[number])
        }
    }

    /// Everything before `end`, with the leaf of each row.
    private static func read(
        _ rows: StreamRows, before end: UInt64, batches: Int = .max
    ) throws -> [(leaf: UInt64, row: ExpectedRow)] {
        var found: [(leaf: UInt64, row: ExpectedRow)] = []
        var count = 0
        while count < batches, try rows.head(before: end) != nil {
            let first = rows.nextIndex
            let latest = Timestamp(nanoseconds: .max)
            guard let batch = try rows.next(before: end, receivedUpTo: latest) else { continue }
            count += 1
            for (number, row) in expectedRows(of: batch).enumerated() {
                found.append((first + UInt64(number), row))
            }
        }
        return found
    }

    @Test(arguments: [[], [0], [0, 1], [1]] as [[Int]])
    func everyPartOfAStreamIsReadFromLogsAndSegments(sealed: [Int]) throws {
        let prepared = try Prepared()
        for number in sealed { try prepared.seal(number) }
        let expected = prepared.store.maker.expected
        for first in 0...expected.count {
            for end in [first, min(first + 1, expected.count), expected.count] {
                let table = ShapeTable()
                let rows = prepared.rows(from: UInt64(first), shapes: table)
                let found = try Self.read(rows, before: UInt64(end))
                #expect(found.map(\.row) == Array(expected[first..<end]), "\(first)..<\(end)")
                #expect(found.map(\.leaf) == Array(UInt64(first)..<UInt64(end)))
                #expect(rows.problems.isEmpty)
            }
        }
    }

    @Test func aBatchHoldsNoRowThatIsNotWantedYet() throws {
        let prepared = try Prepared()
        let expected = prepared.store.maker.expected
        let rows = prepared.rows(from: 0)
        let ends: [UInt64] = [1, 5, 5, 13, 40, UInt64(expected.count)]
        var found: [ExpectedRow] = []
        for end in ends {
            found += try Self.read(rows, before: end).map(\.row)
            #expect(found == Array(expected.prefix(Int(end))))
            #expect(rows.nextIndex == end)
            rows.rest()
        }
    }

    @Test func aLogThatIsSealedWhileItIsReadIsGoneOnWithInTheSegment() throws {
        let prepared = try Prepared()
        let expected = prepared.store.maker.expected
        let rows = prepared.rows(from: 0)
        var found = try Self.read(rows, before: 42, batches: 1).map(\.row)
        #expect(found.count == 12)
        try prepared.seal(0)
        try prepared.seal(1)
        found += try Self.read(rows, before: UInt64(expected.count)).map(\.row)
        #expect(found == expected)
    }

    @Test func rowsWrittenMeanwhileAreReadWithoutBeginningAgain() throws {
        var prepared = try Prepared()
        let rows = prepared.rows(from: 0)
        var found = try Self.read(rows, before: 63).map(\.row)
        let read = prepared.disk.operationCount
        try prepared.store.append(7, to: prepared.writer)
        try prepared.writer.commit()
        found += try Self.read(rows, before: 70).map(\.row)
        #expect(found == prepared.store.maker.expected)
        // The writer's append and sync: reading changes nothing.
        #expect(prepared.disk.operationCount == read + 2)
    }

    @Test func whatNoFileHasIsPassedOver() throws {
        let prepared = try Prepared()
        let expected = prepared.store.maker.expected
        try prepared.disk.remove(prepared.logs[1].path)
        let rows = prepared.rows(from: 3)
        let found = try Self.read(rows, before: UInt64(expected.count))
        #expect(found.map(\.leaf) == Array(3..<21) + Array(42..<63))
        #expect(found.map(\.row) == Array(expected[3..<21] + expected[42..<63]))
    }

    @Test func aHoleThatReachesTheEndIsNoRow() throws {
        let prepared = try Prepared()
        try prepared.disk.remove(prepared.logs[1].path)
        let rows = prepared.rows(from: 21)
        #expect(try rows.head(before: 42) == nil)
        rows.move(to: 42)
        #expect(try rows.head(before: 63) != nil)
        #expect(rows.nextIndex == 42)
    }

    @Test func damageOfALogIsToldAndPassedOver() throws {
        let prepared = try Prepared()
        let expected = prepared.store.maker.expected
        let path = prepared.logs[0].path
        var bytes = try prepared.disk.bytes(path, from: 0, count: .max)
        // In the first frame, without whose shapes the second one cannot be read either.
        let magic = ByteSearch.first(of: LogFormat.frameMagic, in: bytes.span, 0..<bytes.count)
        let frame = try #require(magic)
        bytes[frame + 60] ^= 0x40
        try prepared.disk.remove(path)
        try prepared.disk.writeDurably(bytes, to: path)
        let rows = prepared.rows(from: 0)
        let found = try Self.read(rows, before: UInt64(expected.count))
        #expect(found.map(\.leaf) == Array(21..<63))
        #expect(found.map(\.row) == Array(expected[21...]))
        #expect(rows.problems.map(\.code) == [.damaged, .damaged])
    }

    @Test func damageOfASegmentIsToldAndPassedOver() throws {
        let prepared = try Prepared()
        let expected = prepared.store.maker.expected
        try prepared.seal(0)
        let segments = Path.join(Self.folder, Filenames.segments)
        let path = Path.join(segments, try #require(try prepared.disk.list(segments).first))
        var bytes = try prepared.disk.bytes(path, from: 0, count: .max)
        bytes[bytes.count - 20] ^= 0x40
        try prepared.disk.remove(path)
        try prepared.disk.writeDurably(bytes, to: path)
        let rows = prepared.rows(from: 0)
        let found = try Self.read(rows, before: UInt64(expected.count))
        #expect(found.map(\.leaf) == Array(21..<63))
        #expect(rows.problems.map(\.code) == [.damaged])
    }
}
