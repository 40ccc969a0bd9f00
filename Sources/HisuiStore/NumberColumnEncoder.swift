import HisuiBytes

/// Columns of numbers: finds a pattern, reads the numbers, and writes them as narrow as they are.
///
/// Keeps its scratch memory from column to column.
struct NumberColumnEncoder {
    /// The pattern of the column read last.
    private(set) var pattern = NumberPattern.ipv4
    /// Takes patterns that are tried.
    private var found = NumberPattern()
    /// Numbers of all values, those of a value together.
    private(set) var numbers: [UInt64] = []
    /// Values that do not have the pattern, ascending; their numbers are those of the value before.
    private(set) var exceptions: [UInt32] = []
    /// How each number of the pattern is kept.
    private(set) var fields: [NumberField] = []

    /// One in so many values may break the pattern.
    private static let exceptionShare = 16
    /// Values looked at before all of them are.
    private static let samples = 6

    /// Bytes of a value.
    var width: Int { fields.reduce(0) { $0 + $1.width } }

    /// Finds a pattern for `values` and reads them; false if there is none.
    ///
    /// - Complexity: O(bytes of the values).
    mutating func read(_ values: ColumnValues) -> Bool {
        // The rules of a parser give numbers; only text of some kinds is tried in vain.
        guard hasDigit(values, 0) else { return false }
        // Lets go of what `found` was, so that its memory is used again.
        pattern = .plainDecimal
        // The usual ones first: they ask for no memory.
        for known in Self.usual where Self.isPattern(known, of: values) {
            if readAll(values, as: known) { return true }
        }
        if values.count < Self.otherRowsMin { return false }
        for (reading, isUpper) in Self.readings {
            let isFound = values.withFirst {
                found.find(in: $0, reading: reading, isUpper: isUpper)
            }
            guard isFound, Self.isPattern(found, of: values) else { continue }
            if readAll(values, as: found) { return true }
            pattern = .plainDecimal
        }
        return false
    }

    private static let usual = [NumberPattern.plainDecimal, .ipv4]

    /// Below so many rows a pattern that has to be told takes more room than it saves.
    private static let otherRowsMin = 6

    private static let readings: [(NumberPattern.Reading, Bool)] = [
        (.decimal, false), (.padded, false), (.hex, false), (.hex, true),
    ]

    private func hasDigit(_ values: ColumnValues, _ index: Int) -> Bool {
        let (value, count) = unsafe (values.pointer(index), values.length(index))
        guard count > 0, count <= 255 else { return false }
        // Safe: below the value's length.
        for at in 0..<count where unsafe value[at] &- 0x30 <= 9 { return true }
        return false
    }

    /// Whether a few values have the pattern.
    private static func isPattern(_ pattern: NumberPattern, of values: ColumnValues) -> Bool {
        let count = values.count
        return unsafe withUnsafeTemporaryAllocation(
            of: UInt64.self, capacity: NumberPattern.numbersMax
        ) { room in
            guard let out = room.baseAddress else { return false }
            var misses = 0
            for sample in 0..<samples {
                let index = count * sample / samples
                // Safe: below `count`; there is room for all numbers of a value.
                if unsafe !pattern.parse(values.pointer(index), values.length(index), into: out) {
                    misses += 1
                }
            }
            return misses <= (count >= 64 ? 1 : 0)
        }
    }

    /// Reads all values by a pattern; false if too many do not have it.
    private mutating func readAll(_ values: ColumnValues, as pattern: NumberPattern) -> Bool {
        self.pattern = pattern
        let each = pattern.numbers.count
        let needed = values.count * each
        if numbers.count < needed {
            numbers.append(contentsOf: repeatElement(0, count: needed - numbers.count))
        }
        exceptions.removeAll(keepingCapacity: true)
        let most = values.count / Self.exceptionShare
        let isDone = unsafe numbers.withUnsafeMutableBufferPointer { numbers -> Bool in
            guard var out = numbers.baseAddress else { return false }
            for index in 0..<values.count {
                // Safe: room for the numbers of all values.
                if unsafe !pattern.parse(values.pointer(index), values.length(index), into: out) {
                    exceptions.append(UInt32(index))
                    if exceptions.count > most { return false }
                    for number in 0..<each {
                        // Safe: the value before has as many.
                        unsafe out[number] = index > 0 ? out[number - each] : 0
                    }
                }
                unsafe out += each
            }
            return true
        }
        if isDone { measure(values.count) }
        return isDone
    }

    /// Decides how each number is kept.
    private mutating func measure(_ count: Int) {
        let each = pattern.numbers.count
        fields.removeAll(keepingCapacity: true)
        for number in 0..<each {
            fields.append(NumberField(measuring: numbers.span, number, each, count))
        }
    }

    /// Appends the head of the column: what a reader knows without its data.
    ///
    /// - Parameter rows: how many values it has.
    func encodeHead(
        rows: Int, isInterleaved: Bool, hasExceptions: Bool, to out: inout [UInt8]
    ) {
        out.append((isInterleaved ? 1 : 0) | (hasExceptions ? 2 : 0))
        pattern.encode(into: &out)
        let tellsGreatest = rows >= NumberField.greatestRowsMin
        for field in fields { field.encode(tellsGreatest: tellsGreatest, into: &out) }
    }

    /// Appends the numbers of `count` values.
    func append(_ count: Int, isInterleaved: Bool, to out: ByteSink) {
        NumberField.append(
            numbers.span, fields.span, count, isInterleaved: isInterleaved, to: out)
    }
}

