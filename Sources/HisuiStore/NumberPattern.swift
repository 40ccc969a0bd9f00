import HisuiBytes
import HisuiShape

/// What the values of a column have in common if they are numbers between fixed text: `10.0.0.7`,
/// `worker-17`, `0x7f3a`, `12.345ms`, a MAC address, a UUID, or a plain number.
///
///     value = literals[0] number 0 literals[1] number 1 … literals[n]
///
/// A value has the pattern only if writing its numbers by the pattern gives the same bytes again,
/// so that nothing is lost by keeping the numbers alone.
struct NumberPattern: Equatable, Sendable {
    /// How a number is written. The raw value is stored; never renumber.
    enum Notation: UInt8, Sendable {
        /// Decimal digits, no leading zeros, at most 19.
        case decimal = 0
        /// So many decimal digits, at most 19.
        case padded = 1
        /// So many hexadecimal digits, at most 16, letters in lower case.
        case lowerHex = 2
        /// The same in upper case.
        case upperHex = 3
    }

    struct Number: Equatable, Sendable {
        var notation: Notation
        /// How many digits; 0 for `decimal`.
        var digits: Int
    }

    private(set) var numbers: [Number] = []
    /// All literals in a row, and where each begins; one more element than there are literals.
    private(set) var text: [UInt8] = []
    private(set) var starts: [Int] = [0]
    private(set) var isPlainDecimal = false
    /// The longest value there can be.
    private(set) var lengthMax = 0

    /// Numbers of one value; an address of 16 bytes in pairs of digits has as many.
    static let numbersMax = 16
    /// Fixed text of a pattern; longer text is no number with a unit.
    static let textBytesMax = 255
    static let decimalDigitsMax = 19
    static let hexDigitsMax = 16

    /// No pattern yet: nothing stands between no numbers.
    init() {}

    /// Decimal numbers are written without leading zeros, one at a time: an IPv4 address.
    static let ipv4 = decimals(4, between: 0x2E)

    /// Nothing but one decimal number.
    static let plainDecimal = decimals(1, between: 0)

    private static func decimals(_ count: Int, between mark: UInt8) -> NumberPattern {
        var pattern = NumberPattern()
        for number in 0..<count {
            if number > 0 { pattern.append(mark) }
            pattern.append(Number(notation: .decimal, digits: 0))
        }
        pattern.finish()
        return pattern
    }

    /// Literal number `index`, as a stretch of `text`.
    func literal(_ index: Int) -> Range<Int> { starts[index]..<starts[index + 1] }
}

// Making a pattern, in the memory of the one before.
extension NumberPattern {
    /// Forgets numbers and text.
    mutating func removeAll() {
        numbers.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        starts.append(0)
    }

    /// Appends a byte of fixed text.
    mutating func append(_ byte: UInt8) { text.append(byte) }

    /// Ends the literal before it, and appends a number.
    mutating func append(_ number: Number) {
        starts.append(text.count)
        numbers.append(number)
    }

    /// Ends the last literal.
    mutating func finish() {
        starts.append(text.count)
        isPlainDecimal = numbers.count == 1 && numbers[0].notation == .decimal && text.isEmpty
        lengthMax = numbers.reduce(text.count) { $0 + ($1.digits > 0 ? $1.digits : 20) }
    }
}

// Finding a pattern.
extension NumberPattern {
    /// How runs of letters and digits are taken.
    enum Reading: CaseIterable {
        /// Digits are decimal numbers.
        case decimal
        /// Digits are decimal numbers of a fixed length.
        case padded
        /// Runs of hexadecimal digits are numbers of a fixed length.
        case hex
    }

    /// The pattern of `value`, by one way to read it; nil if it has no number or too many.
    ///
    /// - Parameter isUpper: whether hexadecimal letters are in upper case.
    init?(of value: Span<UInt8>, reading: Reading, isUpper: Bool = false) {
        guard find(in: value, reading: reading, isUpper: isUpper) else { return nil }
    }

    /// Becomes the pattern of `value`; false if that has no number or too many.
    mutating func find(in value: Span<UInt8>, reading: Reading, isUpper: Bool) -> Bool {
        removeAll()
        var at = 0
        while at < value.count {
            at =
                reading == .hex
                ? takeWord(value, at, isUpper) : takeDigits(value, at, reading == .padded)
        }
        finish()
        return !numbers.isEmpty && numbers.count <= Self.numbersMax
            && text.count <= Self.textBytesMax
    }

