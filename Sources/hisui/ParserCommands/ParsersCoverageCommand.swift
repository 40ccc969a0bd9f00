import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiParse
import HisuiPipeline
import HisuiStore

/// `hisui parsers coverage`: how much of a store the rules knew, and what they did not.
struct ParsersCoverageCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "coverage",
            abstract: say(
                "Show by source and program how many records of a store some rule knows.",
                "収集元・プログラムごとに、規則に該当した記録の割合を表示します。"),
            discussion: say(
                """
                What rules knew when the records arrived: definitions that were added since know \
                only what came after them. Since records are shown, this is recorded among the \
                store's acts as a search. Of records that hold a message, in a member that a \
                definition of --parsers names, the message is counted.
                """,
                """
                記録の到着時に有効だった規則による割合です。後から追加した定義は、それ以後の記録にだけ効きます。\
                記録の例を表示するため、検索として操作記録に残ります。\
                --parsers の定義が指す項目に本文を持つ記録では、その本文を数えます。
                """))
    }

    @OptionGroup var common: CommonOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var parsers: ParserOptions

    @Option(
        help: ArgumentHelp(
            say("Count from then on: ", "この時刻以降: ") + TimeOption.help, valueName: "time"))
    var since: String?

    @Option(
        help: ArgumentHelp(
            say("Count until then: ", "この時刻まで: ") + TimeOption.help, valueName: "time"))
    var until: String?

    @Flag(help: ArgumentHelp(say("Show counts of each rule too.", "規則ごとの件数も表示します。")))
    var rules = false

    @Option(help: ArgumentHelp(say("table or jsonl.", "table または jsonl。"), valueName: "format"))
    var format: TableFormat?

    func run() throws {
        let range = try times()
        let output = StandardOutput.shared
        let format = format ?? (output.isTerminal ? .table : .jsonl)
        let record = SearchRecord(
            store: store, query: "*", range: (range.lowerBound, range.upperBound),
            format: format == .table ? .table : .jsonl, acts: false, follow: false,
            command: "parsers coverage")
        let snapshot = try store.snapshot()
        let zone = try TimeZoneOption.resolve(nil)
        var coverage = StoreCoverage(
            times: range, inside: InsideReader(try parsers.load().definitions, timeZone: zone))
        do throws(StoreError) {
            for block in snapshot.blocks { try coverage.take(block) }
        } catch {
            record.write("failed")
            throw Failure(.refused, "\(error)")
        }
        let report = CoverageReport(coverage, showsRules: rules)
        for _ in 0..<report.rowCount { record.countRow() }
        StandardOutput.shared.onClosed { record.write("closed") }
        switch format {
        case .table: output.write(report.text)
        case .jsonl: output.write(report.jsonLines)
        }
        output.flush()
        record.write("done")
    }

    private func times() throws -> ClosedRange<Int64> {
        let zone = try TimeZoneOption.resolve(nil)
        let now = Timestamp.now()
        let stretch = try TimeOption.stretch(since: since, until: until, zone, now: now)
        return stretch.map { $0.first...$0.last } ?? Int64.min...Int64.max
    }
}
