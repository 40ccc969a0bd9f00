import HisuiCollect
import HisuiEvent

/// Feeds the readers of what the kernel says of its audit, and of saved positions. A position that
/// is accepted is written again as it was read, and going on from it never loses more records than
/// the kernel says it lost.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAuditStatus(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let text = Array(bytes[..<(bytes.count / 2)])
    let message = Array(bytes[text.count...])
    let answer = AuditStatus.answer(message.span)
    var position = AuditPosition()
    if let saved = AuditPosition(text.span) {
        precondition(saved.encoded == text)
        position = saved
    }
    let lost = position.take(answer, boot: 7)
    switch answer {
    case .status(let status): precondition(lost <= status.lost)
    case .refused(let error): precondition(lost == 0 && error > 0)
    }
    precondition(position.take(answer, boot: 7) == 0)
    let again = position.encoded
    precondition(AuditPosition(again.span) == position)
    _ = PositionText.lines(text, of: .audit)
    return 0
}
