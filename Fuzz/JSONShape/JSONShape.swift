import HisuiBytes
import HisuiShape

/// Feeds records to the shape of JSON objects.
///
/// What is taken apart must make up the record again, its fixed text must tell the same members
/// as the record, and the scan must accept what the general scanner accepts.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSONShape(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let record = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    var slots: [ByteRange] = []
    let outcome = JSONShape.appendSlots(
        of: record.span, 0..<record.count, slotsMax: JSONShape.slotsMax, to: &slots)
    let members = JSONShape.members(of: record.span, 0..<record.count)
    precondition((outcome == .none) == (members == nil))
    guard let (shape, values) = JSONShape.make(record.span) else { return 0 }
    precondition(values == slots)
    precondition(shape.jsonMembers() == members)
    var back: [UInt8] = []
    shape.appendRecord(slots: values, of: record.span, to: &back)
    precondition(back == record)
    var again: [UInt8] = []
    shape.appendJSONMembers(slots: values, of: record.span, to: &again)
    precondition(!again.contains { $0 < 0x20 || $0 == 0x7F })
    return 0
}
