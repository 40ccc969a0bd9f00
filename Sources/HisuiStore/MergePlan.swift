import HisuiEvent

/// Which neighbouring segments of a stream to make one of: a pure function of what footers say.
///
///     while let run = MergePlan.next(in: segments) { … merge segments[run] … }
///
/// Segments are merged only within a *stretch*: neighbours without a hole whose newest records were
/// received on the same day of the organisation's clocks. Terms of retention end at midnights of
/// these clocks, so what is merged would have gone at the same moment anyway. The newest segment of
/// a stream is left alone: it is never deleted, and must not keep more than it has to.
///
/// A segment is *small* below a usual block's rows; others gain nothing that is worth their
/// rewriting, and end a stretch.
///
/// - In a stretch to which segments are still added, 8 or more neighbours are merged, the smallest
///   first (tiers of 64, 512, 4,096 … rows).
/// - In a stretch that has ended all are merged into one, or, where that would be too large, 2 or
///   more neighbours.
///
/// **Bounds.** A merge makes the segment of each of its rows three times as large at least, half as
/// large again once the day has ended, and only small segments are rewritten: so a row is
/// rewritten at most log₁.₅(131,072) < 30 times, and once when its day becomes one file. In a
/// stream of even load it is log₈: 1 to 3 times. Nothing is merged without growing: the plan ends.
public enum MergePlan {
    /// A segment, as its footer tells it.
    public struct Segment: Hashable, Sendable {
        public var leaves: Range<UInt64>
        public var rows: Int
        /// Bytes of the file.
        public var bytes: Int
        /// Shapes in its table.
        public var shapes: Int
        /// The day, by the clocks of retention, on which its newest record was received.
        public var day: Int
        /// Whether it must not be merged with others, for reasons that its footer does not tell.
        public var isApart: Bool

        public init(
            leaves: Range<UInt64>, rows: Int, bytes: Int, shapes: Int, day: Int,
            isApart: Bool = false
        ) {
            self.leaves = leaves
            self.rows = rows
            self.bytes = bytes
            self.shapes = shapes
            self.day = day
            self.isApart = isApart
        }

        var isSmall: Bool {
            !isApart && rows > 0 && rows < Limits.mergeRowsBelow
                && bytes < Limits.mergeBytesBelow
        }
    }

    /// The neighbours to merge next; nil if nothing is to be done.
    ///
    /// - Parameter segments: all of a stream, in order; none covers another one.
    /// - Complexity: O(segments × `Limits.mergeFilesMax`).
    public static func next(in segments: [Segment]) -> Range<Int>? {
        guard let newest = segments.last else { return nil }
        var first = 0
        while first < segments.count {
            var end = first + 1
            while end < segments.count, belongs(segments[end], after: segments[end - 1]) {
                end += 1
            }
            let stretch = first..<min(end, segments.count - 1)
            let hasEnded = newest.day != segments[first].day
            if let run = run(of: segments, in: stretch, hasEnded: hasEnded) { return run }
            first = end
        }
        return nil
    }

    /// Whether two neighbours are of one stretch.
    private static func belongs(_ segment: Segment, after before: Segment) -> Bool {
        segment.isSmall && before.isSmall && segment.day == before.day
            && segment.leaves.lowerBound == before.leaves.upperBound
    }

    private static func run(
        of segments: [Segment], in stretch: Range<Int>, hasEnded: Bool
    ) -> Range<Int>? {
        guard stretch.count >= 2 else { return nil }
        if hasEnded {
            // The last merge of a day: nothing is left to merge with.
            if Sum(segments[stretch]).fits { return stretch }
            return longest(
                of: segments, in: stretch, least: 2, rowsMax: Limits.segmentRowsMax,
                growth: (3, 2))
        }
        var tier = firstTierRows
        while true {
            let run = longest(
                of: segments, in: stretch, least: Limits.mergeFilesLeast, rowsMax: tier,
                growth: (3, 1))
            if let run { return run }
            if tier >= Limits.mergeRowsBelow { return nil }
            tier *= tierFactor
        }
    }

    /// Rows of the lowest tier, and by how much the next one is larger.
    private static let firstTierRows = 64
    private static let tierFactor = 8

    /// The first place with `least` or more neighbours of at most `rowsMax` rows each that may be
    /// merged, and there as many as may.
    ///
    /// - Parameter growth: how many rows they have together, at least, for those of the largest.
    private static func longest(
        of segments: [Segment], in stretch: Range<Int>, least: Int, rowsMax: Int,
        growth: (Int, Int)
    ) -> Range<Int>? {
        for first in stretch {
            var sum = Sum([])
            var end = first
            var found: Range<Int>?
            while end < stretch.upperBound, segments[end].rows <= rowsMax {
                sum.add(segments[end])
                guard sum.fits else { break }
                end += 1
                if end - first >= least, sum.rows * growth.1 >= sum.largest * growth.0 {
                    found = first..<end
                }
            }
            if let found { return found }
        }
        return nil
    }

    /// What a merged segment would have, at most.
    private struct Sum {
        var files = 0
        var rows = 0
        var bytes = 0
        var shapes = 0
        var largest = 0

        init(_ segments: ArraySlice<Segment>) {
            for segment in segments { add(segment) }
        }

        mutating func add(_ segment: Segment) {
            files += 1
            rows += segment.rows
            bytes += segment.bytes
            shapes += segment.shapes
            largest = max(largest, segment.rows)
        }

        var fits: Bool {
            files <= Limits.mergeFilesMax && rows <= Limits.segmentRowsMax
                && bytes <= Limits.mergeBytesMax && shapes <= Limits.shapesPerSegmentMax
        }
    }
}