/// How one number of a pattern is kept in a column.
struct NumberField: Equatable, Sendable {
    /// Bytes of each, 0 to 8.
    var width: Int
    /// Whether the difference to the value before is kept, and not that to `base`.
    var isDifference: Bool
    /// What a kept number of 0 stands for: the least number; or the first, of differences.
    var base: UInt64
    var least: UInt64
    var greatest: UInt64

    @inline(__always)
    static func zigzag(_ difference: UInt64) -> UInt64 {
        difference &<< 1 ^ UInt64(bitPattern: Int64(bitPattern: difference) &>> 63)
    }

    @inline(__always)
    static func unzigzag(_ value: UInt64) -> UInt64 { value &>> 1 ^ (0 &- (value & 1)) }

    static func width(of value: UInt64) -> Int {
        (UInt64.bitWidth - value.leadingZeroBitCount + 7) / 8
    }

    /// What is written of the number at `at`, that of value number `index`.
    @inline(__always)
    @unsafe
    func stored(_ at: UnsafePointer<UInt64>, _ index: Int, _ each: Int) -> UInt64 {
        if !isDifference { return unsafe at.pointee &- base }
        // Safe: there is a value before unless it is the first.
        return index == 0 ? 0 : unsafe Self.zigzag(at.pointee &- at[-each])
    }

    /// Decides how to keep a number of which there are `count` in `numbers`, `each` apart.
    init(measuring numbers: Span<UInt64>, _ first: Int, _ each: Int, _ count: Int) {
        var least = UInt64.max
        var greatest = UInt64.min
        var widest: UInt64 = 0
        var previous = numbers[first]
        var at = first
        for _ in 0..<count {
            let value = numbers[at]
            at += each
            least = min(least, value)
            greatest = max(greatest, value)
            widest |= Self.zigzag(value &- previous)
            previous = value
        }
        let plain = Self.width(of: greatest - least)
        let differences = Self.width(of: widest)
        let isDifference = plain > 1 && differences < plain
        self.init(
            width: isDifference ? differences : plain, isDifference: isDifference,
            base: isDifference ? numbers[first] : least, least: least, greatest: greatest)
    }

    /// Appends the numbers of `count` values, those of a value together in `numbers`.
    static func append(
        _ numbers: Span<UInt64>, _ fields: Span<NumberField>, _ count: Int,
        isInterleaved: Bool, to out: ByteSink
    ) {
        let each = fields.count
        var width = 0
        for number in 0..<each { width += fields[number].width }
        unsafe numbers.withUnsafeBufferPointer { numbers in
            guard let numbers = numbers.baseAddress else { return }
            var end = unsafe out.reserve(count * width + 8)
            if isInterleaved {
                for index in 0..<count {
                    for number in 0..<each where fields[number].width > 0 {
                        let field = fields[number]
                        // Safe: the numbers of value `index` and of the one before are there; the
                        // sink has room, and slack for a whole word.
                        let at = unsafe numbers + index * each + number
                        let value = unsafe field.stored(at, index, each)
                        unsafe UnsafeMutableRawPointer(end).storeBytes(of: value, as: UInt64.self)
                        unsafe end += field.width
                    }
                }
            } else {
                for number in 0..<each {
                    let field = fields[number]
                    for plane in 0..<field.width {
                        let shift = UInt64(8 * plane)
                        for index in 0..<count {
                            // Safe: as above.
                            let at = unsafe numbers + index * each + number
                            let value = unsafe field.stored(at, index, each)
                            unsafe end.pointee = UInt8(truncatingIfNeeded: value &>> shift)
                            unsafe end += 1
                        }
                    }
                }
            }
            unsafe out.finish(at: end)
        }
    }

    ///     u8 width, by 16 more for differences, by 32 more if the greatest is told; varint least;
    ///     varint greatest - least, if told; with differences varint base
    ///
    /// - Parameter tellsGreatest: of short columns it costs more than it helps; a reader takes the
    ///   greatest number of that width then.
    func encode(tellsGreatest: Bool, into out: inout [UInt8]) {
        out.append(UInt8(width) | (isDifference ? 16 : 0) | (tellsGreatest ? 32 : 0))
        out.appendVarint(least)
        if tellsGreatest { out.appendVarint(greatest - least) }
        if isDifference { out.appendVarint(base) }
    }

    /// Columns of so many values tell their greatest number.
    static let greatestRowsMin = 128

    init(
        width: Int, isDifference: Bool, base: UInt64, least: UInt64, greatest: UInt64
    ) {
        self.width = width
        self.isDifference = isDifference
        self.base = base
        self.least = least
        self.greatest = greatest
    }

    init(decoding reader: inout ByteReader) throws {
        let byte = try reader.u8()
        isDifference = byte & 16 != 0
        width = Int(byte & 15)
        guard width <= 8, byte < 64 else {
            throw NumberPattern.Malformed(what: "an unknown way to keep a number")
        }
        least = try reader.varint()
        // Differences say nothing of how far the numbers reach.
        var range = isDifference || width == 8 ? UInt64.max : 1 &<< UInt64(8 * width) - 1
        if byte & 32 != 0 { range = try reader.varint() }
        let (greatest, over) = least.addingReportingOverflow(range)
        guard !over || byte & 32 == 0 else {
            throw NumberPattern.Malformed(what: "a range of numbers")
        }
        self.greatest = over ? .max : greatest
        base = isDifference ? try reader.varint() : least
    }
}
