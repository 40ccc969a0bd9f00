/// `word` and `"a phrase"`: the text stands in the value, not cut out of longer words.
///
/// The empty phrase asks for the empty value.
struct PhraseFilter: ValueTest {
    let text: [UInt8]
    let needle: Needle?

    init(_ text: [UInt8]) {
        self.text = text
        needle = text.isEmpty ? nil : Needle(text, wholeStart: true, wholeEnd: true)
    }

    func matches(_ value: Span<UInt8>) -> Bool { needle?.matches(value) ?? value.isEmpty }

    func verdict(prefix: [UInt8], suffix: [UInt8], least: Int) -> Verdict {
        text.isEmpty && least > 0 ? .never : .depends
    }

    func print(to out: inout String) { Quoting.append(text, to: &out) }
}
