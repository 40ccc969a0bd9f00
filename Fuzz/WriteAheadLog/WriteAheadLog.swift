import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import HisuiStore

/// Feeds the reader of write-ahead logs, and the recovery that goes by it.
///
/// The first byte says how: even, the rest follows a valid header as it is; odd, it is cut into
/// payloads which get valid frame headers and checksums, so that decoding them is reached. Header
/// and frames are made here from `docs/format.md`, not by the code under test.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWriteAheadLog(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    guard let mode = input.first else { return 0 }
    var file = header()
    if mode & 1 == 0 {
        file += input.dropFirst()
    } else {
        appendFrames(input[1...], to: &file)
    }
    let disk = SimulatedFileSystem()
    let folder = "/store/zones/z/s/wal"
    let path = folder + "/00000000000000000000-00000001.log"
    do {
        try disk.writeDurably(Array("hisui-store 1\n".utf8), to: "/hisui-store")
        try disk.createDirectory(folder)
        try disk.rename("/hisui-store", to: "/store/hisui-store")
        try disk.writeDurably(file, to: path)
        let rows = try readAll(disk, path)
        let writer = try ZoneWriter.open(
            fileSystem: disk, store: "/store", zone: "z", now: { Timestamp(nanoseconds: 0) })
        // Recovery neither loses nor invents a row that a reader saw.
        let after = try readAll(disk, path)
        precondition(rows == after)
        try writer.close()
    } catch let error as StoreError {
        precondition(!error.what.isEmpty)
    } catch {
        fatalError("\(error)")
    }
    return 0
}

private let identity = { () -> UInt64 in
    var place: [UInt8] = []
    for text in ["z", "s"] { place.appendCounted(text.utf8) }
    place.appendLittleEndian(UInt64(0))
    place.appendLittleEndian(UInt32(1))
    return UInt64(CRC32C.of(place.span)) << 32 | 7
}()

private func header() -> [UInt8] {
    var tail: [UInt8] = []
    tail.appendLittleEndian(identity)
    tail.appendLittleEndian(UInt64(0))
    tail.appendLittleEndian(UInt32(1))
    for text in ["z", "s"] { tail.appendCounted(text.utf8) }
    var head = Array("hisuilog".utf8)
    head.appendLittleEndian(UInt32(1))
    head.appendLittleEndian(UInt32(20 + tail.count))
    let checksum = CRC32C.of(tail.span, seed: CRC32C.of(head.span))
    head.appendLittleEndian(checksum)
    return head + tail
}

/// Each piece: two bytes of length, one of rows, one of the first shape's number, the payload.
private func appendFrames(_ input: ArraySlice<UInt8>, to file: inout [UInt8]) {
    var rest = input
    var index: UInt64 = 0
    var sequence: UInt32 = 0
    while rest.count > 4 {
        let head = Array(rest.prefix(4))
        rest = rest.dropFirst(4)
        let payload = rest.prefix(Int(head[0]) | Int(head[1]) << 8)
        rest = rest.dropFirst(payload.count)
        var start: [UInt8] = [0xF7, 0x48, 0x4C, 0x31]
        start.appendLittleEndian(UInt32(56 + payload.count))
        var tail: [UInt8] = []
        tail.appendLittleEndian(sequence)
        tail.appendLittleEndian(identity)
        tail.appendLittleEndian(UInt64(file.count))
        tail.appendLittleEndian(UInt64(file.count))
        tail.appendLittleEndian(index)
        tail.appendLittleEndian(UInt32(head[2]))
        tail.appendLittleEndian(UInt32(head[3]))
        tail += payload
        start.appendLittleEndian(CRC32C.of(tail.span, seed: CRC32C.of(start.span)))
        file += start + tail
        index += UInt64(head[2])
        sequence += 1
    }
}

/// Reads all rows and checks that shapes and slots make up the records. Returns how many.
private func readAll(_ disk: SimulatedFileSystem, _ path: String) throws -> Int {
    guard try disk.exists(path) else { return 0 }
    var reader = try LogReader(fileSystem: disk, path: path)
    var next: UInt64 = 0
    var count = 0
    while let frame = try reader.next() {
        precondition(frame.firstIndex >= next)
        next = frame.nextIndex
        guard let rows = frame.rows else { continue }
        precondition(rows.rows.count == frame.rowCount)
        count += frame.rowCount
        for row in rows.rows {
            let shape = reader.shapes[row.shape]
            let first = Int(row.firstSlot)
            var record: [UInt8] = []
            shape.appendRecord(
                slots: rows.slots[first..<first + shape.slots.count], of: rows.bytes.span,
                to: &record)
            precondition(record == Array(rows.bytes[Int(row.offset)...].prefix(Int(row.count))))
            precondition(Int(row.sender) < rows.senders.count)
        }
    }
    for damage in reader.damages { precondition(!damage.description.isEmpty) }
    return count
}
