import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// A zone with some sealed segments and rows in the log behind them.
struct AgedZone {
    static let store = "/store"
    static let zone = "local"
    static let stream = "default"
    static let folder = "/store/zones/local/default/segments"
    let disk = SimulatedFileSystem()
    var maker: RowMaker
    /// One past the last leaf of each segment.
    var ends: [UInt64] = []

    init(seed: UInt64, segments: Int = 4, rows: Int = 5, tail: Int = 3) throws {
        maker = RowMaker(seed: seed)
        for _ in 0..<3 { maker.addShape() }
        let writer = try Self.open(disk)
        let sealer = Sealer(fileSystem: disk, store: Self.store)
        for _ in 0..<segments {
            let batch = maker.batch(rows)
            _ = try writer.append(batch, shapes: maker.table, definitions: LogModel.digest)
            try writer.commit()
            try writer.stream(Self.stream).rotate()
            for log in writer.takeClosedLogs() { try sealer.seal(log) }
            ends.append(UInt64(maker.expected.count))
        }
        if tail > 0 {
            let batch = maker.batch(tail)
            _ = try writer.append(batch, shapes: maker.table, definitions: LogModel.digest)
            try writer.commit()
        }
        try writer.close()
    }

    static func open(_ disk: any FileSystem) throws -> ZoneWriter {
        try ZoneWriter.open(
            fileSystem: disk, store: store, zone: zone, now: { Timestamp(nanoseconds: 77) })
    }

    static func end(
        _ disk: any FileSystem, _ isWanted: (Expiry.Segment) -> Bool = { _ in true }
    ) throws -> Expiry.OldEnd {
        try Expiry(fileSystem: disk, store: store)
            .oldEnd(zone: zone, stream: stream, while: isWanted)
    }

    /// Deletes the first `count` segments that can go, as a policy would.
    static func delete(_ count: Int, on disk: any FileSystem) throws {
        let expiry = Expiry(fileSystem: disk, store: store)
        let lock = try expiry.lock()
        defer { lock.release() }
        try expiry.completeDeletions()
        let segments = Array(try end(disk).segments.prefix(count))
        guard let first = segments.first, let last = segments.last else { return }
        let end = last.leaves.upperBound
        let hashes = (end & ~255..<end).map { [UInt8](repeating: UInt8($0 & 255), count: 32) }
        let act = Act(
            .deletion, time: Timestamp(nanoseconds: 9), zone: zone, actor: Actor(.operator),
            fields: [
                ("stream", .text(stream)),
                ("leaves.first", .integer(Int64(first.leaves.lowerBound))),
                ("leaves.end", .integer(Int64(end))),
            ])
        try expiry.delete(
            segments, edge: Expiry.Edge(end: end, hashes: hashes), act: act,
            now: { Timestamp(nanoseconds: 9) })
    }

    /// What the acts say is gone.
    static func deleted(_ disk: any FileSystem) throws -> [Range<UInt64>] {
        try ActReader(fileSystem: disk, store: store).acts(kinds: [.deletion]).acts
            .compactMap { Expiry.subject(of: $0.act)?.leaves }
    }

    /// Rows that can be read, with their indices.
    static func rows(on disk: any FileSystem) throws -> [(UInt64, ExpectedRow)] {
        let snapshot = try StoreReader(fileSystem: disk, path: store).snapshot()
        #expect(snapshot.problems.isEmpty)
        return try snapshot.blocks.flatMap { block in
            try HisuiStoreTests.rows(of: block).enumerated().map {
                (block.firstIndex + UInt64($0.offset), $0.element)
            }
        }
    }

    /// Exactly the rows from `first` on are there, and the zone takes more.
    func check(_ disk: SimulatedFileSystem, from first: UInt64, _ comment: Comment) throws {
        let found = try Self.rows(on: disk)
        #expect(found.map(\.0) == Array(first..<UInt64(maker.expected.count)), comment)
        #expect(found.map(\.1) == Array(maker.expected[Int(first)...]), comment)
        let writer = try Self.open(disk)
        #expect(try writer.stream(Self.stream).recovery.damages.isEmpty, comment)
        var more = maker
        let leaves = try writer.append(
            more.batch(2), shapes: more.table, definitions: LogModel.digest)
        #expect(leaves.lowerBound == UInt64(maker.expected.count), comment)
        try writer.commit()
        try writer.close()
    }
}

