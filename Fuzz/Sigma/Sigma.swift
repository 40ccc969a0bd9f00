import HisuiDetect
import HisuiYAML

/// Any bytes as a rule file and as events: rules or refusals, never a crash, and the same findings
/// when asked again. The part before the first NUL is the file, the part behind it the events.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSigma(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: the fuzzer gives `count` readable bytes, copied here.
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    let end = input.firstIndex(of: 0) ?? input.count
    let (rules, refused) = RuleSet.compile(
        files: [("f", Array(input[..<end]))], sources: LogSources())
    for diagnostic in refused { precondition(diagnostic.line >= 1 && diagnostic.column >= 1) }
    let lines = input[end...].dropFirst().split(separator: 0x0A)
    precondition(findings(rules, lines) == findings(rules, lines))
    return 0
}

private func findings(_ rules: RuleSet, _ lines: [ArraySlice<UInt8>]) -> [Finding] {
    var detector = Detector(rules)
    var findings: [Finding] = []
    for (index, line) in lines.enumerated() {
        detector.takeJSON(Array(line).span, number: UInt64(index + 1), into: &findings)
    }
    detector.finish(into: &findings)
    return findings
}
