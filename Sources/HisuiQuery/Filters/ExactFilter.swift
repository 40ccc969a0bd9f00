import HisuiBytes
import HisuiStore

/// `="value"`, `:=value`, `exact(value)`: the whole value.
struct ExactFilter: ValueTest {
    let text: [UInt8]
    let probes: [TextProbe]

    init(text: [UInt8]) {
        self.text = text
        probes = text.isEmpty ? [] : [TextProbe(text)]
    }

    func matches(_ value: Span<UInt8>) -> Bool {
        ByteSearch.equal(value, 0..<value.count, text.span)
    }

    func verdict(prefix: [UInt8], suffix: [UInt8], least: Int) -> Verdict {
        text.count >= least && text.starts(with: prefix)
            && text.suffix(suffix.count).elementsEqual(suffix) ? .depends : .never
    }

    func print(to out: inout String) {
        out += "="
        Quoting.append(text, to: &out)
    }
}

/// `="prefix"*`: the value begins with the text.
struct ExactPrefixFilter: ValueTest {
    let text: [UInt8]
    let probes: [TextProbe]

    init(text: [UInt8]) {
        self.text = text
        probes = text.isEmpty ? [] : [TextProbe(text)]
    }

    func matches(_ value: Span<UInt8>) -> Bool {
        value.count >= text.count && ByteSearch.equal(value, 0..<text.count, text.span)
    }

    func verdict(prefix: [UInt8], suffix: [UInt8], least: Int) -> Verdict {
        if prefix.count >= text.count { return Verdict(prefix.starts(with: text)) }
        return text.starts(with: prefix) ? .depends : .never
    }

    func print(to out: inout String) {
        out += "="
        Quoting.append(text, to: &out)
        out += "*"
    }

    /// Takes what stands after `=`: a value, with or without `*`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> any ValueTest {
        let text = parser.current.isMark("*") ? [] : try parser.value()
        if parser.current.isMark("*"), !parser.current.spaceBefore {
            parser.advance()
            return ExactPrefixFilter(text: text)
        }
        return ExactFilter(text: text)
    }

    /// Takes `(value)` or `(value*)`, the older way to write the same.
    static func parseFunction(_ parser: inout Parser) throws(QueryError) -> any ValueTest {
        try parser.expect("(")
        let test = try parse(&parser)
        try parser.expect(")")
        return test
    }
}
