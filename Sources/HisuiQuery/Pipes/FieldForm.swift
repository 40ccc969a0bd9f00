import HisuiBytes

/// How `format` writes a value: `<q:field>` in quotes of JSON, `<time:field>` as a time.
///
/// What a value is not stands as it is: a name under `<time:…>` stays a name.
enum FieldForm: String, Hashable, Sendable, CaseIterable {
    case plain = ""
    case quoted = "q"
    case uppercase = "uc"
    case lowercase = "lc"
    case percentEncoded = "urlencode"
    case percentDecoded = "urldecode"
    case hexadecimal = "hexencode"
    case fromHexadecimal = "hexdecode"
    case base64 = "base64encode"
    case fromBase64 = "base64decode"
    case number = "hexnumdecode"
    case hexadecimalNumber = "hexnumencode"
    case time
    case duration
    case seconds = "duration_seconds"
    case address = "ipv4"

    /// Appends a value in this form.
    func append(_ value: Span<UInt8>, to out: inout [UInt8]) {
        let start = out.count
        switch self {
        case .plain: break
        case .quoted:
            JSONText.appendString(value, 0..<value.count, to: &out)
            return
        case .uppercase: appendText(of: value, to: &out) { $0.uppercased() }
        case .lowercase: appendText(of: value, to: &out) { $0.lowercased() }
        case .percentEncoded: Self.percentEncode(value, to: &out)
        case .percentDecoded: Self.percentDecode(value, to: &out)
        case .hexadecimal: HexText.append(value, 0..<value.count, to: &out)
        case .fromHexadecimal:
            var digits: [UInt8] = []
            digits.append(value, 0..<value.count)
            out += HexText.bytes(digits) ?? []
        case .base64: Base64Text.append(value, to: &out)
        case .fromBase64: out += Base64Text.decode(value, 0..<value.count) ?? []
        default: appendNumber(of: value, to: &out)
        }
        if out.count == start { out.append(value, 0..<value.count) }
    }

    private func appendText(
        of value: Span<UInt8>, to out: inout [UInt8], _ change: (String) -> String
    ) {
        // What is no text has no case.
        guard UTF8Text.isValid(value, 0..<value.count) else { return }
        var bytes: [UInt8] = []
        bytes.append(value, 0..<value.count)
        out += Array(change(String(decoding: bytes, as: UTF8.self)).utf8)
    }

    /// The forms of numbers; nothing for what is none.
    private func appendNumber(of value: Span<UInt8>, to out: inout [UInt8]) {
        if self == .number {
            var digits = value.count > 2 && value[0] == 0x30 && value[1] | 0x20 == 0x78 ? 2 : 0
            guard value.count > digits, value.count - digits <= 16 else { return }
            var number: UInt64 = 0
            while digits < value.count {
                guard let digit = HexText.digit(value[digits]) else { return }
                number = number << 4 | UInt64(digit)
                digits += 1
            }
            out.appendDecimal(number)
            return
        }
        guard let number = Number(value) else { return }
        switch self {
        case .hexadecimalNumber:
            guard let whole = number.whole, whole >= 0 else { return }
            for shift in stride(from: 56, through: 0, by: -8) {
                HexText.append(UInt8(truncatingIfNeeded: whole >> Int64(shift)), to: &out)
            }
        case .time: Self.appendTime(number, to: &out)
        case .duration:
            if let whole = number.whole { DurationText.append(whole, to: &out) }
        case .seconds: Number(number.value / 1e9).append(to: &out)
        case .address:
            guard let whole = number.whole, let address = UInt32(exactly: whole) else { return }
            IPv4Text.append(address, to: &out)
        default: break
        }
    }

    /// Appends the time that a number is: seconds, milliseconds, microseconds or nanoseconds since
    /// 1970, by its size.
    private static func appendTime(_ number: Number, to out: inout [UInt8]) {
        let factor: Double =
            switch abs(number.value) {
            case ..<1e11: 1e9
            case ..<1e14: 1e6
            case ..<1e17: 1e3
            default: 1
            }
        let nanoseconds: Int64?
        if let whole = number.whole {
            let (product, overflow) = whole.multipliedReportingOverflow(by: Int64(factor))
            nanoseconds = overflow ? nil : product
        } else {
            nanoseconds = Int64(exactly: (number.value * factor).rounded())
        }
        if let nanoseconds { UTCText.append(nanoseconds, to: &out) }
    }

    /// Appends with `%xx` for all but letters, digits and `-_.~` of ASCII (RFC 3986, section 2.3).
    private static func percentEncode(_ value: Span<UInt8>, to out: inout [UInt8]) {
        for index in 0..<value.count {
            let byte = value[index]
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                out.append(byte)
            default:
                out.append(UInt8(ascii: "%"))
                for digit in [byte >> 4, byte & 15] {
                    out.append(digit < 10 ? 0x30 + digit : 0x37 + digit)
                }
            }
        }
    }

    /// Appends what `%xx` and `+` stand for; a percent sign without two digits is one.
    private static func percentDecode(_ value: Span<UInt8>, to out: inout [UInt8]) {
        var at = 0
        while at < value.count {
            let byte = value[at]
            at += 1
            if byte == UInt8(ascii: "%"), at + 1 < value.count,
                let high = HexText.digit(value[at]), let low = HexText.digit(value[at + 1])
            {
                out.append(high << 4 | low)
                at += 2
            } else {
                out.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
    }
}

/// Durations as people read them: `1h2m3.5s`.
enum DurationText {
    /// Appends nanoseconds in hours, minutes and seconds; what is less than a second in the largest
    /// unit that leaves something before the point.
    static func append(_ nanoseconds: Int64, to out: inout [UInt8]) {
        if nanoseconds < 0 { out.append(UInt8(ascii: "-")) }
        let total = nanoseconds.magnitude
        guard total >= 1_000_000_000 else {
            if total >= 1_000_000 {
                append(total, unit: 1_000_000, "ms", to: &out)
            } else if total >= 1000 {
                append(total, unit: 1000, "µs", to: &out)
            } else {
                append(total, unit: 1, total == 0 ? "s" : "ns", to: &out)
            }
            return
        }
        let minutes = total / 60_000_000_000
        if minutes >= 60 {
            out.appendDecimal(minutes / 60)
            out.append(UInt8(ascii: "h"))
        }
        if minutes > 0 {
            out.appendDecimal(minutes % 60)
            out.append(UInt8(ascii: "m"))
        }
        append(total % 60_000_000_000, unit: 1_000_000_000, "s", to: &out)
    }

    private static func append(
        _ value: UInt64, unit: UInt64, _ name: String, to out: inout [UInt8]
    ) {
        out.appendDecimal(value / unit)
        if value % unit > 0 {
            var digits: [UInt8] = []
            digits.appendDecimal(value % unit + unit)
            digits[0] = UInt8(ascii: ".")
            while digits.last == 0x30 { digits.removeLast() }
            out += digits
        }
        out.append(utf8: name)
    }
}
