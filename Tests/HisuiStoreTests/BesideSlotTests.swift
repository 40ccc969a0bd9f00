import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// Values beside records go through logs, segments and merges like any others.
@Suite struct BesideSlotTests {
    private static let stream = Snapshot.Stream(zone: "local", stream: "default")

    /// A batch of rows whose shape has two slots beside the record, some of them empty.
    private func batch(_ numbers: Range<Int>, _ table: ShapeTable) -> RowBatch {
        var shape = Shape(literals: [Array("pid=".utf8), [0x3B]], slots: [.init(.integer)])
        for name in ["a", "b"] {
            let slot = shape.addBeside(.word)
            shape.fields.append(Shape.Field(name, .keyword, .slot(slot, .raw)))
        }
        let records = RecordBatch(source: Source(id: "s", kind: .file, form: .line))
        var batch = RowBatch(takingOver: records)
        for number in numbers {
            // The values stand before the record in the batch, which is as good as behind it.
            let values = [Array("of \(number)".utf8), number % 3 == 0 ? [] : Array("x".utf8)]
            let beside = values.map { value in
                batch.bytes += value
                return ByteRange(batch.bytes.count - value.count..<batch.bytes.count)
            }
            let offset = batch.bytes.count
            batch.bytes += Array("pid=\(number);".utf8)
            let first = batch.slots.count
            batch.slots.append(ByteRange(offset + 4..<batch.bytes.count - 1))
            batch.slots += beside
            batch.rows.append(
                RowBatch.Row(
                    offset: UInt32(offset), count: UInt32(batch.bytes.count - offset),
                    shape: table.intern(shape), firstSlot: UInt32(first),
                    time: Timestamp(nanoseconds: Int64(number)),
                    received: Timestamp(nanoseconds: Int64(number)), sender: 0, flags: []))
        }
        return batch
    }

    /// Record and fields of all rows.
    private func read(_ disk: any FileSystem, _ count: UInt64) throws -> [[String]] {
        let table = ShapeTable()
        let rows = StreamRows(
            fileSystem: disk, store: "/store", stream: Self.stream, from: 0, shapes: table)
        var found: [[String]] = []
        while try rows.head(before: count) != nil {
            let latest = Timestamp(nanoseconds: .max)
            guard let batch = try rows.next(before: count, receivedUpTo: latest) else { continue }
            #expect(isConsistent(batch, table))
            for row in batch.rows {
                let shape = table[row.shape]
                let first = Int(row.firstSlot)
                let slots = batch.slots[first..<first + shape.slots.count]
                var values = [Array(batch.bytes[Int(row.offset)..<Int(row.offset + row.count)])]
                for field in shape.fields {
                    var value: [UInt8] = []
                    shape.append(field.value, slots: slots, of: batch.bytes.span, to: &value)
                    values.append(value)
                }
                found.append(values.map { String(decoding: $0, as: UTF8.self) })
            }
        }
        return found
    }

    @Test func logsSegmentsAndMergesKeepThemAndTheRecordsLackThem() throws {
        let disk = SimulatedFileSystem()
        let store = TestStore(disk: disk, path: "/store", seed: 5)
        let writer = try store.open()
        let table = ShapeTable()
        let sealer = Sealer(fileSystem: disk, store: "/store")
        let expected = (0..<12).map { number in
            ["pid=\(number);", "of \(number)", number % 3 == 0 ? "" : "x"]
        }
        for part in 0..<4 {
            let digest = [UInt8](repeating: 1, count: 32)
            _ = try writer.append(
                batch(part * 3..<part * 3 + 3, table), shapes: table, definitions: digest)
            try writer.commit()
            #expect(try read(disk, UInt64(part * 3 + 3)) == Array(expected[..<(part * 3 + 3)]))
            try writer.stream("default").rotate()
            for log in writer.takeClosedLogs() { try sealer.seal(log) }
            #expect(try read(disk, UInt64(part * 3 + 3)) == Array(expected[..<(part * 3 + 3)]))
        }
        try writer.close()
        try SegmentMergerTests.merge(3, on: disk)
        #expect(try SegmentMergerTests.ranges(disk).count == 2)
        #expect(try read(disk, 12) == expected)
    }

    /// A parser that is wrong about them costs what it said, never the record.
    @Test func valuesOutsideTheBatchAreNotBelieved() throws {
        let disk = SimulatedFileSystem()
        let store = TestStore(disk: disk, path: "/store", seed: 6)
        let writer = try store.open()
        let table = ShapeTable()
        var batch = batch(0..<2, table)
        batch.slots[1] = ByteRange(offset: UInt32(batch.bytes.count), count: 1)
        _ = try writer.append(
            batch, shapes: table, definitions: [UInt8](repeating: 1, count: 32))
        try writer.commit()
        #expect(try read(disk, 2) == [["pid=0;"], ["pid=1;", "of 1", "x"]])
        try writer.close()
    }
}
