import HisuiBytes
public import HisuiDetect
public import HisuiEvent
import HisuiShape
public import HisuiStore

/// Rules over the past: what a store holds, as the daemon would have looked at it.
///
/// Rows that came in order give the findings, and the ids, that the daemon gave. Only finished
/// findings are told.
public struct StoreDetection: Sendable {
    private let snapshot: Snapshot
    private let rules: RuleSet

    public init(_ snapshot: Snapshot, rules: RuleSet) {
        self.snapshot = snapshot
        self.rules = rules
    }

    /// Goes through all zones of the snapshot, one after the other.
    ///
    /// - Parameters:
    ///   - since: events before it are left out; nil: none.
    ///   - found: called with findings in the order in which they are complete.
    /// - Returns: blocks that could not be read.
    public func run(
        since: Timestamp?, _ found: ([Finding]) -> Void
    ) -> (problems: [StoreError], counts: DetectionCounts) {
        var problems: [StoreError] = []
        var counts = DetectionCounts()
        for zone in Set(snapshot.blocks.map(\.zone)).sorted() {
            var blocks: [String: [Block]] = [:]
            for block in snapshot.blocks where block.zone == zone {
                if let since, block.timeRange.upperBound < since { continue }
                blocks[block.stream, default: []].append(block)
            }
            var detector = Detector(rules, mode: .live)
            let table = ShapeTable()
            let need = NeededRows(rules)
            let merge = StreamMerge(
                blocks.sorted { $0.key < $1.key }.map {
                    ($0.key, BlockCursor($0.value, shapes: table, need: need.contains), .max)
                })
            var findings: [Finding] = []
            while true {
                do throws(StoreError) {
                    guard let piece = try merge.next() else { break }
                    take(piece, of: zone, table, since, &detector, &findings)
                } catch {
                    problems.append(error)
                }
                tell(&findings, found)
            }
            detector.finish(into: &findings)
            tell(&findings, found)
            counts.add(detector.counts)
        }
        return (problems, counts)
    }

    private func take(
        _ piece: StreamMerge.Piece, of zone: String, _ table: ShapeTable, _ since: Timestamp?,
        _ detector: inout Detector, _ findings: inout [Finding]
    ) {
        let place = zone + "/" + piece.stream
        guard let since, piece.rows.rows.contains(where: { $0.time < since }) else {
            detector.take(
                piece.rows, shapes: table, place: place, first: piece.first, into: &findings)
            return
        }
        var next = 0
        let rows = piece.rows.rows
        while next < rows.count {
            var end = next
            while end < rows.count, rows[end].time >= since { end += 1 }
            if end > next {
                var part = piece.rows
                part.rows = Array(rows[next..<end])
                detector.take(
                    part, shapes: table, place: place, first: piece.first + UInt64(next),
                    into: &findings)
            }
            next = end + 1
        }
    }

    private func tell(_ findings: inout [Finding], _ found: ([Finding]) -> Void) {
        let final = findings.filter { $0.state == .final }
        if !final.isEmpty { found(final) }
        findings.removeAll(keepingCapacity: true)
    }
}

/// Which rows of blocks some rule asks anything of, as far as it can be told without reading them.
private final class NeededRows {
    private let interest: RowInterest
    /// The block asked for last, and where in it texts may be.
    private var block: Block?
    private var places: [RowInterest.Text: SlotSet] = [:]

    init(_ rules: RuleSet) { interest = RowInterest(rules) }

    func contains(_ block: Block, _ shape: Int) throws(StoreError) -> Bool {
        switch interest.of(block.shapes[shape].shape) {
        case .none: return false
        case .all: return true
        case .texts(let texts):
            for text in texts {
                if try places(of: text, block).mayContain(shape: shape, slot: text.slot) {
                    return true
                }
            }
            return false
        }
    }

    private func places(
        of text: RowInterest.Text, _ block: Block
    ) throws(StoreError) -> SlotSet {
        if block !== self.block {
            self.block = block
            places.removeAll()
        }
        var key = text
        key.slot = 0
        if let known = places[key] { return known }
        let found = try block.candidates(TextProbe(text.bytes, ignoresCase: text.ignoresCase))
        places[key] = found
        return found
    }
}
