import HisuiBytes
import HisuiEvent

/// Values of binary XML as text ([MS-EVEN6] 2.2.12 and 3.1.4.7.5).
extension BinaryXML {
    /// Types of values; `array` is a bit.
    enum ValueType {
        static let null: UInt8 = 0x00
        static let string: UInt8 = 0x01
        static let ansi: UInt8 = 0x02
        static let binaryXML: UInt8 = 0x21
        static let array: UInt8 = 0x80
        static let sid: UInt8 = 0x13
    }

    /// Where text is written, which says what is escaped.
    enum Place { case attribute, content }

    /// Appends a value; the items of an array with `, ` between them.
    mutating func append(_ value: Value, _ place: Place) throws(Fault) {
        if value.type & ValueType.array != 0 {
            var isFirst = true
            return try forEachItem(of: value) { renderer, item throws(Fault) in
                if !isFirst { renderer.text.append(utf8: ", ") }
                isFirst = false
                try renderer.append(item, place)
            }
        }
        switch value.type {
        case ValueType.null: return
        case ValueType.string: return try appendWide(value.range, place)
        case ValueType.ansi: return try appendNarrow(value.range, place)
        default: break
        }
        try charge(value.range.count)
        guard text.count + 2 * value.range.count + 64 <= textEnd else { throw .text }
        if value.range.isEmpty { return }
        if !appendFixed(value) {
            if value.type != 0x0E { flags.insert(.framingError) }
            appendHexadecimal(value.range)
        }
    }

    /// Calls `body` for each item of an array, in order.
    mutating func forEachItem(
        of array: Value, _ body: (inout BinaryXML, Value) throws(Fault) -> Void
    ) throws(Fault) {
        let type = array.type & ~ValueType.array
        var at = array.range.lowerBound
        let end = array.range.upperBound
        while at < end {
            let count = itemBytes(type, at..<end)
            try charge(count)
            let isText = type == ValueType.string || type == ValueType.ansi
            try body(&self, Value(type: type, range: at..<at + count))
            at += count
            // The end of a string.
            if isText { at += type == ValueType.string ? 2 : 1 }
        }
    }

    /// Bytes of the first item; all that is left where it cannot be told.
    private func itemBytes(_ type: UInt8, _ range: Range<Int>) -> Int {
        switch type {
        case ValueType.string:
            var at = range.lowerBound
            while at + 1 < range.upperBound, u16(at) != 0 { at += 2 }
            return at + 1 < range.upperBound ? at - range.lowerBound : range.count
        case ValueType.ansi:
            return range.first { chunk[$0] == 0 }.map { $0 - range.lowerBound } ?? range.count
        case ValueType.sid:
            guard range.count >= 8 else { return range.count }
            return min(range.count, 8 + 4 * Int(chunk[range.lowerBound + 1]))
        case 0x10: return min(range.count, range.count % 8 == 0 ? 8 : 4)
        default: return min(range.count, Self.bytes(of: type) ?? range.count)
        }
    }

    /// Bytes of a value whose type has but one size.
    private static func bytes(of type: UInt8) -> Int? {
        switch type {
        case 0x03, 0x04: 1
        case 0x05, 0x06: 2
        case 0x07, 0x08, 0x0B, 0x0D, 0x14: 4
        case 0x09, 0x0A, 0x0C, 0x11, 0x15: 8
        case 0x0F, 0x12: 16
        default: nil
        }
    }

