import ArgumentParser
import HisuiBytes
import HisuiEvent
import HisuiQuery

/// What can be said of a search beside its query.
struct SearchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            say("Only events from then on: \(TimeOption.help).", "この時刻以降の事象: \(TimeOption.help)。"),
            valueName: "time"))
    var since: String?

    @Option(
        help: ArgumentHelp(
            say(
                "Only events until then; a day, month or year that is named is within it.",
                "この時刻までの事象。日・月・年を指定すると、その終わりまで含みます。"), valueName: "time"))
    var until: String?

    @Option(
        name: [.customShort("o"), .customLong("fields")],
        help: ArgumentHelp(
            say("Only these fields, parted by commas.", "表示する項目（コンマ区切り）。"), valueName: "names"))
    var fields: String?

    @Option(
        help: ArgumentHelp(
            say("Only the first rows of the result.", "結果の先頭の行だけ。"), valueName: "n"))
    var first: Int?

    @Option(
        help: ArgumentHelp(
            say("Only the latest events, in order of time.", "最新の事象だけ（時刻順）。"), valueName: "n"))
    var last: Int?

    @Option(
        help: ArgumentHelp(
            say("Give up after so many seconds.", "この秒数で打ち切ります。"), valueName: "seconds"))
    var timeout: Double?

    @Option(
        help: ArgumentHelp(
            say(
                "MiB that rows to be sorted and groups may take (default: 256).",
                "並べ替えや集計に使うメモリーの上限（MiB、既定: 256）。"), valueName: "mib"))
    var memory: Int?

    @Flag(
        name: .customLong("bom"),
        help: ArgumentHelp(
            say(
                "Begin csv with a byte order mark, for Excel.",
                "csv の先頭にバイト順マークを付けます（Excel 用）。")))
    var mark = false

    static let withValue: Set = [
        "--since", "--until", "-o", "--fields", "--first", "--last", "--timeout", "--memory",
    ]

    /// The names of `--fields`.
    var fieldNames: [String]? {
        fields?.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    func validate() throws {
        if first != nil, last != nil {
            throw ValidationError(
                say("--first and --last exclude each other", "--first と --last は同時に指定できません"))
        }
        for (name, value) in [("--first", first), ("--last", last), ("--memory", memory)]
        where value.map({ $0 < 1 || $0 > Int(Int32.max) }) ?? false {
            throw ValidationError(
                say("\(name) needs a number from 1 on", "\(name) には 1 以上の数を指定してください"))
        }
        if let timeout, !(timeout > 0 && timeout < 1e9) {
            throw ValidationError(
                say("--timeout needs seconds above 0", "--timeout には正の秒数を指定してください"))
        }
    }

    /// The query with what the options say.
    func applied(to query: Query, _ zone: TimeZoneRules, now: Timestamp) throws(Failure) -> Query {
        var query = query
        if let (first, last) = try TimeOption.stretch(
            since: since, until: until, zone, now: now)
        {
            query = query.within(first: first, last: last)
        }
        if last != nil, !query.yieldsEvents {
            throw Failure(
                .usage,
                say(
                    "--last is for events; this query gives figures about them",
                    "--last は事象にだけ使えます（このクエリの結果は集計です）"))
        }
        if let first { query = query.first(first) }
        if let last { query = query.last(last) }
        if let names = fieldNames { query = query.showing(names) }
        return query
    }

    /// - Parameter started: of the search, in microseconds of `SystemClock.monotonicMicroseconds`.
    func apply(to options: inout QueryOptions, started: Int) {
        if let memory { options.memoryBytesMax = memory << 20 }
        options.onThread = Niceness.takeOnlyWhatIsIdle
        let end = timeout.map { started + Int($0 * 1e6) }
        options.shouldStop = {
            if Interruption.signal != 0 { return true }
            return end.map { SystemClock.monotonicMicroseconds() >= $0 } ?? false
        }
    }
}
