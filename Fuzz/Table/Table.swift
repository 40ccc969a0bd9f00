import HisuiBytes

/// Feeds the reader of delimited values.
///
/// The first byte chooses the delimiter. Values that are counted are those that are appended, in
/// order and apart; and behind a line of whole values none is open.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTable(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let delimiter = DelimitedText.delimiters[Int(bytes[0]) % 3]
    let text = Array(bytes[1...])
    let range = 0..<text.count
    let counted = DelimitedText.count(of: text.span, range, delimiter: delimiter)
    let values = DelimitedText.values(of: text.span, range, delimiter: delimiter)
    precondition(values?.count == counted)
    if let counted {
        var slots: [ByteRange] = []
        let fits = DelimitedText.appendValues(
            of: text.span, range, delimiter: delimiter, counts: counted...counted,
            to: &slots)
        precondition(fits && slots.count == counted)
        precondition(zip(slots, slots.dropFirst()).allSatisfy { $0.range.upperBound < $1.offset })
        let more = DelimitedText.appendValues(
            of: text.span, range, delimiter: delimiter, counts: counted + 1...counted + 1,
            to: &slots)
        precondition(!more && slots.count == counted)
    }
    // What is a whole line leaves nothing open.
    let isOpen = DelimitedText.isOpen(
        behind: text.span, delimiter: delimiter, isOpenBefore: false)
    precondition(counted == nil || !isOpen)
    return 0
}
