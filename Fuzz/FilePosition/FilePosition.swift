import HisuiCollect

/// Feeds the readers of positions: of followed files, and of journals. What is accepted is written
/// again as it was read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFilePosition(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    if let position = FilePosition(bytes.span) {
        precondition(position.encoded == bytes)
    }
    if let cursor = JournalCursor(bytes.span) {
        let again = cursor.text
        precondition(JournalCursor(again.span)?.text == again)
    }
    return 0
}
