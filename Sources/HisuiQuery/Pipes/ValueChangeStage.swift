/// A pipe at work that changes the value of one field, in the rows that pass a condition.
///
/// A row without the field stays as it is.
final class ValueChangeStage: PipeStage {
    /// The new value; nil if the old one stays.
    typealias Change = (Span<UInt8>) throws(QueryFailure) -> [UInt8]?

    private let field: Int32
    private let condition: RowFilter?
    private let change: Change
    private let next: any PipeStage

    init(
        _ field: String, if condition: Filter?, next: any PipeStage, _ context: StageContext,
        change: @escaping Change
    ) {
        self.field = context.names.number(field)
        self.condition = condition.map { RowFilter($0, context.names.number) }
        self.change = change
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        if condition?.matches(row) ?? true, let place = row.index(ofNumber: field) {
            let type = row.cells[place].type
            if let value = try change(row.bytes.span.extracting(row.range(at: place))) {
                try row.write(field, value, .overwrite, type)
            }
        }
        return try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}

/// Where `replace (…) at field limit N` and its like work.
struct ReplacementPlace: Sendable {
    let field: String
    let limit: Int?

    func print(to out: inout String) {
        if field != FieldName.message {
            out += " at "
            Quoting.append(field, to: &out)
        }
        if let limit { out += " limit \(limit)" }
    }

    /// Takes `at field limit N`, both of which may be missing.
    static func parse(_ parser: inout Parser) throws(QueryError) -> ReplacementPlace {
        let field = parser.takeKeyword("at") ? try parser.fieldName() : FieldName.message
        let limit =
            parser.takeKeyword("limit")
            ? try parser.count("a number of replacements after ‘limit’") : nil
        return ReplacementPlace(field: field, limit: limit)
    }
}
