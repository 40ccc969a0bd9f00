import HisuiBytes
import HisuiShape

/// A field that `stats`, `uniq` or `top` groups by.
struct GroupField: Hashable, Sendable {
    let field: String
    let bucket: Bucket?

    func print(to out: inout String) {
        Quoting.append(field, to: &out)
        if let bucket { out += ":" + bucket.text }
    }

    /// Takes `(a, b:10, _time:1h offset 9h)`; the opening parenthesis has been taken.
    static func parseList(_ parser: inout Parser) throws(QueryError) -> [GroupField] {
        var fields: [GroupField] = []
        while !parser.take(")") {
            let token = parser.current
            let name = try parser.fieldName()
            guard !fields.contains(where: { $0.field == name }) else {
                throw parser.error("the field \(token.described) stands here twice", at: token)
            }
            let bucket = parser.take(":") ? try Bucket.parse(&parser) : nil
            fields.append(GroupField(field: name, bucket: bucket))
            if parser.take(",") { continue }
            guard parser.current.isMark(")") else { throw parser.expected("‘:’, ‘,’ or ‘)’") }
        }
        return fields
    }
}

/// What is gathered: by which fields, with which functions.
struct Grouping: Sendable {
    let by: [GroupField]
    let functions: [any StatsFunction]

    /// Fields in the order in which an aggregation wants their values.
    var fields: [String] { by.map(\.field) + functions.allFields }
    /// Whether values can be gathered straight from blocks: no function asks for all fields of a
    /// row or for rows in the order of time.
    var isOfBlocks: Bool { functions.allSatisfy { $0.open == nil && !$0.isOrdered } }
    /// What has to be known of a row.
    var needs: FieldNeeds {
        functions.compactMap(\.open).reduce(FieldNeeds(fields)) { $0.union($1.needs) }
    }
    /// Where in the values of a row those of each function end, if their numbers are known.
    var ends: [Int] {
        var end = by.count
        return functions.map {
            end += $0.fields.count
            return end
        }
    }
    /// Whether numbers of rows are all that is asked.
    var countsOnly: Bool { functions.allSatisfy { $0.accumulator() == nil } }
}

/// Groups of rows with what is gathered about them.
///
/// Belongs to one thread at a time.
final class Aggregation {
    let grouping: Grouping
    private var table = GroupTable()
    /// The number of rows of each group.
    private(set) var rows: [UInt64] = []
    private var accumulators: [(any StatsAccumulator)?]
    private let ends: [Int]
    private var key: [UInt8] = []
    private let budget: MemoryBudget
    private var charged = 0
    private var sinceCharge = 0

    init(_ grouping: Grouping, _ budget: MemoryBudget) {
        self.grouping = grouping
        self.budget = budget
        accumulators = grouping.functions.map { $0.accumulator() }
        ends = grouping.ends
        // Without fields to group by there is one group, even of no rows.
        if grouping.by.isEmpty { _ = group(ofKey: [UInt8]().span) }
    }

    deinit { budget.give(charged) }

    var count: Int { rows.count }

    /// The group of a key: for one field its value, else values with their lengths before them.
    func group(ofKey key: Span<UInt8>) -> Int {
        let (number, isNew) = table.number(of: key)
        if isNew { rows.append(0) }
        return number
    }

    /// Counts `count` rows that need no function's attention.
    func add(rows count: Int, group: Int) { rows[group] += UInt64(count) }

    /// Takes a row: values of the fields of `grouping`, in that order.
    func add(_ values: borrowing RowValues) throws(QueryFailure) {
        _ = try add(values, ends: ends)
    }

    /// - Parameter ends: where in `values` those of each function end.
    /// - Returns: the group of the row.
    func add(_ values: borrowing RowValues, ends: [Int]) throws(QueryFailure) -> Int {
        let group: Int
        if grouping.by.count == 1 {
            group = self.group(ofKey: values.bytes.span.extracting(values.ranges[0]))
        } else {
            key.removeAll(keepingCapacity: true)
            for index in grouping.by.indices {
                let range = values.ranges[index]
                key.appendVarint(UInt64(range.count))
                key.append(values.bytes.span, range)
            }
            group = self.group(ofKey: key.span)
        }
        rows[group] += 1
        var first = grouping.by.count
        for index in accumulators.indices {
            accumulators[index]?.add(values, first..<ends[index], group: group)
            first = ends[index]
        }
        sinceCharge += 1
        if sinceCharge >= 4096 { try charge() }
        return group
    }

    /// Accounts for the memory taken since last time.
    func charge() throws(QueryFailure) {
        sinceCharge = 0
        let memory = accumulators.reduce(table.memory + rows.count * 8) {
            $0 + ($1?.memory ?? 0)
        }
        guard memory > charged else { return }
        let more = memory - charged
        charged = memory
        try budget.take(more, for: "groups and their values")
    }

    /// Takes over what `other`, of the same grouping, gathered from later rows.
    func merge(_ other: Aggregation) throws(QueryFailure) {
        var groups: [Int] = []
        groups.reserveCapacity(other.count)
        for number in 0..<other.count {
            let group = self.group(ofKey: other.table[number])
            rows[group] += other.rows[number]
            groups.append(group)
        }
        for index in accumulators.indices {
            if let gathered = other.accumulators[index] {
                accumulators[index]?.merge(gathered, groups: groups)
            }
        }
        try charge()
    }

