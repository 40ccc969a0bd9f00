import HisuiBytes

/// Which patterns the columns of a block have, by their numbers in an index.
///
/// Immutable; made once for a block.
struct PatternTable: Sendable {
    /// For each column its pattern; `none`, or counted down from `several` its set of patterns.
    private var ofColumn: [Int32]
    private var sets: [[Int32]] = []

    private static let none: Int32 = -1
    private static let several: Int32 = -2

    /// Finds the patterns that the heads in `directory` have.
    ///
    /// A head that cannot be read has none; whoever reads its column tells.
    init(_ directory: BlockDirectory, _ index: PatternIndex) {
        var ofColumn = [Int32](repeating: Self.none, count: directory.columnCount)
        var sets: [[Int32]] = []
        index.withContents { contents in
            Self.number(directory, &contents, &ofColumn, &sets)
        }
        self.ofColumn = ofColumn
        self.sets = sets
    }

    private static func number(
        _ directory: BlockDirectory, _ index: inout PatternIndex.Contents,
        _ ofColumn: inout [Int32], _ sets: inout [[Int32]]
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
                    ofColumn[Int(column)] = plainNumber
                } else if let range = try? PatternHead.afterFlags(span, head) {
                    ofColumn[Int(column)] = index.number(of: span, range) ?? none
                }
            }
        }
        var ranges: [Range<Int>] = []
        for column in directory.columns(of: .patterns) {
            let head = directory.headRange(of: Int(column))
            guard (try? PatternHead.several(span, head, to: &ranges)) != nil else { continue }
            var set: [Int32] = []
            for range in ranges { set.append(index.number(of: span, range) ?? none) }
            sets.append(set)
            ofColumn[Int(column)] = several - Int32(sets.count - 1)
        }
    }

    /// Whether `column` has a pattern that is in `chosen`, by number; true if it is not known.
    @inline(__always)
    func isAny(of column: Int, in chosen: [Bool]) -> Bool {
        let number = ofColumn[column]
        if number >= 0 { return chosen[Int(number)] }
        if number == Self.none { return true }
        return sets[Int(Self.several - number)].contains {
            $0 == Self.none || chosen[Int($0)]
        }
    }

    var byteCount: Int { ofColumn.count * 4 + sets.count * 64 }
}
