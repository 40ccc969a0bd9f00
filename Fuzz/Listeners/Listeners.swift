import HisuiCollect

/// Feeds what listeners count of their peers, as it is saved: what is read is written so that it
/// reads the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzListeners(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    guard let reports = ListenerReport.reports(text) else { return 0 }
    precondition(ListenerReport.reports(ListenerReport.text(of: reports)) == reports)
    return 0
}
