import HisuiBytes
import Testing

@Suite struct ByteSearchTests {
    /// The definition, without any cleverness.
    private func simple(_ needle: [UInt8], _ bytes: [UInt8], _ range: Range<Int>) -> Int? {
        guard range.count >= needle.count else { return nil }
        return (range.lowerBound...range.upperBound - needle.count).first {
            Array(bytes[$0..<$0 + needle.count]) == needle
        }
    }

    @Test func everySmallCase() {
        let needles: [[UInt8]] = ["", "a", "ab", "aab", "ba", "bb", "c"].map { [UInt8]($0) }
        withEvery([UInt8]("aB"), upTo: 6) { mixed in
            let lower = mixed.map(ByteSearch.lowered)
            for start in 0...mixed.count {
                for end in start...mixed.count {
                    for needle in needles {
                        let expected = simple(needle, lower, start..<end)
                        let found = ByteSearch.first(of: needle, in: lower.span, start..<end)
                        #expect(found == expected)
                        let upper = needle.map { $0 - 0x20 }
                        #expect(
                            ByteSearch.firstIgnoringCase(of: upper, in: mixed.span, start..<end)
                                == expected)
                        guard needle.count == 1 else { continue }
                        #expect(
                            ByteSearch.first(of: needle[0], in: lower.span, start..<end)
                                == expected)
                    }
                }
            }
        }
    }

    @Test func onlyASCIILettersFold() {
        for byte in UInt8.min ... .max {
            let isUpper = (0x41...0x5A).contains(byte)
            #expect(ByteSearch.lowered(byte) == (isUpper ? byte + 32 : byte))
        }
        let text = [UInt8]("ÄÖ @[`{")
        #expect(ByteSearch.firstIgnoringCase(of: [UInt8]("äö"), in: text.span, text.all) == nil)
        #expect(ByteSearch.firstIgnoringCase(of: [UInt8]("`["), in: text.span, text.all) == nil)
    }

    @Test func equality() {
        let bytes = [UInt8]("xFooBar")
        #expect(ByteSearch.equal(bytes.span, 1..<4, [UInt8]("Foo").span) == true)
        #expect(ByteSearch.equal(bytes.span, 1..<4, [UInt8]("foo").span) == false)
        #expect(ByteSearch.equal(bytes.span, 1..<4, [UInt8]("Fo").span) == false)
        #expect(ByteSearch.equal(bytes.span, 4..<4, [UInt8]().span) == true)
        #expect(ByteSearch.equalIgnoringCase(bytes.span, 1..<7, [UInt8]("fOObAR").span) == true)
        #expect(ByteSearch.equalIgnoringCase(bytes.span, 1..<7, [UInt8]("fOObAz").span) == false)
    }

    /// Long texts of few different bytes: many places fit in part.
    @Test func longTextsAgreeWithTheSimplestSearch() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let letters = Array("aAbB @z`Z".utf8.prefix(Int.random(in: 2...9, using: &random)))
            func bytes(_ count: Int) -> [UInt8] {
                (0..<count).map { _ in letters.randomElement(using: &random) ?? 0 }
            }
            let text = bytes(Int.random(in: 0...700, using: &random))
            let needle = bytes(Int.random(in: 1...12, using: &random))
            let start = Int.random(in: 0...text.count, using: &random)
            let end = Int.random(in: start...text.count, using: &random)
            var exact: Int?
            var folded: Int?
            for at in start..<max(start, end - needle.count + 1) {
                let part = Array(text[at..<at + needle.count])
                if exact == nil, part == needle { exact = at }
                if folded == nil, part.map(ByteSearch.lowered) == needle.map(ByteSearch.lowered) {
                    folded = at
                }
            }
            #expect(
                ByteSearch.first(of: needle, in: text.span, start..<end) == exact,
                "\(needle) in \(text) \(start)..<\(end)")
            #expect(
                ByteSearch.firstIgnoringCase(of: needle, in: text.span, start..<end) == folded,
                "\(needle) in \(text) \(start)..<\(end)")
        }
    }
}
