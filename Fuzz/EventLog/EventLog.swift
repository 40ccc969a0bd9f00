import HisuiBytes
import HisuiCollect
import HisuiEvent

/// Feeds the reader of Windows event logs.
///
/// The first byte says how the rest becomes a file: as it is, or as the records of one or two
/// chunks whose heads are made to fit, so that binary XML is reached. Whatever comes, the events
/// are the same in pieces of any size, none is larger than a record may be, and each is one line
/// that closes what it opens.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEventLog(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 2 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let file = bytes[0] & 1 == 0 ? Array(bytes[2...]) : framed(Array(bytes[2...]), bytes[0])
    let whole = lines(of: file, pieceBytes: file.count)
    let split = lines(of: file, pieceBytes: 1 + Int(bytes[1]) * 37)
    precondition(whole == split)
    for line in whole.split(separator: 0x0A) {
        precondition(line.count <= Limits.recordBytesMax)
        precondition(line.first == 0x3C && line.last == 0x3E)
        precondition(UTF8Text.isValid(Array(line).span, 0..<line.count))
        var values: [ByteRange] = []
        let text = Array(line)
        _ = EventXML.appendValues(of: text.span, 0..<text.count, countMax: 4096, to: &values)
    }
    return 0
}

/// A file whose chunks hold the bytes, as the binary XML of one record each.
private func framed(_ bytes: [UInt8], _ kind: UInt8) -> [UInt8] {
    var file = Array("ElfFile\0".utf8)
    file += repeatElement(0, count: 4096 - file.count)
    file[120] = kind >> 1 & 1
    for number in 0...UInt64(kind >> 2 & 1) {
        var chunk = Array("ElfChnk\0".utf8)
        chunk += repeatElement(0, count: 512 - chunk.count)
        let body = bytes.prefix(60_000)
        chunk.appendLittleEndian(UInt32(0x2A2A))
        chunk.appendLittleEndian(UInt32(28 + body.count))
        chunk.appendLittleEndian(number)
        chunk.appendLittleEndian(UInt64(0))
        chunk += body
        chunk.appendLittleEndian(UInt32(28 + body.count))
        var free: [UInt8] = []
        free.appendLittleEndian(UInt32(chunk.count))
        chunk.replaceSubrange(48..<52, with: free)
        chunk += repeatElement(0, count: 65_536 - chunk.count)
        file += chunk
    }
    return file
}

private func lines(of file: [UInt8], pieceBytes: Int) -> [UInt8] {
    var reader = EventLogReader(encoding: .cp932)
    var text: [UInt8] = []
    var at = 0
    while at < file.count {
        let end = min(file.count, at + pieceBytes)
        reader.take(file.span.extracting(at..<end), into: &text)
        at = end
    }
    reader.finish(into: &text)
    return text
}
