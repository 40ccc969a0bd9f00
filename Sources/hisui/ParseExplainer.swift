import HisuiBytes
import HisuiEvent
import HisuiParse
import HisuiShape

/// `hisui parse --explain`: for each line, how it was read, which rules were tried and where they
/// stopped.
struct ParseExplainer {
    private let definitions: DefinitionSet
    private var inside: InsideReader?
    private var number = 0
    /// Rules shown for a line that none knows.
    private static let attemptsMax = 8
    private static let columnsMax = 160

    init(_ definitions: DefinitionSet, timeZone: TimeZoneRules) {
        self.definitions = definitions
        inside = InsideReader(definitions, timeZone: timeZone)
    }

    /// Appends what is to be said of a row.
    ///
    /// - Parameter batch: of UTF-8 text.
    mutating func append(
        _ row: RowBatch.Row, of batch: borrowing RowBatch, shape: Shape, to out: inout [UInt8]
    ) {
        number += 1
        let record = batch.bytes.span.extracting(
            Int(row.offset)..<Int(row.offset) + Int(row.count))
        out.append(utf8: "\(number): ")
        TerminalText.appendEscaped(
            record, 0..<record.count, columnsMax: Self.columnsMax, to: &out)
        let outer = LineExplanation(row, of: batch, shape: shape, definitions: definitions)
        out.append(utf8: "\n  \(form(outer))\n")
        let found =
            outer.isNamed
            ? inside?.read(record, of: batch.source, received: row.received) : nil
        if let found {
            out.append(utf8: "  " + say("message inside: ", "中の本文: "))
            let text = found.rows.bytes.span
            TerminalText.appendEscaped(
                text, found.textStart..<text.count, columnsMax: Self.columnsMax, to: &out)
            let explanation = LineExplanation(
                found.row, of: found.rows, shape: found.shape, definitions: definitions)
            out.append(utf8: "\n  \(form(explanation, textStart: found.textStart))\n")
            append(explanation, text, to: &out)
        } else {
            append(outer, record, to: &out)
        }
        let result =
            shape.parser.isEmpty
            ? say("no rule knows it", "該当する規則なし") : "\(shape.parser)/\(shape.rule)"
        out.append(utf8: "  → \(result)\n")
    }

    /// Appends which rules were tried.
    private func append(
        _ explanation: LineExplanation, _ record: Span<UInt8>, to out: inout [UInt8]
    ) {
        let tried = attempts(explanation)
        for attempt in tried.shown {
            out.append(utf8: "  \(attempt.parser)/\(attempt.rule): ")
            out.append(utf8: outcome(attempt.outcome, record, explanation.messageStart))
            out.append(0x0A)
        }
        if tried.more > 0 {
            out.append(
                utf8: "  "
                    + say("and \(tried.more) more that came less far\n", "ほか \(tried.more) 規則\n"))
        }
    }

    /// - Parameter textStart: where the text begins, behind the program that a member names.
    private func form(_ explanation: LineExplanation, textStart: Int = 0) -> String {
        let start = explanation.messageStart - textStart
        var parts: [String] = []
        if let program = explanation.program {
            let name = Self.shown(Array(program.utf8))
            parts.append(say("header names the program \(name)", "ヘッダーのプログラム名 \(name)"))
        } else if start > 0 {
            parts.append(say("header without a program", "ヘッダーにプログラム名なし"))
        } else {
            parts.append(say("no header", "ヘッダーなし"))
        }
        parts.append(
            say(
                "message from byte \(start)", "本文は \(start) バイト目から"))
        if explanation.isNamed { parts.append(say("values with names", "名前付きの値")) }
        return parts.joined(separator: ", ")
    }

    /// Rules up to the one that fits; where none does, those that came furthest, furthest first.
    private func attempts(_ explanation: LineExplanation) -> (shown: [RuleAttempt], more: Int) {
        let all = explanation.attempts
        let fitting = all.firstIndex { $0.outcome == .fits }
        let tried = fitting.map { Array(all[...$0]) } ?? all
        let misses = tried.enumerated().filter { $0.element.outcome != .fits }
            .sorted {
                ($1.element.progress, $0.offset) < ($0.element.progress, $1.offset)
            }.map(\.element)
        let shown = Array(misses.prefix(Self.attemptsMax))
        return (shown + (fitting.map { [all[$0]] } ?? []), misses.count - shown.count)
    }

    private func outcome(
        _ outcome: RuleAttempt.Outcome, _ record: Span<UInt8>, _ messageStart: Int
    ) -> String {
        switch outcome {
        case .fits: return say("fits", "一致")
        case .lacks(let member):
            return say("the record has no member \(member)", "\(member) がありません")
        case .differs(let member, let value):
            let value = Self.shown(Array(value.utf8))
            return say(
                "\(member) is \"\(value)\", which it does not list",
                "\(member) の値 \"\(value)\" は対象外")
        case .stopped(let at, let expected):
            var rest: [UInt8] = []
            let from = min(messageStart + max(0, at), record.count)
            rest.append(record, from..<min(record.count, from + 32))
            let found = rest.isEmpty ? say("the end", "末尾") : "\"\(Self.shown(rest))\""
            let wanted = text(expected)
            return say(
                "stopped at byte \(at) of the message, at \(found): expected \(wanted)",
                "本文の \(at) バイト目 \(found) で不一致（期待: \(wanted)）")
        }
    }

    private func text(_ expected: RuleAttempt.Expectation) -> String {
        switch expected {
        case .text(let bytes): "\"\(Self.shown(bytes))\""
        case .oneOf(let texts): texts.map { "\"\(Self.shown($0))\"" }.joined(separator: " | ")
        case .capture(let capture): capture
        case .listedValue: say("a value that `when` lists", "when に挙げた値")
        case .end: say("the end of the message", "本文の末尾")
        case .beginning: say("a beginning that `match: first` lists", "match: first に挙げた書き出し")
        }
    }

    private static func shown(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        TerminalText.appendEscaped(bytes.span, 0..<bytes.count, columnsMax: 48, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
