/// `copy a as b` and `rename a as b`: a value under another name, the old one kept or not.
struct CopyPipe: Pipe {
    let pairs: [(from: String, to: String)]
    let moves: Bool

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += moves ? "rename " : "copy "
        for (number, pair) in pairs.enumerated() {
            if number > 0 { out += ", " }
            Quoting.append(pair.from, to: &out)
            out += " as "
            Quoting.append(pair.to, to: &out)
        }
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        var needs = after
        for pair in pairs.reversed() {
            let wanted = needs.all || needs.names.contains(pair.to)
            needs.names.remove(pair.to)
            if moves { needs.names.remove(pair.from) }
            if wanted { needs.names.insert(pair.from) }
        }
        return needs
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        CopyStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser, moves: Bool) throws(QueryError) -> CopyPipe {
        var pairs: [(from: String, to: String)] = []
        repeat {
            let from = try parser.fieldName()
            if parser.current.isMark("*") {
                throw parser.unsupported("copying fields by prefix", at: parser.current)
            }
            _ = parser.takeKeyword("as")
            pairs.append((from, try parser.fieldName()))
        } while parser.take(",")
        return CopyPipe(pairs: pairs, moves: moves)
    }
}

private final class CopyStage: PipeStage {
    private let pairs: [(from: Int32, to: Int32)]
    private let moves: Bool
    private let next: any PipeStage

    init(_ pipe: CopyPipe, next: any PipeStage, _ context: StageContext) {
        pairs = pipe.pairs.map { (context.names.number($0.from), context.names.number($0.to)) }
        moves = pipe.moves
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        for (from, to) in pairs where from != to {
            // What is copied from a missing field is missing too.
            row.cells.removeAll { $0.name == to }
            guard let index = row.index(ofNumber: from) else { continue }
            if moves {
                row.cells[index].name = to
            } else {
                var cell = row.cells[index]
                cell.name = to
                row.cells.append(cell)
            }
        }
        return try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
