import HisuiEvent
import HisuiStore

// Rows with those around them.
extension QueryRunner {
    /// Pushes the rows of the filter and those around them into `stage`: stream after stream, in
    /// each source after source, in the order of the index.
    ///
    /// For each row of a stream that has hits one bit is kept, and never more rows than one block
    /// has and `PipeLimits.contextRowsMax`.
    func push(
        _ pipe: StreamContextPipe, _ context: StageContext, into stage: any PipeStage
    ) throws(QueryFailure) {
        guard let timeRange = plan.timeRange else { return }
        let collector = HitCollector(
            plans: plans, timeRange: timeRange, descending: false, limit: nil, needs: .nothing,
            budget: context.budget, trace: options.trace)
        let reader = ContextReader(
            blocks, plan.needs, context, shouldStop: options.shouldStop, next: stage)
        var asked = asked(candidates())[...]
        for places in streams() {
            let own = asked.prefix { places.contains($0.place) }
            asked = asked.dropFirst(own.count)
            let hits = try Self.hits(of: Array(own), collector, options)
            let charged = hits.values.reduce(0) { $0 + $1.rows.words.count * 8 }
            try context.budget.take(charged, for: "places of rows")
            defer { context.budget.give(charged) }
            for source in Set(hits.values.flatMap(\.sources)).sorted() {
                let walk = ContextWalk(
                    blocks: blocks, places: places, hits: hits, source: source, pipe: pipe)
                guard try walk.run(reader) else { return }
            }
        }
    }

    /// The places of the blocks of each stream, which stand next to each other.
    private func streams() -> [Range<Int>] {
        var streams: [Range<Int>] = []
        for (place, block) in blocks.enumerated() {
            if let last = streams.last, blocks[last.lowerBound].zone == block.zone,
                blocks[last.lowerBound].stream == block.stream
            {
                streams[streams.count - 1] = last.lowerBound..<place + 1
            } else {
                streams.append(place..<place + 1)
            }
        }
        return streams
    }

    /// The hits of blocks that have any, by the places of the blocks.
    private static func hits(
        of candidates: [Candidate], _ collector: HitCollector, _ options: QueryOptions
    ) throws(QueryFailure) -> [Int: ContextHits] {
        let shouldStop = options.shouldStop
        let work = OrderedWork<ContextHits?>(
            count: candidates.count, workers: options.workers, ahead: options.workers + 2,
            onThread: options.onThread
        ) { number in
            if shouldStop() { return .failure(stopped()) }
            do throws(QueryFailure) {
                return .success(try ContextHits(candidates[number], collector))
            } catch {
                return .failure(error)
            }
        }
        defer { work.stop() }
        var found: [Int: ContextHits] = [:]
        for candidate in candidates {
            if let hits = try work.take() ?? nil { found[candidate.place] = hits }
        }
        return found
    }
}

/// The hits of one block: a bit for each row.
struct ContextHits: Sendable {
    var rows: Bitmap
    /// The sources of the hits.
    var sources: Set<String> = []

    /// Nil if there are none.
    init?(_ candidate: Candidate, _ collector: HitCollector) throws(QueryFailure) {
        let found = try collector.collect(candidate)
        defer { found.scan.release() }
        if found.hits.isEmpty { return nil }
        rows = Bitmap(count: candidate.block.count, all: false)
        for hit in found.hits { rows.insert(Int(hit.row)) }
        let known = candidate.block.sources
        if Set(known.map(\.id)).count == 1 {
            sources = [known[0].id]
            return
        }
        let numbers = try found.scan.numbers(of: .source)
        for hit in found.hits { sources.insert(known[Int(numbers[Int(hit.row)])].id) }
    }
}
