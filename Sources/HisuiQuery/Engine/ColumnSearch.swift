import HisuiBytes
import HisuiShape
import HisuiStore

/// Looking through the values of a slot's column.
enum ColumnSearch {
    /// Keeps the rows whose value, decoded, passes `test`.
    static func keep(
        _ test: some ValueTest, _ column: SlotColumn, _ decoding: Shape.Decoding,
        in rows: inout Bitmap
    ) {
        if decoding == .raw {
            filter(column, in: &rows) { test.matches($0) }
        } else {
            var scratch: [UInt8] = []
            filter(column, in: &rows) { value in
                scratch.removeAll(keepingCapacity: true)
                decoding.append(value, ByteRange(0..<value.count), to: &scratch)
                return test.matches(scratch.span)
            }
        }
    }

    /// Keeps the rows in whose value the needle stands.
    static func keep(
        _ needle: Needle, _ column: SlotColumn, wordBefore: Bool, cutBehind: Bool,
        in rows: inout Bitmap
    ) {
        if needle.likeness == .exact, let stretch = ColumnLayout(column).sequence {
            sweep(needle, column, stretch, wordBefore, cutBehind, in: &rows)
        } else {
            var scratch: [UInt8] = []
            filter(column, in: &rows) {
                needle.matches($0, wordBefore: wordBefore, cutBehind: cutBehind, &scratch)
            }
        }
    }

    /// Adds to `sure` and to `maybe` those of `rows` of whose value a crossing says so.
    ///
    /// - Parameter around: of the slot, as the plan of the needle has it.
    static func keep(
        _ crossing: NeedlePlan.Crossing, _ needle: Needle, _ column: SlotColumn, in rows: Bitmap,
        around: (before: Bool, after: Bool), sure: inout Bitmap, maybe: inout Bitmap
    ) {
        let bytes = column.bytes.span
        let ranges = column.ranges.span
        var last = ByteRange(offset: .max, count: .max)
        var verdict = Verdict.never
        rows.forEach { index in
            if ranges[index] != last {
                last = ranges[index]
                verdict = crossing.verdict(bytes, last.range, needle, around: around)
            }
            switch verdict {
            case .never: return
            case .always: sure.insert(index)
            case .depends: maybe.insert(index)
            }
        }
    }

    /// Asks each different value once where values repeat: neighbours that are the same bytes, and
    /// columns that are a dictionary.
    @inline(__always)
    private static func filter(
        _ column: SlotColumn, in rows: inout Bitmap, _ passes: (Span<UInt8>) -> Bool
    ) {
        let bytes = column.bytes.span
        let ranges = column.ranges.span
        // What was asked before, by offset: the count asked about and the answer.
        let dictionary = ColumnLayout(column).dictionary
        let base = UInt32(dictionary?.lowerBound ?? 0)
        var counts = [UInt32](repeating: .max, count: (dictionary?.count ?? 0) + 1)
        var answers = [Bool](repeating: false, count: counts.count)
        var last = ByteRange(offset: .max, count: .max)
        var answer = false
        rows.filter { ordinal in
            let range = ranges[ordinal]
            if range == last { return answer }
            last = range
            let place = dictionary == nil ? 0 : Int(range.offset - base)
            if dictionary != nil, counts[place] == range.count {
                answer = answers[place]
                return answer
            }
            answer = passes(bytes.extracting(range.range))
            counts[place] = range.count
            answers[place] = answer
            return answer
        }
    }

    /// Searches all values at once and finds out which rows the hits lie in.
    private static func sweep(
        _ needle: Needle, _ column: SlotColumn, _ stretch: Range<Int>, _ wordBefore: Bool,
        _ cutBehind: Bool, in rows: inout Bitmap
    ) {
        var found = Bitmap(count: rows.count, all: false)
        let bytes = column.bytes.span
        let ranges = column.ranges.span
        var row = 0
        var from = stretch.lowerBound
        while let hit = needle.candidate(in: bytes, from..<stretch.upperBound, false) {
            row = self.row(of: hit, in: ranges, from: row)
            let range = ranges[row].range
            if hit + needle.bytes.count <= range.upperBound, hit >= range.lowerBound,
                needle.fits(bytes, range, hit, wordBefore, cutBehind)
            {
                found.insert(row)
                // One occurrence is enough: go on behind this value.
                from = range.upperBound
            } else {
                from = hit + 1
            }
        }
        rows.formIntersection(found)
    }

    /// The last row at or after `from` whose value does not begin after `position`.
    private static func row(of position: Int, in ranges: Span<ByteRange>, from: Int) -> Int {
        // Gallop, then halve: hits may be next to each other or far apart.
        var low = from
        var step = 1
        while low + step < ranges.count, Int(ranges[low + step].offset) <= position {
            low += step
            step *= 2
        }
        var high = min(low + step, ranges.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if Int(ranges[middle].offset) <= position { low = middle } else { high = middle }
        }
        return low
    }
}

/// How the values of a column lie in its bytes.
struct ColumnLayout {
    /// The bytes that the values take, if they stand in row order without overlap and with little
    /// between them: one search through all of them finds everything.
    private(set) var sequence: Range<Int>?
    /// The bytes that the values take, if those are so few that most values must repeat.
    private(set) var dictionary: Range<Int>?

    /// - Complexity: O(rows).
    init(_ column: SlotColumn) {
        let ranges = column.ranges.span
        var least = UInt32.max
        var end: UInt32 = 0
        var total = 0
        var isAscending = true
        for index in 0..<ranges.count {
            let range = ranges[index]
            isAscending = isAscending && range.offset >= end
            least = min(least, range.offset)
            end = max(end, range.offset + range.count)
            total += Int(range.count)
        }
        guard least <= end else { return }
        let extent = Int(least)..<Int(end)
        if extent.count < column.count * 2, column.count > 16, !isAscending { dictionary = extent }
        if isAscending, total * 4 >= extent.count { sequence = extent }
    }
}