    /// Takes a number of decimal digits, or a byte; returns what follows it.
    private mutating func takeDigits(_ value: Span<UInt8>, _ at: Int, _ isFixed: Bool) -> Int {
        var end = at
        while end < value.count, value[end] &- 0x30 <= 9 { end += 1 }
        if end == at || end - at > Self.decimalDigitsMax {
            for index in at..<max(end, at + 1) { append(value[index]) }
        } else {
            let isPadded = isFixed || value[at] == 0x30 && end - at > 1
            append(
                Number(notation: isPadded ? .padded : .decimal, digits: isPadded ? end - at : 0))
        }
        return max(end, at + 1)
    }

    /// Takes a run of letters and digits, or a byte; returns what follows it.
    private mutating func takeWord(_ value: Span<UInt8>, _ start: Int, _ isUpper: Bool) -> Int {
        var at = start
        // The x of 0x1f is no digit, but what follows it are.
        if at + 2 < value.count, value[at] == 0x30, value[at + 1] == 0x78 {
            append(0x30)
            append(0x78)
            at += 2
        }
        var end = at
        while end < value.count, Self.isWord(value[end]) { end += 1 }
        if end > at, Self.isHex(value, at..<end, isUpper) {
            appendHex(end - at, isUpper)
        } else {
            for index in at..<max(end, at + 1) { append(value[index]) }
        }
        return max(end, at + 1)
    }

    /// The value of a hexadecimal digit of one case; more than 15 for other bytes.
    @inline(__always)
    private static func hexDigit(_ byte: UInt8, _ isUpper: Bool) -> UInt8 {
        let decimal = byte &- 0x30
        if decimal <= 9 { return decimal }
        let letter = byte &- (isUpper ? 0x41 : 0x61)
        return letter <= 5 ? letter &+ 10 : 255
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte &- 0x30 <= 9 || byte | 0x20 &- 0x61 <= 25 || byte == 0x5F
    }

    private static func isHex(_ value: Span<UInt8>, _ range: Range<Int>, _ isUpper: Bool) -> Bool {
        guard range.count >= 2 else { return false }
        for index in range where hexDigit(value[index], isUpper) > 15 { return false }
        return true
    }

    private mutating func appendHex(_ count: Int, _ isUpper: Bool) {
        var left = count
        while left > 0 {
            let digits = min(left, Self.hexDigitsMax)
            append(Number(notation: isUpper ? .upperHex : .lowerHex, digits: digits))
            left -= digits
        }
    }
}

// Reading and writing values.
extension NumberPattern {
    /// Reads the numbers of a value.
    ///
    /// - Parameters:
    ///   - value: the value's bytes.
    ///   - out: room for `numbers.count` numbers.
    /// - Returns: whether the value has the pattern; if not, `out` may have changed.
    @inline(__always)
    @unsafe
    func parse(
        _ value: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<UInt64>
    ) -> Bool {
        if isPlainDecimal { return unsafe Self.parseDecimal(value, count, into: out) }
        return unsafe parseAny(value, count, into: out)
    }

    /// One decimal number that is all of the value.
    @inline(__always)
    @unsafe
    private static func parseDecimal(
        _ value: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<UInt64>
    ) -> Bool {
        guard count > 0, count <= decimalDigitsMax else { return false }
        var number: UInt64 = 0
        for index in 0..<count {
            // Safe: below `count`.
            let digit = unsafe value[index] &- 0x30
            guard digit <= 9 else { return false }
            number = number &* 10 &+ UInt64(digit)
        }
        // Safe: room for one number; the first byte is there.
        unsafe out[0] = number
        return unsafe count == 1 || value[0] != 0x30
    }

