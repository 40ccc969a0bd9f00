import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiPolicy
import HisuiShape
import HisuiStore
import Logging
import Testing

@testable import HisuiPipeline

/// The small segments of a zone over some days, on a simulated disk.
private struct QuietZone {
    static let store = "/store"
    static let stream = Snapshot.Stream(zone: "a", stream: "default")
    static let folder = "/store/zones/a/default/segments"
    static let calendar = RetentionCalendar(timeZone: .tokyo, fiscalYearStart: 4)
    /// 2026-11-20, 00:30 in Tokyo: a day before by UTC.
    static let begin =
        CivilTime(year: 2026, month: 11, day: 19, hour: 15, minute: 30).nanoseconds ?? 0
    private static let hour: Int64 = 3_600_000_000_000
    let disk = SimulatedFileSystem()

    /// - Parameter hours: a segment of 3 records for each.
    init(hours: Int) throws {
        let writer = try Self.open(disk)
        let acts = SegmentActs(fileSystem: disk, store: Self.store, actor: Actor(.daemon))
        var next: UInt64 = 0
        var states: [SourceState] = []
        for number in 0..<hours {
            var importer = try SegmentImporter(
                fileSystem: disk, store: Self.store, zone: "a", stream: "default",
                nextIndex: next, states: states)
            try importer.append(Self.batch(number), shapes: ShapeTable())
            try importer.finish()
            (next, states) = (importer.nextIndex, importer.states)
            try acts.record([.init(zone: "a", stream: "default", path: importer.segments[0])])
        }
        try writer.close()
    }

    static func open(_ disk: SimulatedFileSystem) throws -> ZoneWriter {
        let writer = try ZoneWriter.open(
            fileSystem: disk, store: store, zone: "a", now: { Timestamp(nanoseconds: begin) })
        _ = try writer.stream("default")
        return writer
    }

    private static func batch(_ number: Int) -> RowBatch {
        var batch = RowBatch(
            source: Source(id: "test", kind: .file, form: .line), senders: [""])
        for record in 0..<3 {
            let time = Timestamp(nanoseconds: begin + Int64(number) * hour + Int64(record))
            let text = Array("record \(record) of hour \(number)".utf8)
            let start = batch.bytes.count
            batch.bytes += text
            batch.rows.append(
                RowBatch.Row(
                    offset: UInt32(start), count: UInt32(text.count), shape: 0,
                    firstSlot: UInt32(batch.slots.count), time: time, received: time, sender: 0,
                    flags: []))
            batch.slots.append(ByteRange(start..<batch.bytes.count))
        }
        batch.position = Array("\(number)".utf8)
        return batch
    }

