/// Values of a row by the numbers of their fields.
protocol FieldValues {
    var bytes: [UInt8] { get }
    /// Where in `bytes` a value stands; an empty range if there is none.
    func range(ofNumber number: Int32) -> Range<Int>
}

extension ResultRow: FieldValues {}

/// A filter on rows that are no longer rows of a block: looks at the values as they stand.
indirect enum RowFilter {
    case all
    case and([RowFilter])
    case or([RowFilter])
    case not(RowFilter)
    case time(TimeFilter, Int32)
    case clock(ClockFilter, Int32)
    case fields(Int32, Int32, FieldComparison)
    case field(Int32, any ValueTest)

    /// - Parameter number: the number by which a row knows a field.
    init(_ filter: Filter, _ number: (String) -> Int32) {
        switch filter {
        case .all: self = .all
        case .and(let filters): self = .and(filters.map { RowFilter($0, number) })
        case .or(let filters): self = .or(filters.map { RowFilter($0, number) })
        case .not(let filter): self = .not(RowFilter(filter, number))
        case .time(let filter): self = .time(filter, number(FieldName.time))
        case .clock(let filter): self = .clock(filter, number(FieldName.time))
        case .fields(let comparison):
            self = .fields(number(comparison.field), number(comparison.other), comparison)
        case .subquery: preconditionFailure("subqueries are answered before rows are asked")
        case .field(let test): self = .field(number(test.field), test.test)
        }
    }

    /// - Parameter first: what is added to the number of each field.
    func matches(_ row: borrowing some FieldValues, from first: Int32 = 0) -> Bool {
        switch self {
        case .all: return true
        case .and(let filters):
            for filter in filters where !filter.matches(row, from: first) { return false }
            return true
        case .or(let filters):
            for filter in filters where filter.matches(row, from: first) { return true }
            return false
        case .not(let filter): return !filter.matches(row, from: first)
        case .time(let filter, let number):
            return Self.time(row, first + number).map(filter.matches) ?? false
        case .clock(let filter, let number):
            return Self.time(row, first + number).map(filter.matches) ?? false
        case .fields(let number, let other, let comparison):
            return comparison.holds(
                row.bytes.span.extracting(row.range(ofNumber: first + number)),
                row.bytes.span.extracting(row.range(ofNumber: first + other)))
        case .field(let number, let test):
            return test.matches(row.bytes.span.extracting(row.range(ofNumber: first + number)))
        }
    }

    private static func time(_ row: borrowing some FieldValues, _ number: Int32) -> Int64? {
        TimeLiteral.complete(row.bytes.span.extracting(row.range(ofNumber: number)))
    }
}
