import HisuiBytes
import Testing

@Suite struct PairTextTests {
    /// Pairs as `name=value`, quoted values in angle brackets; nil if the text is none.
    private func pairs(_ text: String, _ form: PairText = PairText()) -> [String]? {
        let bytes = Array(text.utf8)
        var slots: [ByteRange] = []
        let range = 0..<bytes.count
        guard form.appendValues(of: bytes.span, range, countMax: 8, to: &slots) else {
            #expect(slots.isEmpty)
            return nil
        }
        let pairs = form.pairs(of: bytes.span, range)
        // Both ways find the same values.
        #expect(pairs.map { ByteRange($0.value) } == slots)
        return pairs.map { pair in
            let name = String(decoding: bytes[pair.name], as: UTF8.self)
            let value = String(decoding: bytes[pair.value], as: UTF8.self)
            return pair.isQuoted ? "\(name)=<\(value)>" : "\(name)=\(value)"
        }
    }

    @Test func pairsWithBlanksBetween() {
        #expect(pairs("a=1 b=\"x y\" c= d=\"\"") == ["a=1", "b=<x y>", "c=", "d=<>"])
        #expect(pairs("  a=1   b=2  ") == ["a=1", "b=2"])
        #expect(
            pairs("u=http://h/?q=1 b=\"\\\"c=d\\\\\"") == ["u=http://h/?q=1", "b=<\\\"c=d\\\\>"])
        #expect(pairs("a=x\"y b=2") == ["a=x\"y", "b=2"])
    }

    @Test func whatIsNotAllPairsIsNone() {
        for text in [
            "", " ", "a", "a b=1", "a=1 b", "=1", "a=1 =2", "a=\"x", "a=\"x\"y", "a=\"x\\\"",
            "\"a\"=1", "a\u{1}=1", "a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9",
            String(repeating: "n", count: 129) + "=1",
        ] {
            #expect(pairs(text) == nil, "\(text)")
        }
        #expect(pairs(String(repeating: "n", count: 128) + "=1") != nil)
    }

    /// The first separator behind the first value is that of all; others are bytes like all others.
    @Test func oneOfSeveralSeparators() {
        let form = PairText(separator: 0x20, otherSeparators: [0x2C, 0x7C])
        #expect(pairs("a=1 b=2,c=3", form) == ["a=1", "b=2,c=3"])
        #expect(pairs("a=1,b=2 c=3,d=\"4, 5\"", form) == ["a=1", "b=2 c=3", "d=<4, 5>"])
        #expect(pairs("a=1|b=2,c", form) == ["a=1", "b=2,c"])
        #expect(pairs("a=\"1, \\\" |2\",b=2 3", form) == ["a=<1, \\\" |2>", "b=2 3"])
        #expect(pairs("a=,b=2", form) == ["a=", "b=2"])
        #expect(pairs("a=1,b", form) == nil && pairs("a=1,b=2,c d", form) == nil)
        #expect(pairs("a=1", form) == ["a=1"])
    }

    @Test func otherMarksAndSeparators() {
        let commas = PairText(separator: 0x2C)
        #expect(pairs("a=1, b=x y,c=\"p, q\" , d=", commas) == ["a=1", "b=x y", "c=<p, q>", "d="])
        #expect(pairs("a=1,,b=2", commas) == nil)
        let colons = PairText(mark: 0x3A, separator: 0x3B)
        #expect(
            pairs("Source IP: 192.0.2.1; b:c:d;", colons) == ["Source IP=192.0.2.1", "b=c:d"])
        #expect(pairs("a='x y' b=\"z", PairText(quote: 0x27)) == ["a=<x y>", "b=\"z"])
        #expect(pairs("a=\"x b=2", PairText(quote: 0)) == ["a=\"x", "b=2"])
        #expect(pairs("a=1\tb=x y", PairText(separator: 0x09)) == ["a=1", "b=x y"])
    }

    @Test func wordsBetweenPairsWhereTheyAreAllowed() {
        let words = PairText(hasWords: true)
        #expect(pairs("TTL=64 DF PROTO=TCP SYN", words) == ["TTL=64", "=DF", "PROTO=TCP", "=SYN"])
        #expect(pairs("only words", words) == nil)
    }

    @Test func hugeTextTakesLinearTime() {
        let long = "a=\"" + String(repeating: "\\\" b=", count: 200_000) + "\" c=1"
        #expect(pairs(long)?.count == 2)
        #expect(pairs("a=1" + String(repeating: " ", count: 1_000_000) + "b=2") == ["a=1", "b=2"])
    }
}
