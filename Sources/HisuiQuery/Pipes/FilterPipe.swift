/// `filter …`: only rows that pass.
struct FilterPipe: Pipe {
    let filter: Filter

    func print(to out: inout String) {
        out += "filter "
        filter.print(to: &out)
    }

    func needs(after: FieldNeeds) -> FieldNeeds { after.adding(filter.fields) }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        FilterStage(filter, next: next, context)
    }
}

private final class FilterStage: PipeStage {
    private let filter: RowFilter
    private let next: any PipeStage

    init(_ filter: Filter, next: any PipeStage, _ context: StageContext) {
        self.filter = RowFilter(filter, context.names.number)
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        filter.matches(row) ? try next.push(&row) : true
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
