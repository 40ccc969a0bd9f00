/// `fields a, b*`: keeps these fields, in this order.
struct FieldsPipe: Pipe {
    let patterns: [FieldPattern]

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += "fields "
        for (number, pattern) in patterns.enumerated() {
            if number > 0 { out += ", " }
            pattern.print(to: &out)
        }
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        var needs = FieldNeeds.nothing
        for pattern in patterns {
            if pattern.isPrefix {
                // Which of them exist is known only when rows come.
                if after.all { needs.all = true }
                needs.names.formUnion(after.names.filter(pattern.matches))
            } else if after.all || after.names.contains(pattern.name) {
                needs.names.insert(pattern.name)
            }
        }
        return needs
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        FieldsStage(patterns, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> FieldsPipe {
        FieldsPipe(patterns: try parser.fieldPatterns())
    }
}

private final class FieldsStage: PipeStage {
    private let patterns: [FieldPattern]
    /// For each pattern the field's number; nil for a prefix.
    private let numbers: [Int32?]
    private let record: Int32?
    private let next: any PipeStage
    private var kept: [ResultRow.Cell] = []

    init(_ patterns: [FieldPattern], next: any PipeStage, _ context: StageContext) {
        self.patterns = patterns
        numbers = patterns.map { $0.isPrefix ? nil : context.names.number($0.name) }
        record = context.keepsRecord ? context.names.number(FieldName.record) : nil
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        kept.removeAll(keepingCapacity: true)
        for (pattern, number) in zip(patterns, numbers) {
            if let number {
                if let index = row.index(ofNumber: number) { keep(row.cells[index]) }
            } else {
                for index in row.cells.indices where pattern.matches(row.name(at: index)) {
                    keep(row.cells[index])
                }
            }
        }
        if let record, let index = row.index(ofNumber: record) { keep(row.cells[index]) }
        swap(&row.cells, &kept)
        return try next.push(&row)
    }

    private func keep(_ cell: ResultRow.Cell) {
        if !kept.contains(where: { $0.name == cell.name }) { kept.append(cell) }
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
