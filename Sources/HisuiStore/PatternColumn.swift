import HisuiBytes

/// A column of text by several patterns, read back.
///
///     pattern of each value (u8), if there are several or exceptions
///     numbers of the values of pattern 0, in planes; of pattern 1; …
///     exceptions: lengths, values
struct PatternColumn: Sendable {
    let kinds: [Kind]
    /// Number of the pattern of each value; one past the last for exceptions.
    private let kindOfValue: [UInt8]
    /// Numbers by pattern.
    private let numbers: [[UInt64]]
    private let exceptions: [ByteRange]

    struct Kind: Sendable {
        var rows: Int
        var pattern: NumberPattern
        var fields: [NumberField]
    }

    /// What the directory says of such a column.
    struct Head {
        var hasExceptions: Bool
        var kinds: [Kind] = []

        init(decoding reader: inout ByteReader) throws {
            let flags = try reader.u8()
            let count = try reader.varint()
            guard flags < 2, count >= 1, count <= UInt64(PatternColumnEncoder.kindsMax) else {
                throw NumberPattern.Malformed(what: "patterns of a column")
            }
            hasExceptions = flags == 1
            for _ in 0..<count {
                let rows = try reader.varint()
                guard rows <= UInt64(UInt32.max) else {
                    throw NumberPattern.Malformed(what: "rows of a pattern")
                }
                let pattern = try NumberPattern(decoding: &reader, mayBeText: true)
                var fields: [NumberField] = []
                for _ in pattern.numbers { fields.append(try NumberField(decoding: &reader)) }
                kinds.append(Kind(rows: Int(rows), pattern: pattern, fields: fields))
            }
        }
    }

    init(
        _ head: Head, rows: Int, in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(ColumnDecoder.Malformed) {
        kinds = head.kinds
        var counts = [Int](repeating: 0, count: kinds.count + 1)
        var position = range.lowerBound
        if kinds.count > 1 || head.hasExceptions {
            guard rows <= range.upperBound - position else {
                throw ColumnDecoder.Malformed(what: "not one pattern for each row")
            }
            kindOfValue = [UInt8](bytes, position..<position + rows)
            position += rows
            for kind in kindOfValue {
                guard Int(kind) < counts.count else {
                    throw ColumnDecoder.Malformed(what: "a pattern too large")
                }
                counts[Int(kind)] += 1
            }
        } else {
            kindOfValue = [UInt8](repeating: 0, count: rows)
            counts[0] = rows
        }
        var numbers: [[UInt64]] = []
        for (number, kind) in kinds.enumerated() {
            guard kind.rows == counts[number] else {
                throw ColumnDecoder.Malformed(what: "rows of a pattern")
            }
            let width = kind.fields.reduce(0) { $0 + $1.width }
            guard width * kind.rows <= range.upperBound - position else {
                throw ColumnDecoder.Malformed(what: "numbers cut short")
            }
            let end = position + width * kind.rows
            // A pattern without numbers is written from where none is read.
            numbers.append(
                kind.fields.isEmpty
                    ? [0]
                    : try NumberField.read(
                        kind.fields, kind.rows, isInterleaved: false, in: bytes, position..<end))
            position = end
        }
        self.numbers = numbers
        let others = counts[kinds.count]
        guard head.hasExceptions || others == 0 else {
            throw ColumnDecoder.Malformed(what: "values without a pattern")
        }
        exceptions = try ColumnDecoder.values(others, in: bytes, &position, range.upperBound)
        guard position == range.upperBound else {
            throw ColumnDecoder.Malformed(what: "bytes left over")
        }
    }

    /// The values as text.
    func rendered(_ bytes: Span<UInt8>) throws(ColumnDecoder.Malformed) -> SlotColumn {
        var text = ColumnText(rows: kindOfValue.count)
        var next = [Int](repeating: 0, count: kinds.count + 1)
        for kind in kindOfValue {
            let number = Int(kind)
            if number == kinds.count {
                text.append(bytes, exceptions[next[number]])
            } else {
                text.append(
                    kinds[number].pattern, numbers[number],
                    at: next[number] * kinds[number].fields.count)
            }
            next[number] += 1
            try text.check()
        }
        return text.column()
    }
}
