import HisuiBytes
import HisuiStore

/// `in(a, b, …)`: the whole value is one of these.
///
/// `in(*)` asks for nothing.
struct InFilter: ValueTest {
    /// In the order of the query.
    let values: [[UInt8]]
    let isAny: Bool
    /// By bytes.
    private let sorted: [[UInt8]]
    private let longest: Int
    let probes: [TextProbe]

    /// Longer lists are looked for value by value.
    private static let probesMax = 8

    init(_ values: [[UInt8]], isAny: Bool) {
        self.values = values
        self.isAny = isAny
        sorted = values.sorted { $0.lexicographicallyPrecedes($1) }
        longest = values.map(\.count).max() ?? 0
        let isProbed = !isAny && values.count <= Self.probesMax && !values.contains([])
        probes = isProbed ? values.map { TextProbe($0) } : []
    }

    func matches(_ value: Span<UInt8>) -> Bool {
        if isAny { return true }
        if value.count > longest { return false }
        var (first, end) = (0, sorted.count)
        while first < end {
            let middle = (first + end) / 2
            let candidate = sorted[middle]
            let order = ValueOrder.bytes(value, candidate.span)
            if order == 0 { return true }
            if order < 0 { end = middle } else { first = middle + 1 }
        }
        return false
    }

    func verdict(prefix: [UInt8], suffix: [UInt8], least: Int) -> Verdict {
        if isAny { return .always }
        let possible = values.contains { value in
            value.count >= least && value.starts(with: prefix)
                && value.suffix(suffix.count).elementsEqual(suffix)
        }
        return possible ? .depends : .never
    }

    func print(to out: inout String) {
        out += "in("
        if isAny { out += "*" }
        Quoting.append(list: values, to: &out)
        out += ")"
    }

    /// Takes `(a, b, …)`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> InFilter {
        try parser.expect("(")
        if parser.take("*") {
            try parser.expect(")")
            return InFilter([], isAny: true)
        }
        return InFilter(try parser.valueList(), isAny: false)
    }
}
