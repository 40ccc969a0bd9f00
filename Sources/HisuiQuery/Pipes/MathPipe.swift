import HisuiBytes
import HisuiShape

/// `math a / b as ratio, round(ratio * 100) as percent`: figures of each row.
struct MathPipe: Pipe {
    let results: [(name: String, expression: MathExpression)]
    /// The time of the query, in nanoseconds.
    let now: Int64

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += "math "
        for (number, result) in results.enumerated() {
            if number > 0 { out += ", " }
            result.expression.print(to: &out)
            out += " as "
            Quoting.append(result.name, to: &out)
        }
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        results.reversed().reduce(after) { needs, result in
            needs.removing(result.name).adding(result.expression.fields)
        }
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        MathStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> MathPipe {
        var results: [(name: String, expression: MathExpression)] = []
        repeat {
            let expression = try MathParser.parse(&parser)
            let isNamed = parser.takeKeyword("as")
            var name = ""
            if isNamed || parser.current.kind == .word || parser.current.kind == .quoted {
                name = try parser.fieldName()
            } else {
                expression.print(to: &name)
            }
            results.append((name, expression))
        } while parser.take(",")
        return MathPipe(results: results, now: parser.now)
    }
}

private final class MathStage: PipeStage {
    private let programs: [(name: Int32, program: MathProgram)]
    private let next: any PipeStage

    init(_ pipe: MathPipe, next: any PipeStage, _ context: StageContext) {
        self.next = next
        programs = pipe.results.map { result in
            (
                context.names.number(result.name),
                MathProgram(result.expression, context.names, now: pipe.now)
            )
        }
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        for (name, program) in programs {
            var text: [UInt8] = []
            Number(program.value(of: row)).append(to: &text)
            try row.write(name, text, .overwrite, .integer)
        }
        return try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
