/// `offset 10`: without the first rows.
struct OffsetPipe: Pipe {
    let count: Int

    func print(to out: inout String) { out += "offset \(count)" }
    func needs(after: FieldNeeds) -> FieldNeeds { after }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        OffsetStage(count, next: next)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> OffsetPipe {
        OffsetPipe(count: try parser.count("a number of rows after ‘offset’"))
    }
}

final class OffsetStage: PipeStage {
    private var left: Int
    private let next: any PipeStage

    init(_ count: Int, next: any PipeStage) {
        left = count
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        guard left == 0 else {
            left -= 1
            return true
        }
        return try next.push(&row)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
