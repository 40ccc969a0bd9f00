import HisuiBytes
import HisuiShape

/// `json_array_len(field) as name`: how many items a JSON array has; 0 for what is none.
struct ArrayLengthPipe: Pipe {
    let field: String
    let result: String

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += "json_array_len("
        Quoting.append(field, to: &out)
        out += ") as "
        Quoting.append(result, to: &out)
    }

    func needs(after: FieldNeeds) -> FieldNeeds { after.removing(result).adding([field]) }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        ArrayLengthStage(
            context.names.number(field), context.names.number(result), next: next)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> ArrayLengthPipe {
        try parser.expect("(")
        let field = try parser.fieldName()
        try parser.expect(")")
        _ = parser.takeKeyword("as")
        return ArrayLengthPipe(field: field, result: try parser.fieldName())
    }
}

private final class ArrayLengthStage: PipeStage {
    private let field: Int32
    private let result: Int32
    private let next: any PipeStage

    init(_ field: Int32, _ result: Int32, next: any PipeStage) {
        self.field = field
        self.result = result
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        let range = row.range(ofNumber: field)
        let count = JSONItems.read(row.bytes.span.extracting(range), max: 0)?.count ?? 0
        var text: [UInt8] = []
        text.appendDecimal(UInt64(count))
        try row.write(result, text, .overwrite, .integer)
        return try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
