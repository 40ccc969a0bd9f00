import HisuiBytes

/// Columns of text in which numbers stand between a few kinds of fixed text, such as
/// `TTL=63 ID=4455 DF ` and `TTL=41 ID=7209 `: each kind is a pattern, and its numbers are kept
/// like those of a column of their own.
///
/// Keeps its scratch memory from column to column.
struct PatternColumnEncoder {
    /// How values of one kind are kept.
    private struct Kind {
        var hash: UInt64
        /// In `skeletons`.
        var skeleton: Range<Int>
        /// Numbers of a value.
        var each: Int
        var rows = 0
        /// Its first number in `gathered`, and its first field in `fields`.
        var firstNumber = 0
        var firstField = 0
    }

    private var kinds: [Kind] = []
    private var skeletons: [UInt8] = []
    /// An open-addressing table of kinds by their hashes: their numbers plus 1.
    private var table = [UInt8](repeating: 0, count: tableSize)
    /// For each value its pattern; `exception` if it has none.
    private var kindOfValue: [UInt8] = []
    /// Numbers of all values that have a pattern, in order of the values.
    private var numbers: [UInt64] = []
    /// The same by pattern.
    private var gathered: [UInt64] = []
    private var fields: [NumberField] = []
    private var pattern = NumberPattern()
    private(set) var exceptions: [UInt32] = []
    private var scanner = ValueSkeleton()

    /// More kinds of fixed text are no pattern.
    static let kindsMax = 64
    private static let exception: UInt8 = 255
    private static let tableSize = 4 * kindsMax
    /// So many values tell whether it is worth it; then at most one in eight may have no pattern.
    private static let trial = 192

    /// Takes `values` apart; false if they have no few patterns.
    mutating func read(_ values: ColumnValues) -> Bool {
        kinds.removeAll(keepingCapacity: true)
        skeletons.removeAll(keepingCapacity: true)
        for slot in table.indices { table[slot] = 0 }
        kindOfValue.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
        exceptions.removeAll(keepingCapacity: true)
        let kindsMax = min(Self.kindsMax, max(2, values.count / 8))
        for index in 0..<values.count {
            // Safe: below `count`.
            let kind = unsafe kind(of: values.pointer(index), values.length(index), kindsMax)
            guard let kind else {
                exceptions.append(UInt32(index))
                kindOfValue.append(Self.exception)
                let most = index < Self.trial ? Self.trial / 4 : index / 8
                if exceptions.count > most { return false }
                continue
            }
            kindOfValue.append(UInt8(kind))
            kinds[kind].rows += 1
            for number in 0..<kinds[kind].each { numbers.append(scanner.numbers[number]) }
        }
        return exceptions.count <= values.count / 8 && kinds.contains { $0.each > 0 }
    }

    /// The number of the value's pattern, a new one if there is room.
    @unsafe
    private mutating func kind(
        of value: UnsafePointer<UInt8>, _ count: Int, _ kindsMax: Int
    ) -> Int? {
        guard unsafe scanner.scan(value, count) else { return nil }
        let hash = scanner.hash
        var slot = Int(truncatingIfNeeded: hash) & (Self.tableSize - 1)
        while table[slot] != 0 {
            let known = Int(table[slot]) - 1
            if kinds[known].hash == hash {
                return scanner.isSkeleton(skeletons.span, kinds[known].skeleton) ? known : nil
            }
            slot = (slot + 1) & (Self.tableSize - 1)
        }
        guard kinds.count < kindsMax else { return nil }
        let start = skeletons.count
        skeletons += scanner.skeleton
        kinds.append(
            Kind(hash: hash, skeleton: start..<skeletons.count, each: scanner.count))
        table[slot] = UInt8(kinds.count)
        return kinds.count - 1
    }

    ///     u8: 1 if there are exceptions; varint patterns; each: varint rows, pattern, its numbers
    mutating func encodeHead(to out: inout [UInt8]) {
        out.append(exceptions.isEmpty ? 0 : 1)
        out.appendVarint(UInt64(kinds.count))
        for kind in kinds {
            out.appendVarint(UInt64(kind.rows))
            ValueSkeleton.take(skeletons, kind.skeleton, as: &pattern)
            pattern.encode(into: &out)
            for field in kind.firstField..<kind.firstField + kind.each {
                fields[field].encode(tellsGreatest: false, into: &out)
            }
        }
    }

    /// Measures and appends: pattern of each value, numbers by pattern, exceptions.
    ///
    /// `encodeHead` comes after it.
    mutating func append(_ values: ColumnValues, to out: ByteSink) {
        if kinds.count > 1 || !exceptions.isEmpty {
            var end = unsafe out.reserve(values.count)
            for kind in kindOfValue {
                // Safe: room for one byte of each value is reserved.
                unsafe end.pointee = kind == Self.exception ? UInt8(kinds.count) : kind
                unsafe end += 1
            }
            unsafe out.finish(at: end)
        }
        gather()
        for kind in kinds where kind.each > 0 {
            let fields = fields.span.extracting(kind.firstField..<kind.firstField + kind.each)
            let end = kind.firstNumber + kind.rows * kind.each
            NumberField.append(
                gathered.span.extracting(kind.firstNumber..<end), fields, kind.rows,
                isInterleaved: false, to: out)
        }
        if !exceptions.isEmpty {
            ColumnEncoder.appendText(values, only: exceptions, to: out)
        }
    }