    /// Appends a value that is no text; false if it does not fit its type, or has one that is
    /// written as hexadecimal digits.
    private mutating func appendFixed(_ value: Value) -> Bool {
        let at = value.range.lowerBound
        if let count = Self.bytes(of: value.type), count != value.range.count { return false }
        switch value.type {
        case 0x03: text.appendDecimal(Int64(Int8(bitPattern: chunk[at])))
        case 0x04: text.appendDecimal(UInt64(chunk[at]))
        case 0x05: text.appendDecimal(Int64(Int16(bitPattern: u16(at))))
        case 0x06: text.appendDecimal(UInt64(u16(at)))
        case 0x07: text.appendDecimal(Int64(Int32(bitPattern: u32(at))))
        case 0x08: text.appendDecimal(UInt64(u32(at)))
        case 0x09: text.appendDecimal(Int64(bitPattern: u64(at)))
        case 0x0A: text.appendDecimal(u64(at))
        case 0x0B: appendNumber(Double(Float(bitPattern: u32(at))), "\(Float(bitPattern: u32(at)))")
        case 0x0C:
            appendNumber(Double(bitPattern: u64(at)), "\(Double(bitPattern: u64(at)))")
        case 0x0D: text.append(utf8: u32(at) == 0 ? "false" : "true")
        case 0x0F: appendGUID(at)
        case 0x10:
            guard value.range.count == 4 || value.range.count == 8 else { return false }
            appendPrefixed(value.range.count == 4 ? UInt64(u32(at)) : u64(at))
        case 0x11: appendFileTime(u64(at))
        case 0x12: return appendSystemTime(at)
        case ValueType.sid: return appendSID(value.range)
        case 0x14: appendPrefixed(UInt64(u32(at)))
        case 0x15: appendPrefixed(u64(at))
        default: return false
        }
        return true
    }

    // MARK: - Text

    /// Appends UTF-16, without the NUL characters at its end; half a character becomes U+FFFD.
    mutating func appendWide(_ range: Range<Int>, _ place: Place) throws(Fault) {
        try charge(range.count)
        var end = range.lowerBound + range.count / 2 * 2
        if end != range.upperBound { flags.insert(.charsetLossy) }
        while end > range.lowerBound, u16(end - 2) == 0 { end -= 2 }
        let start = text.count
        var at = range.lowerBound
        while at < end {
            let unit = UInt32(u16(at))
            at += 2
            var scalar = unit
            if unit & 0xF800 == 0xD800 {
                let low = at < end ? UInt32(u16(at)) : 0
                if unit < 0xDC00, low & 0xFC00 == 0xDC00 {
                    scalar = 0x1_0000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                    at += 2
                }
            }
            appendEscaped(scalar, place)
        }
        guard text.count <= textEnd else {
            text.removeLast(text.count - start)
            throw .text
        }
    }

    /// Appends text in the encoding of the computer, without the NUL bytes at its end.
    private mutating func appendNarrow(_ range: Range<Int>, _ place: Place) throws(Fault) {
        try charge(range.count)
        var end = range.upperBound
        while end > range.lowerBound, chunk[end - 1] == 0 { end -= 1 }
        var decoded: [UInt8] = []
        if !encoding.appendText(chunk.span, range.lowerBound..<end, to: &decoded) {
            flags.insert(.charsetLossy)
        }
        let start = text.count
        var at = 0
        while at < decoded.count {
            let next = UTF8Text.character(decoded.span, at..<decoded.count)
            appendEscaped(next.scalar ?? 0xFFFF_FFFF, place)
            at += next.count
        }
        guard text.count <= textEnd else {
            text.removeLast(text.count - start)
            throw .text
        }
    }

    /// Appends a character as XML has it; what is none, and NUL, as U+FFFD.
    mutating func appendEscaped(_ scalar: UInt32, _ place: Place) {
        switch scalar {
        case 0x26: text.append(utf8: "&amp;")
        case 0x3C: text.append(utf8: "&lt;")
        case 0x3E: text.append(utf8: "&gt;")
        case 0x27 where place == .attribute: text.append(utf8: "&apos;")
        case 0x20..<0x7F: text.append(UInt8(scalar))
        case 1..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFFFE, 0xFFFF:
            text.append(utf8: "&#")
            text.appendDecimal(UInt64(scalar))
            text.append(0x3B)
        default:
            if scalar == 0 || Unicode.Scalar(scalar) == nil { flags.insert(.charsetLossy) }
            UTF8Text.append(scalar: scalar == 0 ? 0xFFFD : scalar, to: &text)
        }
    }

