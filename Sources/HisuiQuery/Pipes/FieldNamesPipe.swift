import HisuiBytes
import HisuiShape

/// `field_names`: every field that a row has, `name`, with the number of rows that have it, `hits`.
struct FieldNamesPipe: Pipe {
    var isRowByRow: Bool { false }
    var yieldsEvents: Bool { false }

    func print(to out: inout String) { out += "field_names" }
    func needs(after: FieldNeeds) -> FieldNeeds { .everything }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        FieldNamesStage(next: next, context)
    }
}

private final class FieldNamesStage: PipeStage {
    private let next: any PipeStage
    private let context: StageContext
    /// Rows that have a field, by its number.
    private var hits: [UInt64] = []

    init(next: any PipeStage, _ context: StageContext) {
        self.next = next
        self.context = context
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        for cell in row.cells {
            while hits.count <= Int(cell.name) { hits.append(0) }
            hits[Int(cell.name)] += 1
        }
        return true
    }

    func finish() throws(QueryFailure) {
        let names = context.names
        let found = hits.indices.filter { hits[$0] > 0 }.map { (names[Int32($0)], hits[$0]) }
        let nameColumn = names.number("name")
        let hitsColumn = names.number("hits")
        var row = ResultRow(names: names)
        for (name, count) in found.sorted(by: { $0.0 < $1.0 }) {
            row.removeAll()
            row.set(nameColumn, Array(name.utf8), .keyword)
            var text: [UInt8] = []
            text.appendDecimal(count)
            row.set(hitsColumn, text, .integer)
            if try !next.push(&row) { break }
        }
        try next.finish()
    }
}
