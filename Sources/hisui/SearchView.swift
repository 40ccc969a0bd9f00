import ArgumentParser
import HisuiEvent
import HisuiQuery

/// Another look at what a search finds than row by row.
struct SearchView: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            say(
                "How many events there are over time, by severity, instead of the events.",
                "事象そのものではなく、時間ごとの件数を重大度別に表示します。")))
    var histogram = false

    @Option(
        help: ArgumentHelp(
            say(
                "Also so many records before and after each, of the same source of its zone.",
                "同じ領域の同じ収集元で、前後に記録されたこの件数も表示します。"), valueName: "n"))
    var context: Int?

    @Flag(
        help: ArgumentHelp(
            say(
                "Run the query and tell how: its tree, its plan, what was read, ruled out and why.",
                "クエリを実行し、解釈・実行計画・読んだ量・除外した理由を表示します。")))
    var explain = false

    static let withValue: Set = ["--context"]

    /// What the act of the search says of it.
    var fields: [Act.Field] {
        var fields: [Act.Field] = []
        if histogram { fields.append(("histogram", .boolean(true))) }
        if let context { fields.append(("context", .integer(Int64(context)))) }
        if explain { fields.append(("explain", .boolean(true))) }
        return fields
    }

    func validate() throws {
        guard let context else { return }
        if !(0...Query.contextRowsMax).contains(context) {
            throw ValidationError(
                say(
                    "--context needs a number from 0 to \(Query.contextRowsMax)",
                    "--context には 0 から \(Query.contextRowsMax) までの数を指定してください"))
        }
    }

    /// Refuses what cannot be shown together.
    func check(_ search: SearchCommand) throws(Failure) {
        let others: [(name: String, isGiven: Bool, histogram: Bool, context: Bool)] = [
            ("--follow", search.follow, true, true),
            ("--format raw", search.format == .raw, true, false),
            ("--fields", search.options.fields != nil, true, false),
            ("--context", context != nil, true, false),
            ("--last", search.options.last != nil, false, true),
        ]
        for other in others where other.isGiven {
            if histogram, other.histogram { throw Self.excluded("--histogram", other.name) }
            if context != nil, other.context { throw Self.excluded("--context", other.name) }
        }
        let unlikeExplanation: [(name: String, isGiven: Bool)] = [
            ("--follow", search.follow), ("--histogram", histogram),
            ("--format raw", search.format == .raw), ("--format csv", search.format == .csv),
        ]
        for other in unlikeExplanation where explain && other.isGiven {
            throw Self.excluded("--explain", other.name)
        }
    }

    private static func excluded(_ one: String, _ other: String) -> Failure {
        Failure(
            .usage,
            say(
                "\(one) and \(other) exclude each other",
                "\(one) と \(other) は同時に指定できません"))
    }

    /// The query with what stands around its rows, if that is asked for.
    func applied(to query: Query) throws(Failure) -> Query {
        guard let context else { return query }
        guard query.selectsOnly else {
            throw Failure(
                .usage,
                say(
                    "--context is for what a filter selects; write its place in the query: "
                        + "‘… | stream_context before 3 after 3 | …’",
                    "--context は絞り込みだけのクエリに使えます。パイプがあるときは、クエリ内に"
                        + "「… | stream_context before 3 after 3 | …」と書いてください"))
        }
        return query.around(before: context, after: context)
    }
}
