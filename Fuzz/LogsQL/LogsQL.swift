import HisuiBytes
import HisuiEvent
import HisuiQuery
import HisuiShape
import HisuiStore
import Synchronization

/// Feeds the reader of LogsQL and runs what it reads.
///
/// The normal form of a query reads back as itself, and a filter selects the same rows whether it
/// is asked of blocks, shape by shape, or of rows that went through a pipe.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLogsQL(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let text = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    // What is being typed is parted into what stands and what is to be completed.
    let typed = String(decoding: text, as: UTF8.self)
    if let end = QueryEnd(typed) { precondition(end.head + end.typed == typed) }
    let query: Query
    do {
        query = try Query.parse(utf8: text, now: now, timeZone: .tokyo)
    } catch {
        precondition(error.line > 0 && error.column > 0 && !error.description.isEmpty)
        return 0
    }
    let normal = query.description
    // Lists and fields named once for many tests are written out: that may be too long to be read.
    if normal.utf8.count > Limits.queryBytesMax { return 0 }
    guard let again = try? Query.parse(normal, now: now, timeZone: .tokyo) else {
        preconditionFailure("does not read back: \(normal)")
    }
    precondition(again.description == normal, "reads back as \(again): \(normal)")
    // The query as a whole runs, whatever it gives; limits are errors and not traps.
    var options = QueryOptions()
    options.workers = 1
    options.memoryBytesMax = 1 << 20
    // Pipes that make many rows of few go on until they are told to stop.
    let asked = Counter()
    options.shouldStop = { asked.next() > 100 }
    try? QueryRunner(blocks: blocks, query: query, options: options).run { _ in true }
    let filter = query.filter.description
    let direct = rows("\(filter) | fields zone.index")
    let piped = rows("* | limit 1000 | filter \(filter) | fields zone.index")
    precondition(direct == piped, "\(filter): \(direct) and \(piped)")
    return 0
}

private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
}

private let now = Timestamp(nanoseconds: 1_763_859_723_000_000_000)

private func rows(_ text: String) -> [String] {
    guard let query = try? Query.parse(text, now: now, timeZone: .tokyo) else {
        preconditionFailure("cannot be read: \(text)")
    }
    var found: [String] = []
    var options = QueryOptions()
    options.workers = 1
    do {
        try QueryRunner(blocks: blocks, query: query, options: options).run { row in
            found.append(row.text("zone.index") ?? "?")
            return true
        }
    } catch {
        preconditionFailure("\(text): \(error)")
    }
    return found
}

/// A few rows of a few shapes, with bytes that are no text.
private let blocks: [Block] = {
    let shapes = [
        Shape.any,
        Shape(
            literals: ["user ", " from ", ""].map { Array($0.utf8) },
            slots: [Shape.Slot(.word), Shape.Slot(.ipv4)],
            fields: [
                Shape.Field("user.name", .keyword, .slot(0, .raw)),
                Shape.Field("a", .keyword, .constant(Array("b".utf8))),
            ]),
        Shape(
            literals: [[0xE3], [], [0x81, 0x82]], slots: [Shape.Slot(.text), Shape.Slot(.text)]),
    ]
    let values: [[UInt8]] = [
        [], Array("a".utf8), Array("root".utf8), [0xFF], Array("10.0.0.1".utf8),
    ]
    let table = ShapeTable()
    var batch = RowBatch(
        takingOver: RecordBatch(source: Source(id: "fuzz", kind: .file, form: .line)))
    for number in 0..<60 {
        let shape = shapes[number % shapes.count]
        let offset = batch.bytes.count
        let first = batch.slots.count
        batch.bytes += shape.literals[0]
        for slot in shape.slots.indices {
            let start = batch.bytes.count
            batch.bytes += values[(number / 3 + slot * 2) % values.count]
            batch.slots.append(ByteRange(start..<batch.bytes.count))
            batch.bytes += shape.literals[slot + 1]
        }
        let time = Timestamp(nanoseconds: now.nanoseconds - Int64(number) * 1_000_000_000)
        batch.rows.append(
            RowBatch.Row(
                offset: UInt32(offset), count: UInt32(batch.bytes.count - offset),
                shape: table.intern(shape), firstSlot: UInt32(first), time: time, received: now,
                sender: 0, flags: []))
    }
    var builder = BlockBuilder(zone: "local", stream: "default", firstIndex: 0)
    _ = builder.append(batch, shapes: table)
    return [builder.take()]
}()
