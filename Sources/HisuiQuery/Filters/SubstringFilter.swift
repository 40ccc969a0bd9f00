/// `*foo*`: the text stands anywhere in the value.
struct SubstringFilter: ValueTest {
    let text: [UInt8]
    let needle: Needle?

    /// - Precondition: `text` is not empty.
    init(_ text: [UInt8]) {
        self.text = text
        needle = Needle(text, wholeStart: false, wholeEnd: false)
    }

    func matches(_ value: Span<UInt8>) -> Bool { needle?.matches(value) ?? true }

    func print(to out: inout String) {
        out += "*"
        Quoting.append(text, to: &out)
        out += "*"
    }
}
