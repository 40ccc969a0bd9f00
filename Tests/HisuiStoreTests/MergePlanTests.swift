import HisuiEvent
import Testing

@testable import HisuiStore

/// Plans over random streams: what is merged may be merged, rows are rewritten seldom, and days of
/// little load become one file.
@Suite struct MergePlanTests {
    /// A stream as a plan sees it, with how often the rows of each segment were rewritten at most.
    struct Stream {
        var segments: [MergePlan.Segment] = []
        var rewritten: [Int] = []
        var rowsRewritten = 0
        private(set) var rows = 0

        mutating func add(rows count: Int, bytes: Int, shapes: Int, day: Int, hole: Int = 0) {
            let first = (segments.last?.leaves.upperBound ?? 0) + UInt64(hole)
            segments.append(
                MergePlan.Segment(
                    leaves: first..<first + UInt64(count), rows: count, bytes: bytes,
                    shapes: shapes, day: day))
            rewritten.append(0)
            rows += count
        }

        /// Merges until nothing is to be done; checks each step.
        mutating func settle(_ what: Comment) {
            var steps = 0
            while let run = MergePlan.next(in: segments) {
                merge(run, what)
                steps += 1
                if steps > 10_000 {
                    Issue.record("a plan without an end: \(what)")
                    return
                }
            }
        }

        private mutating func merge(_ run: Range<Int>, _ what: Comment) {
            let parts = segments[run]
            #expect(run.count >= 2 && run.count <= Limits.mergeFilesMax, what)
            #expect(run.upperBound < segments.count, "the newest is left alone: \(what)")
            #expect(Set(parts.map(\.day)).count == 1, what)
            for (a, b) in zip(parts, parts.dropFirst()) {
                #expect(a.leaves.upperBound == b.leaves.lowerBound, what)
            }
            #expect(!parts.contains { $0.isApart || $0.rows >= Limits.mergeRowsBelow }, what)
            let rows = parts.reduce(0) { $0 + $1.rows }
            let bytes = parts.reduce(0) { $0 + $1.bytes }
            let shapes = parts.reduce(0) { $0 + $1.shapes }
            #expect(rows <= Limits.segmentRowsMax, what)
            #expect(bytes <= Limits.mergeBytesMax, what)
            #expect(shapes <= Limits.shapesPerSegmentMax, what)
            // Columns compress better together, shapes repeat.
            let merged = MergePlan.Segment(
                leaves: parts[run.lowerBound].leaves
                    .lowerBound..<parts[run.upperBound - 1].leaves
                    .upperBound,
                rows: rows, bytes: bytes * 2 / 3, shapes: max(1, shapes / 2),
                day: parts[run.lowerBound].day)
            let most = rewritten[run].max() ?? 0
            rowsRewritten += rows
            segments.replaceSubrange(run, with: [merged])
            rewritten.replaceSubrange(run, with: [most + 1])
        }
    }

    @Test func aQuietYearIsAboutAFileADay() {
        var stream = Stream()
        for hour in 0..<8760 {
            stream.add(rows: 50, bytes: 4000, shapes: 12, day: hour / 24)
            stream.settle("hour \(hour)")
            let today = stream.segments.count { $0.day == hour / 24 }
            #expect(today <= 10, "files of an unfinished day, hour \(hour)")
        }
        #expect(stream.segments.count <= 400)
        #expect(stream.rewritten.max() == 2)
        #expect(stream.segments.reduce(0) { $0 + $1.rows } == stream.rows)
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func anyStreamIsMergedWithinBounds(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var stream = Stream()
        var day = 0
        let scale = [3, 40, 900, 20_000, 300_000].randomElement(using: &random) ?? 1
        for step in 0..<400 {
            if Int.random(in: 0..<24, using: &random) == 0 {
                // Now and then the clock goes back.
                day += Int.random(in: 0..<10, using: &random) == 0 ? -1 : 1
            }
            let isOdd = Int.random(in: 0..<8, using: &random) == 0
            let rows = Int.random(in: 1...(isOdd ? 262_144 : scale), using: &random)
            stream.add(
                rows: rows, bytes: 900 + rows * Int.random(in: 5...60, using: &random),
                shapes: Int.random(in: 1...(isOdd ? 30_000 : 60), using: &random), day: day,
                hole: Int.random(in: 0..<60, using: &random) == 0 ? 7 : 0)
            if Int.random(in: 0..<40, using: &random) == 0 {
                stream.segments[stream.segments.count - 1].isApart = true
            }
            stream.settle("seed \(seed), step \(step)")
            checkUnfinished(stream, "seed \(seed), step \(step)")
        }
        #expect(stream.segments.reduce(0) { $0 + $1.rows } == stream.rows)
        // log 1.5 of 131,072, and one for the end of a day.
        #expect((stream.rewritten.max() ?? 0) <= 31)
        #expect(stream.rowsRewritten <= stream.rows * 8, "what it costs altogether")
    }

    /// Small neighbours of one day do not heap up.
    private func checkUnfinished(_ stream: Stream, _ what: Comment) {
        var small = 0
        for (before, segment) in zip(stream.segments, stream.segments.dropFirst()) {
            let isNeighbour =
                before.leaves.upperBound == segment.leaves.lowerBound && before.day == segment.day
                && before.isSmall && segment.isSmall && segment.shapes < 1000
            small = isNeighbour ? small + 1 : 0
            #expect(small < 64, what)
        }
    }

    @Test func nothingIsMergedWithoutNeed() {
        #expect(MergePlan.next(in: []) == nil)
        var stream = Stream()
        for _ in 0..<8 { stream.add(rows: 50, bytes: 1000, shapes: 3, day: 1) }
        #expect(MergePlan.next(in: stream.segments) == nil, "the newest does not count")
        stream.add(rows: 50, bytes: 1000, shapes: 3, day: 1)
        #expect(MergePlan.next(in: stream.segments) == 0..<8)
        // A large one is no neighbour of small ones.
        var busy = Stream()
        for _ in 0..<40 { busy.add(rows: 200_000, bytes: 3 << 20, shapes: 90, day: 1) }
        busy.add(rows: 1, bytes: 1000, shapes: 3, day: 2)
        #expect(MergePlan.next(in: busy.segments) == nil)
        // Shapes are bounded.
        var odd = Stream()
        for _ in 0..<12 { odd.add(rows: 60_000, bytes: 5 << 20, shapes: 40_000, day: 1) }
        odd.add(rows: 1, bytes: 1000, shapes: 3, day: 2)
        #expect(MergePlan.next(in: odd.segments) == nil)
    }

    @Test func aDayThatEndedBecomesOneFile() {
        var stream = Stream()
        for rows in [5, 2000, 900, 7, 100_000] {
            stream.add(rows: rows, bytes: rows * 20, shapes: 9, day: 1)
        }
        #expect(MergePlan.next(in: stream.segments) == nil)
        stream.add(rows: 9, bytes: 900, shapes: 9, day: 2)
        #expect(MergePlan.next(in: stream.segments) == 0..<5)
        stream.settle("a day")
        #expect(stream.segments.map(\.rows) == [102_912, 9])
    }
}
