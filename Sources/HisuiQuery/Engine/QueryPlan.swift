/// A query made ready to run: what selects rows of blocks, in which order rows are wanted, and
/// which pipes are left to do.
struct QueryPlan {
    /// With the filters of pipes that stand before all others; where rows are wanted, without what
    /// `timeRange` says.
    private(set) var filter: Filter
    /// The stretch of time outside of which nothing passes; nil if nothing passes at all.
    let timeRange: ClosedRange<Int64>?
    private(set) var pipes: ArraySlice<any Pipe>
    /// Whether the newest rows come first.
    private(set) var descending = false
    /// How many rows of the filter are wanted at most, if that is known.
    private(set) var limit: Int?
    /// Which fields of a row the pipes and the output look at.
    private(set) var needs: FieldNeeds
    /// The pipe that gathers rows straight from blocks, in no order.
    private(set) var aggregating: (any AggregatingPipe)?
    /// The pipe that shows rows with those around them, in the order of the index.
    private(set) var context: StreamContextPipe?

    init(_ query: Query, output: FieldNeeds) {
        pipes = query.pipes[...]
        var filters = [query.filter]
        while let pipe = pipes.first as? FilterPipe {
            filters.append(pipe.filter)
            pipes = pipes.dropFirst()
        }
        filter = Filter.all(of: filters).withNecessary
        let parts: [Filter]
        if case .and(let inner) = filter { parts = inner } else { parts = [filter] }
        timeRange = Self.timeRange(of: parts)
        needs = pipes.reversed().reduce(output) { $1.needs(after: $0) }
        if let pipe = pipes.first as? any AggregatingPipe, pipe.grouping.isOfBlocks {
            aggregating = pipe
            pipes = pipes.dropFirst()
            return
        }
        // Rows are asked for their times when they are found.
        filter = Filter.all(of: parts.filter { if case .time = $0 { false } else { true } })
        if let pipe = pipes.first as? StreamContextPipe {
            context = pipe
            pipes = pipes.dropFirst()
            keepRecord(output)
            return
        }
        if let pipe = pipes.first as? SortPipe, let order = pipe.timeOrder {
            descending = order.descending
            var counting: [any Pipe] = []
            if order.offset > 0 { counting.append(OffsetPipe(count: order.offset)) }
            if let limit = order.limit { counting.append(LimitPipe(count: limit)) }
            pipes = (counting + pipes.dropFirst())[...]
            needs = pipes.reversed().reduce(output) { $1.needs(after: $0) }
        }
        keepRecord(output)
        limit = Self.limit(of: pipes)
    }

    /// The record comes through to the end even where the query drops it.
    private mutating func keepRecord(_ output: FieldNeeds) {
        if output.names.contains(FieldName.record) { needs.names.insert(FieldName.record) }
    }

    private static func limit(of pipes: ArraySlice<any Pipe>) -> Int? {
        var skipped = 0
        for pipe in pipes {
            if let pipe = pipe as? LimitPipe { return skipped + pipe.count }
            if let pipe = pipe as? OffsetPipe {
                skipped += pipe.count
            } else if !pipe.keepsCount {
                return nil
            }
        }
        return nil
    }

    /// What filters that must all pass leave of all times.
    private static func timeRange(of filters: [Filter]) -> ClosedRange<Int64>? {
        var first = Int64.min
        var last = Int64.max
        for case .time(let time) in filters {
            first = max(first, time.first)
            last = min(last, time.last)
        }
        return first <= last ? first...last : nil
    }
}
