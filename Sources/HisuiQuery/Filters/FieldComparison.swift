import HisuiBytes

/// `a:eq_field(b)`, `a:le_field(b)`, `a:lt_field(b)`: the values of two fields of a row.
///
/// Equal is equal byte for byte, and so are two fields without a value. Less is by number where
/// both are one (also a size, a duration, an IPv4 address or a time), else by bytes; nothing is
/// less or greater than no value.
public struct FieldComparison: Hashable, Sendable {
    enum Operation: String, Sendable {
        case equal = "eq_field"
        case lessOrEqual = "le_field"
        case less = "lt_field"
    }

    let field: String
    let operation: Operation
    let other: String

    func holds(_ value: Span<UInt8>, _ otherValue: Span<UInt8>) -> Bool {
        if operation == .equal { return ByteSearch.equal(value, 0..<value.count, otherValue) }
        if value.isEmpty || otherValue.isEmpty { return false }
        if let a = Number(value), let b = Number(otherValue) {
            return operation == .less ? a < b : a <= b
        }
        let order = ValueOrder.bytes(value, otherValue)
        return operation == .less ? order < 0 : order <= 0
    }

    func print(to out: inout String) {
        if field != FieldName.message {
            Quoting.append(field, to: &out)
            out += ":"
        }
        out += operation.rawValue + "("
        Quoting.append(other, to: &out)
        out += ")"
    }

    /// Takes `(b)`.
    static func parse(
        _ parser: inout Parser, _ field: String, _ operation: Operation
    ) throws(QueryError) -> FieldComparison {
        try parser.expect("(")
        let other = try parser.fieldName()
        try parser.expect(")")
        return FieldComparison(field: field, operation: operation, other: other)
    }
}
