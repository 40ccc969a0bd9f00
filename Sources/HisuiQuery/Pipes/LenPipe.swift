import HisuiBytes
import HisuiShape

/// `len(field) as name`: the length of a value in bytes; `json_array_len(field) as name`: how many
/// items a JSON array has, 0 for what is none.
struct LenPipe: Pipe {
    enum Measure: String, Sendable {
        case bytes = "len"
        case items = "json_array_len"
    }

    let measure: Measure
    let field: String
    let result: String

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += measure.rawValue + "("
        Quoting.append(field, to: &out)
        out += ") as "
        Quoting.append(result, to: &out)
    }

    func needs(after: FieldNeeds) -> FieldNeeds { after.removing(result).adding([field]) }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        LenStage(
            measure, context.names.number(field), context.names.number(result), next: next)
    }

    /// Takes `(field) as name`.
    static func parse(
        _ parser: inout Parser, _ measure: Measure
    ) throws(QueryError) -> LenPipe {
        try parser.expect("(")
        let field = try parser.fieldName()
        try parser.expect(")")
        _ = parser.takeKeyword("as")
        return LenPipe(measure: measure, field: field, result: try parser.fieldName())
    }
}

private final class LenStage: PipeStage {
    private let measure: LenPipe.Measure
    private let field: Int32
    private let result: Int32
    private let next: any PipeStage

    init(
        _ measure: LenPipe.Measure, _ field: Int32, _ result: Int32, next: any PipeStage
    ) {
        self.measure = measure
        self.field = field
        self.result = result
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        let range = row.range(ofNumber: field)
        let length =
            switch measure {
            case .bytes: range.count
            case .items: JSONItems.read(row.bytes.span.extracting(range), max: 0)?.count ?? 0
            }
        var text: [UInt8] = []
        text.appendDecimal(UInt64(length))
        try row.write(result, text, .overwrite, .integer)
        return try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
