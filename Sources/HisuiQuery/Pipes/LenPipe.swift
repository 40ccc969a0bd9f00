import HisuiBytes
import HisuiShape

/// `len(field) as name`: the length of a value in bytes.
struct LenPipe: Pipe {
    let field: String
    let result: String

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += "len("
        Quoting.append(field, to: &out)
        out += ") as "
        Quoting.append(result, to: &out)
    }

    func needs(after: FieldNeeds) -> FieldNeeds { after.removing(result).adding([field]) }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        LenStage(
            context.names.number(field), context.names.number(result), next: next)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> LenPipe {
        try parser.expect("(")
        let field = try parser.fieldName()
        try parser.expect(")")
        _ = parser.takeKeyword("as")
        return LenPipe(field: field, result: try parser.fieldName())
    }
}

private final class LenStage: PipeStage {
    private let field: Int32
    private let result: Int32
    private let next: any PipeStage

    init(_ field: Int32, _ result: Int32, next: any PipeStage) {
        self.field = field
        self.result = result
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        var value: [UInt8] = []
        value.appendDecimal(UInt64(row.range(ofNumber: field).count))
        row.set(result, value, .integer)
        return try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
