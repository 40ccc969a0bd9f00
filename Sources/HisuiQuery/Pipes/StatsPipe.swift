import HisuiBytes
import HisuiShape

/// `stats by (a, _time:1h) count() as n, sum(b) as total`: a row for each group.
struct StatsPipe: AggregatingPipe {
    let grouping: Grouping
    /// The name of each function's result.
    let results: [String]

    func print(to out: inout String) {
        out += "stats "
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

    func emit(
        _ aggregation: Aggregation, to next: any PipeStage, names: FieldNames
    ) throws(QueryFailure) {
        let keyNames = grouping.by.map { names.number($0.field) }
        let resultNames = results.map(names.number)
        var row = ResultRow(names: names)
        for group in aggregation.ordered() {
            fill(&row, aggregation, group: group, names: keyNames)
            for (function, name) in resultNames.enumerated() {
                let start = row.bytes.count
                aggregation.append(function: function, group: group, to: &row.bytes)
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
        "count": { (parser) throws(QueryError) in
            CountFunction(fields: try arguments(&parser))
        },
        "count_uniq": { (parser) throws(QueryError) in
            let fields = try named(&parser)
            let limit =
                parser.takeKeyword("limit")
                ? try parser.count("a number of values after ‘limit’") : nil
            return CountUniqFunction(fields: fields, limit: limit)
        },
        "min": { (parser) throws(QueryError) in
            MinMaxFunction(fields: try named(&parser), isMax: false)
        },
        "max": { (parser) throws(QueryError) in
            MinMaxFunction(fields: try named(&parser), isMax: true)
        },
        "sum": { (parser) throws(QueryError) in
            SumFunction(fields: try named(&parser), isAverage: false)
        },
        "avg": { (parser) throws(QueryError) in
            SumFunction(fields: try named(&parser), isAverage: true)
        },
    ]

    /// Functions of LogsQL that are refused by name.
    private static let functionsToCome: Set<String> = [
        "any", "count_empty", "count_uniq_hash", "histogram", "json_values", "median", "quantile",
        "rate", "rate_sum", "row_any", "row_max", "row_min", "stddev", "sum_len", "uniq_values",
        "values",
    ]

    static func parse(_ parser: inout Parser) throws(QueryError) -> StatsPipe {
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
            let function = try parseFunction(&parser)
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
        if functionsToCome.contains(keyword) {
            throw parser.unsupported("the stats function \(keyword)()", at: name)
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
        if parser.current.isKeyword("if") {
            throw parser.unsupported("‘if (…)’ after a stats function", at: parser.current)
        }
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

    /// Takes `()`, `(*)` or `(a, b)`.
    private static func arguments(_ parser: inout Parser) throws(QueryError) -> [String] {
        try parser.expect("(")
        if parser.take("*") {
            try parser.expect(")")
            return []
        }
        return try parser.fieldNames(inParentheses: true)
    }

    /// Takes `(a, b)`: at least one field.
    private static func named(_ parser: inout Parser) throws(QueryError) -> [String] {
        let start = parser.current
        try parser.expect("(")
        if parser.current.isMark("*") {
            throw parser.unsupported("a stats function over all fields", at: parser.current)
        }
        let fields = try parser.fieldNames(inParentheses: true)
        guard !fields.isEmpty else { throw parser.error("expected the name of a field", at: start) }
        return fields
    }
}