@Suite struct ExpiryTests {
    @Test func whatCanGoIsSealedOldAndNotTheNewest() throws {
        let zone = try AgedZone(seed: 1)
        let all = try AgedZone.end(zone.disk)
        #expect(all.segments.map(\.leaves.upperBound) == Array(zone.ends.dropLast()))
        #expect(all.segments.map(\.records) == [5, 5, 5])
        #expect(all.obstacle == nil)
        #expect(all.oldest?.nanoseconds == zone.maker.expected[0].received)
        let received = zone.maker.expected[0..<5].map(\.received)
        #expect(all.segments[0].received.upperBound.nanoseconds == received.max())
        #expect(
            all.segments[0].events.lowerBound.nanoseconds
                == zone.maker.expected[0..<5].map(\.time).min())
        var asked = 0
        let some = try AgedZone.end(zone.disk) { segment in
            asked += 1
            return segment.leaves.lowerBound == 0
        }
        #expect(some.segments.count == 1)
        #expect(asked == 2)
    }

    @Test func aSingleSegmentStays() throws {
        let zone = try AgedZone(seed: 2, segments: 1, tail: 0)
        #expect(try AgedZone.end(zone.disk).segments.isEmpty)
        #expect(try AgedZone.end(zone.disk).oldest != nil)
        let expiry = Expiry(fileSystem: zone.disk, store: AgedZone.store)
        #expect(try expiry.remove(0..<1000, zone: "local", stream: "default") == 0)
        try zone.check(zone.disk, from: 0, "nothing goes")
    }

    @Test func nothingGoesPastADamagedFile() throws {
        let zone = try AgedZone(seed: 3)
        let second = try zone.disk.list(AgedZone.folder)[1]
        try zone.disk.tamper(Path.join(AgedZone.folder, second)) { $0[$0.count - 9] ^= 1 }
        let end = try AgedZone.end(zone.disk)
        #expect(end.segments.map(\.leaves) == [0..<5])
        #expect(end.obstacle?.code == .damaged)
    }

    @Test func nothingGoesPastALogThatWasNeverSealed() throws {
        let zone = try AgedZone(seed: 4)
        let folder = "/store/zones/local/default/wal"
        let log = Filenames.LogName(firstIndex: 2, number: 0, isDamaged: true).text
        try zone.disk.open(Path.join(folder, log), .create).close()
        // It holds leaves of the first segment's: sealed already, so no obstacle unless damaged.
        let end = try AgedZone.end(zone.disk)
        #expect(end.segments.map(\.leaves) == [0..<5])
        #expect(end.obstacle?.path.hasSuffix(log) == true)
    }

    @Test func deletedSegmentsLeaveAWorkingStream() throws {
        var zone = try AgedZone(seed: 5, rows: 200)
        try AgedZone.delete(2, on: zone.disk)
        let expiry = Expiry(fileSystem: zone.disk, store: AgedZone.store)
        #expect(try AgedZone.deleted(zone.disk) == [0..<400])
        let edge = try #require(try expiry.edges(zone: "local", stream: "default").first)
        #expect(edge.end == 400)
        #expect(edge.first == 256)
        #expect(edge.hashes.first == [UInt8](repeating: 0, count: 32))
        try zone.check(zone.disk, from: 400, "after the first")
        zone.maker.expected.removeSubrange(zone.maker.expected.count...)
        try AgedZone.delete(9, on: zone.disk)
        #expect(try AgedZone.deleted(zone.disk) == [0..<400, 400..<600])
        #expect(try expiry.edges(zone: "local", stream: "default").map(\.end) == [600])
        #expect(try expiry.mayBeUnfinished(zone: "local", stream: "default") == false)
    }

    /// Somebody removed all segments by hand: rows in the log keep their indices.
    @Test func aStreamWhoseSegmentsAreAllGoneGoesOn() throws {
        let zone = try AgedZone(seed: 6)
        for name in try zone.disk.list(AgedZone.folder) {
            try zone.disk.remove(Path.join(AgedZone.folder, name))
        }
        try zone.check(zone.disk, from: 20, "only the log is left")
    }

    @Test func oneAtATime() throws {
        let zone = try AgedZone(seed: 7)
        let expiry = Expiry(fileSystem: zone.disk, store: AgedZone.store)
        let lock = try expiry.lock()
        #expect(throws: StoreError.self) { try AgedZone.delete(1, on: zone.disk) }
        #expect(try expiry.completeDeletionsUnlessLocked(zone: "local") == 0)
        lock.release()
        try AgedZone.delete(1, on: zone.disk)
        #expect(try AgedZone.deleted(zone.disk) == [0..<5])
    }

    @Test func edgesAreReadAsTheyAreWritten() throws {
        for end in [0, 1, 255, 256, 700] as [UInt64] {
            let hashes = (0..<Int(end & 255)).map { [UInt8](repeating: UInt8($0), count: 32) }
            let edge = Expiry.Edge(end: end, hashes: hashes)
            #expect(Expiry.Edge(edge.bytes, end: end) == edge)
            #expect(Expiry.Edge(edge.bytes + [0], end: end) == nil)
            #expect(Expiry.Edge(edge.bytes, end: end + 1) == nil)
            #expect(Expiry.Edge(Array(edge.bytes.dropFirst()), end: end) == nil)
        }
    }

    /// A stream that is searched while its old end goes.
    @Test func readersListAgain() throws {
        let zone = try AgedZone(seed: 8)
        let reader = try StoreReader(fileSystem: zone.disk, path: AgedZone.store)
        let before = try reader.snapshot()
        try AgedZone.delete(2, on: zone.disk)
        // What was opened stays readable.
        let rows = try before.blocks.reduce(0) { try $0 + HisuiStoreTests.rows(of: $1).count }
        #expect(rows == zone.maker.expected.count)
        let after = try reader.snapshot()
        #expect(after.blocks.first?.firstIndex == 10)
        #expect(after.problems.isEmpty)
    }
}

