import HisuiBytes
import Testing

/// Encodings code by code, and those whose bytes below 80 are not ASCII.
@Suite struct TextEncodingCodeTests {
    private func text(_ bytes: [UInt8], _ encoding: TextEncoding) -> (String, Bool) {
        var out: [UInt8] = []
        let isWhole = encoding.appendText(bytes.span, 0..<bytes.count, to: &out)
        return (String(decoding: out, as: UTF8.self), isWhole)
    }

    private struct Codes: Sendable {
        var encoding: TextEncoding
        var count: Int
        var digest: String
    }

    private static let utf16 = "1edd666a8b71473ec8ed0e4139afa870b40072f237118ed73392d857c5e2234b"
    private static let all = [
        Codes(
            encoding: .cp932, count: 11_468,
            digest: "938a43881bbd84d322ae771f6d7cc8afbed80624e412abde42f1409745db9d0a"),
        Codes(
            encoding: .eucJP, count: 17_766,
            digest: "595a78128b5a7eca63345a71b29c47d689a13260467c6a9bf377919873afbf5d"),
        Codes(
            encoding: .iso2022JP, count: 17_860,
            digest: "079fc82e5922ce5e30ac257fcbe238978d0b2f2ced9fac9f30a8005efb938886"),
        Codes(encoding: .utf16LittleEndian, count: 1_111_935, digest: utf16),
        Codes(encoding: .utf16BigEndian, count: 1_111_935, digest: utf16),
    ]

    /// Against what Python's codecs say: `ops/make-encodings --digests`.
    @Test(arguments: 0..<5)
    func everyCodeIsWhatAnIndependentDecoderSays(number: Int) {
        let codes = Self.all[number]
        var all: [UInt8] = []
        var count = 0
        forEachCode(of: codes.encoding) { code in
            count += 1
            let start = all.count
            if !codes.encoding.appendText(code.span, 0..<code.count, to: &all) {
                all.removeSubrange(start...)
                all.append(contentsOf: [0xEF, 0xBF, 0xBD])
            }
        }
        #expect(count == codes.count)
        #expect(HexText.text(SHA256.of(all.span)) == codes.digest)
    }

