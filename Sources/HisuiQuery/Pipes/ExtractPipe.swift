import HisuiBytes

/// `extract if (…) "ip=<ip> port=<port>" from _msg`: what stands in a value between given texts,
/// into fields.
///
/// A placeholder reaches to the next text, the last one to the end if no text follows. Where it
/// begins with a quote and a text in quotes stands there up to the next text, it is what the quotes
/// say, but for `<plain:name>`. Where a text is missing, this placeholder and all behind are empty.
struct ExtractPipe: Pipe {
    let condition: Filter?
    let pattern: PlaceholderPattern
    let field: String
    let mode: WritingMode

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += "extract"
        condition?.printCondition(to: &out)
        out += " "
        Quoting.appendQuoted(pattern.source, to: &out)
        if field != FieldName.message {
            out += " from "
            Quoting.append(field, to: &out)
        }
        mode.print(to: &out)
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        mode.needs(
            after: after, results: pattern.fields, sources: [field], condition: condition)
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        ExtractStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> ExtractPipe {
        let condition = try parser.condition()
        let token = parser.current
        let pattern = try PlaceholderPattern.parse(&parser, options: ["plain"])
        guard pattern.placeholders.contains(where: { $0.field != nil }) else {
            throw parser.error("the pattern names no field, as in ‘ip=<ip>’", at: token)
        }
        if pattern.texts.dropFirst().dropLast().contains([]) {
            throw parser.error(
                "two placeholders need a text between them that ends the first", at: token)
        }
        let field = parser.takeKeyword("from") ? try parser.fieldName() : FieldName.message
        return ExtractPipe(
            condition: condition, pattern: pattern, field: field,
            mode: WritingMode.parse(&parser))
    }
}

extension PlaceholderPattern {
    /// Finds what stands in the places; nil from the first that is missing on.
    ///
    /// - Complexity: O(length of the value × placeholders) at the worst: each looks for a quote's
    ///   end.
    func extract(_ value: Span<UInt8>) -> [[UInt8]?] {
        var found = [[UInt8]?](repeating: nil, count: placeholders.count)
        guard let start = ByteSearch.first(of: texts[0], in: value, 0..<value.count) else {
            return found
        }
        var at = start + texts[0].count
        for (number, placeholder) in placeholders.enumerated() {
            let text = texts[number + 1]
            if placeholder.option != "plain", let quoted = QuotedText.read(value, at: at),
                Self.stands(text, in: value, at: quoted.end)
            {
                found[number] = quoted.text
                at = quoted.end + text.count
                continue
            }
            var end = value.count
            if !text.isEmpty {
                guard let place = ByteSearch.first(of: text, in: value, at..<value.count) else {
                    return found
                }
                end = place
            }
            found[number] = [UInt8](value, at..<end)
            at = end + text.count
        }
        return found
    }

    private static func stands(_ text: [UInt8], in value: Span<UInt8>, at place: Int) -> Bool {
        place + text.count <= value.count
            && ByteSearch.equal(value, place..<place + text.count, text.span)
    }
}

private final class ExtractStage: PipeStage {
    private let pipe: ExtractPipe
    private let condition: RowFilter?
    private let field: Int32
    private let results: [Int32?]
    private let next: any PipeStage

    init(_ pipe: ExtractPipe, next: any PipeStage, _ context: StageContext) {
        self.pipe = pipe
        self.next = next
        condition = pipe.condition.map { RowFilter($0, context.names.number) }
        field = context.names.number(pipe.field)
        results = pipe.pattern.placeholders.map { $0.field.map(context.names.number) }
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        if condition?.matches(row) ?? true {
            let found = pipe.pattern.extract(
                row.bytes.span.extracting(row.range(ofNumber: field)))
            for (value, name) in zip(found, results) {
                if let name { try row.write(name, value ?? [], pipe.mode) }
            }
        }
        return try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
