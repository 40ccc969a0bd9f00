/// `limit 10`: the first rows and no more; ten where no number stands.
struct LimitPipe: Pipe {
    let count: Int

    func print(to out: inout String) { out += "limit \(count)" }
    func needs(after: FieldNeeds) -> FieldNeeds { after }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        LimitStage(count, next: next)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> LimitPipe {
        if parser.current.kind == .end || parser.current.isMark("|") { return LimitPipe(count: 10) }
        return LimitPipe(count: try parser.count("a number of rows after ‘limit’"))
    }
}

final class LimitStage: PipeStage {
    private var left: Int
    private let next: any PipeStage

    init(_ count: Int, next: any PipeStage) {
        left = count
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        guard left > 0 else { return false }
        left -= 1
        return try next.push(&row) && left > 0
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
