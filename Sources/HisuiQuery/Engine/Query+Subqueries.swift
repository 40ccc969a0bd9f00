import HisuiEvent
import HisuiStore

// Queries inside filters are asked first; then lists of values stand in their places.
extension Query {
    /// Whether a query stands inside a filter of this one.
    var hasSubqueries: Bool {
        filter.hasSubqueries
            || pipes.contains { ($0 as? FilterPipe)?.filter.hasSubqueries ?? false }
    }

    /// The only field of the rows that the query gives, if it says so at its end.
    var valueField: String? {
        if let pipe = pipes.last as? FieldsPipe, pipe.patterns.count == 1,
            !pipe.patterns[0].isPrefix
        {
            return pipe.patterns[0].name
        }
        if let pipe = pipes.last as? UniqPipe, pipe.fields.count == 1, !pipe.hasHits {
            return pipe.fields[0]
        }
        return nil
    }

    /// The same query without queries inside filters.
    ///
    /// - Parameter values: the values that a query gives, each once.
    func answered(
        _ values: (SubqueryFilter) throws(QueryFailure) -> [[UInt8]]
    ) throws(QueryFailure) -> Query {
        var query = self
        query.filter = try filter.answered(values)
        for (place, pipe) in pipes.enumerated() {
            guard let pipe = pipe as? FilterPipe else { continue }
            query.pipes[place] = FilterPipe(filter: try pipe.filter.answered(values))
        }
        return query
    }
}

extension Filter {
    fileprivate var hasSubqueries: Bool {
        switch self {
        case .all, .time, .clock, .field, .fields: false
        case .subquery: true
        case .not(let filter): filter.hasSubqueries
        case .and(let filters), .or(let filters): filters.contains(where: \.hasSubqueries)
        }
    }

    fileprivate func answered(
        _ values: (SubqueryFilter) throws(QueryFailure) -> [[UInt8]]
    ) throws(QueryFailure) -> Filter {
        switch self {
        case .all, .time, .clock, .field, .fields: return self
        case .subquery(let inner): return inner.filter(try values(inner))
        case .not(let filter): return .not(try filter.answered(values))
        case .and(let filters):
            return .and(
                try filters.map { (filter) throws(QueryFailure) in try filter.answered(values) })
        case .or(let filters):
            return .or(
                try filters.map { (filter) throws(QueryFailure) in try filter.answered(values) })
        }
    }
}

extension QueryRunner {
    /// The values that a query inside a filter gives over the same blocks, each once, in the order
    /// in which it gives them; rows without a value give none.
    static func values(
        of subquery: SubqueryFilter, _ blocks: [Block], _ options: QueryOptions
    ) throws(QueryFailure) -> [[UInt8]] {
        guard let field = subquery.query.valueField else { return [] }
        var options = options
        options.fields = [field]
        options.trace = options.trace?.inner(subquery.query)
        var known: Set<[UInt8]> = []
        var values: [[UInt8]] = []
        var bytes = 0
        let bytesMax = options.memoryBytesMax
        try QueryRunner(blocks: blocks, query: subquery.query, options: options).run { row in
            guard let place = row.index(of: field) else { return true }
            let value = Array(row.bytes[row.range(at: place)])
            guard known.insert(value).inserted else { return true }
            values.append(value)
            bytes += value.count + Self.valueBytes
            return values.count <= subquery.valuesMax && bytes <= bytesMax
        }
        guard bytes <= bytesMax else {
            throw QueryFailure(
                .memory,
                "the query inside \(subquery.kind.rawValue)(…) gives more than "
                    + "\(bytesMax >> 20) MiB of values of \(field)")
        }
        if values.count > subquery.valuesMax {
            throw QueryFailure(
                .memory,
                "the query inside \(subquery.kind.rawValue)(…) gives more than "
                    + "\(subquery.valuesMax) different values of \(field)")
        }
        return values
    }

    /// What a value takes beside its text, in the list and in the set.
    private static let valueBytes = 96
}
