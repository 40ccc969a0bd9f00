/// `copy a as b` and `rename a as b`: a value under another name, the old one kept or not; `a* as
/// b*` for all fields whose names begin so, the record excepted.
struct CopyPipe: Pipe {
    /// Both are prefixes or none is.
    struct Pair: Hashable, Sendable {
        var from: FieldPattern
        var to: FieldPattern

        /// The name that a field gets whose name begins with the prefix; nil for another.
        func renamed(_ name: String) -> String? {
            guard name.utf8.starts(with: from.name.utf8) else { return nil }
            return to.name
                + String(decoding: name.utf8.dropFirst(from.name.utf8.count), as: UTF8.self)
        }

        var reversed: Pair { Pair(from: to, to: from) }
    }

    let pairs: [Pair]
    let moves: Bool

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += moves ? "rename " : "copy "
        for (number, pair) in pairs.enumerated() {
            if number > 0 { out += ", " }
            pair.from.print(to: &out)
            out += " as "
            pair.to.print(to: &out)
        }
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        var needs = after
        for pair in pairs.reversed() {
            if pair.from.isPrefix {
                // A field stays what it was where none takes its name.
                needs.names.formUnion(needs.names.compactMap(pair.reversed.renamed))
                continue
            }
            let wanted = needs.all || needs.names.contains(pair.to.name)
            needs.names.remove(pair.to.name)
            if moves { needs.names.remove(pair.from.name) }
            if wanted { needs.names.insert(pair.from.name) }
        }
        return needs
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        CopyStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser, moves: Bool) throws(QueryError) -> CopyPipe {
        var pairs: [Pair] = []
        repeat {
            let from = try parser.fieldPattern()
            _ = parser.takeKeyword("as")
            let start = parser.current
            let to = try parser.fieldPattern()
            guard from.isPrefix == to.isPrefix else {
                throw parser.error(
                    "expected ‘*’ behind both names or behind none: a prefix becomes a prefix",
                    at: start)
            }
            pairs.append(Pair(from: from, to: to))
        } while parser.take(",")
        return CopyPipe(pairs: pairs, moves: moves)
    }
}

private final class CopyStage: PipeStage {
    private let pairs: [(from: Int32, to: Int32)?]
    private let pipe: CopyPipe
    private let next: any PipeStage
    private let context: StageContext
    private let record: Int32
    /// For each pair of prefixes, the number that a field gets, by its own.
    private var renamed: [[Int32: Int32]]

    init(_ pipe: CopyPipe, next: any PipeStage, _ context: StageContext) {
        pairs = pipe.pairs.map { pair in
            pair.from.isPrefix
                ? nil
                : (context.names.number(pair.from.name), context.names.number(pair.to.name))
        }
        renamed = pairs.map { _ in [:] }
        record = context.names.number(FieldName.record)
        self.pipe = pipe
        self.next = next
        self.context = context
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        for (index, pair) in pairs.enumerated() {
            guard let (from, to) = pair else {
                try renamePrefix(index, &row)
                continue
            }
            if from == to { continue }
            // What is copied from a missing field is missing too.
            row.cells.removeAll { $0.name == to }
            guard let index = row.index(ofNumber: from) else { continue }
            if pipe.moves {
                row.cells[index].name = to
            } else {
                var cell = row.cells[index]
                cell.name = to
                row.cells.append(cell)
            }
        }
        return try next.push(&row)
    }

    /// Renames or copies all at once, so that `rename a* as ab*` does not meet its own results.
    private func renamePrefix(_ pair: Int, _ row: inout ResultRow) throws(QueryFailure) {
        var moved: [ResultRow.Cell] = []
        for cell in row.cells {
            let name = try newName(of: cell.name, pair)
            guard name != cell.name else { continue }
            var copy = cell
            copy.name = name
            moved.append(copy)
        }
        if moved.isEmpty { return }
        let targets = Set(moved.map(\.name))
        if !pipe.moves {
            row.cells.removeAll { targets.contains($0.name) }
            row.cells += moved
            return
        }
        var kept: [ResultRow.Cell] = []
        var next = 0
        for cell in row.cells {
            if try newName(of: cell.name, pair) != cell.name {
                kept.append(moved[next])
                next += 1
            } else if !targets.contains(cell.name) {
                kept.append(cell)
            }
        }
        row.cells = kept
    }

    /// The number that a field gets; its own if it keeps its name.
    private func newName(of number: Int32, _ pair: Int) throws(QueryFailure) -> Int32 {
        if let known = renamed[pair][number] { return known }
        var new = number
        if number != record, let name = pipe.pairs[pair].renamed(context.names[number]) {
            new = try context.number(ofFound: FieldName.canonical(name))
        }
        renamed[pair][number] = new
        return new
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
