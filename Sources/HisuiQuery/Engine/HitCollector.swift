import HisuiStore

/// A row that passed, by what it is ordered by.
struct Hit: Sendable {
    /// The event time; its complement where the newest come first.
    var key: Int64
    var row: UInt32
}

/// Finds the hits of a block.
struct HitCollector {
    let plans: ShapePlans
    let descending: Bool
    /// Only this many hits are wanted, if that is known.
    let limit: Int?
    let needs: FieldNeeds
    let budget: MemoryBudget

    func collect(_ candidate: Candidate) throws(QueryFailure) -> BlockHits {
        let block = candidate.block
        let scan = BlockScan(block, place: candidate.place)
        let filter = try ShapeFilter(plans, scan)
        var kept: [Hit] = []
        var threshold = Hit(key: .max, row: .max)
        let bound = limit.map { max(1024, 2 * $0) } ?? .max
        for shape in block.shapes.indices {
            let selection = try filter.select(shape: shape)
            if case .none = selection { continue }
            let times = try scan.times()
            let rows = try scan.grouping().rows(of: shape)
            func add(_ ordinal: Int) {
                let row = rows[rows.startIndex + ordinal]
                let time = times[Int(row)]
                let hit = Hit(key: descending ? ~time : time, row: row)
                guard row >= candidate.firstRow, Self.precedes(hit, threshold) else { return }
                kept.append(hit)
                if kept.count >= bound, let limit {
                    kept.sort(by: Self.precedes)
                    kept.removeSubrange(limit...)
                    if let last = kept.last { threshold = last }
                }
            }
            if limit == 0 { continue }
            if case .some(let passing) = selection {
                passing.forEach(add)
            } else {
                for ordinal in rows.indices { add(ordinal - rows.startIndex) }
            }
        }
        Self.sort(&kept)
        if let limit, kept.count > limit { kept.removeSubrange(limit...) }
        if kept.isEmpty {
            scan.release()
        } else if limit == nil {
            try prepare(kept, scan)
        }
        return try BlockHits(scan, kept, budget)
    }

    /// Takes the columns of the shapes that hits have.
    private func prepare(_ hits: [Hit], _ scan: BlockScan) throws(QueryFailure) {
        let shapeOfRow = try scan.grouping().shapeOfRow
        var isPrepared = [Bool](repeating: false, count: scan.block.shapes.count)
        for hit in hits {
            let shape = Int(shapeOfRow[Int(hit.row)])
            if isPrepared[shape] { continue }
            isPrepared[shape] = true
            try RowReader.prepare(shape: shape, scan, needs)
        }
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
