import HisuiBytes

/// What numbers a value by a pattern has if it begins with a text: so a column of addresses is
/// asked for those that begin with `10.` without writing one of them.
enum NumberBeginning: Equatable {
    /// No value begins so.
    case none
    /// Values do in which each of the first numbers lies in one of its ranges.
    case ranges([[ClosedRange<UInt64>]])

    /// - Returns: nil if that is not known, or the text goes on behind a value.
    init?(_ pattern: NumberPattern, _ text: [UInt8]) {
        var ranges: [[ClosedRange<UInt64>]] = []
        var left = text[...]
        for index in 0...pattern.numbers.count {
            for byte in pattern.text[pattern.literal(index)] {
                guard let first = left.first else { break }
                guard first == byte else {
                    self = .none
                    return
                }
                left.removeFirst()
            }
            if left.isEmpty {
                self = .ranges(ranges)
                return
            }
            guard index < pattern.numbers.count else { return nil }
            let number = pattern.numbers[index]
            guard number.digits > 0 || left.prefix(while: Self.isDecimal).count < Self.digitsMax
            else { return nil }
            let some =
                number.digits > 0
                ? Self.fixed(number, &left).map { [$0] } : Self.decimal(&left)
            guard let some else {
                self = .none
                return
            }
            ranges.append(some)
        }
        return nil
    }

    /// Numbers of more digits may be more than a word holds.
    private static let digitsMax = 19

    private static func isDecimal(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }

    /// Numbers without leading zeros that begin as the text does; those are all its digits if it
    /// goes on behind them.
    private static func decimal(_ text: inout ArraySlice<UInt8>) -> [ClosedRange<UInt64>]? {
        let digits = text.prefix(while: isDecimal)
        guard let first = digits.first, first != 0x30 || digits.count == 1 else { return nil }
        text = text[digits.endIndex...]
        let number = digits.reduce(0 as UInt64) { $0 * 10 + UInt64($1 - 0x30) }
        guard text.isEmpty, number > 0 else { return [number...number] }
        var ranges: [ClosedRange<UInt64>] = []
        var (least, count) = (number, 1 as UInt64)
        for _ in digits.count...digitsMax {
            ranges.append(least...least + (count - 1))
            let (next, isTooLarge) = least.multipliedReportingOverflow(by: 10)
            if isTooLarge { break }
            (least, count) = (next, count * 10)
        }
        return ranges
    }

    /// Numbers of so many digits that begin as the text does.
    private static func fixed(
        _ number: NumberPattern.Number, _ text: inout ArraySlice<UInt8>
    ) -> ClosedRange<UInt64>? {
        let base: UInt64 = number.notation == .padded ? 10 : 16
        var least: UInt64 = 0
        var count: UInt64 = 1
        for _ in 0..<number.digits {
            guard let byte = text.popFirst() else {
                least *= base
                count *= base
                continue
            }
            let letter = byte &- (number.notation == .upperHex ? 0x41 : 0x61)
            let digit = isDecimal(byte) ? byte - 0x30 : letter <= 5 ? letter + 10 : 255
            guard digit < base else { return nil }
            least = least * base + UInt64(digit)
        }
        return least...least + (count - 1)
    }
}

extension NumberColumn {
    /// The places of values each of whose first numbers lies in one of its ranges.
    ///
    /// The other parameters are those of `read`; the column has no exceptions.
    mutating func places(
        where ranges: [[ClosedRange<UInt64>]], _ head: Head, rows: Int, in bytes: Span<UInt8>,
        _ range: Range<Int>
    ) throws -> [Int] {
        var places: [Int]?
        for (index, wanted) in ranges.enumerated() {
            let field = head.fields[index]
            let some = wanted.filter { $0.overlaps(field.least...field.greatest) }
            if some.isEmpty { return [] }
            if some.contains(where: { $0.contains(field.least) && $0.contains(field.greatest) }) {
                continue
            }
            let each = try readNumber(index, head, rows, in: bytes, range)
            let numbers = numbers.span
            func isWanted(_ place: Int) -> Bool {
                let number = numbers[place * each.stride + each.first]
                return some.contains { $0.contains(number) }
            }
            places = places.map { $0.filter(isWanted) } ?? (0..<rows).filter(isWanted)
        }
        return places ?? Array(0..<rows)
    }

    /// Reads one number of all values, or all numbers where these lie together.
    ///
    /// - Returns: where the first is, and how far apart they are.
    private mutating func readNumber(
        _ index: Int, _ head: Head, _ rows: Int, in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(ColumnDecoder.Malformed) -> (first: Int, stride: Int) {
        let fields = head.fields
        if head.isInterleaved {
            try NumberField.read(
                fields.span, rows, 0..<rows, isInterleaved: true, in: bytes, range, to: &numbers,
                at: 0)
            return (index, fields.count)
        }
        let widths = fields.map(\.width)
        guard range.count == rows * widths.reduce(0, +) else {
            throw ColumnDecoder.Malformed(what: "not the bytes of all numbers")
        }
        let first = range.lowerBound + rows * widths[..<index].reduce(0, +)
        try NumberField.read(
            [fields[index]].span, rows, 0..<rows, isInterleaved: false, in: bytes,
            first..<first + rows * fields[index].width, to: &numbers, at: 0)
        return (0, 1)
    }
}
