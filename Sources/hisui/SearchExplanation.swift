import HisuiBytes
import HisuiQuery
import HisuiStore

/// What `hisui search --explain` prints: how a query was understood and run.
struct SearchExplanation {
    let query: Query
    let explanation: QueryExplanation
    let read: BytesRead
    /// Rows of the result.
    let resultRows: Int
    /// Microseconds from the beginning of the command until the store was opened.
    let openMicroseconds: Int

    /// Longest line of a query or a shape; the rest is cut off.
    private static let lineCharactersMax = 2000

    /// For a person.
    var text: String {
        var text = Self.heading(say("query", "クエリ")) + Self.indented(query.description)
        text += Self.heading(say("syntax tree", "構文木")) + Self.indented(query.tree.description)
        text += Self.body(of: explanation)
        text += Self.heading(say("read from segments", "セグメントから読んだ量")) + readTable.text
        text += Self.heading(say("time", "時間")) + timeTable.text
        let rows = resultRows.grouped
        text += "\n" + say("\(rows) rows in the result\n", "結果 \(rows) 行\n")
        return text
    }

    private static func heading(_ text: String) -> String { "\n" + text + "\n" }

    /// Lines of text from outside, made harmless and put in.
    private static func indented(_ text: String, by indent: String = "  ") -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            indent + harmless(String(line)) + "\n"
        }.joined()
    }

    private static func harmless(_ text: String) -> String {
        let isCut = text.count > lineCharactersMax
        let bytes = Array(text.prefix(lineCharactersMax).utf8)
        var safe: [UInt8] = []
        TerminalText.appendEscaped(bytes.span, 0..<bytes.count, to: &safe)
        return String(decoding: safe, as: UTF8.self) + (isCut ? "…" : "")
    }

    /// What is told of a query and of those inside its filters.
    private static func body(of explanation: QueryExplanation) -> String {
        var text = ""
        for (query, inner) in explanation.inner {
            text += heading(say("a query inside", "内側のクエリ"))
            text += indented(query)
            text += indented(body(of: inner), by: "    ")
        }
        text += heading(say("plan", "実行計画")) + plan(of: explanation)
        text += heading(say("blocks and rows", "ブロックと行")) + rowTable(of: explanation).text
        text += heading(say("shapes", "形")) + shapes(of: explanation.shapes)
        return text
    }

    private static func plan(of explanation: QueryExplanation) -> String {
        var text = indented(say("filter: ", "条件: ") + explanation.filter)
        switch explanation.access {
        case .groups:
            text += indented(
                say("figures are made of columns, block by block", "列から直接、ブロックごとに集計"))
        case .rows(let descending, let limit):
            let order =
                descending
                ? say("rows in order of time, newest first", "行を時刻の新しい順に")
                : say("rows in order of time", "行を時刻順に")
            let most = limit.map { say(", at most \($0.grouped)", "、最大 \($0.grouped) 行") }
            text += indented(order + (most ?? ""))
        }
        let fields = explanation.fields.map { $0.joined(separator: ", ") }
        let none = say("none", "なし")
        text += indented(
            say("fields: ", "読む項目: ")
                + (fields.map { $0.isEmpty ? none : $0 } ?? say("all", "すべて")))
        for pipe in explanation.pipes { text += indented("| " + pipe) }
        return text
    }

    private static func rowTable(of explanation: QueryExplanation) -> Table {
        var table = Table(
            header: ["", say("blocks", "ブロック"), say("rows", "行")], rightAligned: [1, 2])
        let blocks = explanation.blocks
        table.add([
            say("  in the zones asked for", "  対象領域の全体"), blocks.all.grouped,
            explanation.rowCount.grouped,
        ])
        for (fate, rows) in explanation.rows where rows > 0 {
            let count: Int? =
                switch fate {
                case .outsideTime: blocks.outsideTime
                case .notNeeded: blocks.notNeeded
                case .shape, .footer, .filters, .columns, .known, .read: nil
                }
            table.add(["  " + fate.name, count.map { $0.grouped } ?? "", rows.grouped])
        }
        for (name, count) in [
            (say("ruled out by segments' footers alone", "フッターだけで除外"), blocks.ruledOut),
            (say("only counted", "件数だけで回答"), blocks.counted),
            (say("looked at", "中身を参照"), blocks.opened),
        ] where count > 0 {
            table.add(["  " + name, count.grouped, ""])
        }
        table.add([say("  found", "  該当"), "", explanation.found.grouped])
        return table
    }

    private static func shapes(of shapes: QueryExplanation.Shapes) -> String {
        let (never, always) = (shapes.never.grouped, shapes.always.grouped)
        let (depends, read) = (shapes.depends.grouped, shapes.read.grouped)
        var text = indented(
            say(
                "no row can pass of \(never), all of \(always), slots decide of \(depends); "
                    + "columns of \(read) were looked at",
                "該当しえない \(never)、すべて該当 \(always)、値による \(depends)、列を参照 \(read)"))
        for shape in shapes.told {
            let name =
                shape.parser.isEmpty
                ? say("automatic", "自動") : "\(shape.parser)/\(shape.rule)"
            text += indented("\(shape.rows.grouped) \(name): \(shape.text)")
            text += indented(say("asked: ", "問い: ") + shape.residual, by: "      ")
        }
        return text
    }

    private var readTable: Table {
        var table = Table(
            header: ["", say("number", "個数"), say("bytes", "バイト"), say("unpacked", "展開後")],
            rightAligned: [1, 2, 3])
        table.add([
            say("  footers", "  フッター"), read.footers.grouped, read.footerBytes.grouped, "",
        ])
        table.add([
            say("  chunks", "  チャンク"), read.chunks.grouped, read.storedBytes.grouped,
            read.rawBytes.grouped,
        ])
        if read.keptChunks > 0 {
            table.add([
                say("  chunks still in memory", "  メモリーに残っていたチャンク"), read.keptChunks.grouped, "",
                "",
            ])
        }
        return table
    }

    private var timeTable: Table {
        var table = Table(header: ["", say("ms", "ミリ秒")], rightAligned: [1])
        let times = explanation.times
        for (name, microseconds) in [
            (say("opening the store", "保管庫を開く"), openMicroseconds),
            (say("asking shapes and footers", "形とフッターを調べる"), times.planning),
            (say("waiting for blocks", "ブロックの処理を待つ"), times.waiting),
            (say("order, pipes, result", "整列・パイプ・結果"), times.pipes),
            (say("together", "合計"), openMicroseconds + times.whole),
            (say("workers: filtering blocks", "並列処理: 絞り込み"), times.filter),
            (say("workers: all of blocks", "並列処理: ブロック全体"), times.blocks),
        ] {
            table.add(["  " + name, (Double(microseconds) / 1000).fixed(1)])
        }
        return table
    }
}

