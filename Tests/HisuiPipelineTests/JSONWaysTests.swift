import HisuiBytes
import HisuiDetect
import HisuiEvent
import HisuiParse
import Testing

@testable import HisuiPipeline

/// `hisui detect --input jsonl` and the daemon must find the same.
@Suite struct JSONWaysTests {
    private static let root: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    private func found(
        _ rules: RuleSet, _ parser: Parser?, _ lines: [String], prefix: String = ""
    ) -> [String] {
        var detection = Detection(rules: rules, parser: parser)
        var batch = RecordBatch(source: Source(id: "t", kind: .file, form: .line))
        for line in lines {
            batch.append(
                Array((prefix + line).utf8).span,
                received: Timestamp(nanoseconds: 1_796_083_200_000_000_000))
        }
        var findings: [Finding] = []
        detection.take(batch, into: &findings)
        detection.finish(into: &findings)
        return findings.map { "\($0.ruleID) \($0.events)" }.sorted()
    }

    /// Every sample of the shipped rules that is JSON, as lines of JSON, as rows of a parser, and
    /// as messages of syslog.
    @Test func rowsAndLinesFindTheSame() throws {
        let rules = try RuleLoader.load([Self.root + "/rules"], shipped: Self.root + "/rules").rules
        let loaded = try DefinitionLoader.load(directories: [Self.root + "/parsers"])
        let parser = Parser(definitions: loaded.definitions, timeZone: .tokyo)
        let samples = rules.samples.filter { $0.form == .jsonl }
        #expect(samples.count >= 8)
        for sample in samples {
            let lines = found(rules, nil, sample.lines)
            #expect(lines == found(rules, parser, sample.lines), "\(sample.file):\(sample.line)")
            #expect(
                lines
                    == found(
                        rules, parser, sample.lines,
                        prefix: "<13>Nov 23 01:02:03 relay agent: @cee: "),
                "in syslog: \(sample.file):\(sample.line)")
        }
    }
}
