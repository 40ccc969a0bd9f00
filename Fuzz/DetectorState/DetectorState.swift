import HisuiDetect

/// Feeds the reader of what a detector remembers; what is accepted can be gone on with.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDetectorState(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    var detector = Detector(rules, mode: .live)
    do throws(DetectorStateError) {
        try detector.decodeState(bytes.span)
    } catch {
        return 0
    }
    var again: [UInt8] = []
    detector.encodeState(into: &again)
    var findings: [Finding] = []
    detector.finish(into: &findings)
    return 0
}

private let rules: RuleSet = {
    let text = """
        title: A
        id: a
        logsource: { product: linux }
        detection: { s: { x: y }, condition: s }
        ---
        title: B
        id: b
        correlation: { type: event_count, rules: [a], timespan: 1m, condition: { gte: 3 } }
        ---
        title: C
        id: c
        correlation: { type: temporal_ordered, rules: [b, a], timespan: 1m }
        ---
        title: D
        id: d
        correlation:
          { type: value_sum, rules: [a], group-by: [g], timespan: 1m,
            condition: { field: v, gt: 3 } }
        ---
        title: E
        id: e
        correlation:
          { type: value_count, rules: [a], timespan: 1m, condition: { field: v, lt: 3 } }
        ---
        title: F
        id: f
        correlation:
          { type: value_percentile, rules: [d], timespan: 1m, condition: { field: g, lte: 3 } }
        """
    return RuleSet.compile(files: [("r.yaml", Array(text.utf8))], sources: LogSources()).set
}()
