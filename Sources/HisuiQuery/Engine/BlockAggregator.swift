import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore

/// Gathers the rows of one block that pass a filter into groups.
///
/// Rows are read only as far as the groups ask: counts by a field that is the same for a whole
/// shape need none.
struct BlockAggregator {
    let scan: BlockScan
    let filter: ShapeFilter
    let grouping: Grouping
    let budget: MemoryBudget

    func run() throws(QueryFailure) -> Aggregation {
        let aggregation = Aggregation(grouping, budget)
        let countsOnly = grouping.countsOnly
        for shape in scan.block.shapes.indices {
            let selection = try filter.select(shape: shape)
            if case .none = selection { continue }
            let sources = grouping.fields.map {
                FieldSource.resolve($0, shape: shape, in: scan.block)
            }
            if countsOnly, try addCounts(shape, selection, sources, to: aggregation) { continue }
            try addRows(shape, selection, sources, to: aggregation)
        }
        try aggregation.charge()
        return aggregation
    }

    private func count(_ selection: Selection, _ shape: Int) -> Int {
        switch selection {
        case .none: 0
        case .all: scan.block.shapes[shape].rows
        case .some(let rows): rows.population
        }
    }

    /// The short ways for counts; false if there is none.
    private func addCounts(
        _ shape: Int, _ selection: Selection, _ sources: [FieldSource], to aggregation: Aggregation
    ) throws(QueryFailure) -> Bool {
        if sources.isEmpty {
            aggregation.add(rows: count(selection, shape), group: 0)
            return true
        }
        guard sources.count == 1 else { return false }
        switch (sources[0], grouping.by[0].bucket) {
        case (.constant(let value), nil):
            let group = aggregation.group(ofKey: value.span)
            aggregation.add(rows: count(selection, shape), group: group)
            return true
        case (.slot(let slot, .raw), nil):
            let column = try scan.column(shape: shape, slot: slot)
            addValues(of: column, selection, to: aggregation)
            return true
        case (.row(let field), nil):
            guard let texts = scan.texts(of: field) else { return false }
            let numbers = try scan.numbers(of: field)
            let groups = texts.map { aggregation.group(ofKey: $0.span) }
            let rows = try scan.grouping().rows(of: shape)
            forEach(selection, shape) { ordinal in
                let number = Int(numbers[Int(rows[rows.startIndex + ordinal])])
                aggregation.add(rows: 1, group: groups[number])
            }
            return true
        case (.row(.time), let bucket?):
            try addTimes(shape, selection, bucket, to: aggregation)
            return true
        default: return false
        }
    }

    @inline(__always)
    private func forEach<E: Error>(
        _ selection: Selection, _ shape: Int, _ body: (Int) throws(E) -> Void
    ) throws(E) {
        switch selection {
        case .none: return
        case .all:
            for ordinal in 0..<scan.block.shapes[shape].rows { try body(ordinal) }
        case .some(let rows): try rows.forEach(body)
        }
    }

    /// Counts the values of a column.
    ///
    /// Values that repeat, next to each other or in a dictionary, are looked up once.
    private func addValues(
        of column: SlotColumn, _ selection: Selection, to aggregation: Aggregation
    ) {
        let bytes = column.bytes.span
        let isDictionary = bytes.count < column.count * 4 && column.count > 16
        var counts = [UInt32](repeating: .max, count: isDictionary ? bytes.count + 1 : 0)
        var groups = [Int](repeating: 0, count: counts.count)
        var last = ByteRange(offset: .max, count: .max)
        var group = 0
        func add(_ ordinal: Int) {
            let range = column.ranges[ordinal]
            if range != last {
                last = range
                let place = Int(range.offset)
                if isDictionary, counts[place] == range.count {
                    group = groups[place]
                } else {
                    group = aggregation.group(ofKey: column.bytes.span.extracting(range.range))
                    if isDictionary {
                        counts[place] = range.count
                        groups[place] = group
                    }
                }
            }
            aggregation.add(rows: 1, group: group)
        }
        if case .some(let rows) = selection {
            rows.forEach(add)
        } else {
            for ordinal in 0..<column.count { add(ordinal) }
        }
    }

    private func addTimes(
        _ shape: Int, _ selection: Selection, _ bucket: Bucket, to aggregation: Aggregation
    ) throws(QueryFailure) {
        let times = try scan.times()
        let rows = try scan.grouping().rows(of: shape)
        var groups: [Int64: Int] = [:]
        var last: (start: Int64, group: Int)?
        forEach(selection, shape) { ordinal in
            let start = bucket.start(ofTime: times[Int(rows[rows.startIndex + ordinal])])
            if start != last?.start {
                let known = groups[start]
                var text: [UInt8] = []
                if known == nil { UTCText.append(start, to: &text) }
                let group = known ?? aggregation.group(ofKey: text.span)
                groups[start] = group
                last = (start, group)
            }
            if let last { aggregation.add(rows: 1, group: last.group) }
        }
    }

    /// The long way: the values of each row.
    private func addRows(
        _ shape: Int, _ selection: Selection, _ sources: [FieldSource], to aggregation: Aggregation
    ) throws(QueryFailure) {
        let rows = try scan.grouping().rows(of: shape)
        let buckets = grouping.by.map(\.bucket)
        var values = RowValues()
        var scratch: [UInt8] = []
        try forEach(selection, shape) { (ordinal) throws(QueryFailure) in
            values.removeAll()
            let row = Int(rows[rows.startIndex + ordinal])
            for (index, source) in sources.enumerated() {
                let start = values.bytes.count
                if index < buckets.count, let bucket = buckets[index] {
                    scratch.removeAll(keepingCapacity: true)
                    try scan.append(
                        source, shape: shape, ordinal: ordinal, row: row, to: &scratch)
                    bucket.append(scratch.span, to: &values.bytes)
                } else {
                    try scan.append(
                        source, shape: shape, ordinal: ordinal, row: row, to: &values.bytes)
                }
                values.close(from: start)
            }
            try aggregation.add(values)
        }
    }
}
