import HisuiBytes

/// `unroll if (…) by (a, b)`: a row for each item of the JSON arrays in these fields, the first
/// items together, then the second.
///
/// A field whose array is shorter has no value in the rows behind its end; one that is no array
/// keeps its value in the first. Of each array the first thousand items are taken.
struct UnrollPipe: Pipe {
    let condition: Filter?
    let fields: [String]

    func print(to out: inout String) {
        out += "unroll"
        condition?.printCondition(to: &out)
        out += " by ("
        for (number, field) in fields.enumerated() {
            if number > 0 { out += ", " }
            Quoting.append(field, to: &out)
        }
        out += ")"
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        after.adding(fields).adding(condition?.fields ?? [])
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        UnrollStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> UnrollPipe {
        let condition = try parser.condition()
        let hasBy = parser.takeKeyword("by")
        let start = parser.current
        let fields: [String]
        if hasBy || parser.current.isMark("(") {
            try parser.expect("(")
            fields = try parser.fieldNames(inParentheses: true)
        } else {
            fields = try parser.fieldNames(inParentheses: false)
        }
        guard !fields.isEmpty else { throw parser.error("expected the name of a field", at: start) }
        return UnrollPipe(condition: condition, fields: fields)
    }
}

private final class UnrollStage: PipeStage {
    private let fields: [Int32]
    private let condition: RowFilter?
    private let next: any PipeStage
    private var copy: ResultRow

    init(_ pipe: UnrollPipe, next: any PipeStage, _ context: StageContext) {
        fields = pipe.fields.map(context.names.number)
        condition = pipe.condition.map { RowFilter($0, context.names.number) }
        copy = ResultRow(names: context.names)
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        guard condition?.matches(row) ?? true else { return try next.push(&row) }
        var items: [[[UInt8]]] = []
        for field in fields {
            let range = row.range(ofNumber: field)
            let read = JSONItems.read(
                row.bytes.span.extracting(range), max: PipeLimits.membersMax)
            items.append(read?.items ?? [Array(row.bytes[range])])
        }
        // The arrays themselves need not be copied into each row.
        row.cells.removeAll { fields.contains($0.name) }
        let rest = StoredRow(row)
        for number in 0..<max(1, items.map(\.count).max() ?? 0) {
            rest.restore(to: &copy)
            for (field, values) in zip(fields, items) where number < values.count {
                try copy.write(field, values[number], .overwrite)
            }
            if try !next.push(&copy) { return false }
        }
        return true
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
