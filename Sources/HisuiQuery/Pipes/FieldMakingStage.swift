import HisuiShape

/// A pipe at work that makes the value of one field of that of another, in every row.
final class FieldMakingStage: PipeStage {
    /// The new value, given the old one, or the empty one where the row has none.
    typealias Make = (Span<UInt8>) throws(QueryFailure) -> [UInt8]

    private let field: Int32
    private let result: Int32
    private let type: Shape.FieldType
    private let make: Make
    private let next: any PipeStage

    init(
        _ field: String, _ result: String, _ type: Shape.FieldType = .keyword,
        next: any PipeStage, _ context: StageContext, make: @escaping Make
    ) {
        self.field = context.names.number(field)
        self.result = context.names.number(result)
        self.type = type
        self.make = make
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        let value = try make(row.bytes.span.extracting(row.range(ofNumber: field)))
        try row.write(result, value, .overwrite, type)
        return try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}

extension Parser {
    /// Whether a pipe ends here.
    var endsPipe: Bool { current.kind == .end || current.isMark("|") || current.isMark(")") }

    /// Takes `as name` or `name` if one of them stands here.
    mutating func resultName(_ usual: String) throws(QueryError) -> String {
        if takeKeyword("as") { return try fieldName() }
        let isName = current.kind == .word || current.kind == .quoted
        return isName ? try fieldName() : usual
    }
}
