import HisuiBytes
import HisuiStore

/// A row that passed, with what it is ordered by.
struct Hit: Sendable {
    /// The event time; its complement where the newest come first.
    var key: Int64
    var row: UInt32
    /// The row's shape in the block, and its ordinal within the shape.
    var shape: UInt32
    var ordinal: UInt32
    /// The raw value of its flags; 0 where nobody looks at them.
    var flags: UInt32
}

/// Finds the hits of a block.
struct HitCollector {
    let plans: ShapePlans
    /// Rows before or after it are not wanted.
    let timeRange: ClosedRange<Int64>
    let descending: Bool
    /// Only this many hits are wanted, if that is known.
    let limit: Int?
    let needs: FieldNeeds
    let budget: MemoryBudget
    let trace: QueryTrace?

    func collect(_ candidate: Candidate) throws(QueryFailure) -> BlockHits {
        let scan = BlockScan(candidate.block, place: candidate.place)
        guard let trace else { return try collect(candidate, scan).0 }
        scan.tally = BlockTally()
        let started = SystemClock.monotonicMicroseconds()
        let (hits, plans) = try collect(candidate, scan)
        scan.finishTally(trace, plans, since: started)
        return hits
    }

    private func collect(
        _ candidate: Candidate, _ scan: BlockScan
    ) throws(QueryFailure) -> (BlockHits, BlockPlans) {
        let (filter, selections) = try ShapeFilter.selections(plans, scan)
        var kept = try limit == 0 ? [] : hits(of: selections, from: candidate.firstRow, scan)
        scan.tally?.found = kept.count
        Self.sort(&kept)
        if let limit, kept.count > limit { kept.removeSubrange(limit...) }
        Self.want(kept, scan)
        var prepared: RowReader.Prepared = [:]
        if kept.isEmpty {
            scan.release()
        } else if limit == nil {
            prepared = try prepare(kept, scan)
        }
        return (try BlockHits(scan, kept, prepared, descending: descending, budget), filter.plans)
    }

    /// The selected rows, in order of arrival; perhaps without some that are not among the first.
    private func hits(
        of selections: [Selection], from firstRow: UInt32, _ scan: BlockScan
    ) throws(QueryFailure) -> [Hit] {
        var kept: [Hit] = []
        var threshold = Hit(key: .max, row: .max, shape: 0, ordinal: 0, flags: 0)
        let bound = limit.map { max(1024, 2 * $0) } ?? .max
        let chosen = selections.map { if case .none = $0 { false } else { true } }
        guard chosen.contains(true) else { return [] }
        try scan.find(
            of: chosen,
            where: { shape, ordinal in
                if case .some(let passing) = selections[shape] {
                    passing.contains(ordinal)
                } else {
                    true
                }
            },
            mayBeAny: { shape, ordinals in
                if case .some(let passing) = selections[shape] {
                    passing.containsAny(of: ordinals)
                } else {
                    true
                }
            },
            withFlags: needs.contains(FieldName.flags) || needs.contains(FieldName.duplicate),
            { found in
                guard found.row >= firstRow, timeRange.contains(found.time) else { return }
                let hit = Hit(
                    key: descending ? ~found.time : found.time, row: found.row,
                    shape: found.shape, ordinal: found.ordinal, flags: found.flags)
                guard Self.precedes(hit, threshold) else { return }
                kept.append(hit)
                if kept.count >= bound, let limit {
                    kept.sort(by: Self.precedes)
                    kept.removeSubrange(limit...)
                    if let last = kept.last { threshold = last }
                }
            })
        return kept
    }

    /// Tells which rows are read from now on.
    static func want(_ hits: [Hit], _ scan: BlockScan) {
        scan.want(rows: hits)
        var ordinals: [UInt32: ClosedRange<UInt32>] = [:]
        for hit in hits {
            let known = ordinals[hit.shape] ?? hit.ordinal...hit.ordinal
            ordinals[hit.shape] =
                min(known.lowerBound, hit.ordinal)...max(known.upperBound, hit.ordinal)
        }
        for (shape, some) in ordinals {
            scan.want(Int(some.lowerBound)..<Int(some.upperBound) + 1, ofShape: Int(shape))
        }
    }

    /// Takes the columns of the shapes that hits have.
    private func prepare(
        _ hits: [Hit], _ scan: BlockScan
    ) throws(QueryFailure) -> RowReader.Prepared {
        var isPrepared = [Bool](repeating: false, count: scan.block.shapes.count)
        var prepared: RowReader.Prepared = [:]
        for hit in hits where !isPrepared[Int(hit.shape)] {
            let shape = Int(hit.shape)
            isPrepared[shape] = true
            prepared[shape] = try RowReader.fields(of: shape, scan, needs)
        }
        return prepared
    }

    private static func precedes(_ a: Hit, _ b: Hit) -> Bool {
        a.key != b.key ? a.key < b.key : a.row < b.row
    }

    /// Sorts, unless a look shows that nothing is to be done: logs mostly arrive in order.
    private static func sort(_ hits: inout [Hit]) {
        var isSorted = true
        for index in hits.indices.dropFirst() where !precedes(hits[index - 1], hits[index]) {
            isSorted = false
            break
        }
        if !isSorted { hits.sort(by: precedes) }
    }
}