    private func forEachCode(of encoding: TextEncoding, _ body: ([UInt8]) -> Void) {
        let graphic: ClosedRange<UInt8> = 0x21...0x7E
        let high: ClosedRange<UInt8> = 0xA1...0xFE
        let ascii: [UInt8] = [0x1B, 0x28, 0x42]
        switch encoding {
        case .utf8: break
        case .cp932:
            for first in UInt8(0x80)...0xFF { body([first]) }
            for first in UInt8(0x81)...0xFC where !(0xA0...0xDF ~= first) {
                for second in UInt8(0x40)...0xFC { body([first, second]) }
            }
        case .eucJP:
            for first in high { for second in high { body([first, second]) } }
            for second in high { body([0x8E, second]) }
            for first in high { for second in high { body([0x8F, first, second]) } }
        case .iso2022JP:
            for set: [UInt8] in [[0x1B, 0x24, 0x42], [0x1B, 0x24, 0x28, 0x44]] {
                for first in graphic {
                    for second in graphic { body(set + [first, second] + ascii) }
                }
            }
            for set: UInt8 in [0x49, 0x4A] {
                for first in graphic { body([0x1B, 0x28, set, first] + ascii) }
            }
        case .utf16LittleEndian, .utf16BigEndian:
            func unit(_ value: UInt32) -> [UInt8] {
                let bytes = [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)]
                return encoding == .utf16LittleEndian ? bytes : bytes.reversed()
            }
            for value in UInt32(0x80)...0xFFFF where value & 0xF800 != 0xD800 && value != 0xFEFF {
                body(unit(value))
            }
            for value in UInt32(0)...0xFFFFF {
                body(unit(0xD800 + value >> 10) + unit(0xDC00 + value & 0x3FF))
            }
        }
    }

    /// Escape sequences say what bytes mean up to the next one, and never beyond the line.
    @Test func escapeSequences() {
        let cases: [(String, String, Bool)] = [
            ("a~$B0!~(Bb", "a亜b", true), ("~$@0!~(J\\~(B\\", "亜¥\\", true),
            ("~(I1~(B", "ｱ", true), ("~$(D0!~(B", "丂", true), ("~$B-!~(B", "①", true),
            // Not taken back at the end of the line, or cut there.
            ("~$B0!", "亜", true), ("~$B0", "\u{FFFD}", false), ("~$B0!~", "亜\u{FFFD}", false),
            // Delimiters inside characters: ス is 25 39, ゼ 25 3C, “ is 21 48.
            ("\"~$B%9%<~(B\"", "\"スゼ\"", true), ("~$B!H~(B", "“", true),
            ("~(B~(Bx", "x", true), ("~[31m", "\u{FFFD}[31m", false), ("~$B  ~(B", "  ", true),
        ]
        for (bytes, expected, isWhole) in cases {
            let escaped = bytes.utf8.map { $0 == UInt8(ascii: "~") ? 0x1B : $0 }
            #expect(text(escaped, .iso2022JP) == (expected, isWhole), "\(bytes)")
        }
        #expect(text([0x61, 0xE3, 0x81, 0x82], .iso2022JP).1 == false)
    }

    /// A run between sequences is one piece: no border lies in it.
    @Test func anchorsOfEscapedText() {
        let bytes = Array("a\u{1B}$B0!0!\u{1B}(Bb".utf8)
        var out: [UInt8] = []
        var anchors: [TextEncoding.Anchor] = []
        #expect(TextEncoding.iso2022JP.decode(bytes.span, to: &out, anchors: &anchors))
        #expect(String(decoding: out, as: UTF8.self) == "a亜亜b")
        let found = (0...out.count).map { anchors.byte(ofText: $0) }
        #expect(found == [0, 1, nil, nil, nil, nil, nil, 11, 12])
    }

    @Test func brokenWideCharacters() {
        #expect(text([0x61, 0x00, 0x00], .utf16LittleEndian) == ("a\u{FFFD}", false))
        #expect(text([0x3D, 0xD8, 0x61, 0x00], .utf16LittleEndian) == ("\u{FFFD}a", false))
        #expect(text([0x00, 0xDC, 0x61, 0x00], .utf16LittleEndian) == ("\u{FFFD}a", false))
        #expect(text([0xFF, 0xFE, 0x61, 0x00], .utf16LittleEndian) == ("a", true))
        #expect(text([0xFE, 0xFF, 0x00, 0x61], .utf16BigEndian) == ("a", true))
    }

    @Test func anchorsOfWideText() {
        // A mark, ASCII, a character, a pair of surrogates.
        let bytes: [UInt8] = [
            0xFF, 0xFE, 0x61, 0, 0x62, 0, 0x42, 0x30, 0x3D, 0xD8, 0x00, 0xDE, 0x63, 0,
        ]
        var out: [UInt8] = []
        var anchors: [TextEncoding.Anchor] = []
        #expect(TextEncoding.utf16LittleEndian.decode(bytes.span, to: &out, anchors: &anchors))
        #expect(String(decoding: out, as: UTF8.self) == "abあ😀c")
        let found = (0...out.count).map { anchors.byte(ofText: $0, unitBytes: 2) }
        #expect(found == [2, 4, 6, nil, nil, 8, nil, nil, nil, 12, 14])
    }

    @Test func aMarkAtTheBeginningOfAFileDecides() {
        func chosen(_ encoding: TextEncoding, _ bytes: [UInt8]) -> TextEncoding? {
            encoding.ofFile(beginning: bytes.span)
        }
        #expect(chosen(.utf8, [0xFF, 0xFE, 0x61]) == .utf16LittleEndian)
        #expect(chosen(.utf16LittleEndian, [0xFE, 0xFF]) == .utf16BigEndian)
        #expect(chosen(.utf16BigEndian, [0x00, 0x61]) == .utf16BigEndian)
        #expect(chosen(.cp932, [0xFF, 0xFE]) == .cp932)
        #expect(chosen(.utf8, []) == nil && chosen(.utf8, [0xFF]) == nil)
        #expect(chosen(.utf8, [0xFF, 0x61]) == .utf8)
    }

    @Test func encodingsThatAreNotReadAreRefusedByName() {
        #expect(TextEncoding(name: "utf-16") == .utf16LittleEndian)
        #expect(TextEncoding(name: "ISO-2022-JP") == .iso2022JP)
        for name in TextEncoding.missingNames {
            #expect(TextEncoding(name: name) == nil, "\(name)")
        }
    }
}
