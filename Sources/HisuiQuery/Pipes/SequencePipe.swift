import HisuiBytes
import HisuiShape

/// `generate_sequence N`: in the place of all rows, N rows with 0, 1, 2 … as their message.
struct SequencePipe: Pipe {
    let count: Int

    var isRowByRow: Bool { false }
    var yieldsEvents: Bool { false }

    func print(to out: inout String) { out += "generate_sequence \(count)" }

    func needs(after: FieldNeeds) -> FieldNeeds { .nothing }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        SequenceStage(count, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> SequencePipe {
        SequencePipe(count: try parser.count("a number of rows after ‘generate_sequence’"))
    }
}

private final class SequenceStage: PipeStage {
    private let count: Int
    private let next: any PipeStage
    private let context: StageContext

    /// Rows made between two questions whether to go on.
    private static let rowsBetweenStops = 1024

    init(_ count: Int, next: any PipeStage, _ context: StageContext) {
        self.count = count
        self.next = next
        self.context = context
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool { false }

    func finish() throws(QueryFailure) {
        let name = context.names.number(FieldName.message)
        var row = ResultRow(names: context.names)
        for number in 0..<count {
            if number % Self.rowsBetweenStops == 0 { try context.checkStop() }
            row.removeAll()
            row.bytes.appendDecimal(UInt64(number))
            row.close(name, .integer, from: 0)
            if try !next.push(&row) { break }
        }
        try next.finish()
    }
}
