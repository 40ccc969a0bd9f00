import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiPipeline

/// `hisui import --dry-run`: what the rules know of some files, and what they do not.
struct DryRun {
    private let options: Importer.Options
    private let files: [String]
    private let format: TableFormat
    /// Rules and shapes shown.
    private static let linesMax = 20

    init(_ options: Importer.Options, files: [String], format: TableFormat?) {
        self.options = options
        self.files = files
        self.format = format ?? (StandardOutput.shared.isTerminal ? .table : .jsonl)
    }

    func run() throws {
        let progress = ImportProgress(files: files.count)
        var survey = ImportSurvey(options)
        let sizes = files.map { (try? RealFileSystem().size($0)) ?? 0 }
        let total = sizes.reduce(0, +)
        var done = 0
        for (index, path) in files.enumerated() {
            let before = done
            survey.read(path) { survey, read in
                progress.show(
                    survey, file: path, number: index + 1, done: before + read, total: total)
            }
            done += sizes[index]
        }
        progress.clear()
        let output = StandardOutput.shared
        switch format {
        case .jsonl: output.write(jsonLines(survey, seconds: progress.elapsedSeconds))
        case .table: output.write(text(survey, seconds: progress.elapsedSeconds))
        }
        output.flush()
        let failure = ImportSummary.failureText(
            survey.failures, of: files.count, isDryRun: true)
        if let failure { throw Failure(.refused, failure) }
    }

    // MARK: What is shown

    /// The rules with most records.
    private func rules(_ survey: ImportSurvey) -> [(rule: ImportSurvey.Rule, count: UInt64)] {
        let sorted = survey.rules.sorted {
            ($1.value, $0.key.parser, $0.key.rule) < ($0.value, $1.key.parser, $1.key.rule)
        }
        return sorted.prefix(Self.linesMax).map { ($0.key, $0.value) }
    }

    private func percent(_ count: UInt64, of all: UInt64) -> String {
        (all == 0 ? 0 : Double(count) * 100 / Double(all)).fixed(1)
    }

