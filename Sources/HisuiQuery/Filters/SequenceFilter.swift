import HisuiStore

/// `seq(a, "b c", …)`: the phrases stand in the value in this order, none inside another.
///
/// Empty phrases ask for nothing.
struct SequenceFilter: ValueTest {
    /// In the order of the query.
    let phrases: [[UInt8]]
    private let needles: [Needle]
    let probes: [TextProbe]

    init(_ phrases: [[UInt8]]) {
        self.phrases = phrases
        needles = phrases.filter { !$0.isEmpty }.map {
            Needle($0, wholeStart: true, wholeEnd: true)
        }
        let longest = needles.max { $0.bytes.count < $1.bytes.count }
        probes = longest.map { [$0.probes.whole] } ?? []
    }

    /// Each phrase must stand in the value: less than what is asked, but blocks know of it.
    var necessary: [any ValueTest] {
        phrases.count < 2 ? [] : phrases.filter { !$0.isEmpty }.map { PhraseFilter($0) }
    }

    func matches(_ value: Span<UInt8>) -> Bool {
        var from = 0
        for needle in needles {
            var found: Int?
            while found == nil {
                guard let next = needle.candidate(in: value, from..<value.count, false) else {
                    return false
                }
                if needle.fits(value, 0..<value.count, next, false, false) { found = next }
                from = next + (found == nil ? 1 : needle.bytes.count)
            }
        }
        return true
    }

    func print(to out: inout String) {
        out += "seq("
        Quoting.append(list: phrases, to: &out)
        out += ")"
    }

    /// Takes `(a, b, …)`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> SequenceFilter {
        try parser.expect("(")
        return SequenceFilter(try parser.valueList())
    }
}
