import HisuiBytes

/// `replace if (…) ("old", "new") at field limit N`: puts one text in the place of another.
struct ReplacePipe: Pipe {
    let condition: Filter?
    let old: [UInt8]
    let new: [UInt8]
    let field: String
    let limit: Int?

    var keepsCount: Bool { true }

    func print(to out: inout String) {
        out += "replace"
        condition?.printCondition(to: &out)
        out += " ("
        Quoting.appendQuoted(old, to: &out)
        out += ", "
        Quoting.appendQuoted(new, to: &out)
        out += ")"
        if field != FieldName.message {
            out += " at "
            Quoting.append(field, to: &out)
        }
        if let limit { out += " limit \(limit)" }
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        after.adding([field]).adding(condition?.fields ?? [])
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        ReplaceStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> ReplacePipe {
        let condition = try parser.condition()
        try parser.expect("(")
        let token = parser.current
        let old = try parser.value()
        guard !old.isEmpty else {
            throw parser.error("expected a text to replace; an empty one is everywhere", at: token)
        }
        guard parser.take(",") else { throw parser.expected("‘,’ and the new text") }
        let new = try parser.value()
        try parser.expect(")")
        let field = parser.takeKeyword("at") ? try parser.fieldName() : FieldName.message
        let limit =
            parser.takeKeyword("limit")
            ? try parser.count("a number of replacements after ‘limit’") : nil
        return ReplacePipe(
            condition: condition, old: old, new: new, field: field, limit: limit)
    }
}

private final class ReplaceStage: PipeStage {
    private let pipe: ReplacePipe
    private let condition: RowFilter?
    private let field: Int32
    private let next: any PipeStage

    init(_ pipe: ReplacePipe, next: any PipeStage, _ context: StageContext) {
        self.pipe = pipe
        self.next = next
        condition = pipe.condition.map { RowFilter($0, context.names.number) }
        field = context.names.number(pipe.field)
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        if condition?.matches(row) ?? true, let place = row.index(ofNumber: field) {
            let type = row.cells[place].type
            if let value = try replaced(row.bytes.span.extracting(row.range(at: place))) {
                try row.write(field, value, .overwrite, type)
            }
        }
        return try next.push(&row)
    }

    /// The value with all that is to be replaced; nil if nothing is.
    private func replaced(_ value: Span<UInt8>) throws(QueryFailure) -> [UInt8]? {
        var out: [UInt8] = []
        var at = 0
        var count = 0
        while count < pipe.limit ?? .max,
            let place = ByteSearch.first(of: pipe.old, in: value, at..<value.count)
        {
            out.append(value, at..<place)
            out.append(contentsOf: pipe.new)
            try ResultRow.check(out.count)
            at = place + pipe.old.count
            count += 1
        }
        if count == 0 { return nil }
        out.append(value, at..<value.count)
        return out
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