    @unsafe
    private func parseAny(
        _ value: UnsafePointer<UInt8>, _ count: Int, into out: UnsafeMutablePointer<UInt64>
    ) -> Bool {
        var at = 0
        for index in numbers.indices {
            let literal = starts[index + 1] - starts[index]
            guard at + literal < count,
                unsafe hasText(value + at, literal, from: starts[index])
            else { return false }
            at += literal
            let spec = numbers[index]
            let used: Int
            // Safe: `at` is below `count`, and no more than the rest is read.
            switch spec.notation {
            case .decimal: used = unsafe Self.decimal(value + at, count - at, out + index)
            case .padded:
                used = unsafe Self.padded(value + at, count - at, spec.digits, out + index)
            case .lowerHex, .upperHex:
                used = unsafe Self.hex(
                    value + at, count - at, spec.digits, spec.notation == .upperHex, out + index)
            }
            guard used > 0 else { return false }
            at += used
        }
        let last = starts[numbers.count]
        let rest = text.count - last
        return unsafe at + rest == count && hasText(value + at, rest, from: last)
    }

    /// Whether `count` bytes are those of `text` from `start` on.
    @inline(__always)
    @unsafe
    private func hasText(_ bytes: UnsafePointer<UInt8>, _ count: Int, from start: Int) -> Bool {
        for index in 0..<count where unsafe bytes[index] != text[start + index] { return false }
        return true
    }

    /// Digits up to the first other byte; how many, or 0.
    @inline(__always)
    @unsafe
    private static func decimal(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, _ out: UnsafeMutablePointer<UInt64>
    ) -> Int {
        var number: UInt64 = 0
        var at = 0
        while at < count {
            // Safe: below `count`.
            let digit = unsafe bytes[at] &- 0x30
            if digit > 9 { break }
            number = number &* 10 &+ UInt64(digit)
            at += 1
        }
        guard at > 0, at <= decimalDigitsMax, unsafe at == 1 || bytes[0] != 0x30 else { return 0 }
        unsafe out.pointee = number
        return at
    }

    @inline(__always)
    @unsafe
    private static func padded(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, _ digits: Int,
        _ out: UnsafeMutablePointer<UInt64>
    ) -> Int {
        guard count >= digits else { return 0 }
        var number: UInt64 = 0
        for index in 0..<digits {
            // Safe: `digits` bytes are there.
            let digit = unsafe bytes[index] &- 0x30
            guard digit <= 9 else { return 0 }
            number = number &* 10 &+ UInt64(digit)
        }
        // A longer run would be another number.
        if count > digits, unsafe bytes[digits] &- 0x30 <= 9 { return 0 }
        unsafe out.pointee = number
        return digits
    }

    @inline(__always)
    @unsafe
    private static func hex(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, _ digits: Int, _ isUpper: Bool,
        _ out: UnsafeMutablePointer<UInt64>
    ) -> Int {
        guard count >= digits else { return 0 }
        var number: UInt64 = 0
        for index in 0..<digits {
            // Safe: `digits` bytes are there.
            let digit = unsafe hexDigit(bytes[index], isUpper)
            guard digit <= 15 else { return 0 }
            number = number << 4 | UInt64(digit)
        }
        unsafe out.pointee = number
        return digits
    }

    /// Writes a value.
    ///
    /// - Parameters:
    ///   - numbers: the value's numbers, `stride` apart.
    ///   - out: room for `lengthMax` bytes.
    /// - Returns: how many bytes the value has.
    @unsafe
    func write(
        _ values: UnsafePointer<UInt64>, stride: Int, to out: UnsafeMutablePointer<UInt8>
    ) -> Int {
        // Safe: room by the caller's word, here and below.
        if isPlainDecimal { return unsafe Self.writeDecimal(values[0], to: out) }
        return unsafe numbers.withUnsafeBufferPointer { numbers in
            unsafe text.withUnsafeBufferPointer { text in
                unsafe starts.withUnsafeBufferPointer { starts in
                    var at = 0
                    for index in 0..<numbers.count {
                        for byte in unsafe starts[index]..<starts[index + 1] {
                            unsafe out[at] = text[byte]
                            at &+= 1
                        }
                        at &+= unsafe Self.write(
                            values[index &* stride], numbers[index], to: out + at)
                    }
                    for byte in unsafe starts[numbers.count]..<text.count {
                        unsafe out[at] = text[byte]
                        at &+= 1
                    }
                    return at
                }
            }
        }
    }

