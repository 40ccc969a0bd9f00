import HisuiBytes

/// `format if (…) "<ip>:<port>" as result`: a text made of fields, into a field.
struct FormatPipe: Pipe {
    let condition: Filter?
    let pattern: PlaceholderPattern
    let result: String
    let mode: WritingMode

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += "format"
        condition?.printCondition(to: &out)
        out += " "
        Quoting.appendQuoted(pattern.source, to: &out)
        if result != FieldName.message {
            out += " as "
            Quoting.append(result, to: &out)
        }
        mode.print(to: &out)
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        mode.needs(
            after: after, results: [result], sources: pattern.fields, condition: condition)
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        FormatStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> FormatPipe {
        let condition = try parser.condition()
        let token = parser.current
        let forms = FieldForm.allCases.map(\.rawValue)
        let pattern = try PlaceholderPattern.parse(&parser, options: forms)
        guard pattern.placeholders.allSatisfy({ $0.field != nil }) else {
            throw parser.error("a placeholder of ‘format’ needs the name of a field", at: token)
        }
        let result = parser.takeKeyword("as") ? try parser.fieldName() : FieldName.message
        return FormatPipe(
            condition: condition, pattern: pattern, result: result,
            mode: WritingMode.parse(&parser))
    }
}

private final class FormatStage: PipeStage {
    private let pipe: FormatPipe
    private let condition: RowFilter?
    private let parts: [(field: Int32, form: FieldForm)]
    private let result: Int32
    private let next: any PipeStage

    init(_ pipe: FormatPipe, next: any PipeStage, _ context: StageContext) {
        self.pipe = pipe
        self.next = next
        condition = pipe.condition.map { RowFilter($0, context.names.number) }
        parts = pipe.pattern.placeholders.map { placeholder in
            (
                context.names.number(placeholder.field ?? FieldName.message),
                FieldForm(rawValue: placeholder.option) ?? .plain
            )
        }
        result = context.names.number(pipe.result)
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        if condition?.matches(row) ?? true {
            var text = pipe.pattern.texts[0]
            for (number, part) in parts.enumerated() {
                let range = row.range(ofNumber: part.field)
                part.form.append(row.bytes.span.extracting(range), to: &text)
                text += pipe.pattern.texts[number + 1]
                try ResultRow.check(text.count)
            }
            try row.write(result, text, pipe.mode)
        }
        return try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
