import HisuiBytes
import HisuiFile
import HisuiShape
import HisuiStore

/// Feeds the reader of segments, whose checksums a fuzzer would never get past: they are ignored.
///
/// Whatever the bytes, the two ways to a record must agree: by row, and by column.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSegment(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    do {
        let reader = try SegmentReader(
            contents: FileContents(bytes), path: "input", ignoresChecksums: true)
        for block in reader.blocks { try readAll(block) }
    } catch {
        precondition(!error.what.isEmpty)
    }
    return 0
}

private func readAll(_ block: Block) throws(StoreError) {
    let shapes = try block.rowShapes()
    precondition(shapes.count == block.count)
    let times = try block.times()
    let received = try block.received()
    let flags = try block.flags()
    precondition(times.count == block.count)
    precondition(received.count == block.count)
    precondition(flags.count == block.count)
    for source in try block.sourceNumbers() { precondition(Int(source) < block.sources.count) }
    for sender in try block.senderNumbers() { precondition(Int(sender) < block.senders.count) }
    let grouping = try block.grouping()
    var record: [UInt8] = []
    var again: [UInt8] = []
    for (number, entry) in block.shapes.enumerated() {
        var columns: [SlotColumn] = []
        for slot in entry.shape.slots.indices {
            columns.append(try block.column(shape: number, slot: slot))
        }
        // A few rows will do: a constant of a megabyte in all of them takes too long.
        for (ordinal, row) in grouping.rows(of: number).prefix(16).enumerated() {
            record.removeAll(keepingCapacity: true)
            again.removeAll(keepingCapacity: true)
            try block.appendRecord(row: Int(row), to: &record)
            again += entry.shape.literals[0]
            for (slot, column) in columns.enumerated() {
                again += column.bytes[column.ranges[ordinal].range]
                again += entry.shape.literals[slot + 1]
            }
            precondition(record == again)
        }
    }
}
