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
            return passes(value, number)
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

    private func passes(_ value: Number, _ bound: Number) -> Bool {
        switch comparison {
        case .less: value < bound
        case .lessOrEqual: value <= bound
        case .greater: value > bound
        case .greaterOrEqual: value >= bound
        }
    }

    func verdict(numbers: ClosedRange<UInt64>) -> Verdict {
        guard let number, let first = Int64(exactly: numbers.lowerBound),
            let last = Int64(exactly: numbers.upperBound)
        else { return .depends }
        // What passes has one end: if neither end of the range does, nothing between them does.
        let ends = (passes(Number(first), number), passes(Number(last), number))
        return ends.0 == ends.1 ? Verdict(ends.0) : .depends
    }

    func print(to out: inout String) {
        out += comparison.rawValue
        Quoting.append(text, to: &out)
    }
}
