import HisuiBytes

/// Feeds the reader of regular expressions and its three machines: the input up to the first NUL is
/// an expression, what follows a value.
///
/// The two that say whether a value fits agree, on the value as a whole and in pieces. What is
/// found fits: it begins at a character, its groups lie within it, and all that is found one after
/// the other goes forward. Where nothing is found nothing fits, but for what begins inside a
/// character.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzExpression(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let end = bytes.firstIndex(of: 0) ?? bytes.count
    let text = String(decoding: bytes[..<end], as: UTF8.self)
    let value = Array(bytes[end...].dropFirst())
    var groupCount = 0
    let capturing: CapturingExpression
    do {
        capturing = try CapturingExpression(
            text,
            remembering: { (names) throws(RegularExpressionError) in
                groupCount = min(names.count, 8)
                return (0..<groupCount).map { $0 + 1 }
            })
    } catch {
        precondition(!error.reason.isEmpty)
        return 0
    }
    let expression = capturing.plain
    let fits = expression.matches(value.span, 0..<value.count)
    let automaton = RegularExpressionAutomaton(expression)
    precondition(automaton.matches(value.span, 0..<value.count) == fits)
    let half = automaton.advance(automaton.start, value.span, 0..<value.count / 2)
    let whole = automaton.advance(half, value.span, value.count / 2..<value.count)
    precondition(automaton.isExhausted || automaton.accepts(whole) == fits)
    if fits {
        for clause in expression.required {
            let stands = clause.contains { required in
                required.ignoresCase
                    || ByteSearch.first(of: required.bytes, in: value.span) != nil
            }
            precondition(stands)
        }
    }
    find(capturing, groupCount, value, fits)
    return 0
}

private func find(
    _ expression: CapturingExpression, _ groupCount: Int, _ value: [UInt8], _ fits: Bool
) {
    var finder = RegularExpressionFinder(expression)
    var at = 0
    var number = 0
    while at <= value.count, number < 20, finder.find(in: value.span, from: at) {
        let range = finder.range
        precondition(fits && range.lowerBound >= at && range.upperBound <= value.count)
        for group in 0..<groupCount {
            guard let part = finder.range(ofGroup: group) else { continue }
            precondition(part.lowerBound >= range.lowerBound && part.upperBound <= range.upperBound)
        }
        number += 1
        at = max(at + 1, range.upperBound)
    }
    // Only what may begin inside a character is not found.
    let isASCII = value.allSatisfy { $0 < 0x80 }
    precondition(number > 0 || !fits || !isASCII)
}
