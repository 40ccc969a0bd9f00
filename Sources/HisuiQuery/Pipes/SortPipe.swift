/// `sort by (a, b desc) limit 10`, and `first 10 by (a)`, `last 10 by (a)`, which are the same.
struct SortPipe: Pipe {
    struct Key: Hashable, Sendable {
        var field: String
        var descending: Bool
    }

    let keys: [Key]
    let offset: Int
    let limit: Int?
    /// Fields whose values part the rows: offset and limit count in each part.
    let partition: [String]
    /// The field that is to hold the place of a row, if any.
    let rank: String?

    /// The first rows in order of time, or the last; all if there is no limit.
    static func byTime(descending: Bool, limit: Int?) -> SortPipe {
        SortPipe(
            keys: [Key(field: FieldName.time, descending: descending)], offset: 0, limit: limit,
            partition: [], rank: nil)
    }

    var isRowByRow: Bool { false }

    /// The direction, if this puts rows in order of time and does nothing else to them than count.
    var timeOrder: (descending: Bool, offset: Int, limit: Int?)? {
        guard keys.count == 1, keys[0].field == FieldName.time, partition.isEmpty, rank == nil
        else { return nil }
        return (keys[0].descending, offset, limit)
    }

    func print(to out: inout String) {
        out += "sort by ("
        Self.print(keys, to: &out)
        out += ")"
        if offset > 0 { out += " offset \(offset)" }
        if let limit { out += " limit \(limit)" }
        if !partition.isEmpty {
            out += " partition by ("
            for (number, field) in partition.enumerated() {
                if number > 0 { out += ", " }
                Quoting.append(field, to: &out)
            }
            out += ")"
        }
        if let rank {
            out += " rank as "
            Quoting.append(rank, to: &out)
        }
    }

    static func print(_ keys: [Key], to out: inout String) {
        for (number, key) in keys.enumerated() {
            if number > 0 { out += ", " }
            Quoting.append(key.field, to: &out)
            if key.descending { out += " desc" }
        }
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        (rank.map(after.removing) ?? after).adding(keys.map(\.field) + partition)
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        SortStage(self, next: next, context)
    }
}

// Reading.
extension SortPipe {
    static func parse(_ parser: inout Parser) throws(QueryError) -> SortPipe {
        _ = parser.takeKeyword("by")
        let keys = try parseKeys(&parser)
        let descending = parser.takeKeyword("desc")
        if !descending { _ = parser.takeKeyword("asc") }
        return try parseRest(&parser, keys, reversed: descending, limit: nil)
    }

    /// Takes what stands after `first` or `last`.
    static func parse(_ parser: inout Parser, last: Bool) throws(QueryError) -> SortPipe {
        var limit = 1
        if !parser.current.isKeyword("by"), !parser.current.isMark("(") {
            limit = try parser.count("a number of rows, or ‘by (…)’")
        }
        _ = parser.takeKeyword("by")
        let keys = try parseKeys(&parser)
        return try parseRest(&parser, keys, reversed: last, limit: limit)
    }

    /// Takes `(a, b desc)`.
    static func parseKeys(_ parser: inout Parser) throws(QueryError) -> [Key] {
        try parser.expect("(")
        var keys: [Key] = []
        repeat {
            let field = try parser.fieldName()
            let descending = parser.takeKeyword("desc")
            if !descending { _ = parser.takeKeyword("asc") }
            keys.append(Key(field: field, descending: descending))
        } while parser.take(",")
        guard parser.take(")") else { throw parser.expected("‘desc’, ‘,’ or ‘)’") }
        return keys
    }

    private static func parseRest(
        _ parser: inout Parser, _ keys: [Key], reversed: Bool, limit: Int?
    ) throws(QueryError) -> SortPipe {
        var offset = 0
        var limit = limit
        var partition: [String] = []
        var rank: String?
        while true {
            if parser.takeKeyword("offset") {
                offset = try parser.count("a number of rows after ‘offset’")
            } else if parser.takeKeyword("limit") {
                limit = try parser.count("a number of rows after ‘limit’")
            } else if parser.takeKeyword("partition") {
                _ = parser.takeKeyword("by")
                try parser.expect("(")
                partition = try parser.fieldNames(inParentheses: true)
            } else if parser.takeKeyword("rank") {
                rank = parser.takeKeyword("as") ? try parser.fieldName() : "rank"
            } else {
                break
            }
        }
        let directed = keys.map { Key(field: $0.field, descending: $0.descending != reversed) }
        return SortPipe(
            keys: directed, offset: offset, limit: limit, partition: partition, rank: rank)
    }
}
