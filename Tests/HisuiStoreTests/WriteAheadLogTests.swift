import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

@Suite struct WriteAheadLogTests {
    private let disk = SimulatedFileSystem()

    private func frames(_ path: String) throws -> ([LogFrame], LogReader) {
        var reader = try LogReader(fileSystem: disk, path: path)
        var frames: [LogFrame] = []
        while let frame = try reader.next() { frames.append(frame) }
        return (frames, reader)
    }

    private func logs() throws -> [String] {
        try disk.list(SmallLog.logs).map { Path.join(SmallLog.logs, $0) }
    }

    @Test func rowsComeBackAsTheParserMadeThem() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var maker = RowMaker(seed: seed)
        let writer = try SmallLog.open(disk)
        for _ in 0..<40 {
            maker.addShape()
            let batch = maker.batch(25, length: 0...300)
            _ = try writer.append(batch, shapes: maker.table, definitions: LogModel.digest)
        }
        try writer.commit()
        let (frames, reader) = try frames(try logs()[0])
        #expect(frames.flatMap { expectedRows(of: $0.rows!) } == maker.expected, "seed \(seed)")
        #expect(frames.allSatisfy { isConsistent($0.rows!, reader.shapes) }, "seed \(seed)")
        #expect(frames.allSatisfy { $0.definitions == LogModel.digest })
        #expect(reader.damages.isEmpty)
        #expect(reader.nextIndex == 1000)
        // Shapes are those that were used, as they were.
        let used = Set(frames.flatMap { $0.rows!.rows.map { reader.shapes[$0.shape] } })
        #expect(used.isSubset(of: Set(maker.table.shapes(from: 0))))
    }

    @Test func strangeTimesAndFlagsComeBack() throws {
        let writer = try SmallLog.open(disk)
        var records = RecordBatch(source: Source(id: "s", kind: .syslogUDP, form: .syslog))
        records.senders = ["", "192.0.2.7"]
        var batch = RowBatch(takingOver: records)
        let times: [Int64] = [.min, .max, 0, -1, .min, 5]
        for (number, time) in times.enumerated() {
            batch.bytes.append(UInt8(number))
            batch.slots.append(ByteRange(number..<number + 1))
            batch.rows.append(
                RowBatch.Row(
                    offset: UInt32(number), count: 1, shape: 0, firstSlot: UInt32(number),
                    time: Timestamp(nanoseconds: time),
                    received: Timestamp(nanoseconds: times[times.count - 1 - number]),
                    sender: UInt32(number % 2), flags: RowFlags(rawValue: .max)))
        }
        _ = try writer.append(batch, shapes: ShapeTable(), definitions: [])
        try writer.commit()
        let (frames, _) = try frames(try logs()[0])
        #expect(expectedRows(of: try #require(frames[0].rows)) == expectedRows(of: batch))
        #expect(frames[0].definitions.isEmpty)
    }

    @Test func severalTablesShareTheShapesOfAFile() throws {
        let writer = try SmallLog.open(disk)
        let shape = Shape(literals: [[65], [66]], slots: [.init(.word)])
        for round in 0..<40 {
            // A table of its own for each batch, in which the shape has another number.
            let table = ShapeTable()
            for other in 0..<round % 5 {
                _ = table.intern(Shape(literals: [[UInt8(other)], []], slots: [.init(.text)]))
            }
            let number = table.intern(shape)
            let batch = Self.batch([65, 1, 66], shape: number, slots: [1..<2])
            _ = try writer.append(batch, shapes: table, definitions: LogModel.digest)
        }
        try writer.commit()
        let (frames, reader) = try frames(try logs()[0])
        #expect(reader.shapes.count == 2, "one definition, and the shape of any record")
        #expect(frames.allSatisfy { reader.shapes[$0.rows!.rows[0].shape] == shape })
    }

    /// Whatever a parser says of a row, its record is kept.
    @Test func rowsThatDoNotFitTheirShapeAreStoredWhole() throws {
        let writer = try SmallLog.open(disk)
        let table = ShapeTable()
        let number = table.intern(Shape(literals: [[65], [66]], slots: [.init(.word)]))
        let record: [UInt8] = [65, 1, 2, 66]
        let wrong: [[Range<Int>]] = [[1..<2], [0..<3], [1..<4], [2..<3], [], [3..<4]]
        for slots in wrong {
            let batch = Self.batch(record, shape: number, slots: slots)
            _ = try writer.append(batch, shapes: table, definitions: LogModel.digest)
        }
        let right = Self.batch(record, shape: number, slots: [1..<3])
        _ = try writer.append(right, shapes: table, definitions: LogModel.digest)
        #expect(try writer.stream("default").mismatchCount == 6)
        try writer.commit()
        let (frames, _) = try frames(try logs()[0])
        #expect(
            frames.map { expectedRows(of: $0.rows!)[0].record }
                == Array(repeating: record, count: 7))
        #expect(frames.map { $0.rows!.rows[0].shape } == [0, 0, 0, 0, 0, 0, 1])
    }

    private static func batch(
        _ record: [UInt8], shape: UInt32, slots: [Range<Int>]
    ) -> RowBatch {
        var batch = RowBatch(
            takingOver: RecordBatch(source: Source(id: "s", kind: .file, form: .line)))
        batch.bytes = record
        batch.slots = slots.map { ByteRange($0) }
        batch.rows = [
            RowBatch.Row(
                offset: 0, count: UInt32(record.count), shape: shape, firstSlot: 0,
                time: Timestamp(nanoseconds: 1), received: Timestamp(nanoseconds: 2), sender: 0,
                flags: [])
        ]
        return batch
    }

    @Test func accountsGapsAndPositionsNeedNoRows() throws {
        let writer = try SmallLog.open(disk)
        let source = Source(id: "udp:5514", kind: .syslogUDP, form: .syslog)
        var batch = RowBatch(takingOver: RecordBatch(source: source))
        batch.account[.kernelBuffer] = 9
        batch.account.deduplicated = 2
        batch.account.gaps = 1
        batch.gaps = [
            Gap(source: source.id, detected: Timestamp(nanoseconds: 3), count: 5, cause: "欠落"),
            Gap(source: source.id, detected: .none, count: nil, cause: ""),
        ]
        #expect(try writer.append(batch, shapes: ShapeTable(), definitions: []).isEmpty)
        var second = RowBatch(takingOver: RecordBatch(source: source))
        second.position = Array("s=12".utf8)
        second.account[.queueFull] = 1
        _ = try writer.append(second, shapes: ShapeTable(), definitions: [])
        // Nothing to say leaves no frame.
        let empty = RowBatch(takingOver: RecordBatch(source: source))
        _ = try writer.append(empty, shapes: ShapeTable(), definitions: [])
        try writer.commit()
        let (frames, reader) = try frames(try logs()[0])
        #expect(frames.count == 2 && reader.nextIndex == 0)
        #expect(frames[0].gaps == batch.gaps)
        var account = batch.account
        #expect(frames[0].states == [SourceState(source: source, account: account)])
        account[.queueFull] = 1
        let state = SourceState(source: source, position: Array("s=12".utf8), account: account)
        #expect(frames[1].states == [state])
        #expect(account.offered == 12)
        try writer.close()
        let again = try SmallLog.open(disk)
        #expect(again.state(ofSource: source.id) == state)
    }

    @Test func aReaderFollowsAGrowingLog() throws {
        var maker = RowMaker(seed: 3)
        let writer = try SmallLog.open(disk)
        _ = try writer.append(maker.batch(2), shapes: maker.table, definitions: LogModel.digest)
        try writer.commit()
        let path = try logs()[0]
        var reader = try LogReader(fileSystem: disk, path: path)
        #expect(try reader.next()?.rowCount == 2)
        #expect(try reader.next() == nil)
        for round in 0..<20 {
            let batch = maker.batch(round)
            _ = try writer.append(batch, shapes: maker.table, definitions: LogModel.digest)
            try writer.commit()
            #expect(try reader.next()?.rowCount == round)
            #expect(try reader.next() == nil)
        }
        // A frame that is only half there is not there yet.
        let whole = try disk.bytes(path, from: 0, count: .max)
        let end = reader.offset
        _ = try writer.append(maker.batch(4), shapes: maker.table, definitions: LogModel.digest)
        try writer.commit()
        let grown = try disk.bytes(path, from: 0, count: .max)
        for size in stride(from: whole.count, to: grown.count, by: 7) {
            try disk.tamper(path) { $0 = Array(grown[..<size]) }
            #expect(try reader.next() == nil)
            #expect(reader.offset == end && reader.damages.isEmpty)
        }
        try disk.tamper(path) { $0 = grown }
        #expect(try reader.next()?.rowCount == 4)
        try disk.remove(path)
        do throws(StoreError) {
            _ = try reader.next()
            Issue.record("a file that is gone was read")
        } catch {
            #expect(error.code == .notFound)
        }
    }

    @Test func namesSayWhatTheyHold() throws {
        let name = Filenames.LogName(firstIndex: .max, number: 0xAB)
        #expect(name.text == "18446744073709551615-000000ab.log")
        #expect(Filenames.LogName(name.text) == name)
        #expect(Filenames.LogName("00000000000000000007-00000001.damaged")?.isDamaged == true)
        for wrong in ["", "x.log", "00000000000000000007-00000001.log.stray", "7-1.log"] {
            #expect(Filenames.LogName(wrong) == nil)
        }
        #expect(Filenames.segmentRange(Filenames.segment(5..<9)) == 5..<9)
        #expect(Filenames.segmentRange("00000000000000000009-00000000000000000005.segment") == nil)
        #expect(Filenames.isValidName("local") && !Filenames.isValidName("../x"))
        #expect(!Filenames.isValidName("lock") && !Filenames.isValidName(".x"))
    }
}
