import HisuiBytes
import HisuiCollect

/// Feeds messages of mail: whatever they are, what they give are records of JSON, of bounded
/// length, and attachments are parts of them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMail(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let message = MailMessage(bytes)
    let records = MailRecord.records(of: message)
    precondition(!records.isEmpty)
    for record in records {
        precondition(record.count < 1 << 20)
        precondition(isOneValue(record.span), "a record is one value of JSON")
    }
    for attachment in message.attachments {
        precondition(message.content(of: attachment).count <= bytes.count)
    }
    return 0
}

private func isOneValue(_ text: Span<UInt8>) -> Bool {
    var scanner = JSONScanner(text, 0..<text.count, depthMax: 8)
    do {
        try scanner.skipValue()
        return try scanner.next() == .end
    } catch {
        return false
    }
}
