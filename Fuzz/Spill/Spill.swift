import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiStore

/// Feeds a file of the spill ring, one frame with a right checksum and the rest as it is.
///
/// What the look from outside counts is what the ring hands out, and a ring is usable afterwards.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSpill(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let cut = min(Int(bytes[0]) * 4, bytes.count - 1)
    let disk = SimulatedFileSystem()
    do {
        try disk.createDirectory("/ring/z")
        let file = try disk.open("/ring/z/0-00000000000000000001.spill", .create)
        try file.append(contents(Array(bytes[1..<cut + 1]), Array(bytes[(cut + 1)...])).span)
        try file.sync()
        file.close()
        let survey = try SpillSurvey("/ring/z", on: disk, durable: [:])
        var ring = try SpillRing(opening: "/ring/z", on: disk, bytesMax: 1 << 20, durable: [:])
        precondition(ring.pendingRecords == survey.records)
        var taken: UInt64 = 0
        while let batches = ring.take() {
            for batch in batches {
                taken += UInt64(batch.entries.count)
                ring.settled(batch.source.id, batch.position)
            }
        }
        precondition(taken == survey.records)
        var batch = RecordBatch(source: Source(id: "f", kind: .syslogUDP, form: .syslog))
        batch.append(bytes.span, received: Timestamp(nanoseconds: 1))
        precondition(ring.append(batch) == nil)
        precondition(ring.take()?.first?.bytes == bytes)
        ring.close()
    } catch {
        preconditionFailure("\(error)")
    }
    return 0
}

/// A file with a frame whose payload is `payload`, and `rest` behind it.
private func contents(_ payload: [UInt8], _ rest: [UInt8]) -> [UInt8] {
    var file = Array("HISUISPL".utf8)
    file.appendLittleEndian(UInt32(1))
    file.appendLittleEndian(UInt32(0))
    var summed: [UInt8] = []
    summed.appendLittleEndian(UInt64(1))
    summed.append(contentsOf: payload)
    file.appendLittleEndian(UInt32(payload.count))
    file.appendLittleEndian(CRC32C.of(summed.span))
    return file + summed + rest
}
