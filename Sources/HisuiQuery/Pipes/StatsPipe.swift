import HisuiBytes
import HisuiShape

/// `stats by (a, _time:1h) count() as n, sum(b) as total`: a row for each group.
struct StatsPipe: AggregatingPipe {
    let grouping: Grouping
    /// The name of each function's result.
    let results: [String]

    func print(to out: inout String) { print(named: "stats", to: &out) }

    func print(named name: String, to out: inout String) {
        out += name + " "
        if !grouping.by.isEmpty {
            out += "by ("
            for (number, field) in grouping.by.enumerated() {
                if number > 0 { out += ", " }
                field.print(to: &out)
            }
            out += ") "
        }
        for (number, function) in grouping.functions.enumerated() {
            if number > 0 { out += ", " }
            function.print(to: &out)
            out += " as "
            Quoting.append(results[number], to: &out)
        }
    }

    /// A rate is by the second of the group's stretch of time, or of that of the query.
    func check(_ context: StageContext) throws(QueryFailure) {
        guard grouping.functions.contains(where: \.isRate), timeField == nil,
            let range = context.timeRange
        else { return }
        guard range.lowerBound > .min, range.upperBound < .max else {
            throw QueryFailure(
                .unsuitable,
                "rate() and rate_sum() are told by the second: the query needs a beginning and an "
                    + "end of its time, like _time:5m, or groups by time, like by (_time:1m)")
        }
    }

    /// The place of `_time` with stretches of time among what is grouped by.
    private var timeField: Int? {
        grouping.by.firstIndex { $0.field == FieldName.time && $0.bucket?.seconds(from: 0) != nil }
    }

    /// The seconds that a group is about.
    private func seconds(
        _ aggregation: Aggregation, _ group: Int, _ range: ClosedRange<Int64>?
    ) -> Double {
        if let timeField {
            let bytes = aggregation.keyBytes.span
            let start = TimeLiteral.complete(
                bytes.extracting(aggregation.keyRanges(of: group)[timeField]))
            return grouping.by[timeField].bucket?.seconds(from: start ?? 0) ?? 1
        }
        // Without any time nothing passes, and a rate of nothing is none by any second.
        guard let range else { return 1 }
        return (Double(UInt64(bitPattern: range.upperBound &- range.lowerBound)) + 1) / 1e9
    }

    func emit(
        _ aggregation: Aggregation, to next: any PipeStage, context: StageContext
    ) throws(QueryFailure) {
        let names = context.names
        let keyNames = grouping.by.map { names.number($0.field) }
        let resultNames = results.map(names.number)
        var row = ResultRow(names: names)
        for group in aggregation.ordered() {
            fill(&row, aggregation, group: group, names: keyNames)
            for (function, name) in resultNames.enumerated() {
                let start = row.bytes.count
                aggregation.append(function: function, group: group, to: &row.bytes)
                if grouping.functions[function].isRate,
                    let sum = Number(row.bytes.span.extracting(start..<row.bytes.count))
                {
                    row.bytes.removeSubrange(start...)
                    let seconds = seconds(aggregation, group, context.timeRange)
                    Number(sum.value / seconds).append(to: &row.bytes)
                }
                row.close(name, .integer, from: start)
            }
            if try !next.push(&row) { return }
        }
    }
}

// Reading.
extension StatsPipe {
    typealias FunctionParser =
        @Sendable (inout Parser) throws(QueryError) -> any StatsFunction