    /// Where the values of a group's key stand in `keyBytes`.
    func keyRanges(of group: Int) -> [Range<Int>] {
        let range = table.range(of: group)
        if grouping.by.count == 1 { return [range] }
        var ranges: [Range<Int>] = []
        var position = range.lowerBound
        let bytes = table.bytes
        while position < range.upperBound {
            var length = 0
            var shift = 0
            repeat {
                length |= Int(bytes[position] & 0x7F) << shift
                shift += 7
                position += 1
            } while bytes[position - 1] >= 0x80
            ranges.append(position..<position + length)
            position += length
        }
        return ranges
    }

    var keyBytes: [UInt8] { table.bytes }

    /// Appends the result of a function for a group.
    func append(function: Int, group: Int, to out: inout [UInt8]) {
        if let accumulator = accumulators[function] {
            accumulator.append(group: group, to: &out)
        } else {
            out.appendDecimal(rows[group])
        }
    }

    /// The groups in the order of their keys.
    func ordered() -> [Int] {
        let bytes = table.bytes
        let keys = (0..<count).map { group in
            keyRanges(of: group).map { SortKey(bytes.span.extracting($0)) }
        }
        return (0..<count).sorted { a, b in
            let order = SortKey.compare(keys[a], keys[b])
            return order != 0 ? order < 0 : a < b
        }
    }
}

/// A pipe that turns rows into groups of them.
protocol AggregatingPipe: Pipe {
    var grouping: Grouping { get }

    /// Hands on the rows that the groups become.
    func emit(
        _ aggregation: Aggregation, to next: any PipeStage, context: StageContext
    ) throws(QueryFailure)
}

extension AggregatingPipe {
    var isRowByRow: Bool { false }
    var yieldsEvents: Bool { false }

    func needs(after: FieldNeeds) -> FieldNeeds { grouping.needs }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        AggregateStage(self, Aggregation(grouping, context.budget), next: next, context)
    }

    /// Fills `row` with the fields a group is about.
    func fill(
        _ row: inout ResultRow, _ aggregation: Aggregation, group: Int, names: [Int32]
    ) {
        row.removeAll()
        let bytes = aggregation.keyBytes
        for (range, name) in zip(aggregation.keyRanges(of: group), names) {
            let start = row.bytes.count
            row.bytes.append(bytes.span, range)
            row.close(name, .keyword, from: start)
        }
    }
}

/// Reads of a row that went through pipes what an aggregation wants of it.
struct GroupedRowReader {
    private let by: [(number: Int32, bucket: Bucket?)]
    private let functions: [(numbers: [Int32], open: OpenFields?)]
    private(set) var values = RowValues()
    /// Where in `values` those of each function end.
    private(set) var ends: [Int] = []

    init(_ grouping: Grouping, _ names: FieldNames) {
        by = grouping.by.map { (names.number($0.field), $0.bucket) }
        functions = grouping.functions.map { function in
            (function.fields.map(names.number), function.open)
        }
    }

    mutating func read(_ row: borrowing ResultRow) {
        values.removeAll()
        ends.removeAll(keepingCapacity: true)
        for (number, bucket) in by {
            let range = row.range(ofNumber: number)
            if let bucket {
                let start = values.bytes.count
                bucket.append(row.bytes.span.extracting(range), to: &values.bytes)
                values.close(from: start)
            } else {
                append(range, of: row)
            }
        }
        for (numbers, open) in functions {
            for number in numbers { append(row.range(ofNumber: number), of: row) }
            if let open { append(open, of: row) }
            ends.append(values.ranges.count)
        }
    }

    private mutating func append(_ range: Range<Int>, of row: borrowing ResultRow) {
        let start = values.bytes.count
        values.bytes.append(row.bytes.span, range)
        values.close(from: start)
    }

    private mutating func append(_ open: OpenFields, of row: borrowing ResultRow) {
        guard open.asObject else {
            for index in 0..<row.count where open.contains(row.name(at: index)) {
                append(row.range(at: index), of: row)
            }
            return
        }
        let start = values.bytes.count
        var object = ObjectText(&values.bytes)
        for index in 0..<row.count where open.contains(row.name(at: index)) {
            object.append(
                row.name(at: index), row.bytes.span, row.range(at: index), to: &values.bytes)
        }
        object.close(&values.bytes)
        values.close(from: start)
    }
}

final class AggregateStage: PipeStage {
    private let pipe: any AggregatingPipe
    private let aggregation: Aggregation
    private let next: any PipeStage
    private let context: StageContext
    private var reader: GroupedRowReader

    init(
        _ pipe: any AggregatingPipe, _ aggregation: Aggregation, next: any PipeStage,
        _ context: StageContext
    ) {
        self.pipe = pipe
        self.aggregation = aggregation
        self.next = next
        self.context = context
        reader = GroupedRowReader(pipe.grouping, context.names)
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        reader.read(row)
        _ = try aggregation.add(reader.values, ends: reader.ends)
        return true
    }

    func finish() throws(QueryFailure) {
        try aggregation.charge()
        try pipe.emit(aggregation, to: next, context: context)
        try next.finish()
    }
}