    /// Brings the numbers into the order of patterns, and measures them.
    private mutating func gather() {
        if gathered.count < numbers.count {
            gathered.append(
                contentsOf: repeatElement(0, count: numbers.count - gathered.count))
        }
        var first = 0
        for kind in kinds.indices {
            kinds[kind].firstNumber = first
            first += kinds[kind].rows * kinds[kind].each
        }
        var at = 0
        for kind in kindOfValue where kind != Self.exception {
            for number in 0..<kinds[Int(kind)].each {
                gathered[kinds[Int(kind)].firstNumber + number] = numbers[at + number]
            }
            at += kinds[Int(kind)].each
            kinds[Int(kind)].firstNumber += kinds[Int(kind)].each
        }
        fields.removeAll(keepingCapacity: true)
        for kind in kinds.indices {
            let (each, rows) = (kinds[kind].each, kinds[kind].rows)
            kinds[kind].firstNumber -= rows * each
            kinds[kind].firstField = fields.count
            for number in 0..<each {
                fields.append(
                    NumberField(
                        measuring: gathered.span, kinds[kind].firstNumber + number, each, rows))
            }
        }
    }
}

/// The fixed text of a value and the numbers in it.
///
/// The skeleton is the value with a mark in place of each number:
///
///     01              a decimal number
///     02, digits      a decimal number of so many digits
///     03, digits      a hexadecimal number of so many digits, in lower case
///     04, digits      the same in upper case
struct ValueSkeleton {
    private(set) var skeleton: [UInt8] = []
    private(set) var numbers = [UInt64](repeating: 0, count: NumberPattern.numbersMax)
    private(set) var count = 0

    static let valueBytesMax = 240
    private static let hexDigitsMin = 4

    var hash: UInt64 { Hash64.of(skeleton.span) }

    /// Whether the skeleton is the bytes of `range`.
    func isSkeleton(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        ByteSearch.equal(bytes, range, skeleton.span)
    }

    /// Takes a value apart; false if it is too long, or has too many numbers.
    @unsafe
    mutating func scan(_ value: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        guard length <= Self.valueBytesMax else { return false }
        skeleton.removeAll(keepingCapacity: true)
        count = 0
        var at = 0
        while at < length {
            // Safe: `at` and `end` are below the value's length where they are read.
            let byte = unsafe value[at]
            if byte < 5 { return false }
            let kind = Self.classes[Int(byte)]
            if kind == 0 {
                skeleton.append(byte)
                at += 1
                continue
            }
            var end = at
            var seen: UInt8 = 0
            while end < length {
                let next = unsafe Self.classes[Int(value[end])]
                if next == 0 { break }
                seen |= next
                end += 1
            }
            guard unsafe word(value + at, end - at, seen) else { return false }
            at = end
        }
        return true
    }

    private static let digit: UInt8 = 1
    private static let lower: UInt8 = 2
    private static let upper: UInt8 = 4
    private static let other: UInt8 = 8

    /// What a letter or digit can be part of; 0 for other bytes.
    private static let classes: [UInt8] = (0..<256).map { byte in
        switch UInt8(byte) {
        case 0x30...0x39: digit
        case 0x61...0x66: lower
        case 0x41...0x46: upper
        case 0x67...0x7A, 0x47...0x5A, 0x80...0xFF: other
        default: 0
        }
    }

    /// Takes a run of letters and digits.
    @unsafe
    private mutating func word(
        _ value: UnsafePointer<UInt8>, _ length: Int, _ seen: UInt8
    ) -> Bool {
        let isHex =
            length >= Self.hexDigitsMin
            && (seen == Self.digit | Self.lower || seen == Self.digit | Self.upper)
        if isHex { return unsafe hex(value, length, isUpper: seen & Self.upper != 0) }
        var at = 0
        while at < length {
            // Safe: below `length`.
            let byte = unsafe value[at]
            guard byte &- 0x30 <= 9 else {
                skeleton.append(byte)
                at += 1
                continue
            }
            var number: UInt64 = 0
            let first = at
            while at < length, case let digit = unsafe value[at] &- 0x30, digit <= 9 {
                number = number &* 10 &+ UInt64(digit)
                at += 1
            }
            let digits = at - first
            guard digits <= NumberPattern.decimalDigitsMax, count < NumberPattern.numbersMax else {
                return false
            }
            if byte == 0x30, digits > 1 {
                skeleton.append(2)
                skeleton.append(UInt8(digits))
            } else {
                skeleton.append(1)
            }
            numbers[count] = number
            count += 1
        }
        return true
    }

    @unsafe
    private mutating func hex(
        _ value: UnsafePointer<UInt8>, _ length: Int, isUpper: Bool
    ) -> Bool {
        var at = 0
        while at < length {
            guard count < NumberPattern.numbersMax else { return false }
            let digits = min(length - at, NumberPattern.hexDigitsMax)
            var number: UInt64 = 0
            for index in at..<at + digits {
                // Safe: below `length`.
                let byte = unsafe value[index]
                number = number &<< 4 | UInt64(byte & 15 &+ (byte > 0x39 ? 9 : 0))
            }
            skeleton.append(isUpper ? 4 : 3)
            skeleton.append(UInt8(digits))
            numbers[count] = number
            count += 1
            at += digits
        }
        return true
    }

    /// Makes `pattern` that of the skeleton in `range`.
    static func take(
        _ skeletons: [UInt8], _ range: Range<Int>, as pattern: inout NumberPattern
    ) {
        pattern.removeAll()
        var at = range.lowerBound
        while at < range.upperBound {
            let byte = skeletons[at]
            at += 1
            let notation: NumberPattern.Notation
            switch byte {
            case 1: notation = .decimal
            case 2: notation = .padded
            case 3: notation = .lowerHex
            case 4: notation = .upperHex
            default:
                pattern.append(byte)
                continue
            }
            let hasDigits = notation != .decimal
            pattern.append(.init(notation: notation, digits: hasDigits ? Int(skeletons[at]) : 0))
            if hasDigits { at += 1 }
        }
        pattern.finish()
    }
}
