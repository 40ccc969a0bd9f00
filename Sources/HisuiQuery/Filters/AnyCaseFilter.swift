import HisuiBytes

/// `i(word)`, `i("a phrase")`, `i(prefix*)`: the same in upper and lower case, in full and half
/// width (`TextFolding`).
///
/// Text that folds to nothing asks, as the empty phrase, for the empty value.
struct AnyCaseFilter: ValueTest {
    let text: [UInt8]
    let isPrefix: Bool
    let needle: Needle?

    init(_ text: [UInt8], isPrefix: Bool) {
        self.text = text
        self.isPrefix = isPrefix
        needle =
            TextFolding.folded(text).isEmpty
            ? nil : Needle(text, wholeStart: true, wholeEnd: !isPrefix, .folded)
    }

    func matches(_ value: Span<UInt8>) -> Bool {
        needle?.matches(value) ?? (value.isEmpty != isPrefix)
    }

    func verdict(prefix: [UInt8], suffix: [UInt8], least: Int) -> Verdict {
        needle == nil && least > 0 ? Verdict(isPrefix) : .depends
    }

    func print(to out: inout String) {
        out += "i("
        if !(isPrefix && text.isEmpty) { Quoting.append(text, to: &out) }
        out += isPrefix ? "*)" : ")"
    }

    /// Takes `(text)` or `(prefix*)`.
    static func parse(_ parser: inout Parser) throws(QueryError) -> AnyCaseFilter {
        try parser.expect("(")
        let text = parser.current.isMark("*") ? [] : try parser.value()
        let isPrefix = parser.take("*")
        try parser.expect(")")
        return AnyCaseFilter(text, isPrefix: isPrefix)
    }
}
