import HisuiBytes
import HisuiEvent

/// Feeds the reader of acts: what it takes reads back the same, and its kind is told without
/// reading the rest.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAct(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let quick = Act.kind(ofRecord: input.span)
    let act: Act
    do throws(ActFailure) {
        act = try Act(decoding: input.span)
    } catch {
        precondition(!error.what.isEmpty)
        return 0
    }
    precondition(quick == nil || quick == act.kind)
    var written: [UInt8] = []
    act.append(to: &written)
    precondition(!written.contains(0x0A))
    precondition(Act.kind(ofRecord: written.span) == act.kind)
    do throws(ActFailure) {
        let again = try Act(decoding: written.span)
        precondition(again == act)
    } catch {
        // Only a message that is new can make it larger than an act may be.
        precondition(
            act.fields.count + 12 >= Limits.actFieldsMax
                || written.count > Limits.recordBytesMax)
    }
    return 0
}
