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
    let plans: BlockPlans
    let grouping: Grouping
    let budget: MemoryBudget

    /// - Parameter selections: the rows of each shape that pass.
    func run(_ selections: [Selection]) throws(QueryFailure) -> Aggregation {
        let aggregation = Aggregation(grouping, budget)
        var chosen: [Chosen] = []
        for (shape, selection) in selections.enumerated() {
            if case .none = selection { continue }
            chosen.append(Chosen(shape: shape, selection: selection))
            scan.tally?.found += count(selection, shape)
        }
        let countsOnly = grouping.countsOnly
        if countsOnly { try addTogether(&chosen, to: aggregation) }
        for one in chosen {
            let sources = sources(of: one.shape)
            if countsOnly, try addCounts(one.shape, one.selection, sources, to: aggregation) {
                continue
            }
            try addRows(one.shape, one.selection, sources, to: aggregation)
        }
        try aggregation.charge()
        return aggregation
    }

    /// Rows of a shape that are gathered.
    private struct Chosen {
        let shape: Int
        let selection: Selection
    }

    /// Where the fields that are grouped by come from.
    private func sources(of shape: Int) -> [FieldSource] {
        zip(grouping.fields, plans[shape].sources).map {
            $1 ?? FieldSource.resolve($0, shape: shape, in: scan.block)
        }
    }

    /// Counts rows of several shapes at once, where one look at the block tells of all of them, and
    /// takes these from `chosen`.
    private func addTogether(
        _ chosen: inout [Chosen], to aggregation: Aggregation
    ) throws(QueryFailure) {
        guard grouping.by.count == 1, grouping.fields.count == 1 else { return }
        if let bucket = grouping.by[0].bucket {
            let isOfTimes = chosen.allSatisfy { sources(of: $0.shape)[0].isRow([.time]) }
            guard isOfTimes else { return }
            try addTimes(chosen, bucket, to: aggregation)
            chosen = []
            return
        }
        var slots = [Int?](repeating: nil, count: scan.block.shapes.count)
        for one in chosen {
            if case .all = one.selection, let slot = plans.countedSlot(one.shape) {
                slots[one.shape] = slot
            }
        }
        let (counts, counted) = try scan.valueCounts(slots)
        for (value, rows) in counts {
            aggregation.add(rows: rows, group: aggregation.group(ofKey: value.span))
        }
        chosen.removeAll { counted[$0.shape] }
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
            addValues(of: column, selection, shape, to: aggregation)
            return true
        case (.row(let field), nil):
            guard let texts = scan.texts(of: field) else { return false }
            let numbers = try scan.numbers(of: field)
            let rows = try scan.grouping().rows(of: shape)
            var counts = [Int](repeating: 0, count: texts.count)
            forEach(selection, shape) { ordinal in
                counts[Int(numbers[Int(rows[rows.startIndex + ordinal])])] += 1
            }
            for (number, count) in counts.enumerated() where count > 0 {
                let text = texts[number]
                aggregation.add(rows: count, group: aggregation.group(ofKey: text.span))
            }
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
    /// Values of a dictionary are counted first and looked up after, each once; of others, those
    /// that repeat next to each other are looked up once.
    private func addValues(
        of column: SlotColumn, _ selection: Selection, _ shape: Int, to aggregation: Aggregation
    ) {
        let bytes = column.bytes.span
        let ranges = column.ranges.span
        if let dictionary = ColumnLayout(column).dictionary {
            var counts = [UInt32](repeating: 0, count: dictionary.count + 1)
            var tallies = [Int](repeating: 0, count: counts.count)
            forEach(selection, shape) { ordinal in
                let range = ranges[ordinal]
                let place = Int(range.offset) - dictionary.lowerBound
                if tallies[place] > 0, counts[place] != range.count {
                    // Two values that begin at the same byte.
                    let group = aggregation.group(ofKey: bytes.extracting(range.range))
                    aggregation.add(rows: 1, group: group)
                } else {
                    counts[place] = range.count
                    tallies[place] += 1
                }
            }
            for (place, tally) in tallies.enumerated() where tally > 0 {
                let start = dictionary.lowerBound + place
                let value = bytes.extracting(start..<start + Int(counts[place]))
                aggregation.add(rows: tally, group: aggregation.group(ofKey: value))
            }
            return
        }
        var last = ByteRange(offset: .max, count: .max)
        var group = 0
        forEach(selection, shape) { ordinal in
            let range = ranges[ordinal]
            if range != last {
                last = range
                group = aggregation.group(ofKey: bytes.extracting(range.range))
            }
            aggregation.add(rows: 1, group: group)
        }
    }

    /// Counts by stretches of time.
    private func addTimes(
        _ chosen: [Chosen], _ bucket: Bucket, to aggregation: Aggregation
    ) throws(QueryFailure) {
        if chosen.isEmpty { return }
        let range = scan.block.timeRange
        let whole = bucket.start(ofTime: range.lowerBound.nanoseconds)
        if whole == bucket.start(ofTime: range.upperBound.nanoseconds) {
            // All rows lie in one stretch.
            var text: [UInt8] = []
            UTCText.append(whole, to: &text)
            let group = aggregation.group(ofKey: text.span)
            for one in chosen {
                aggregation.add(rows: count(one.selection, one.shape), group: group)
            }
            return
        }
        var left = chosen
        let isWhole = chosen.map { if case .all = $0.selection { true } else { false } }
        if isWhole.contains(true),
            bucket.begins(withStretchesOf: ShapeTimes.seconds * 1_000_000_000),
            let times = try scan.shapeTimes(),
            addWhole(zip(chosen, isWhole).filter(\.1).map(\.0.shape), times, bucket, aggregation)
        {
            left = zip(chosen, isWhole).filter { !$0.1 }.map(\.0)
        }
        if !left.isEmpty { try addEach(left, bucket, to: aggregation) }
    }

    /// Counts whole shapes by their rows of each quarter of an hour; false, and nothing is counted,
    /// if a bucket begins in one.
    private func addWhole(
        _ shapes: [Int], _ times: ShapeTimes, _ bucket: Bucket, _ aggregation: Aggregation
    ) -> Bool {
        var starts: [Int64] = []
        for stretch in 0..<times.count {
            let second = (times.first + Int64(stretch)) * ShapeTimes.seconds
            let (first, isTooEarly) = second.multipliedReportingOverflow(by: 1_000_000_000)
            let (last, isTooLate) = first.addingReportingOverflow(
                ShapeTimes.seconds * 1_000_000_000 - 1)
            if isTooEarly || isTooLate { return false }
            let start = bucket.start(ofTime: first)
            if start != bucket.start(ofTime: last) { return false }
            starts.append(start)
        }
        var isChosen = [Bool](repeating: false, count: scan.block.shapes.count)
        for shape in shapes { isChosen[shape] = true }
        var text: [UInt8] = []
        for (stretch, start) in starts.enumerated() {
            var rows = 0
            times.forEach(in: stretch) { if isChosen[$0] { rows += $1 } }
            if rows == 0 { continue }
            text.removeAll(keepingCapacity: true)
            UTCText.append(start, to: &text)
            aggregation.add(rows: rows, group: aggregation.group(ofKey: text.span))
        }
        return true
    }

    /// Counts row by row: most lie in the stretch of the row before.
    private func addEach(
        _ chosen: [Chosen], _ bucket: Bucket, to aggregation: Aggregation
    ) throws(QueryFailure) {
        // Beyond the last whole second there is no whole second to count by.
        let isPlain = scan.block.timeRange.lowerBound.nanoseconds > .min + 1_000_000_000
        let unit: Int64 = isPlain && bucket.isOfWholeSeconds ? 1_000_000_000 : 1
        let times = unit == 1 ? try scan.times() : try scan.seconds()
        var isChosen = [Bool](repeating: false, count: scan.block.shapes.count)
        var some = [Bitmap?](repeating: nil, count: isChosen.count)
        for one in chosen {
            isChosen[one.shape] = true
            if case .some(let rows) = one.selection { some[one.shape] = rows }
        }
        var groups: [Int64: Int] = [:]
        var first: Int64 = 0
        var end: Int64 = 0
        var tally = 0
        var group = 0
        let areSome = some.contains { $0 != nil }
        try scan.forEachRow(of: isChosen, withOrdinals: areSome) { row, shape, ordinal in
            if areSome, let rows = some[shape], !rows.contains(ordinal) { return }
            let time = times[row]
            if time >= first, time < end {
                tally += 1
                return
            }
            if tally > 0 { aggregation.add(rows: tally, group: group) }
            tally = 1
            let start = bucket.start(ofTime: time * unit)
            first = start / unit
            end = bucket.end(ofStart: start).map { $0 / unit } ?? first
            if let known = groups[start] {
                group = known
            } else {
                var text: [UInt8] = []
                UTCText.append(start, to: &text)
                group = aggregation.group(ofKey: text.span)
                groups[start] = group
            }
        }
        if tally > 0 { aggregation.add(rows: tally, group: group) }
    }

    /// The long way: the values of each row.
    private func addRows(
        _ shape: Int, _ selection: Selection, _ sources: [FieldSource], to aggregation: Aggregation
    ) throws(QueryFailure) {
        let rows = try scan.grouping().rows(of: shape)
        let buckets = grouping.by.map(\.bucket)
        var readers: [ValueReader] = []
        for source in sources { readers.append(try ValueReader(source, shape: shape, scan)) }
        let hasTime = sources.contains { $0.isRow([.time]) }
        let times = hasTime ? try scan.times() : []
        let hasFlags = sources.contains { $0.isRow([.flags, .duplicate]) }
        let flags = hasFlags ? try scan.flags() : []
        var values = RowValues()
        var scratch: [UInt8] = []
        try forEach(selection, shape) { (ordinal) throws(QueryFailure) in
            values.removeAll()
            let row = Int(rows[rows.startIndex + ordinal])
            let place = RowPlace(
                row: row, ordinal: ordinal, time: hasTime ? times[row] : 0,
                flags: hasFlags ? flags[row] : 0)
            for index in readers.indices {
                let start = values.bytes.count
                if index < buckets.count, let bucket = buckets[index] {
                    scratch.removeAll(keepingCapacity: true)
                    try readers[index].append(place, to: &scratch)
                    bucket.append(scratch.span, to: &values.bytes)
                } else {
                    try readers[index].append(place, to: &values.bytes)
                }
                values.close(from: start)
            }
            try aggregation.add(values)
        }
    }
}