extension RowFate {
    fileprivate var name: String {
        switch self {
        case .outsideTime: say("in blocks outside the time", "期間外のブロック")
        case .notNeeded: say("not needed: enough was found", "不要（必要な行数に到達）")
        case .shape: say("ruled out by their shape", "形で除外")
        case .footer: say("ruled out by segments' footers", "フッターで除外")
        case .filters: say("ruled out by filters of text", "文字列フィルターで除外")
        case .columns: say("ruled out by what columns can hold", "列の値域で除外")
        case .known: say("pass, known without a look", "参照せずに該当と判明")
        case .read: say("values were looked at", "値を参照")
        }
    }
}

// For programs.
extension SearchExplanation {
    /// One JSON object on a line.
    var line: [UInt8] {
        var object = JSONLine()
        object.add("query", query.description)
        object.add("tree", query.tree.description)
        Self.add(explanation, to: &object)
        object.add("result.rows", resultRows)
        object.add("read.footers", read.footers)
        object.add("read.footer_bytes", read.footerBytes)
        object.add("read.chunks", read.chunks)
        object.add("read.bytes", read.storedBytes)
        object.add("read.unpacked_bytes", read.rawBytes)
        object.add("read.kept_chunks", read.keptChunks)
        object.add("time.open_us", openMicroseconds)
        return object.line
    }

    private static func add(_ explanation: QueryExplanation, to object: inout JSONLine) {
        object.add("plan.filter", explanation.filter)
        switch explanation.access {
        case .groups: object.add("plan.access", "groups")
        case .rows(let descending, let limit):
            object.add("plan.access", descending ? "rows, newest first" : "rows")
            if let limit { object.add("plan.limit", limit) }
        }
        object.add("plan.fields", explanation.fields ?? ["*"])
        object.add("plan.pipes", explanation.pipes)
        let blocks = explanation.blocks
        object.add("blocks.all", blocks.all)
        object.add("blocks.outsideTime", blocks.outsideTime)
        object.add("blocks.notNeeded", blocks.notNeeded)
        object.add("blocks.ruledOut", blocks.ruledOut)
        object.add("blocks.counted", blocks.counted)
        object.add("blocks.opened", blocks.opened)
        object.add("rows.all", explanation.rowCount)
        for (fate, rows) in explanation.rows { object.add("rows.\(fate.rawValue)", rows) }
        object.add("rows.found", explanation.found)
        let shapes = explanation.shapes
        object.add("shapes.never", shapes.never)
        object.add("shapes.always", shapes.always)
        object.add("shapes.depends", shapes.depends)
        object.add("shapes.read", shapes.read)
        let times = explanation.times
        object.add("time.planning_us", times.planning)
        object.add("time.waiting_us", times.waiting)
        object.add("time.pipes_us", times.pipes)
        object.add("time.run_us", times.whole)
        object.add("time.workers.filter_us", times.filter)
        object.add("time.workers.blocks_us", times.blocks)
        if explanation.inner.isEmpty { return }
        object.add(
            "inner",
            explanation.inner.map { query, inner in
                var object = JSONLine()
                object.add("query", query)
                add(inner, to: &object)
                return object
            })
    }
}
