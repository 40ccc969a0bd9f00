import HisuiBytes

/// `collapse_nums if (…) at field prettify`: writes `<N>` in the place of numbers, so that messages
/// that differ in nothing else become one; with `prettify`, `<IP4>`, `<UUID>`, `<TIME>`, `<DATE>`
/// and `<DATETIME>` in the place of numbers that stand together so.
struct CollapseNumsPipe: Pipe {
    let condition: Filter?
    let field: String
    let isPretty: Bool

    var keepsCount: Bool { true }

    func print(to out: inout String) {
        out += "collapse_nums"
        condition?.printCondition(to: &out)
        if field != FieldName.message {
            out += " at "
            Quoting.append(field, to: &out)
        }
        if isPretty { out += " prettify" }
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        after.adding([field]).adding(condition?.fields ?? [])
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        ValueChangeStage(
            field, if: condition, next: next, context,
            change: { (value) throws(QueryFailure) in
                let collapsed = CollapsedNumbers.text(value)
                return isPretty ? CollapsedNumbers.pretty(collapsed) : collapsed
            })
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> CollapseNumsPipe {
        let condition = try parser.condition()
        let field = parser.takeKeyword("at") ? try parser.fieldName() : FieldName.message
        return CollapseNumsPipe(
            condition: condition, field: field, isPretty: parser.takeKeyword("prettify"))
    }
}
