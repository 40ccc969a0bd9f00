import HisuiBytes

/// `join by (a, b) (query) inner prefix "x."`: to each row, the fields of each row of another query
/// that has the same values in `a` and `b`, one row for each of them. A row without any stays as it
/// is, with `inner` it goes.
///
/// A field that the row has keeps its value. The rows of the other query are held.
struct JoinPipe: Pipe {
    let by: [String]
    let query: Query
    let isInner: Bool
    /// What stands before the names of the other query's fields.
    let prefix: String

    var isRowByRow: Bool { false }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += "join by ("
        for (number, field) in by.enumerated() {
            if number > 0 { out += ", " }
            Quoting.append(field, to: &out)
        }
        out += ") (\(query))"
        if isInner { out += " inner" }
        if !prefix.isEmpty {
            out += " prefix "
            Quoting.appendQuoted(Array(prefix.utf8), to: &out)
        }
    }

    func needs(after: FieldNeeds) -> FieldNeeds { after.adding(by) }

    func withQuery(_ change: (Query) -> Query) -> any Pipe {
        JoinPipe(by: by, query: change(query), isInner: isInner, prefix: prefix)
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        JoinStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> JoinPipe {
        _ = parser.takeKeyword("by")
        let start = parser.current
        try parser.expect("(")
        let by = try parser.fieldNames(inParentheses: true)
        guard !by.isEmpty else { throw parser.error("expected the name of a field", at: start) }
        let query = try parser.queryInParentheses()
        let isInner = parser.takeKeyword("inner")
        var prefix = ""
        if parser.takeKeyword("prefix") {
            prefix = String(decoding: try parser.value(), as: UTF8.self)
        }
        return JoinPipe(by: by, query: query, isInner: isInner, prefix: prefix)
    }

    /// Which fields of the other query's rows somebody looks at who looks at `after`.
    func otherNeeds(after: FieldNeeds) -> FieldNeeds {
        var needs = FieldNeeds(all: after.all, names: Set(by))
        for name in after.names where name.utf8.starts(with: prefix.utf8) {
            needs.names.insert(
                String(decoding: name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self))
        }
        return needs
    }
}

private final class JoinStage: PipeStage {
    private let pipe: JoinPipe
    private let by: [Int32]
    private let next: any PipeStage
    private let context: StageContext
    /// The other query's rows by their values of `by`, once the first row is there.
    private var others: [[UInt8]: [StoredRow]]?
    private var copy: ResultRow
    private var made = 0

    /// Rows made between two questions whether to go on.
    private static let rowsBetweenStops = 1024

    init(_ pipe: JoinPipe, next: any PipeStage, _ context: StageContext) {
        self.pipe = pipe
        self.next = next
        self.context = context
        by = pipe.by.map(context.names.number)
        copy = ResultRow(names: context.names)
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        if others == nil { others = try read() }
        guard let matching = others?[key(of: row)] else {
            return pipe.isInner ? true : try next.push(&row)
        }
        let own = StoredRow(row)
        for other in matching {
            own.restore(to: &copy)
            for cell in other.cells where copy.index(ofNumber: cell.name) == nil {
                try copy.write(
                    cell.name, Array(other.bytes[cell.value.range]), .overwrite, cell.type)
            }
            made += 1
            if made % Self.rowsBetweenStops == 0 { try context.checkStop() }
            if try !next.push(&copy) { return false }
        }
        return true
    }

    private func key(of row: borrowing ResultRow) -> [UInt8] {
        var key: [UInt8] = []
        for number in by {
            let range = row.range(ofNumber: number)
            key.appendVarint(UInt64(range.count))
            key.append(row.bytes.span, range)
        }
        return key
    }

    private func read() throws(QueryFailure) -> [[UInt8]: [StoredRow]] {
        var rows: [[UInt8]: [StoredRow]] = [:]
        let needs = pipe.otherNeeds(after: context.after)
        try context.run(pipe.query, needs) { [self] (row) throws(QueryFailure) in
            let key = key(of: row)
            row.cells.removeAll { by.contains($0.name) }
            if !pipe.prefix.isEmpty {
                for index in row.cells.indices {
                    let name = pipe.prefix + row.name(at: index)
                    row.cells[index].name = try context.number(ofFound: name)
                }
            }
            let stored = StoredRow(row)
            try context.budget.take(stored.memory + key.count, for: "the rows of a join")
            rows[key, default: []].append(stored)
            return true
        }
        return rows
    }

    func finish() throws(QueryFailure) {
        for (key, rows) in others ?? [:] {
            for row in rows { context.budget.give(row.memory + key.count) }
        }
        others = nil
        try next.finish()
    }
}
