import HisuiBytes

/// The columns of a block that may have what its segment's footer does not tell: there it would be
/// too much. These tell it themselves.
///
/// Immutable; made once for a block.
struct UntoldColumns: Sendable {
    private struct Column {
        var number: UInt32
        /// Where its patterns end in `patterns`.
        var patternsEnd: UInt32
    }

    private var columns: [Column] = []
    /// Numbers in the index; `unknown` stands for patterns that it does not have.
    private var patterns: [Int32] = []

    private static let unknown: Int32 = -1

    /// - Parameter shapes: those of the block, by their numbers in the table.
    init(
        _ directory: BlockDirectory, _ shapes: [UInt32], _ firstColumns: [Int],
        _ table: TableColumns, _ index: PatternIndex
    ) {
        var numbers: [Int] = []
        for shape in shapes.indices {
            let first = table.firstColumns[Int(shapes[shape])]
            let count = firstColumns[shape + 1] - firstColumns[shape]
            guard table.untold.containsAny(of: first..<first + count) else { continue }
            for slot in 0..<count where table.untold.contains(first + slot) {
                numbers.append(firstColumns[shape] + slot)
            }
        }
        index.withContents { contents in
            for number in numbers { append(number, directory, &contents) }
        }
    }

    private mutating func append(
        _ number: Int, _ directory: BlockDirectory, _ index: inout PatternIndex.Contents
    ) {
        let bytes = directory.bytes
        let span = bytes.span
        let head = directory.headRange(of: number)
        let encoding = directory.encoding(of: number)
        var ranges: [Range<Int>] = []
        var isRead = true
        if encoding == .patterns {
            isRead = (try? PatternHead.several(span, head, to: &ranges)) != nil
        } else if encoding.isNumbers {
            let range = try? PatternHead.afterFlags(span, head)
            if let range { ranges = [range] } else { isRead = false }
        }
        // Whoever reads a column whose head cannot be read tells.
        if !isRead { patterns.append(Self.unknown) }
        for range in ranges { patterns.append(index.number(of: span, range) ?? Self.unknown) }
        columns.append(Column(number: UInt32(number), patternsEnd: UInt32(patterns.count)))
    }

    /// Adds those that may have a probe in something that is not text.
    ///
    /// - Parameter spelling: for each pattern of the index whether its numbers may spell the probe.
    func add(
        thatMaySpell probe: TextProbe, _ spelling: [Bool], _ directory: BlockDirectory,
        to set: inout ColumnSet
    ) {
        var first = 0
        for column in columns {
            let own = patterns[first..<Int(column.patternsEnd)]
            first = own.endIndex
            let number = Int(column.number)
            let maySpell =
                own.isEmpty
                ? directory.maySpell(probe, in: number)
                : own.contains { $0 == Self.unknown || spelling[Int($0)] }
            if maySpell { set.insert(number) }
        }
    }

    var byteCount: Int { columns.count * MemoryLayout<Column>.stride + patterns.count * 4 }
}