    @discardableResult
    static func merge(_ disk: SimulatedFileSystem, isStopped: () -> Bool = { false }) throws -> Int
    {
        var merger = try ZoneMerger(
            fileSystem: disk, store: store, zone: "a", calendar: calendar, actor: Actor(.daemon),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return merger.run(isStopped: isStopped)
    }

    static func ranges(_ disk: SimulatedFileSystem) throws -> [Range<UInt64>] {
        try disk.list(folder).compactMap(Filenames.segmentRange)
    }

    /// Records with their indices and receive times.
    static func records(_ disk: SimulatedFileSystem) throws -> [String] {
        let snapshot = try StoreReader(fileSystem: disk, path: store).snapshot()
        #expect(snapshot.problems.isEmpty)
        var records: [String] = []
        for block in snapshot.blocks {
            let received = try block.received()
            for row in 0..<block.count {
                var record: [UInt8] = []
                try block.appendRecord(row: row, to: &record)
                let text = String(decoding: record, as: UTF8.self)
                records.append("\(block.firstIndex + UInt64(row)) \(received[row]) \(text)")
            }
        }
        let states = snapshot.sourceStates.values.flatMap { $0 }
        #expect(states.map(\.account.stored) == [UInt64(states[0].account.stored)])
        return records
    }

    static func acts(_ disk: SimulatedFileSystem) throws -> [SegmentAct] {
        try ActReader(fileSystem: disk, store: store).acts(kinds: [.segment]).acts
            .compactMap { SegmentAct($0.act) }
    }

    /// Whether every file is the last one that an act tells of.
    static func checkActs(_ disk: SimulatedFileSystem, _ what: Comment) throws {
        let acts = try acts(disk)
        let files = SegmentActs(fileSystem: disk, store: store, actor: Actor(.daemon))
        for range in try ranges(disk) {
            let file = try files.file(Path.join(folder, Filenames.segment(range)))
            let known = acts.last { $0.file.leaves == range }
            #expect(known?.file == file, what)
        }
    }
}

/// Merging in a zone: by days, with acts, beside deletions, and cut short anywhere.
@Suite struct ZoneMergerTests {
    @Test func daysBecomeFilesWithActs() throws {
        let zone = try QuietZone(hours: 60)
        let before = try QuietZone.records(zone.disk)
        #expect(try QuietZone.merge(zone.disk) > 40)
        let ranges = try QuietZone.ranges(zone.disk)
        #expect(Array(ranges.prefix(2)) == [0..<72, 72..<144])
        #expect(ranges.count == 4, "of the third day all but the newest")
        #expect(try QuietZone.records(zone.disk) == before)
        try QuietZone.checkActs(zone.disk, "after merging")
        let acts = try QuietZone.acts(zone.disk)
        let merges = acts.filter { !$0.replaced.isEmpty }
        for merge in merges {
            for file in merge.replaced {
                #expect(acts.contains { $0.file == file }, "a replaced file has its act")
            }
            #expect(merge.replaced.first?.leaves.lowerBound == merge.file.leaves.lowerBound)
        }
        #expect(try QuietZone.merge(zone.disk) == 0, "nothing is left to be done")
        #expect(try QuietZone.acts(zone.disk).count == acts.count)
    }

    /// Terms end for each record when they did before.
    @Test func retentionIsNotChanged() throws {
        let zone = try QuietZone(hours: 60)
        let merged = zone.disk.killed()
        try QuietZone.merge(merged)
        let term = RetentionTerm.days(2)
        for start in [RetentionTerm.Start.received, .fiscalYearEnd] {
            for half in 0..<1000 as Range<Int64> {
                let now = Timestamp(
                    nanoseconds: QuietZone.begin + half * 43_200_000_000_000)
                let due = { (disk: SimulatedFileSystem) in
                    try Expiry(fileSystem: disk, store: QuietZone.store).oldEnd(
                        zone: "a", stream: "default"
                    ) { segment in
                        let end = QuietZone.calendar.end(
                            of: term, from: start, received: segment.received.upperBound)
                        return end.map { $0 <= now } ?? false
                    }.segments.map(\.records).reduce(0, +)
                }
                #expect(try due(zone.disk) == due(merged), "half day \(half)")
            }
        }
    }

    @Test func aFileThatWasAlteredIsNotMerged() throws {
        let zone = try QuietZone(hours: 30)
        let before = try QuietZone.records(zone.disk)
        // The acts know another digest of the eleventh.
        let acts = SegmentActs(
            fileSystem: zone.disk, store: QuietZone.store, actor: Actor(.daemon))
        try acts.record([
            SegmentAct(
                stream: QuietZone.stream,
                file: .init(leaves: 30..<33, digest: [UInt8](repeating: 1, count: 32)))
        ])
        try QuietZone.merge(zone.disk)
        let ranges = try QuietZone.ranges(zone.disk)
        #expect(ranges.contains(30..<33), "it stays for somebody to look at")
        #expect(ranges.contains(0..<30) && ranges.contains(33..<72), "the others do not wait")
        #expect(try QuietZone.records(zone.disk) == before)
    }

    @Test func nothingIsMergedWhileSomebodyDeletes() throws {
        let zone = try QuietZone(hours: 30)
        let ranges = try QuietZone.ranges(zone.disk)
        let lock = try Expiry(fileSystem: zone.disk, store: QuietZone.store).lock()
        #expect(try QuietZone.merge(zone.disk) == 0)
        #expect(try QuietZone.ranges(zone.disk) == ranges)
        lock.release()
        #expect(try QuietZone.merge(zone.disk) > 0)
    }

