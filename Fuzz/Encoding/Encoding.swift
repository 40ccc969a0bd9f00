import HisuiBytes

/// Feeds the decoders of text.
///
/// What is decoded is valid UTF-8, whole and in pieces between anchors; every anchor is a border in
/// both.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEncoding(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let choices = TextEncoding.allCases.filter { $0 != .utf8 }
    let encoding = choices[Int(bytes[0]) % choices.count]
    let record = Array(bytes[1...])
    var text: [UInt8] = []
    var anchors: [TextEncoding.Anchor] = []
    let isWhole = encoding.decode(record.span, to: &text, anchors: &anchors)
    precondition(UTF8Text.isValid(text.span, 0..<text.count))
    var again: [UInt8] = []
    precondition(
        encoding.appendText(record.span, 0..<record.count, to: &again) == isWhole && again == text)
    for (one, next) in zip(anchors, anchors.dropFirst()) {
        precondition(one.byte <= next.byte && one.text <= next.text)
    }
    precondition(anchors.last?.byte == UInt32(record.count))
    // A place that is one in both parts the text as it parts the bytes.
    for place in stride(from: 0, through: text.count, by: 3) {
        guard let byte = anchors.byte(ofText: place, unitBytes: encoding.unitBytes) else {
            continue
        }
        precondition(byte <= record.count)
        var parts: [UInt8] = []
        encoding.appendText(record.span, 0..<byte, to: &parts)
        precondition(parts.elementsEqual(text[..<place]))
    }
    return 0
}
