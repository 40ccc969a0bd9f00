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
        self.filter = RowFilter(filter, context.names)
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        filter.matches(row) ? try next.push(&row) : true
    }

    func finish() throws(QueryFailure) { try next.finish() }
}

/// A filter on rows that are no longer rows of a block: looks at the values as they stand.
indirect enum RowFilter {
    case all
    case and([RowFilter])
    case or([RowFilter])
    case not(RowFilter)
    case time(TimeFilter, Int32)
    case field(Int32, any ValueTest)

    init(_ filter: Filter, _ names: FieldNames) {
        switch filter {
        case .all: self = .all
        case .and(let filters): self = .and(filters.map { RowFilter($0, names) })
        case .or(let filters): self = .or(filters.map { RowFilter($0, names) })
        case .not(let filter): self = .not(RowFilter(filter, names))
        case .time(let filter): self = .time(filter, names.number(FieldName.time))
        case .field(let test): self = .field(names.number(test.field), test.test)
        }
    }

    func matches(_ row: borrowing ResultRow) -> Bool {
        switch self {
        case .all: return true
        case .and(let filters):
            for filter in filters where !filter.matches(row) { return false }
            return true
        case .or(let filters):
            for filter in filters where filter.matches(row) { return true }
            return false
        case .not(let filter): return !filter.matches(row)
        case .time(let filter, let number):
            let range = row.range(ofNumber: number)
            guard let time = TimeLiteral.complete(row.bytes.span.extracting(range)) else {
                return false
            }
            return filter.matches(time)
        case .field(let number, let test):
            return test.matches(row.bytes.span.extracting(row.range(ofNumber: number)))
        }
    }
}
