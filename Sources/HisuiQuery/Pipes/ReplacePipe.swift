import HisuiBytes

/// `replace if (…) ("old", "new") at field limit N`: puts one text in the place of another.
struct ReplacePipe: Pipe {
    let condition: Filter?
    let old: [UInt8]
    let new: [UInt8]
    let place: ReplacementPlace

    var keepsCount: Bool { true }

    func print(to out: inout String) {
        out += "replace"
        condition?.printCondition(to: &out)
        out += " ("
        Quoting.appendQuoted(old, to: &out)
        out += ", "
        Quoting.appendQuoted(new, to: &out)
        out += ")"
        place.print(to: &out)
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        after.adding([place.field]).adding(condition?.fields ?? [])
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        ValueChangeStage(
            place.field, if: condition, next: next, context,
            change: { (value) throws(QueryFailure) in try replaced(value) })
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
        return ReplacePipe(
            condition: condition, old: old, new: new, place: try ReplacementPlace.parse(&parser))
    }

    /// The value with all that is to be replaced; nil if nothing is.
    private func replaced(_ value: Span<UInt8>) throws(QueryFailure) -> [UInt8]? {
        var out: [UInt8] = []
        var at = 0
        var count = 0
        while count < place.limit ?? .max,
            let start = ByteSearch.first(of: old, in: value, at..<value.count)
        {
            out.append(value, at..<start)
            out.append(contentsOf: new)
            try ResultRow.check(out.count)
            at = start + old.count
            count += 1
        }
        if count == 0 { return nil }
        out.append(value, at..<value.count)
        return out
    }
}
