/// `delete a, b*`: drops these fields.
struct DeletePipe: Pipe {
    let patterns: [FieldPattern]

    var keepsCount: Bool { true }

    func print(to out: inout String) {
        out += "delete "
        for (number, pattern) in patterns.enumerated() {
            if number > 0 { out += ", " }
            pattern.print(to: &out)
        }
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        FieldNeeds(
            all: after.all,
            names: after.names.filter { name in !patterns.contains { $0.matches(name) } })
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        DeleteStage(patterns, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> DeletePipe {
        DeletePipe(patterns: try parser.fieldPatterns())
    }
}

private final class DeleteStage: PipeStage {
    private let patterns: [FieldPattern]
    private let record: Int32?
    private let next: any PipeStage
    /// Whether to drop a field, by its number, as far as asked before.
    private var known: [Bool?] = []

    init(_ patterns: [FieldPattern], next: any PipeStage, _ context: StageContext) {
        self.patterns = patterns
        record = context.keepsRecord ? context.names.number(FieldName.record) : nil
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        let names = row.names
        row.cells.removeAll { drops($0.name, names) }
        return try next.push(&row)
    }

    private func drops(_ number: Int32, _ names: FieldNames) -> Bool {
        while known.count <= Int(number) { known.append(nil) }
        if let answer = known[Int(number)] { return answer }
        let name = names[number]
        let answer = number != record && patterns.contains { $0.matches(name) }
        known[Int(number)] = answer
        return answer
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
