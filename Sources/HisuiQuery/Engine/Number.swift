import HisuiBytes

/// A value read as a number: as LogsQL compares and sorts it.
///
/// Whole numbers within 64 bits are kept exactly; everything else is a `Double`. Sizes are bytes,
/// durations nanoseconds, IPv4 addresses 32 bits, times nanoseconds since 1970.
struct Number: Comparable, Hashable, Sendable {
    let value: Double
    /// The exact value of a whole number.
    let whole: Int64?

    init(_ whole: Int64) {
        self.whole = whole
        value = Double(whole)
    }

    init(_ value: Double) {
        if let whole = Int64(exactly: value), abs(value) < 9_007_199_254_740_992 {
            self.whole = whole
        } else {
            whole = nil
        }
        self.value = value
    }

    static func < (a: Number, b: Number) -> Bool {
        if let a = a.whole, let b = b.whole { return a < b }
        return a.value < b.value
    }

    static func == (a: Number, b: Number) -> Bool {
        if let a = a.whole, let b = b.whole { return a == b }
        return a.value == b.value
    }

    /// The number that `bytes` as a whole are, if they are one.
    init?(_ bytes: Span<UInt8>) {
        guard let number = Number.read(bytes) else { return nil }
        self = number
    }

    /// A bound in a query: any number, or `inf`, `+inf`, `-inf`.
    init?(bound text: [UInt8]) {
        switch String(decoding: text, as: UTF8.self).lowercased() {
        case "inf", "+inf": self.init(Double.infinity)
        case "-inf": self.init(-Double.infinity)
        default:
            guard let number = Number.read(text.span) else { return nil }
            self = number
        }
    }

    /// Appends the number in decimal: whole numbers without a point.
    func append(to out: inout [UInt8]) {
        if let whole {
            out.appendDecimal(whole)
        } else {
            out.append(utf8: value.isNaN ? "NaN" : "\(value)")
        }
    }
}

// Reading.
extension Number {
    private static func read(_ bytes: Span<UInt8>) -> Number? {
        guard let first = bytes.isEmpty ? nil : bytes[0] else { return nil }
        guard first &- 0x30 < 10 || first == 0x2D || first == 0x2B || first == 0x2E else {
            return nil
        }
        if bytes.count <= 20, let whole = DecimalText.parse(bytes, 0..<bytes.count) {
            return Number(whole)
        }
        guard bytes.count <= 40 else { return nil }
        if let address = ipv4(bytes, 0..<bytes.count) { return Number(Int64(address)) }
        var unitStart = bytes.count
        while unitStart > 0, !isDigitOrPoint(bytes[unitStart - 1]) { unitStart -= 1 }
        if unitStart == bytes.count { return decimal(bytes, 0..<bytes.count).map { Number($0) } }
        if let size = size(bytes, unitStart) { return size }
        if let duration = Duration.nanoseconds(bytes) { return Number(duration) }
        return time(bytes)
    }

    private static func isDigitOrPoint(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || byte == 0x2E
    }

    /// A decimal number with point, exponent and `_` between digits.
    static func decimal(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Double? {
        guard !range.isEmpty, bytes[range.upperBound - 1] &- 0x30 < 10 else { return nil }
        var text = ""
        for index in range {
            let byte = bytes[index]
            switch byte {
            case 0x30...0x39, 0x2E, 0x2B, 0x2D, 0x65, 0x45:
                text.unicodeScalars.append(UnicodeScalar(byte))
            case 0x5F where index > range.lowerBound: continue
            default: return nil
            }
        }
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// `1.5KB`, `10MiB`, `3K`.
    private static func size(_ bytes: Span<UInt8>, _ unitStart: Int) -> Number? {
        guard let factor = sizeFactor(bytes, unitStart),
            let value = decimal(bytes, 0..<unitStart)
        else { return nil }
        return Number(value * factor)
    }

    private static func sizeFactor(_ bytes: Span<UInt8>, _ start: Int) -> Double? {
        let power: Double
        switch bytes[start] {
        case UInt8(ascii: "B") where bytes.count == start + 1: return 1
        case UInt8(ascii: "K"): power = 1
        case UInt8(ascii: "M"): power = 2
        case UInt8(ascii: "G"): power = 3
        case UInt8(ascii: "T"): power = 4
        default: return nil
        }
        var index = start + 1
        var base = 1000.0
        if index < bytes.count, bytes[index] == UInt8(ascii: "i") {
            base = 1024
            index += 1
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "B") { index += 1 }
        guard index == bytes.count else { return nil }
        var factor = 1.0
        for _ in 0..<Int(power) { factor *= base }
        return factor
    }

    /// Four decimal numbers to 255, no leading zeros but 0 itself.
    static func ipv4(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32? {
        guard range.count >= 7, range.count <= 15 else { return nil }
        var address: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var points = 0
        for index in range {
            let byte = bytes[index]
            if byte == 0x2E {
                guard digits > 0, points < 3 else { return nil }
                address = address << 8 | part
                (part, digits, points) = (0, 0, points + 1)
                continue
            }
            guard byte &- 0x30 < 10, digits == 0 || part > 0 else { return nil }
            part = part * 10 + UInt32(byte &- 0x30)
            digits += 1
            guard part <= 255 else { return nil }
        }
        guard digits > 0, points == 3 else { return nil }
        return address << 8 | part
    }

    /// A complete time with its zone: `2026-11-23T01:02:03.5Z`.
    private static func time(_ bytes: Span<UInt8>) -> Number? {
        guard bytes.count >= 20, let time = TimeLiteral.complete(bytes) else { return nil }
        return Number(time)
    }
}
