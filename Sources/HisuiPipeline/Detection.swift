public import HisuiDetect
public import HisuiBytes
public import HisuiEvent
public import HisuiParse
public import HisuiYAML

/// Records to findings: parses what is text, reads what is JSON, and asks the rules.
///
/// Records are numbered from 1, over all batches, in the order in which they are given.
public struct Detection {
    private var detector: Detector
    private var parser: Parser?
    private var next: UInt64 = 1

    /// - Parameter parser: for records of text; nil for lines of JSON.
    public init(rules: RuleSet, parser: Parser?) {
        detector = Detector(rules)
        self.parser = parser
    }

    /// Lines given as JSON that were none.
    public var malformed: Int { detector.malformed }

    /// Appends what is found in the records at once.
    public mutating func take(_ batch: consuming RecordBatch, into findings: inout [Finding]) {
        let count = UInt64(batch.entries.count)
        if var parser = parser.take() {
            let rows = parser.parse(batch)
            detector.take(rows, shapes: parser.shapes, first: next, into: &findings)
            self.parser = parser
        } else {
            for (index, entry) in batch.entries.enumerated() {
                let start = Int(entry.offset)
                detector.takeJSON(
                    batch.bytes.span.extracting(start..<start + Int(entry.count)),
                    number: next + UInt64(index), into: &findings)
            }
        }
        next += count
    }

    /// Appends what is found over several records, when all have been taken.
    public mutating func finish(into findings: inout [Finding]) {
        detector.finish(into: &findings)
    }

    /// Runs the samples of rules: what each must find, and what it must not.
    public static func check(
        _ rules: RuleSet, definitions: DefinitionSet, timeZone: TimeZoneRules
    ) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        let text = Parser(definitions: definitions, timeZone: timeZone)
        for sample in rules.samples {
            var detection = Detection(rules: rules, parser: sample.form == .syslog ? text : nil)
            var batch = RecordBatch(source: Source(id: "sample", kind: .import, form: .line))
            for line in sample.lines {
                batch.append(Array(line.utf8).span, received: sampleTime)
            }
            var findings: [Finding] = []
            detection.take(batch, into: &findings)
            detection.finish(into: &findings)
            let found = findings.contains { $0.ruleID == sample.ruleID }
            guard found != sample.expectsFinding || detection.malformed > 0 else { continue }
            let message =
                detection.malformed > 0
                ? "the sample has lines that are no JSON objects"
                : found
                    ? "the rule `\(sample.ruleID)` finds something in this sample, and must not"
                    : "the rule `\(sample.ruleID)` finds nothing in this sample"
            diagnostics.append(
                Diagnostic(
                    file: sample.file, line: sample.line, column: sample.column, message: message,
                    hint: "see `hisui detect` with these lines"))
        }
        return diagnostics
    }

    /// When the lines of samples are taken to have come, 2026-12-01: any fixed time will do.
    private static let sampleTime = Timestamp(nanoseconds: 1_796_083_200_000_000_000)
}
