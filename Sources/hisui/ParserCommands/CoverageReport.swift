import HisuiBytes
import HisuiPipeline

/// What `hisui parsers coverage` prints.
struct CoverageReport {
    private let groups: [(group: StoreCoverage.Group, counts: StoreCoverage.Counts)]
    private let rules: [(rule: ImportSurvey.Rule, records: UInt64)]
    private let unknown: (shapes: [StoreCoverage.Unknown], total: Int)

    /// Kinds of unknown records shown.
    private static let shapesMax = 20

    init(_ coverage: StoreCoverage, showsRules: Bool) {
        groups = coverage.groups.map { ($0.key, $0.value) }.sorted { a, b in
            let (x, y) = (a.group, b.group)
            return (x.zone, x.source, b.counts.records, x.program)
                < (y.zone, y.source, a.counts.records, y.program)
        }
        let counted = showsRules ? coverage.rules.map { ($0.key, $0.value) } : []
        rules = counted.sorted {
            ($1.1, $0.0.parser, $0.0.rule) < ($0.1, $1.0.parser, $1.0.rule)
        }
        unknown = coverage.unknown(Self.shapesMax)
    }

    /// Rows printed.
    var rowCount: Int { groups.count + rules.count + unknown.shapes.count }

    // MARK: For a person

    var text: String {
        var table = Table(
            header: [
                say("ZONE", "領域"), say("SOURCE", "収集元"), say("PROGRAM", "プログラム"),
                say("RECORDS", "件数"), say("KNOWN", "該当"), "%",
            ], rightAligned: [3, 4, 5])
        for (group, counts) in groups {
            table.add([
                group.zone, group.source, group.program.isEmpty ? "-" : group.program,
                counts.records.grouped, counts.recognised.grouped,
                Self.percent(counts.recognised, of: counts.records),
            ])
        }
        return table.text + ruleText + unknownText
    }

    private var ruleText: String {
        if rules.isEmpty { return "" }
        var table = Table(
            header: [say("PARSER", "定義"), say("RULE", "規則"), say("RECORDS", "件数")],
            rightAligned: [2])
        for (rule, records) in rules { table.add([rule.parser, rule.rule, records.grouped]) }
        return "\n" + table.text
    }

    private var unknownText: String {
        if unknown.shapes.isEmpty { return "" }
        let columns = StandardOutput.terminalColumns() ?? 200
        var text =
            "\n" + say("Unknown to all rules, most frequent first:", "どの規則にも該当しない型（多い順）:")
        for shape in unknown.shapes {
            let group = TerminalText.escaped("\(shape.group.source) \(shape.group.program)")
            text += "\n\(shape.records.grouped)  \(group)  "
            text += Self.shown(shape.text, columns: columns - 24 - group.utf8.count)
            text += "\n    " + say("e.g. ", "例: ")
            text += Self.shown(shape.sample, columns: columns - 10)
        }
        let rest = unknown.total - unknown.shapes.count
        text += "\n"
        if rest > 0 { text += say("and \(rest.grouped) more\n", "ほか \(rest.grouped) 件\n") }
        return text
    }

    private static func shown(_ bytes: [UInt8], columns: Int) -> String {
        var text: [UInt8] = []
        TerminalText.appendEscaped(
            bytes.span, 0..<bytes.count, columnsMax: max(20, columns), to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private static func percent(_ count: UInt64, of all: UInt64) -> String {
        (all == 0 ? 0 : Double(count) * 100 / Double(all)).fixed(1)
    }

    // MARK: JSON

    /// A line for each source and program, for each rule if asked for, and for each unknown shape.
    var jsonLines: [UInt8] {
        var bytes: [UInt8] = []
        for (group, counts) in groups {
            var line = Self.line("coverage", group)
            line.add("records", counts.records)
            line.add("recognised", counts.recognised)
            bytes += line.line
        }
        for (rule, records) in rules {
            var line = JSONLine()
            line.add("kind", "rule")
            line.add("parser", rule.parser)
            line.add("rule", rule.rule)
            line.add("records", records)
            bytes += line.line
        }
        for shape in unknown.shapes {
            var line = Self.line("unknown", shape.group)
            line.add("records", shape.records)
            line.add("shape", String(decoding: shape.text, as: UTF8.self))
            line.add("sample", String(decoding: shape.sample, as: UTF8.self))
            bytes += line.line
        }
        return bytes
    }

    private static func line(_ kind: String, _ group: StoreCoverage.Group) -> JSONLine {
        var line = JSONLine()
        line.add("kind", kind)
        line.add("zone", group.zone)
        line.add("source", group.source)
        line.add("program", group.program)
        return line
    }
}
