/// `foo*` and `"foo bar"*`: as a phrase, but its last word may go on.
///
/// `field:*` is the empty prefix: any value but the empty one.
struct PrefixFilter: ValueTest {
    let text: [UInt8]
    let needle: Needle?

    init(_ text: [UInt8]) {
        self.text = text
        needle = text.isEmpty ? nil : Needle(text, wholeStart: true, wholeEnd: false)
    }

    func matches(_ value: Span<UInt8>) -> Bool { needle?.matches(value) ?? !value.isEmpty }

    func verdict(prefix: [UInt8], suffix: [UInt8], least: Int) -> Verdict {
        text.isEmpty && least > 0 ? .always : .depends
    }

    func print(to out: inout String) {
        if !text.isEmpty { Quoting.append(text, to: &out) }
        out += "*"
    }
}