    /// The encoding that records which are no UTF-8 are most likely in.
    private func likelyEncoding(_ survey: ImportSurvey) -> TextEncoding? {
        let best = survey.fitting.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }
        guard let best, best.value * 10 >= survey.notUTF8 * 9 else { return nil }
        return best.key
    }

    private func text(_ survey: ImportSurvey, seconds: Double) -> String {
        let unknown = survey.unknownShapes(Self.linesMax)
        return figures(survey, seconds) + hints(survey) + ruleTable(survey)
            + shapeTable(unknown.shapes, total: unknown.total, of: survey.records)
    }

    private func figures(_ survey: ImportSurvey, _ seconds: Double) -> String {
        let rate = Int(Double(survey.records) / max(seconds, 0.001)).grouped
        let speed = (Double(survey.bytes) / max(seconds, 0.001) / 1e6).fixed(1)
        let known = survey.recognised
        let share = percent(known, of: survey.records)
        return say(
            "\(survey.records.grouped) records, \(survey.bytes.grouped) bytes in "
                + "\(Int(seconds * 1000).grouped) ms: \(rate) a second, \(speed) MB/s. "
                + "Nothing was written.\n"
                + "Known to a rule: \(share) % (\(known.grouped))\n",
            "\(survey.records.grouped) 件、\(survey.bytes.grouped) バイト、"
                + "\(Int(seconds * 1000).grouped) ミリ秒（毎秒 \(rate) 件、\(speed) MB/s）。"
                + "何も書き込んでいません。\n"
                + "規則に該当: \(share) %（\(known.grouped) 件）\n")
    }

    private func hints(_ survey: ImportSurvey) -> String {
        var text = ""
        if let times = survey.times {
            let (first, last) = (
                times.lowerBound.text(options.timeZone), times.upperBound.text(options.timeZone)
            )
            text += say("Times: \(first) to \(last)\n", "時刻: \(first) から \(last)\n")
        }
        for (name, count) in zip(RowFlags.names, survey.flags) where count > 0 {
            text += say("Flagged \(name): \(count.grouped)\n", "注記 \(name): \(count.grouped) 件\n")
        }
        let lines = survey.fileCount - survey.journalCount
        text += say(
            "Files: \(lines.grouped) of lines, \(survey.journalCount.grouped) of journal entries\n",
            "ファイル: 行形式 \(lines.grouped)、ジャーナル形式 \(survey.journalCount.grouped)\n")
        if survey.notUTF8 > 0 {
            let count = survey.notUTF8.grouped
            text += say("Not UTF-8: \(count) records", "UTF-8 でない行: \(count) 件")
            if let encoding = likelyEncoding(survey) {
                text += say("; try", "。次を試してください:") + " --encoding \(encoding.name)"
            }
            text += "\n"
        }
        return text
    }

    private func ruleTable(_ survey: ImportSurvey) -> String {
        let shown = rules(survey)
        if shown.isEmpty { return "" }
        var table = Table(
            header: [
                say("PARSER", "定義"), say("RULE", "規則"), say("RECORDS", "件数"), "%",
            ], rightAligned: [2, 3])
        for (rule, count) in shown {
            table.add([
                rule.parser, rule.rule, count.grouped, percent(count, of: survey.records),
            ])
        }
        return "\n" + table.text + more(survey.rules.count)
    }

    private func shapeTable(
        _ shapes: [ImportSurvey.UnknownShape], total: Int, of records: UInt64
    ) -> String {
        if shapes.isEmpty { return "" }
        let columns = StandardOutput.terminalColumns() ?? 200
        var text =
            "\n" + say("Unknown to all rules, most frequent first:", "どの規則にも該当しない型（多い順）:")
        for shape in shapes {
            let share = percent(shape.count, of: records)
            text += "\n\(shape.count.grouped)  \(share) %  "
            text += Self.shown(shape.text, columns: columns - 24)
            text += "\n    " + say("e.g. ", "例: ") + Self.shown(shape.sample, columns: columns - 10)
        }
        return text + "\n" + more(total)
    }

    private func more(_ count: Int) -> String {
        let rest = count - Self.linesMax
        if rest <= 0 { return "" }
        return say("and \(rest.grouped) more\n", "ほか \(rest.grouped) 件\n")
    }

    private static func shown(_ bytes: [UInt8], columns: Int) -> String {
        var text: [UInt8] = []
        TerminalText.appendEscaped(
            bytes.span, 0..<bytes.count, columnsMax: max(20, columns), to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: JSON

    /// A line for the whole, one for each rule, one for each shape.
    private func jsonLines(_ survey: ImportSurvey, seconds: Double) -> [UInt8] {
        var summary = JSONLine()
        summary.add("kind", "summary")
        summary.add("files", UInt64(files.count))
        summary.add("files.failed", UInt64(survey.failures.count))
        summary.add("files.journal", UInt64(survey.journalCount))
        summary.add("records", survey.records)
        summary.add("bytes", survey.bytes)
        summary.add("recognised", survey.recognised)
        if let times = survey.times {
            summary.add("time.first", times.lowerBound.utcText)
            summary.add("time.last", times.upperBound.utcText)
        }
        summary.add("flags", Array(zip(RowFlags.names, survey.flags)))
        summary.add("not-utf-8", survey.notUTF8)
        if let encoding = likelyEncoding(survey) { summary.add("encoding", encoding.name) }
        let unknown = survey.unknownShapes(Self.linesMax)
        summary.add("shapes.unknown", UInt64(unknown.total))
        summary.add("duration.ms", UInt64(seconds * 1000))
        var bytes = summary.line
        for (rule, count) in rules(survey) {
            var line = JSONLine()
            line.add("kind", "rule")
            line.add("parser", rule.parser)
            line.add("rule", rule.rule)
            line.add("records", count)
            bytes += line.line
        }
        for shape in unknown.shapes {
            var line = JSONLine()
            line.add("kind", "unknown")
            line.add("records", shape.count)
            line.add("shape", String(decoding: shape.text, as: UTF8.self))
            line.add("sample", String(decoding: shape.sample, as: UTF8.self))
            bytes += line.line
        }
        return bytes
    }
}
