import HisuiBytes
import HisuiEvent
import HisuiPolicy
import HisuiYAML

/// Any bytes as a retention policy: classes or reasons with places; ends of terms never go back.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRetention(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: the fuzzer gives `count` readable bytes, copied here.
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    let (found, diagnostics) = RetentionClasses.load(directories: [[("f", input)]])
    precondition(diagnostics.allSatisfy { $0.line >= 1 && $0.column >= 1 })
    precondition(!diagnostics.isEmpty || !found.classes.isEmpty)
    let calendar = RetentionCalendar(timeZone: .tokyo, fiscalYearStart: 1 + count % 12)
    for item in found.classes {
        precondition(found.find(item.id) == item)
        precondition(RetentionTerm(item.term.description) == item.term)
        var last = Timestamp.none
        for day in stride(from: Int64(0), to: 40_000, by: 997) {
            let received = Timestamp(nanoseconds: day * 86_400_000_000_000)
            guard let end = calendar.end(of: item.term, from: item.start, received: received)
            else { continue }
            precondition(end > received && end >= last)
            last = end
        }
    }
    return 0
}
