import HisuiCollect

/// Feeds the readers of positions, of followed files, of where they began and of journals, and that
/// of the header of a journal file. A position that is accepted is written again as it was read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFilePosition(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    if let position = FilePosition(bytes.span) {
        precondition(position.encoded == bytes)
    }
    if let beginning = FileBeginning(bytes.span) {
        precondition(beginning.encoded == bytes)
    }
    if let header = JournalFiles.Header(bytes.span) {
        precondition(header.numbers.first <= header.numbers.last)
    }
    if let position = JournalPosition(bytes.span) {
        let again = position.encoded
        precondition(JournalPosition(again.span)?.encoded == again)
    }
    if let cursor = JournalCursor(bytes.span) {
        let again = cursor.text
        precondition(JournalCursor(again.span)?.text == again)
    }
    return 0
}