/// A deletion stopped at every operation of the disk: everything is there, or an act tells of what
/// is not; the next run ends it, and nothing else is ever gone.
@Suite struct ExpiryKillTests {
    @Test(arguments: [11, 12] as [UInt64])
    func anyKillPointLeavesAllOrAnAct(seed: UInt64) throws {
        let zone = try AgedZone(seed: seed, rows: 90)
        // The first deletion is whole, the second is cut short: there is an edge to replace.
        try AgedZone.delete(1, on: zone.disk)
        let start = zone.disk.operationCount
        let whole = zone.disk.killed()
        try AgedZone.delete(2, on: whole)
        let operations = whole.operationCount
        #expect(operations > 20)
        var acted = 0
        var unacted = 0
        for point in 0..<operations {
            let disk = zone.disk.killed()
            disk.crashAfter(operation: point)
            #expect(throws: (any Error).self) { try AgedZone.delete(2, on: disk) }
            for crash in UInt64(0)..<5 {
                let comment: Comment = "seed \(seed), operation \(point), crash \(crash)"
                let found = crash == 0 ? disk.killed() : disk.crashed(seed: crash)
                let deleted = try AgedZone.deleted(found)
                let oldest = try AgedZone.rows(on: found).first?.0 ?? 0
                let end = deleted.last?.upperBound ?? 0
                #expect([90, 270].contains(end), comment)
                // Gone is a beginning of what the acts say, in whole segments.
                #expect(oldest >= 90 && oldest <= end && oldest % 90 == 0, comment)
                if end == 270 { acted += 1 } else { unacted += 1 }
                // Between two segments of one deletion nothing more has to be proved: all goes.
                if oldest == 90 || oldest == end { try checkEdges(found, oldest, comment) }
                // The next start ends it.
                try Expiry(fileSystem: found, store: AgedZone.store)
                    .completeDeletionsUnlessLocked(zone: AgedZone.zone)
                try zone.check(found, from: end, comment)
                try checkEdges(found, end, comment)
                // And a policy that says the same again finds nothing twice.
                try AgedZone.delete(3 - Int(end / 90), on: found)
                let again = try AgedZone.deleted(found)
                #expect(again.last?.upperBound == 270, comment)
                #expect(Set(again).count == again.count, comment)
                #expect(again.map(\.count).reduce(0, +) == 270, comment)
            }
        }
        #expect(start == zone.disk.operationCount)
        #expect(acted > 20 && unacted > 20)
    }

    /// The hashes of the deleted part of the block in which the oldest record lies are there.
    private func checkEdges(
        _ disk: any FileSystem, _ oldest: UInt64, _ comment: Comment
    ) throws {
        let edges = try Expiry(fileSystem: disk, store: AgedZone.store)
            .edges(zone: AgedZone.zone, stream: AgedZone.stream)
        let fitting = edges.contains { edge in
            edge.end >= oldest && edge.first == oldest & ~255
        }
        #expect(fitting || oldest % 256 == 0, comment)
    }
}
