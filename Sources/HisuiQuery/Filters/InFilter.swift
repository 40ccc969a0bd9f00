import HisuiBytes
import HisuiStore

/// `in(a, b, …)`: the whole value is one of these.
///
/// `in(*)` asks for nothing.
struct InFilter: ValueTest {
    /// In the order of the query.
    let values: [[UInt8]]
    let isAny: Bool
    private let set: Set<[UInt8]>
    private let longest: Int
    let probes: [TextProbe]

    /// Longer lists are looked for value by value.
    private static let probesMax = 8

    init(_ values: [[UInt8]], isAny: Bool) {
        self.values = values
        self.isAny = isAny
        set = Set(values)
        longest = values.map(\.count).max() ?? 0
        let isProbed = !isAny && values.count <= Self.probesMax && !values.contains([])
        probes = isProbed ? values.map { TextProbe($0) } : []
    }

    func matches(_ value: Span<UInt8>) -> Bool {
        if isAny { return true }
        if value.count > longest { return false }
        if values.count > 8 {
            var key: [UInt8] = []
            key.append(value, 0..<value.count)
            return set.contains(key)
        }
        return values.contains { ByteSearch.equal(value, 0..<value.count, $0.span) }
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
