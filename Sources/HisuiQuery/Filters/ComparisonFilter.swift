import HisuiBytes

/// `>5`, `>=5`, `<5`, `<=5`: by number where the bound is one (also a size, a duration, an IPv4
/// address or a time), else by bytes.
///
/// Values that are no number pass no bound that is one.
struct ComparisonFilter: ValueTest {
    enum Operator: String, Sendable {
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    let comparison: Operator
    let text: [UInt8]
    private let number: Number?

    init(_ comparison: Operator, _ text: [UInt8]) {
        self.comparison = comparison
        self.text = text
        number = Number(bound: text)
    }

    func matches(_ value: Span<UInt8>) -> Bool {
        if let number {
            guard let value = Number(value) else { return false }
            return switch comparison {
            case .less: value < number
            case .lessOrEqual: value <= number
            case .greater: value > number
            case .greaterOrEqual: value >= number
            }
        }
        // The empty value is no value: nothing is smaller or greater than it.
        if value.isEmpty { return false }
        let order = ValueOrder.bytes(value, text.span)
        return switch comparison {
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        }
    }

    func print(to out: inout String) {
        out += comparison.rawValue
        Quoting.append(text, to: &out)
    }
}