    /// A deletion that was cut short after its act is ended, not merged.
    @Test func whatShouldBeGoneIsNotMerged() throws {
        let zone = try QuietZone(hours: 30)
        let expiry = Expiry(fileSystem: zone.disk, store: QuietZone.store)
        let hashes = (0..<15).map { [UInt8](repeating: $0, count: 32) }
        try expiry.keep(.init(end: 15, hashes: hashes), zone: "a", stream: "default")
        try ActLog(
            fileSystem: zone.disk, store: QuietZone.store,
            now: { Timestamp(nanoseconds: QuietZone.begin) }
        ).append([
            Act(
                .deletion, time: Timestamp(nanoseconds: QuietZone.begin), zone: "a",
                actor: Actor(.operator),
                fields: [
                    ("stream", .text("default")), ("leaves.first", .integer(0)),
                    ("leaves.end", .integer(15)),
                ])
        ])
        try QuietZone.merge(zone.disk)
        #expect(try QuietZone.ranges(zone.disk).first == 15..<72)
    }

    @Test func aFullDiskStopsNothingElse() throws {
        let zone = try QuietZone(hours: 30)
        let before = try QuietZone.records(zone.disk)
        let ranges = try QuietZone.ranges(zone.disk)
        zone.disk.setCapacity(1)
        #expect(try QuietZone.merge(zone.disk) == 0)
        #expect(try QuietZone.ranges(zone.disk) == ranges)
        zone.disk.setCapacity(nil)
        #expect(try QuietZone.merge(zone.disk) > 0)
        #expect(try QuietZone.records(zone.disk) == before)
    }

    @Test func aRunCutShortAnywhereIsEndedByTheNext() throws {
        let zone = try QuietZone(hours: 30)
        let before = try QuietZone.records(zone.disk)
        let whole = zone.disk.killed()
        try QuietZone.merge(whole)
        let end = try QuietZone.ranges(whole)
        #expect(end.first == 0..<72)
        #expect(end.count == 7, "of the second day six hours are there")
        #expect(whole.operationCount > 30)
        for operation in 0...whole.operationCount {
            let what: Comment = "operation \(operation)"
            let cut = zone.disk.killed()
            cut.crashAfter(operation: operation)
            _ = try? QuietZone.merge(cut)
            for found in [cut.killed(), cut.crashed(seed: UInt64(operation))] {
                #expect(try QuietZone.records(found) == before, what)
                try QuietZone.open(found).close()
                try QuietZone.merge(found)
                #expect(try QuietZone.ranges(found) == end, what)
                #expect(try QuietZone.records(found) == before, what)
                try QuietZone.checkActs(found, what)
            }
        }
    }

    @Test func anOperationThatFailsIsTriedAgain() throws {
        let zone = try QuietZone(hours: 26)
        let before = try QuietZone.records(zone.disk)
        let whole = zone.disk.killed()
        try QuietZone.merge(whole)
        let end = try QuietZone.ranges(whole)
        for operation in 1...whole.operationCount {
            for kind in SimulatedFault.Kind.allCases {
                let what: Comment = "operation \(operation), \(kind)"
                let failing = zone.disk.killed()
                failing.add(
                    .init(operation: operation, kind: kind, persists: operation % 2 == 0))
                try QuietZone.merge(failing)
                #expect(try QuietZone.records(failing) == before, what)
                try QuietZone.merge(failing)
                #expect(try QuietZone.ranges(failing) == end, what)
                #expect(try QuietZone.records(failing) == before, what)
                try QuietZone.checkActs(failing, what)
            }
        }
    }

    @Test func aStopEndsItSoon() throws {
        let zone = try QuietZone(hours: 60)
        let before = try QuietZone.ranges(zone.disk)
        #expect(try QuietZone.merge(zone.disk, isStopped: { true }) == 0)
        #expect(try QuietZone.ranges(zone.disk) == before)
    }
}
