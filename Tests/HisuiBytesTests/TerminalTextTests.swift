import HisuiBytes
import Testing

@Suite struct TerminalTextTests {
    private func shown(_ bytes: [UInt8], _ columnsMax: Int = .max) -> String {
        var out: [UInt8] = []
        TerminalText.appendEscaped(bytes.span, bytes.all, columnsMax: columnsMax, to: &out)
        return out.text
    }

    @Test(arguments: [
        ("plain text", "plain text"), ("翡翠 é", "翡翠 é"), ("a\u{1B}[31mb", #"a\x1b[31mb"#),
        ("\t\n\r\0\u{7F}", #"\t\n\r\x00\x7f"#), ("\u{9B}31m\u{85}", #"\u{9b}31m\u{85}"#),
        ("abc\u{202E}txt.exe", #"abc\u{202e}txt.exe"#), ("\u{2066}\u{2069}", #"\u{2066}\u{2069}"#),
        ("a\u{200B}b\u{FEFF}", #"a\u{200b}b\u{feff}"#), ("\u{2028}", #"\u{2028}"#),
        ("C:\\dir", "C:\\dir"), ("👩‍🔧", "👩‍🔧"), ("", ""), ("\u{E0041}", #"\u{e0041}"#),
    ])
    func escaping(text: String, expected: String) {
        #expect(shown([UInt8](text)) == expected)
    }

    @Test func bytesThatAreNoText() {
        #expect(shown([0x61, 0xFF, 0xE7, 0xBF, 0x62]) == #"a\xff\xe7\xbfb"#)
    }

    /// Whatever comes in, nothing that steers a terminal comes out, and no limit is overrun.
    @Test func anyBytesAreHarmless() {
        var random = Randomness()
        let alphabet =
            [UInt8]("ab\u{1B}\u{9B}\u{202E}\u{2066}翡é\u{301}𠮷\u{200B}\n\\") + [
                0xFF, 0x80, 0xE2, 0x7F,
            ]
        for round in 0..<20_000 {
            let bytes = random.bytes(24, of: round % 2 == 0 ? alphabet : [])
            var whole: [UInt8] = []
            let columns = TerminalText.appendEscaped(bytes.span, bytes.all, to: &whole)
            #expect(UTF8Text.isValid(whole.span, whole.all) == true)
            #expect(TerminalText.displayWidth(whole.span, whole.all) == columns)
            for scalar in whole.text.unicodeScalars {
                let value = scalar.value
                #expect(value >= 0x20 && !(0x7F...0x9F).contains(value))
                #expect(!(0x202A...0x202E).contains(value) && !(0x2066...0x2069).contains(value))
            }
            let most = Int.random(in: 0...12, using: &random)
            var cut: [UInt8] = []
            let used = TerminalText.appendEscaped(
                bytes.span, bytes.all, columnsMax: most, to: &cut)
            #expect(used <= most)
            #expect(TerminalText.displayWidth(cut.span, cut.all) == used)
            #expect(UTF8Text.isValid(cut.span, cut.all) == true)
            if columns <= most {
                #expect(cut == whole)
            } else if most > 0 {
                #expect(Array(cut.suffix(3)) == [0xE2, 0x80, 0xA6])
                #expect(whole.starts(with: cut.dropLast(3)))
            }
        }
    }

    @Test(arguments: [
        ("翡翠翡翠", 8, "翡翠翡翠"), ("翡翠翡翠", 7, "翡翠翡…"), ("翡翠翡翠", 6, "翡翠…"),
        ("翡翠翡翠", 1, "…"), ("翡翠", 0, ""), ("abc", 3, "abc"), ("abcd", 3, "ab…"),
        ("ab\u{1B}cd", 5, "ab…"), ("ab\u{1B}", 6, #"ab\x1b"#),
        ("e\u{301}e\u{301}x", 2, "e\u{301}…"),
    ])
    func cutting(text: String, columns: Int, expected: String) {
        // By scalars, because Swift compares strings by canonical equivalence.
        #expect(Array(shown([UInt8](text), columns).utf8) == Array(expected.utf8))
    }

    @Test(arguments: [
        ("", 0), ("abc", 3), ("翡翠", 4), ("ｱｲｳ", 3), ("ＡＢＣ", 6), ("が", 2), ("か\u{3099}", 2),
        ("e\u{301}", 1), ("한국", 4), ("🔒", 2), ("—…α", 3), ("\u{A0}", 1), ("𠮷", 2), ("\t", 0),
        ("㈱①", 3), ("\u{1112}\u{1161}\u{11AB}", 2),
    ])
    func widths(text: String, expected: Int) {
        let bytes = [UInt8](text)
        #expect(TerminalText.displayWidth(bytes.span, bytes.all) == expected)
        #expect(TerminalText.displayWidth(text) == expected)
    }
}