    static let functions: [String: FunctionParser] = [
        "avg": { (parser) throws(QueryError) in
            SumFunction(arguments: try parser.namedFunctionFields(), kind: .average)
        },
        "count": { (parser) throws(QueryError) in
            CountFunction(try parser.functionFields(), empty: false)
        },
        "count_empty": { (parser) throws(QueryError) in
            CountFunction(try parser.namedFunctionFields(), empty: true)
        },
        "count_uniq": { (parser) throws(QueryError) in
            let fields = try combination(&parser)
            return CountUniqFunction(arguments: fields, limit: try parser.valueLimit())
        },
        "count_uniq_hash": { (parser) throws(QueryError) in
            CountUniqHashFunction(arguments: try combination(&parser))
        },
        "histogram": { (parser) throws(QueryError) in try HistogramFunction.parse(&parser) },
        "json_values": { (parser) throws(QueryError) in try JSONValuesFunction.parse(&parser) },
        "max": { (parser) throws(QueryError) in
            MinMaxFunction(arguments: try parser.namedFunctionFields(), isMax: true)
        },
        "median": { (parser) throws(QueryError) in
            let fields = try parser.namedFunctionFields()
            return QuantileFunction(arguments: fields, phi: nil, phiText: [])
        },
        "min": { (parser) throws(QueryError) in
            MinMaxFunction(arguments: try parser.namedFunctionFields(), isMax: false)
        },
        "quantile": { (parser) throws(QueryError) in try QuantileFunction.parse(&parser) },
        "rate": { (parser) throws(QueryError) in try RateFunction.parse(&parser) },
        "rate_sum": { (parser) throws(QueryError) in
            SumFunction(arguments: try parser.namedFunctionFields(), kind: .rate)
        },
        "row_any": { (parser) throws(QueryError) in
            RowFunction(choice: .any, shown: try parser.functionFields())
        },
        "row_max": { (parser) throws(QueryError) in
            try RowFunction.parse(&parser, isMax: true)
        },
        "row_min": { (parser) throws(QueryError) in
            try RowFunction.parse(&parser, isMax: false)
        },
        "sum": { (parser) throws(QueryError) in
            SumFunction(arguments: try parser.namedFunctionFields(), kind: .sum)
        },
        "sum_len": { (parser) throws(QueryError) in
            SumLengthFunction(arguments: try parser.namedFunctionFields())
        },
        "uniq_values": { (parser) throws(QueryError) in
            let fields = try parser.namedFunctionFields()
            return UniqValuesFunction(arguments: fields, limit: try parser.valueLimit())
        },
        "values": { (parser) throws(QueryError) in
            let fields = try parser.namedFunctionFields()
            return ValuesFunction(arguments: fields, limit: try parser.valueLimit())
        },
    ]

    /// - Parameter allowed: the functions that this pipe knows, and how it is called; nil for all.
    static func parse(
        _ parser: inout Parser, allowed: (functions: [String], pipe: String)? = nil
    ) throws(QueryError) -> StatsPipe {
        var by: [GroupField] = []
        if parser.takeKeyword("by") {
            try parser.expect("(")
            by = try GroupField.parseList(&parser)
        } else if parser.take("(") {
            by = try GroupField.parseList(&parser)
        }
        var functions: [any StatsFunction] = []
        var results: [String] = []
        repeat {
            let start = parser.current
            let keyword = start.text.lowercased()
            if let allowed, Self.functions[keyword] != nil, !allowed.functions.contains(keyword) {
                throw parser.error(
                    "\(allowed.pipe) knows \(allowed.functions.joined(separator: ", ")) only",
                    at: start)
            }
            var function = try parseFunction(&parser)
            if let filter = try parser.condition() {
                function = ConditionalFunction(function, filter)
            }
            let result = try parseResult(&parser, function)
            guard !results.contains(result), !by.contains(where: { $0.field == result }) else {
                throw parser.error("the name ‘\(result)’ stands for two results", at: start)
            }
            functions.append(function)
            results.append(result)
        } while parser.take(",")
        return StatsPipe(grouping: Grouping(by: by, functions: functions), results: results)
    }

    private static func parseFunction(
        _ parser: inout Parser
    ) throws(QueryError) -> any StatsFunction {
        let name = parser.current
        let keyword = name.kind == .word ? name.text.lowercased() : ""
        if let parse = functions[keyword] {
            parser.advance()
            return try parse(&parser)
        }
        let known = functions.keys.sorted()
        let hint = NearestName.suggestion(for: keyword, in: known)
        throw parser.error(
            "expected a stats function (\(known.joined(separator: ", "))), found "
                + name.described + (hint.map { "; did you mean ‘\($0)’?" } ?? ""),
            at: name)
    }

    /// Takes the name of a function's result; the function as written where there is none.
    private static func parseResult(
        _ parser: inout Parser, _ function: any StatsFunction
    ) throws(QueryError) -> String {
        if parser.takeKeyword("as") { return try resultName(&parser) }
        if parser.current.kind == .word || parser.current.kind == .quoted {
            return try resultName(&parser)
        }
        var text = ""
        function.print(to: &text)
        return text
    }

    private static func resultName(_ parser: inout Parser) throws(QueryError) -> String {
        guard parser.current.kind == .word || parser.current.kind == .quoted else {
            throw parser.expected("a name for the result")
        }
        let name = parser.current.text
        parser.advance()
        return name
    }

    /// Takes `(a, b)` for a function that tells combinations of values apart.
    private static func combination(
        _ parser: inout Parser
    ) throws(QueryError) -> FunctionFields {
        let start = parser.current
        let fields = try parser.namedFunctionFields()
        if fields.open != nil {
            throw parser.unsupported(
                "counting combinations of fields that are not named", at: start)
        }
        return fields
    }
}