    // MARK: - Numbers and times

    private mutating func appendHexadecimal(_ range: Range<Int>) {
        for index in range {
            text.append(Self.digit(chunk[index] >> 4, upper: true))
            text.append(Self.digit(chunk[index] & 15, upper: true))
        }
    }

    private static func digit(_ value: UInt8, upper: Bool) -> UInt8 {
        value < 10 ? 0x30 + value : (upper ? 0x37 : 0x57) + value
    }

    private mutating func appendPrefixed(_ value: UInt64) {
        text.append(utf8: "0x" + String(value, radix: 16))
    }

    /// As C on Windows writes what is no number, and otherwise the shortest text that reads back
    /// as the same number.
    private mutating func appendNumber(_ number: Double, _ written: String) {
        if number.isNaN {
            text.append(utf8: "-1.#IND")
        } else if number.isInfinite {
            text.append(utf8: number < 0 ? "-1.#INF" : "1.#INF")
        } else {
            text.append(utf8: written.hasSuffix(".0") ? String(written.dropLast(2)) : written)
        }
    }

    private mutating func appendGUID(_ at: Int) {
        func digits(_ index: Int) {
            text.append(Self.digit(chunk[at + index] >> 4, upper: false))
            text.append(Self.digit(chunk[at + index] & 15, upper: false))
        }
        text.append(0x7B)
        for (number, index) in [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].enumerated() {
            if number == 4 || number == 6 || number == 8 || number == 10 { text.append(0x2D) }
            digits(index)
        }
        text.append(0x7D)
    }

    /// Appends a FILETIME, ticks of 100 ns since 1601, with all its seven digits.
    private mutating func appendFileTime(_ ticks: UInt64) {
        let (seconds, fraction) = ticks.quotientAndRemainder(dividingBy: 10_000_000)
        let (days, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        var time = CivilTime(days: Int(days) - 134_774)
        time.hour = Int(second) / 3600
        time.minute = Int(second) / 60 % 60
        time.second = Int(second) % 60
        append(time)
        text.appendDecimal(Int(fraction), width: 7)
        text.append(0x5A)
    }

    /// Appends a SYSTEMTIME; false if there is no such time.
    private mutating func appendSystemTime(_ at: Int) -> Bool {
        func part(_ number: Int) -> Int { Int(u16(at + 2 * number)) }
        let time = CivilTime(
            year: part(0), month: part(1), day: part(3), hour: part(4), minute: part(5),
            second: part(6))
        guard time.isValid, part(7) < 1000 else { return false }
        append(time)
        text.appendDecimal(part(7), width: 3)
        text.append(0x5A)
        return true
    }

    /// Appends a time up to the point before its fraction.
    private mutating func append(_ time: CivilTime) {
        if time.year > 9999 {
            text.appendDecimal(time.year)
        } else {
            text.appendDecimal(time.year, width: 4)
        }
        let parts = [time.month, time.day, time.hour, time.minute, time.second]
        for (mark, part) in zip("--T::".utf8, parts) {
            text.append(mark)
            text.appendDecimal(part, width: 2)
        }
        text.append(0x2E)
    }

    /// Appends a security identifier; false if it is none.
    private mutating func appendSID(_ range: Range<Int>) -> Bool {
        let at = range.lowerBound
        guard range.count >= 8, range.count == 8 + 4 * Int(chunk[at + 1]) else { return false }
        var authority: UInt64 = 0
        for index in 2..<8 { authority = authority << 8 | UInt64(chunk[at + index]) }
        text.append(utf8: "S-")
        text.appendDecimal(UInt64(chunk[at]))
        text.append(0x2D)
        if authority < 1 << 32 {
            text.appendDecimal(authority)
        } else {
            appendPrefixed(authority)
        }
        for index in stride(from: at + 8, to: range.upperBound, by: 4) {
            text.append(0x2D)
            text.appendDecimal(UInt64(u32(index)))
        }
        return true
    }
}
