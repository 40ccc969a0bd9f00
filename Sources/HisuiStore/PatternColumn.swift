import HisuiBytes

/// Columns of text by several patterns, read back.
///
///     pattern of each value (u8), if there are several or exceptions
///     numbers of the values of pattern 0, in planes; of pattern 1; …
///     exceptions: lengths, values
///
/// Keeps its memory from column to column.
struct PatternColumn {
    private var head = Head()
    /// Numbers by pattern.
    private var numbers: [UInt64] = []
    /// For each pattern, and then for exceptions, how many values have it.
    private var counts: [Int] = []
    /// For each pattern where the numbers of its next value stand.
    private var next: [Int] = []
    private var exceptions: [ByteRange] = []

    private struct Kind {
        var rows = 0
        var pattern = NumberPattern()
        var fields: [NumberField] = []
    }

    /// What the directory says of such a column.
    private struct Head {
        private(set) var hasExceptions = false
        /// The patterns, and behind them memory for more.
        private var memory: [Kind] = []
        private var count = 0

        var kinds: ArraySlice<Kind> { memory[..<count] }

        /// Becomes what the reader comes to; on an error it is of no use.
        mutating func decode(_ reader: inout ByteReader) throws {
            let flags = try reader.u8()
            let count = try reader.varint()
            guard flags < 2, count >= 1, count <= UInt64(PatternColumnEncoder.kindsMax) else {
                throw NumberPattern.Malformed(what: "patterns of a column")
            }
            hasExceptions = flags == 1
            self.count = Int(count)
            while memory.count < self.count { memory.append(Kind()) }
            for kind in 0..<self.count { try Self.decode(&memory[kind], &reader) }
        }

        private static func decode(_ kind: inout Kind, _ reader: inout ByteReader) throws {
            let rows = try reader.varint()
            guard rows <= UInt64(UInt32.max) else {
                throw NumberPattern.Malformed(what: "rows of a pattern")
            }
            kind.rows = Int(rows)
            try kind.pattern.decode(&reader, mayBeText: true)
            kind.fields.removeAll(keepingCapacity: true)
            for _ in kind.pattern.numbers {
                kind.fields.append(try NumberField(decoding: &reader))
            }
        }
    }

    /// Reads a column.
    ///
    /// - Parameters:
    ///   - reader: at the column's head.
    ///   - range: the column's data in `bytes`.
    ///   - rows: how many values there must be.
    ///   - wanted: the values that are written; they lie in the column.
    ///   - text: gets the values.
    mutating func read(
        _ reader: inout ByteReader, rows: Int, _ wanted: Range<Int>, in bytes: Span<UInt8>,
        _ range: Range<Int>, to text: inout ColumnText
    ) throws {
        try head.decode(&reader)
        let several = head.kinds.count > 1 || head.hasExceptions
        var position = range.lowerBound
        try count(rows, several, in: bytes, &position, range.upperBound)
        try readNumbers(bytes, &position, range.upperBound)
        let others = counts[head.kinds.count]
        guard head.hasExceptions || others == 0 else {
            throw ColumnDecoder.Malformed(what: "values without a pattern")
        }
        exceptions.removeAll(keepingCapacity: true)
        try ColumnDecoder.values(others, in: bytes, &position, range.upperBound, to: &exceptions)
        guard position == range.upperBound else {
            throw ColumnDecoder.Malformed(what: "bytes left over")
        }
        let kinds = head.kinds
        var exception = 0
        for row in 0..<wanted.upperBound {
            let kind = several ? Int(bytes[range.lowerBound + row]) : 0
            let isWanted = row >= wanted.lowerBound
            if kind == kinds.count {
                if isWanted { text.append(bytes, exceptions[exception]) }
                exception += 1
            } else {
                if isWanted { text.append(kinds[kind].pattern, numbers, at: next[kind]) }
                next[kind] += kinds[kind].fields.count
            }
            if isWanted { try text.check() }
        }
    }

    /// Counts the values of each pattern.
    private mutating func count(
        _ rows: Int, _ several: Bool, in bytes: Span<UInt8>, _ position: inout Int, _ end: Int
    ) throws(ColumnDecoder.Malformed) {
        counts.removeAll(keepingCapacity: true)
        counts.append(contentsOf: repeatElement(0, count: head.kinds.count + 1))
        guard several else {
            counts[0] = rows
            return
        }
        guard rows <= end - position else {
            throw ColumnDecoder.Malformed(what: "not one pattern for each row")
        }
        for at in position..<position + rows {
            guard Int(bytes[at]) < counts.count else {
                throw ColumnDecoder.Malformed(what: "a pattern too large")
            }
            counts[Int(bytes[at])] += 1
        }
        position += rows
    }

    private mutating func readNumbers(
        _ bytes: Span<UInt8>, _ position: inout Int, _ end: Int
    ) throws(ColumnDecoder.Malformed) {
        next.removeAll(keepingCapacity: true)
        // A pattern without numbers is written from where none is read.
        if numbers.isEmpty { numbers.append(0) }
        var first = 0
        for (number, kind) in head.kinds.enumerated() {
            guard kind.rows == counts[number] else {
                throw ColumnDecoder.Malformed(what: "rows of a pattern")
            }
            let width = kind.fields.reduce(0) { $0 + $1.width }
            guard width * kind.rows <= end - position else {
                throw ColumnDecoder.Malformed(what: "numbers cut short")
            }
            next.append(first)
            let own = position..<position + width * kind.rows
            try NumberField.read(
                kind.fields.span, kind.rows, 0..<kind.rows, isInterleaved: false, in: bytes, own,
                to: &numbers, at: first)
            first += kind.rows * kind.fields.count
            position = own.upperBound
        }
    }
}
