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
}
