import HisuiBytes
import Testing

@Suite struct UTF8TextTests {
    /// Compares with the standard library's own decoder.
    private func check(_ bytes: [UInt8]) -> Bool {
        let valid = String(validating: bytes, as: UTF8.self) != nil
        var repaired: [UInt8] = []
        let whole = UTF8Text.appendRepaired(bytes.span, bytes.all, to: &repaired)
        return UTF8Text.isValid(bytes.span, bytes.all) == valid && whole == valid
            && repaired == Array(String(decoding: bytes, as: UTF8.self).utf8)
    }

    @Test func everyOneAndTwoBytes() {
        var bad: [[UInt8]] = []
        for a in UInt8.min ... .max {
            if !check([a]) { bad.append([a]) }
            for b in UInt8.min ... .max where !check([a, b]) { bad.append([a, b]) }
        }
        #expect(bad.isEmpty, "\(bad.prefix(5))")
    }

    /// Every first byte with every boundary of the bytes that may follow.
    @Test func everyBoundaryOfThreeToFiveBytes() {
        let edges: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0,
            0xF4,
            0xF5, 0xFF,
        ]
        let firsts: [UInt8] = [
            0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0,
            0xF1,
            0xF3, 0xF4, 0xF5, 0xFF,
        ]
        var bad: [[UInt8]] = []
        for first in firsts {
            withEvery(edges, upTo: 3) { rest in
                for bytes in [[first] + rest, [first] + rest + [0x80], [0x41, first] + rest]
                where !check(bytes) {
                    bad.append(bytes)
                }
            }
        }
        #expect(bad.isEmpty, "\(bad.prefix(5))")
    }

    @Test func everyScalarRoundTrips() {
        var bad = 0
        for value: UInt32 in 0..<0x11_0000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            var bytes: [UInt8] = []
            UTF8Text.append(scalar: value, to: &bytes)
            let found = UTF8Text.character(bytes.span, bytes.all)
            if found.scalar != value || found.count != bytes.count
                || bytes != Array(String(Character(scalar)).utf8)
            {
                bad += 1
            }
        }
        #expect(bad == 0)
        for value: UInt32 in [0xD800, 0xDFFF, 0x11_0000, .max] {
            var bytes: [UInt8] = []
            UTF8Text.append(scalar: value, to: &bytes)
            #expect(bytes.text == "\u{FFFD}")
        }
    }

    @Test func longMixtures() {
        var random = Randomness()
        let alphabet: [UInt8] =
            [UInt8](
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa翡翠é𠮷") + [0xFF, 0x80, 0xE3]
        var bad: [[UInt8]] = []
        for _ in 0..<20_000 {
            let bytes = random.bytes(40, of: alphabet)
            if !check(bytes) { bad.append(bytes) }
        }
        #expect(bad.isEmpty, "\(bad.prefix(3))")
    }

    @Test func rangesAreRespected() {
        let bytes: [UInt8] = [0xFF] + [UInt8]("翡翠") + [0xFF]
        #expect(UTF8Text.isValid(bytes.span, 1..<7) == true)
        #expect(UTF8Text.isValid(bytes.span, 1..<6) == false)
        #expect(UTF8Text.isValid(bytes.span, 3..<3) == true)
        #expect(UTF8Text.asciiEnd([UInt8]("0123456789é").span, 2..<11) == 10)
    }
}