    @inline(__always)
    @unsafe
    private static func write(
        _ value: UInt64, _ number: Number, to out: UnsafeMutablePointer<UInt8>
    ) -> Int {
        switch number.notation {
        // Safe: room by the caller's word.
        case .decimal: return unsafe writeDecimal(value, to: out)
        case .padded: return unsafe writePadded(value, number.digits, to: out)
        case .lowerHex, .upperHex:
            let letters: UInt8 = number.notation == .upperHex ? 0x37 : 0x57
            var shift = UInt64(4 * number.digits)
            var at = 0
            while shift > 0 {
                shift &-= 4
                let digit = UInt8(truncatingIfNeeded: value &>> shift & 15)
                unsafe out[at] = digit < 10 ? 0x30 &+ digit : letters &+ digit
                at &+= 1
            }
            return at
        }
    }

    /// Writes a number without leading zeros, 20 digits at most.
    @inline(__always)
    @unsafe
    static func writeDecimal(_ value: UInt64, to out: UnsafeMutablePointer<UInt8>) -> Int {
        if value < 10 {
            // Safe: room for 20 digits, by the caller's word.
            unsafe out[0] = 0x30 &+ UInt8(truncatingIfNeeded: value)
            return 1
        }
        var count = 2
        var power: UInt64 = 100
        while count < 20, value >= power {
            count += 1
            let (next, over) = power.multipliedReportingOverflow(by: 10)
            if over { break }
            power = next
        }
        return unsafe writePadded(value, count, to: out)
    }

    @inline(__always)
    @unsafe
    private static func writePadded(
        _ value: UInt64, _ digits: Int, to out: UnsafeMutablePointer<UInt8>
    ) -> Int {
        var at = digits
        var large = value
        while at > 0, large > UInt64(UInt32.max) {
            at &-= 1
            let next = large / 10
            // Safe: below `digits`, for which there is room.
            unsafe out[at] = 0x30 &+ UInt8(truncatingIfNeeded: large &- next &* 10)
            large = next
        }
        var rest = UInt32(truncatingIfNeeded: large)
        while at > 0 {
            at &-= 1
            let next = rest / 10
            // Safe: as above.
            unsafe out[at] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- next &* 10)
            rest = next
        }
        return digits
    }
}

// On disk.
extension NumberPattern {
    /// What does not hold in bytes that should be a pattern.
    struct Malformed: Error {
        var what: String
    }

    ///     varint numbers; each: u8 notation, u8 digits; numbers + 1 times: counted literal
    func encode(into out: inout [UInt8]) {
        out.appendVarint(UInt64(numbers.count))
        for number in numbers {
            out.append(number.notation.rawValue)
            out.append(UInt8(number.digits))
        }
        for index in 0...numbers.count { out.appendCounted(text[literal(index)]) }
    }

    /// - Parameter mayBeText: whether a pattern without numbers is one too.
    init(decoding reader: inout ByteReader, mayBeText: Bool = false) throws {
        try decode(&reader, mayBeText: mayBeText)
    }

    /// Becomes what the reader comes to; on an error it is of no use.
    mutating func decode(_ reader: inout ByteReader, mayBeText: Bool = false) throws {
        removeAll()
        let count = try reader.varint()
        guard count >= 1 || mayBeText, count <= Self.numbersMax else {
            throw Malformed(what: "numbers of a pattern")
        }
        for _ in 0..<count { numbers.append(try Self.number(&reader)) }
        for _ in 0...count {
            let literal = reader.span(try reader.take(try reader.count()))
            guard literal.count <= Self.textBytesMax - text.count else {
                throw Malformed(what: "text of a pattern")
            }
            text.append(literal, 0..<literal.count)
            starts.append(text.count)
        }
        starts.removeLast()
        finish()
    }

    private static func number(_ reader: inout ByteReader) throws -> Number {
        guard let notation = Notation(rawValue: try reader.u8()) else {
            throw Malformed(what: "an unknown notation")
        }
        let digits = Int(try reader.u8())
        let isRight =
            switch notation {
            case .decimal: digits == 0
            case .padded: digits >= 1 && digits <= Self.decimalDigitsMax
            case .lowerHex, .upperHex: digits >= 1 && digits <= Self.hexDigitsMax
            }
        guard isRight else { throw Malformed(what: "digits of a number") }
        return Number(notation: notation, digits: digits)
    }
}
