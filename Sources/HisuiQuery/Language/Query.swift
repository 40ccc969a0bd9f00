public import HisuiBytes
public import HisuiEvent

/// A query in LogsQL, understood: what selects rows, and what is done to them.
///
///     let query = try Query.parse("error | stats by (a) count()", now: now, timeZone: zone)
///     query.description   // its normal form, which reads back as the same query
public struct Query: Sendable, CustomStringConvertible {
    public var filter: Filter
    var pipes: [any Pipe]

    /// Reads a query.
    ///
    /// - Parameters:
    ///   - now: what relative times (`_time:5m`) count from.
    ///   - timeZone: the zone of times that name none.
    /// - Throws: `QueryError`, which says where and what was expected.
    /// - Complexity: O(length of the text).
    public static func parse(
        _ text: String, now: Timestamp, timeZone: TimeZoneRules
    ) throws(QueryError) -> Query {
        try parse(utf8: Array(text.utf8), now: now, timeZone: timeZone)
    }

    /// Reads a query from bytes, which may be no valid text.
    public static func parse(
        utf8 text: [UInt8], now: Timestamp, timeZone: TimeZoneRules
    ) throws(QueryError) -> Query {
        var parser = try Parser(text, now: now, timeZone: timeZone)
        if parser.current.kind == .end {
            throw parser.error(
                "the query is empty; ‘*’ selects everything", at: parser.current)
        }
        let query = try parser.query()
        guard parser.current.kind == .end else { throw parser.expected("‘|’ or the end") }
        return query
    }

    /// The query in its normal form.
    ///
    /// Lists and fields that are named once for many tests are written out, so it may be longer
    /// than a query may be; shorter ones read back as the same query.
    public var description: String {
        var text = ""
        filter.print(to: &text)
        for pipe in pipes {
            text += " | "
            pipe.print(to: &text)
        }
        return text
    }

    /// Whether the result are events, and not figures about them.
    public var yieldsEvents: Bool { pipes.allSatisfy(\.yieldsEvents) }
    /// Whether rows can be shown as they arrive: no pipe waits for the last one.
    public var canFollow: Bool { pipes.allSatisfy(\.isRowByRow) && !hasSubqueries }

    /// The nanoseconds outside of which no event can pass, as far as `_time` filters say so.
    public var timeRange: (first: Int64, last: Int64) { filter.timeRange }

    /// The query with only the events of a stretch of time, both ends included; so are the queries
    /// whose rows `union` and `join` take, here and in what follows.
    public func within(first: Int64, last: Int64) -> Query {
        var query = self
        let (start, end) = (Timestamp(nanoseconds: first), Timestamp(nanoseconds: last))
        let text =
            first == .min
            ? "<=\(end.utcText)"
            : last == .max ? ">=\(start.utcText)" : "[\(start.utcText),\(end.utcText)]"
        let time = TimeFilter(first: first, last: last, endsNow: false, text: text)
        query.filter = .and([.time(time), filter])
        query.pipes = pipes.map { $0.withQuery { $0.within(first: first, last: last) } }
        return query
    }

    /// The query with only the first `count` rows of its result.
    public func first(_ count: Int) -> Query { piped(LimitPipe(count: count)) }

    /// The query with only the latest `count` events of its result, in order of time.
    public func last(_ count: Int) -> Query {
        piped(SortPipe.byTime(descending: true, limit: count))
            .piped(SortPipe.byTime(descending: false, limit: nil))
    }

    /// The query that shows only these fields, and those in this order.
    public func showing(_ fields: [String]) -> Query {
        piped(
            FieldsPipe(
                patterns: (fields + (hasContext ? Self.contextFields : [])).map {
                    FieldPattern(name: FieldName.canonical($0), isPrefix: false)
                }))
    }

    private func piped(_ pipe: any Pipe) -> Query {
        var query = self
        query.pipes.append(pipe)
        return query
    }

    /// The query with only the events that `other` selects too.
    public func and(_ other: Query) -> Query {
        var query = self
        query.filter = .and([other.filter, filter])
        query.pipes = pipes.map { $0.withQuery { $0.and(other) } }
        return query
    }

    /// The query without records that may have been delivered before, unless it asks for a flag
    /// itself.
    public var withoutDuplicates: Query {
        var query = self
        query.pipes = pipes.map { $0.withQuery(\.withoutDuplicates) }
        if filter.names(FieldName.duplicate) || filter.names(FieldName.flags) { return query }
        query.filter = .and([
            .not(
                .field(
                    FieldTest(
                        field: FieldName.duplicate,
                        test: ExactFilter(text: Array("true".utf8))))), filter,
        ])
        return query
    }

    /// The same query without ends at the present: for events that are still to come.
    public var open: Query {
        var query = self
        query.filter = filter.withOpenEnd
        return query
    }
}

extension Parser {
    /// Takes filters in which queries may stand.
    mutating func filterWithSubqueries() throws(QueryError) -> Filter {
        let before = takesSubqueries
        defer { takesSubqueries = before }
        takesSubqueries = true
        return try filter()
    }

    /// Takes filters and pipes.
    mutating func query() throws(QueryError) -> Query {
        var query = Query(filter: try filterWithSubqueries(), pipes: [])
        while take("|") {
            guard query.pipes.count < Limits.queryPipesMax else {
                throw limit("more than \(Limits.queryPipesMax) pipes", at: current)
            }
            query.pipes += try pipe()
        }
        return query
    }
}

extension Filter {
    fileprivate var timeRange: (first: Int64, last: Int64) {
        switch self {
        case .time(let filter): (filter.first, filter.last)
        case .and(let filters):
            filters.map(\.timeRange).reduce((.min, .max)) {
                (max($0.first, $1.first), min($0.last, $1.last))
            }
        case .all, .or, .not, .field, .fields, .clock, .subquery: (.min, .max)
        }
    }

    /// Whether some test is on that field.
    fileprivate func names(_ field: String) -> Bool {
        switch self {
        case .all, .time, .clock: false
        case .field(let test): test.field == field
        case .fields(let comparison): comparison.field == field || comparison.other == field
        case .subquery(let inner): inner.field == field
        case .not(let filter): filter.names(field)
        case .and(let filters), .or(let filters): filters.contains { $0.names(field) }
        }
    }

    fileprivate var withOpenEnd: Filter {
        switch self {
        case .time(var filter):
            if filter.endsNow { filter.last = .max }
            return .time(filter)
        case .and(let filters): return .and(filters.map(\.withOpenEnd))
        case .or(let filters): return .or(filters.map(\.withOpenEnd))
        case .not(let filter): return .not(filter.withOpenEnd)
        case .all, .field, .fields, .clock, .subquery: return self
        }
    }
}
