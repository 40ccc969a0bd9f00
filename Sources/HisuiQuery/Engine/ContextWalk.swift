import HisuiEvent
import HisuiShape
import HisuiStore

/// Goes over the rows of one source of a stream and finds those that are hits or stand near one.
///
/// Blocks without hits are looked at only where a hit stands near their end or their beginning.
struct ContextWalk {
    let blocks: [Block]
    /// Those of the stream.
    let places: Range<Int>
    let hits: [Int: ContextHits]
    let source: String
    let pipe: StreamContextPipe

    /// A row of a block, by the block's place.
    private typealias Shown = (place: Int, row: UInt32)

    /// False if no further row is wanted.
    func run(_ reader: ContextReader) throws(QueryFailure) -> Bool {
        var after = 0
        var last: Shown?
        for place in places where has(place) {
            let found = hits[place].flatMap { $0.sources.contains(source) ? $0.rows : nil }
            if found == nil, after == 0 { continue }
            let rows = try rows(of: place)
            /// The first of `rows` that is not shown.
            var next = 0
            for (index, row) in rows.enumerated() {
                let isHit = found?.contains(Int(row)) == true
                if isHit {
                    let first = max(next, index - pipe.before)
                    if next > 0 || first > 0 {
                        if first > next || next == 0 { reader.part() }
                    } else {
                        let back = try self.back(from: place, pipe.before - index, upTo: last)
                        if !back.isWhole { reader.part() }
                        for (place, row) in back.rows.reversed() {
                            guard try reader.take(row, of: place, isHit: false) else {
                                return false
                            }
                        }
                    }
                    for index in first..<index {
                        guard try reader.take(rows[index], of: place, isHit: false) else {
                            return false
                        }
                    }
                    after = pipe.after
                } else if after > 0 {
                    after -= 1
                } else {
                    continue
                }
                guard try reader.take(row, of: place, isHit: isHit) else { return false }
                next = index + 1
                last = (place, row)
            }
        }
        return try reader.flush()
    }

    private func has(_ place: Int) -> Bool { blocks[place].sources.contains { $0.id == source } }

    /// The last rows before a block, the latest first, but none up to `last`.
    ///
    /// - Returns: `isWhole` if they are all rows after `last`, which stands right before them.
    private func back(
        from place: Int, _ count: Int, upTo last: Shown?
    ) throws(QueryFailure) -> (rows: [Shown], isWhole: Bool) {
        var found: [Shown] = []
        var place = place
        while place > (last?.place ?? places.lowerBound) {
            place -= 1
            guard has(place) else { continue }
            for row in try rows(of: place).reversed() {
                if let last, last.place == place, last.row == row { return (found, true) }
                if found.count == count { return (found, false) }
                found.append((place, row))
            }
        }
        return (found, false)
    }

    /// The rows of the source in a block.
    private func rows(of place: Int) throws(QueryFailure) -> [UInt32] {
        let block = blocks[place]
        let isOwn = block.sources.map { $0.id == source }
        if !isOwn.contains(false) { return Array(0..<UInt32(block.count)) }
        let scan = BlockScan(block, place: place)
        defer { scan.release() }
        let numbers = try scan.numbers(of: .source)
        return (0..<UInt32(block.count)).filter { isOwn[Int(numbers[Int($0)])] }
    }
}

/// Reads the rows that a walk finds, block by block, marks them and hands them on.
final class ContextReader {
    private struct Wanted {
        var row: UInt32
        var group: UInt64
        var isHit: Bool
    }

    private let blocks: [Block]
    private let needs: FieldNeeds
    private let names: FieldNames
    private let shouldStop: () -> Bool
    private let next: any PipeStage
    private let hitField: Int32
    private let groupField: Int32
    private var row: ResultRow
    /// Rows of one block, in order, that are still to be read.
    private var wanted: [Wanted] = []
    private var place = 0
    private var group: UInt64 = 0

    init(
        _ blocks: [Block], _ needs: FieldNeeds, _ context: StageContext,
        shouldStop: @escaping () -> Bool, next: any PipeStage
    ) {
        self.blocks = blocks
        self.needs = needs
        self.shouldStop = shouldStop
        self.next = next
        names = context.names
        hitField = names.number(FieldName.hit)
        groupField = names.number(FieldName.context)
        row = ResultRow(names: names)
    }

    /// The next row does not stand right behind the one before.
    func part() { group += 1 }

    /// Takes the next row of a block; false if no further row is wanted.
    func take(_ row: UInt32, of place: Int, isHit: Bool) throws(QueryFailure) -> Bool {
        if place != self.place {
            guard try flush() else { return false }
            self.place = place
        }
        wanted.append(Wanted(row: row, group: group, isHit: isHit))
        return true
    }

    /// Reads what was taken and hands it on; false if no further row is wanted.
    func flush() throws(QueryFailure) -> Bool {
        guard !wanted.isEmpty else { return true }
        defer { wanted.removeAll(keepingCapacity: true) }
        if shouldStop() { throw QueryRunner.stopped() }
        let scan = BlockScan(blocks[place], place: place)
        let hits = try hits(scan)
        HitCollector.want(hits, scan)
        let reader = RowReader(scan, needs, names, [:])
        defer { reader.release() }
        for (hit, wanted) in zip(hits, wanted) {
            try reader.read(hit, time: hit.key, into: &row)
            row.set(groupField, Array(String(wanted.group).utf8), .integer)
            if wanted.isHit { row.set(hitField, Array("true".utf8), .keyword) }
            guard try next.push(&row) else { return false }
        }
        return true
    }

    /// The rows that are wanted, with what is needed to read them.
    private func hits(_ scan: BlockScan) throws(QueryFailure) -> [Hit] {
        let needsFlags = needs.contains(FieldName.flags) || needs.contains(FieldName.duplicate)
        let flags = needsFlags ? try scan.flags() : nil
        let times = try scan.times()
        var hits: [Hit] = []
        let wanted = wanted
        try scan.forEachRow(
            of: Array(repeating: true, count: scan.block.shapes.count), withOrdinals: true
        ) { row, shape, ordinal in
            guard hits.count < wanted.count, wanted[hits.count].row == UInt32(row) else { return }
            hits.append(
                Hit(
                    key: times[row], row: UInt32(row), shape: UInt32(shape),
                    ordinal: UInt32(ordinal), flags: flags?[row] ?? 0))
        }
        return hits
    }
}
