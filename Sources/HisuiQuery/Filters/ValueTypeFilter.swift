import HisuiBytes

/// `value_type(uint64)`: what the value is, as it is written.
///
/// VictoriaLogs asks how a block stores the column, of which a value of its own says nothing; here
/// it is asked of each value. The empty value has no type.
struct ValueTypeFilter: ValueTest {
    enum ValueType: String, CaseIterable, Sendable {
        case uint8, uint16, uint32, uint64, int64, float64, ipv4, iso8601, string
    }

    let type: ValueType

    func matches(_ value: Span<UInt8>) -> Bool {
        if value.isEmpty { return false }
        switch type {
        case .uint8: return Self.isWhole(value, to: 0xFF)
        case .uint16: return Self.isWhole(value, to: 0xFFFF)
        case .uint32: return Self.isWhole(value, to: 0xFFFF_FFFF)
        case .uint64: return Self.isWhole(value, to: .max)
        case .int64: return Self.isSigned(value)
        case .float64: return Self.isDecimal(value)
        case .ipv4: return Number.ipv4(value, 0..<value.count) != nil
        case .iso8601: return TimeLiteral.complete(value) != nil
        case .string:
            return !Self.isWhole(value, to: .max) && !Self.isSigned(value)
                && !Self.isDecimal(value) && Number.ipv4(value, 0..<value.count) == nil
                && TimeLiteral.complete(value) == nil
        }
    }

    /// Whether the value is a whole number up to `limit`, written as numbers are.
    private static func isWhole(_ value: Span<UInt8>, to limit: UInt64) -> Bool {
        guard isCanonical(value, 0..<value.count),
            let number = DecimalText.parseUnsigned(value, 0..<value.count)
        else { return false }
        return number <= limit
    }

    private static func isSigned(_ value: Span<UInt8>) -> Bool {
        let digits = value[0] == UInt8(ascii: "-") ? 1 : 0
        guard isCanonical(value, digits..<value.count) else { return false }
        return DecimalText.parse(value, 0..<value.count) != nil
    }

    /// Digits, a point and digits, with a sign or without.
    private static func isDecimal(_ value: Span<UInt8>) -> Bool {
        let digits = value[0] == UInt8(ascii: "-") ? 1 : 0
        guard let point = ByteSearch.first(of: 0x2E, in: value, digits..<value.count),
            isCanonical(value, digits..<point), point + 1 < value.count
        else { return false }
        for index in point + 1..<value.count where value[index] &- 0x30 > 9 { return false }
        return true
    }

    /// Digits only, the first of several not being 0.
    private static func isCanonical(_ value: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty, range.count == 1 || value[range.lowerBound] != 0x30 else {
            return false
        }
        for index in range where value[index] &- 0x30 > 9 { return false }
        return true
    }

    func print(to out: inout String) { out += "value_type(\(type.rawValue))" }

    /// Takes `(type)`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> ValueTypeFilter {
        try parser.expect("(")
        let token = parser.current
        let text = try parser.value()
        guard let type = ValueType(rawValue: String(decoding: text, as: UTF8.self)) else {
            let names = ValueType.allCases.map(\.rawValue).joined(separator: ", ")
            throw parser.error("expected a type of values (\(names))", at: token)
        }
        try parser.expect(")")
        return ValueTypeFilter(type: type)
    }
}
