import HisuiBytes

/// Which columns of a block have which patterns, these by their numbers in an index.
///
/// Immutable; made once for a block.
struct PatternTable: Sendable {
    /// The patterns that the block has, each once; `none` stands for those the index does not have.
    private var patterns: [Int32] = []
    /// Where the columns of each begin in `columns`; one more element than patterns.
    private var starts: [UInt32] = [0]
    private var columns: [UInt32] = []

    private static let none: Int32 = -1

    /// Finds the patterns that the heads in `directory` have.
    ///
    /// A head that cannot be read has none; whoever reads its column tells.
    init(_ directory: BlockDirectory, _ index: PatternIndex) {
        var pairs: [(pattern: Int32, column: UInt32)] = []
        var count = 0
        index.withContents { contents in
            Self.number(directory, &contents, &pairs)
            count = contents.patterns.count
        }
        // Sorted by counting: number 0 is `none`.
        var ends = [UInt32](repeating: 0, count: count + 1)
        for pair in pairs { ends[Int(pair.pattern + 1)] += 1 }
        var next = ends
        var sum: UInt32 = 0
        for number in ends.indices where ends[number] > 0 {
            patterns.append(Int32(number) - 1)
            next[number] = sum
            sum += ends[number]
            starts.append(sum)
        }
        columns = [UInt32](repeating: 0, count: pairs.count)
        for pair in pairs {
            columns[Int(next[Int(pair.pattern + 1)])] = pair.column
            next[Int(pair.pattern + 1)] += 1
        }
    }

    private static func number(
        _ directory: BlockDirectory, _ index: inout PatternIndex.Contents,
        _ pairs: inout [(pattern: Int32, column: UInt32)]
    ) {
        let bytes = directory.bytes
        let span = bytes.span
        // Most columns have one of a few patterns; the commonest is known by its five bytes.
        let plain: [UInt8] = [1, NumberPattern.Notation.decimal.rawValue, 0, 0, 0]
        let plainNumber = index.number(of: plain.span, 0..<plain.count) ?? none
        for encoding in ColumnEncoding.allNumbers {
            for column in directory.columns(of: encoding) {
                let head = directory.headRange(of: Int(column))
                if head.count > plain.count,
                    ByteSearch.equal(span, head.lowerBound + 1..<head.lowerBound + 6, plain.span)
                {
                    pairs.append((plainNumber, column))
                } else if let range = try? PatternHead.afterFlags(span, head) {
                    pairs.append((index.number(of: span, range) ?? none, column))
                } else {
                    pairs.append((none, column))
                }
            }
        }
        var ranges: [Range<Int>] = []
        for column in directory.columns(of: .patterns) {
            let head = directory.headRange(of: Int(column))
            guard (try? PatternHead.several(span, head, to: &ranges)) != nil else {
                pairs.append((none, column))
                continue
            }
            for range in ranges { pairs.append((index.number(of: span, range) ?? none, column)) }
        }
    }

    /// Adds the columns that have a pattern which is in `chosen`, by number, or is not known.
    func addColumns(of chosen: [Bool], to set: inout ColumnSet) {
        for place in patterns.indices {
            let pattern = patterns[place]
            guard pattern == Self.none || chosen[Int(pattern)] else { continue }
            for at in Int(starts[place])..<Int(starts[place + 1]) { set.insert(Int(columns[at])) }
        }
    }

    var byteCount: Int { columns.count * 4 + patterns.count * 8 }
}
