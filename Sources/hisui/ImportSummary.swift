import HisuiBytes
import HisuiEvent
import HisuiPipeline

/// What an import says at its end. It is no data: it goes to standard error.
struct ImportSummary {
    let report: ImportReport
    let seconds: Double

    /// Files named of each kind; the rest is counted.
    private static let namesMax = 20

    /// Files that were stored before, and gave nothing.
    var known: [ImportReport.File] {
        report.files.filter { if case .known = $0.outcome { true } else { false } }
    }

    /// Files that had grown since.
    var continued: [ImportReport.File] {
        report.files.filter { if case .continued = $0.outcome { true } else { false } }
    }

    private var empty: Int {
        report.files.count { if case .empty = $0.outcome { true } else { false } }
    }

    var text: String {
        figures + told(known, sayKnown) + told(continued, sayContinued) + remarks
    }

    private var figures: String {
        let rate = Int(Double(report.records) / max(seconds, 0.001)).grouped
        let speed = (Double(report.bytes) / max(seconds, 0.001) / 1e6).fixed(1)
        let milliseconds = Int(seconds * 1000).grouped
        let coverage =
            report.records == 0 ? 0 : Double(report.recognised) * 100 / Double(report.records)
        let percent = coverage.fixed(1)
        return say(
            "\(report.records.grouped) records, \(report.bytes.grouped) bytes in "
                + "\(milliseconds) ms: \(rate) a second, \(speed) MB/s; \(percent) % known to a "
                + "rule; \(report.segments) segments, \(report.segmentBytes.grouped) bytes\n",
            "\(report.records.grouped) 件、\(report.bytes.grouped) バイト、\(milliseconds) ミリ秒"
                + "（毎秒 \(rate) 件、\(speed) MB/s）。規則に該当 \(percent) %。"
                + "ログファイル \(report.segments) 個、\(report.segmentBytes.grouped) バイト\n")
    }

    private func sayKnown(_ files: [ImportReport.File]) -> String {
        let count = files.count.grouped
        let records = files.reduce(0) { $0 + $1.deduplicated }.grouped
        return say(
            "Imported before, skipped: files \(count), records \(records) "
                + "(--again stores them once more)",
            "取り込み済みのため省略: \(count) ファイル、\(records) 件"
                + "（--again でもう一度取り込みます）")
    }

    private func sayContinued(_ files: [ImportReport.File]) -> String {
        let count = files.count.grouped
        let records = files.reduce(0) { $0 + $1.deduplicated }.grouped
        return say(
            "Continued where an import had ended: files \(count), after \(records) records",
            "前回の続きから取り込み: \(count) ファイル（取り込み済み \(records) 件の後から）")
    }

    /// A heading and the files under it; nothing where there are none.
    private func told(
        _ files: [ImportReport.File], _ heading: ([ImportReport.File]) -> String
    ) -> String {
        if files.isEmpty { return "" }
        var text = heading(files) + "\n"
        for file in files.prefix(Self.namesMax) {
            text += "  \(TerminalText.escaped(file.path))"
            if case .known(let source) = file.outcome {
                text += say(" (stored as \(source))", "（収集元 \(source)）")
            }
            text += "\n"
        }
        return text + more(files.count)
    }

    private func more(_ count: Int) -> String {
        let rest = count - Self.namesMax
        if rest <= 0 { return "" }
        return say("  and \(rest.grouped) more\n", "  ほか \(rest.grouped) 件\n")
    }

    private func told(_ gap: Gap) -> String {
        let cause = say(gap.cause, gap.japaneseCause ?? gap.cause)
        let count = gap.count.map { say(" (\($0.grouped) records)", "（\($0.grouped) 件）") } ?? ""
        return "  \(TerminalText.escaped(cause))\(count)\n"
    }

    private var remarks: String {
        var text = ""
        if empty > 0 {
            text += say("Empty files: \(empty.grouped)\n", "空のファイル: \(empty.grouped)\n")
        }
        if report.truncated > 0 {
            let count = report.truncated.grouped
            let limit = Limits.recordBytesMax.grouped
            text += say(
                "Longer than \(limit) bytes, cut there and flagged: records \(count)\n",
                "\(limit) バイトを超えたため切り詰めて注記した記録: \(count) 件\n")
        }
        if report.gapCount > 0 {
            text += say(
                "Missing or damaged: \(report.gapCount.grouped)\n",
                "欠落または破損: \(report.gapCount.grouped) 件\n")
            for gap in report.gaps.prefix(Self.namesMax) { text += told(gap) }
            text += more(report.gapCount)
        }
        if report.files.contains(where: { $0.isStream && $0.records > 0 }) {
            text += say(
                "Standard input and pipes are always taken as new: importing the same again "
                    + "stores it again.\n",
                "標準入力とパイプは毎回新しいものとして取り込みます"
                    + "（同じ内容を繰り返すと重複します）。\n")
        }
        if report.forgotten > 0 {
            text += say(
                "The source remembers no more of its oldest files: \(report.forgotten.grouped). "
                    + "Importing those again would store them again.\n",
                "この収集元の古いファイル \(report.forgotten.grouped) 個の取り込み位置は"
                    + "失われました。再度取り込むと重複します。\n")
        }
        return text
    }

    /// What failed, for the end of the command; nil if nothing did.
    var failureText: String? {
        Self.failureText(report.failures, of: report.files.count, isDryRun: false)
    }

    static func failureText(_ failures: [String], of files: Int, isDryRun: Bool) -> String? {
        guard !failures.isEmpty else { return nil }
        let shown = failures.prefix(namesMax).map { "  " + TerminalText.escaped($0) }
        let rest = failures.count - shown.count
        var lines = shown
        if rest > 0 { lines.append(say("  and \(rest.grouped) more", "  ほか \(rest.grouped) 件")) }
        let what = isDryRun ? say("read", "読み取り") : say("imported", "取り込み")
        return say(
            "not \(what), or not to the end: files \(failures.count) of \(files)",
            "最後まで\(what)できなかったファイル: \(files) 個中 \(failures.count) 個")
            + "\n" + lines.joined(separator: "\n")
    }
}
