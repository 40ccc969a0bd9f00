import HisuiBytes
import HisuiShape

/// `len(field) as name`: the length of a value in bytes; `json_array_len(field) as name`: how many
/// items a JSON array has, 0 for what is none; `hash(field) as name`: a number below 2⁵³, always
/// the same for the same value.
struct LenPipe: Pipe {
    enum Measure: String, Sendable {
        case bytes = "len"
        case items = "json_array_len"
        case hash

        func of(_ value: Span<UInt8>) -> UInt64 {
            switch self {
            case .bytes: UInt64(value.count)
            case .items: UInt64(JSONItems.read(value, max: 0)?.count ?? 0)
            // What `math` can hold exactly.
            case .hash: Hash64.of(value) & (1 << 53 - 1)
            }
        }
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
        FieldMakingStage(
            field, result, .integer, next: next, context,
            make: { (value) throws(QueryFailure) in
                var text: [UInt8] = []
                text.appendDecimal(measure.of(value))
                return text
            })
    }

    /// Takes `(field) as name`.
    static func parse(
        _ parser: inout Parser, _ measure: Measure
    ) throws(QueryError) -> LenPipe {
        try parser.expect("(")
        let field = try parser.fieldName()
        try parser.expect(")")
        return LenPipe(
            measure: measure, field: field, result: try parser.resultName(FieldName.message))
    }
}
