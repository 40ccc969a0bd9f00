import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// A small generator with a seed, so that a failure can be made again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// One row as a test remembers it.
struct ExpectedRow: Equatable {
    var record: [UInt8]
    var time: Int64
    var received: Int64
    var source: Source
    var sender: String
    var flags: UInt32
}

/// Makes row batches of any content, and remembers what it made.
struct RowMaker {
    var generator: SeededGenerator
    let table = ShapeTable()
    var expected: [ExpectedRow] = []
    var clock: Int64 = 1_700_000_000_000_000_000
    private var known: [(number: UInt32, shape: Shape)] = [(0, .any)]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func bytes(_ range: ClosedRange<Int>) -> [UInt8] {
        let count = Int.random(in: range, using: &generator)
        let style = Int.random(in: 0..<4, using: &generator)
        return (0..<count).map { _ in
            switch style {
            case 0: UInt8.random(in: 0...255, using: &generator)
            case 1: UInt8.random(in: 0x30...0x39, using: &generator)
            case 2: 0
            default: UInt8.random(in: 0x61...0x7A, using: &generator)
            }
        }
    }

    /// A shape with up to `slots` slots; literals may be empty.
    mutating func addShape(slots: Int = 6) {
        let count = Int.random(in: 0...slots, using: &generator)
        var shapeSlots: [Shape.Slot] = []
        for _ in 0..<count {
            shapeSlots.append(
                Shape.Slot(
                    Shape.Kind.allCases.randomElement(using: &generator) ?? .text,
                    role: Shape.Role.allCases.filter { $0 != .beside }
                        .randomElement(using: &generator) ?? .none))
        }
        var literals: [[UInt8]] = []
        for _ in 0...count { literals.append(bytes(0...12)) }
        var shape = Shape(
            literals: literals, slots: shapeSlots,
            fields: [Shape.Field("event.action", .keyword, .constant(bytes(0...5)))],
            parser: "test.random", rule: "r\(known.count)")
        for number in 0..<max(0, Int.random(in: -2...2, using: &generator)) {
            let slot = shape.addBeside(.word)
            shape.fields.append(Shape.Field("beside.\(number)", .keyword, .slot(slot, .raw)))
        }
        known.append((table.intern(shape), shape))
    }

    /// A batch of `count` rows of `source`, whose slots have values of `length` bytes.
    mutating func batch(
        _ count: Int, source: String = "test", length: ClosedRange<Int> = 0...20
    ) -> RowBatch {
        let source = Source(id: source, kind: .file, form: .line)
        var records = RecordBatch(source: source)
        records.senders = ["", "192.0.2.1", "表計算"]
        records.position = bytes(0...40)
        var batch = RowBatch(takingOver: records)
        for _ in 0..<count {
            let (number, shape) = known.randomElement(using: &generator) ?? (0, .any)
            appendRow(number, shape, to: &batch, length: length)
        }
        return batch
    }

    private mutating func appendRow(
        _ number: UInt32, _ shape: Shape, to batch: inout RowBatch, length: ClosedRange<Int>
    ) {
        let offset = batch.bytes.count
        let firstSlot = batch.slots.count
        batch.bytes += shape.literals[0]
        var end = batch.bytes.count
        for slot in shape.slots.indices {
            let start = batch.bytes.count
            // Now and then one of few values, so that all encodings are met.
            let value =
                Int.random(in: 0..<3, using: &generator) == 0
                ? bytes(length) : [UInt8](repeating: UInt8(97 + slot), count: length.lowerBound)
            batch.bytes += value
            batch.slots.append(ByteRange(start..<batch.bytes.count))
            batch.bytes += shape.literals[slot + 1]
            if slot < shape.recordSlotCount { end = batch.bytes.count }
        }
        clock += Int64.random(in: 0...3_000_000_000, using: &generator)
        let time = clock - Int64.random(in: -5...5, using: &generator) * 1_000_000_000
        let sender = UInt32.random(in: 0..<3, using: &generator)
        let flags = UInt32.random(in: 0...3, using: &generator)
        batch.rows.append(
            RowBatch.Row(
                offset: UInt32(offset), count: UInt32(end - offset), shape: number,
                firstSlot: UInt32(firstSlot), time: Timestamp(nanoseconds: time),
                received: Timestamp(nanoseconds: clock), sender: sender,
                flags: RowFlags(rawValue: flags)))
        expected.append(
            ExpectedRow(
                record: Array(batch.bytes[offset..<end]), time: time, received: clock,
                source: batch.source, sender: batch.senders[Int(sender)], flags: flags))
    }
}

/// The rows of a block, read through its columns.
func rows(of block: Block) throws -> [ExpectedRow] {
    let times = try block.times()
    let received = try block.received()
    let sources = try block.sourceNumbers()
    let senders = try block.senderNumbers()
    let flags = try block.flags()
    return try (0..<block.count).map { row in
        var record: [UInt8] = []
        try block.appendRecord(row: row, to: &record)
        return ExpectedRow(
            record: record, time: times[row], received: received[row],
            source: block.sources[Int(sources[row])], sender: block.senders[Int(senders[row])],
            flags: flags[row])
    }
}

/// The records of a block put together from its slot columns by shape.
func recordsByColumn(of block: Block) throws -> [[UInt8]] {
    var records = [[UInt8]](repeating: [], count: block.count)
    let grouping = try block.grouping()
    for (number, entry) in block.shapes.enumerated() {
        let shape = entry.shape
        let columns = try shape.slots.indices.map { try block.column(shape: number, slot: $0) }
        for (ordinal, row) in grouping.rows(of: number).enumerated() {
            var record = shape.literals[0]
            for (slot, column) in columns[..<shape.recordSlotCount].enumerated() {
                record += column.bytes[column.ranges[ordinal].range]
                record += shape.literals[slot + 1]
            }
            records[Int(row)] = record
        }
    }
    return records
}

/// A folder that is removed with its last user.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/hisui-test-XXXXXX".utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
            // Safe: a terminated string, which mkdtemp changes in place.
            guard let base = buffer.baseAddress, let path = unsafe mkdtemp(base) else {
                return nil
            }
            return unsafe String(cString: path)
        }
        path = try #require(made)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        let disk = RealFileSystem()
        for name in (try? disk.list(path)) ?? [] { remove(Path.join(path, name)) }
        try? disk.remove(path)
    }
}

/// Writes all of `batches` as one segment.
func writeSegment(
    _ batches: [RowBatch], _ table: ShapeTable, firstIndex: UInt64 = 0, rowsMax: Int = 1000,
    codec: Codec = .zstd, states: [SourceState] = [], gaps: [Gap] = [],
    on disk: any FileSystem, in folder: String
) throws -> String {
    var builder = BlockBuilder(
        zone: "local", stream: "default", firstIndex: firstIndex, rowsMax: rowsMax)
    var writer = try SegmentWriter(
        fileSystem: disk, directory: folder, zone: "local", stream: "default",
        firstIndex: firstIndex, codec: codec)
    for batch in batches {
        var taken = 0
        while taken < batch.rows.count {
            taken = builder.append(batch, from: taken, shapes: table)
            if builder.isFull { try writer.append(&builder) }
        }
    }
    if builder.count > 0 { try writer.append(&builder) }
    return try writer.finish(
        leaves: firstIndex..<builder.firstIndex, states: states, gaps: gaps,
        definitions: [[1, 2, 3]])
}
