import HisuiBytes

/// `extract_regexp if (…) "ip=(?P<ip>\S+)" from _msg`: what fits the named groups of a regular
/// expression where it fits first, into fields of these names.
///
/// Where it does not fit, all of them are empty.
struct ExtractRegexpPipe: Pipe {
    let condition: Filter?
    let pattern: CapturingPattern
    /// The fields of the groups that are asked for.
    let results: [String]
    let field: String
    let mode: WritingMode

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += "extract_regexp"
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
        mode.needs(after: after, results: results, sources: [field], condition: condition)
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        ExtractRegexpStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> ExtractRegexpPipe {
        let condition = try parser.condition()
        let token = parser.current
        let source = try parser.value()
        var results: [String] = []
        let pattern = try CapturingPattern(
            source, at: token, in: parser,
            remembering: { (names) throws(RegularExpressionError) in
                var groups: [Int] = []
                for (index, name) in names.enumerated() {
                    guard let name else { continue }
                    guard !name.isEmpty, !results.contains(FieldName.canonical(name)) else {
                        throw RegularExpressionError("two groups of one name, ‘\(name)’, or none")
                    }
                    groups.append(index + 1)
                    results.append(FieldName.canonical(name))
                }
                if groups.isEmpty {
                    throw RegularExpressionError("it names no field, as in ‘ip=(?P<ip>.+)’")
                }
                return groups
            })
        let field = parser.takeKeyword("from") ? try parser.fieldName() : FieldName.message
        return ExtractRegexpPipe(
            condition: condition, pattern: pattern, results: results, field: field,
            mode: WritingMode.parse(&parser))
    }
}

private final class ExtractRegexpStage: PipeStage {
    private let condition: RowFilter?
    private let field: Int32
    private let results: [Int32]
    private let mode: WritingMode
    private var finder: RegularExpressionFinder
    private let next: any PipeStage

    init(_ pipe: ExtractRegexpPipe, next: any PipeStage, _ context: StageContext) {
        condition = pipe.condition.map { RowFilter($0, context.names.number) }
        field = context.names.number(pipe.field)
        results = pipe.results.map(context.names.number)
        mode = pipe.mode
        finder = RegularExpressionFinder(pipe.pattern.expression)
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        if condition?.matches(row) ?? true {
            // What is written may stand where the value did.
            let range = row.range(ofNumber: field)
            let isFound = finder.find(in: row.bytes.span.extracting(range), from: 0)
            for (index, result) in results.enumerated() {
                let found = isFound ? finder.range(ofGroup: index) : nil
                let start = range.lowerBound
                let value = found.map { row.bytes[start + $0.lowerBound..<start + $0.upperBound] }
                try row.write(result, Array(value ?? []), mode)
            }
        }
        return try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
