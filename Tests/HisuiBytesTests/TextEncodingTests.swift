import HisuiBytes
import Testing

@Suite struct TextEncodingTests {
    private func text(_ bytes: [UInt8], _ encoding: TextEncoding) -> (String, Bool) {
        var out: [UInt8] = []
        let isWhole = encoding.appendText(bytes.span, 0..<bytes.count, to: &out)
        return (String(decoding: out, as: UTF8.self), isWhole)
    }

    /// Characters as JIS X 0208 and Microsoft's table of code page 932 have them.
    @Test func characters() {
        let cases: [([UInt8], TextEncoding, String)] = [
            ([0x95, 0x5C], .cp932, "表"), ([0x83, 0x7C], .cp932, "ポ"), ([0xB1], .cp932, "ｱ"),
            ([0x88, 0x9F], .cp932, "亜"), ([0x81, 0x60], .cp932, "～"), ([0x87, 0x40], .cp932, "①"),
            ([0xFB, 0xFC], .cp932, "髙"), ([0xFC, 0x4B], .cp932, "黑"), ([0xEA, 0xA4], .cp932, "熙"),
            ([0xB0, 0xA1], .eucJP, "亜"), ([0x8E, 0xB1], .eucJP, "ｱ"), ([0xA5, 0xDD], .eucJP, "ポ"),
            ([0x8F, 0xB0, 0xA1], .eucJP, "丂"), ([0xF4, 0xA6], .eucJP, "熙"),
        ]
        for (bytes, encoding, expected) in cases {
            #expect(text(bytes, encoding) == (expected, true), "\(bytes)")
        }
    }

    /// A broken character is replaced, and ASCII behind it is kept.
    @Test func brokenCharacters() {
        #expect(text([0x81, 0x22, 0x2C], .cp932) == ("\u{FFFD}\",", false))
        #expect(text([0x95], .cp932) == ("\u{FFFD}", false))
        #expect(text([0x81, 0xFF, 0x41], .cp932).0.hasSuffix("A"))
        #expect(text([0xB0, 0x22], .eucJP) == ("\u{FFFD}\"", false))
        #expect(text([0x8F, 0xB0], .eucJP).1 == false)
    }

    @Test func asciiIsItself() {
        let ascii = (0..<128).map { UInt8($0) }
        for encoding in TextEncoding.allCases where encoding.keepsASCII {
            #expect(text(ascii, encoding) == (String(decoding: ascii, as: UTF8.self), true))
        }
    }

    /// Every border of a character in the text is one in the bytes; no other place is.
    @Test func anchors() {
        let bytes: [UInt8] = [0x61, 0x95, 0x5C, 0xB1, 0x62, 0x63, 0x84, 0x40, 0x64]
        var out: [UInt8] = []
        var anchors: [TextEncoding.Anchor] = []
        #expect(TextEncoding.cp932.decode(bytes.span, to: &out, anchors: &anchors))
        #expect(String(decoding: out, as: UTF8.self) == "a表ｱbcАd")
        let found = (0...out.count).map { anchors.byte(ofText: $0) }
        // А is two bytes here and there.
        #expect(found == [0, 1, nil, nil, 3, nil, nil, 4, 5, 6, nil, 8, 9])
    }

    @Test func names() {
        #expect(TextEncoding(name: "CP932") == .cp932)
        #expect(TextEncoding(name: "Shift_JIS") == .cp932)
        for encoding in TextEncoding.allCases {
            #expect(TextEncoding(name: encoding.name) == encoding)
        }
    }
}
