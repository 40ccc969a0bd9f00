import HisuiBytes
import HisuiCollect
import HisuiEvent

/// Feeds bodies of shippers' requests; the first byte says in which form.
///
/// A body is refused or gives records that lie in its bytes or in texts made of it, one after the
/// other, each one line; those that are whole are JSON objects; and the same ones again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzShipper(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let form = ShipperForm.allCases[Int(bytes[0]) % ShipperForm.allCases.count]
    let body = Array(bytes[1...])
    guard let found = try? ShipperBody.read(form, body) else { return 0 }
    let again = try? ShipperBody.read(form, body)
    precondition(again?.records == found.records && again?.bytes == found.bytes)
    var end = 0
    for record in found.records {
        precondition(record.range.lowerBound >= end && record.range.upperBound <= found.bytes.count)
        precondition(record.range.count <= Limits.recordBytesMax)
        end = record.range.upperBound
        precondition(!found.bytes[record.range].contains(0x0A))
        if record.flags.contains(.truncated) { continue }
        precondition(isObject(found.bytes, record.range))
    }
    return 0
}

private func isObject(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    var scanner = JSONScanner(bytes.span, range, depthMax: JSONScanner.depthLimit)
    guard case .beginObject? = try? scanner.next() else { return false }
    while let token = try? scanner.next() {
        if case .end = token { return true }
    }
    return false
}
