import HisuiBytes
import Testing

/// That no way to write a text is missed.
@Suite struct FoldedSpellingsTests {
    /// Runs of four bytes of a value, ASCII letters in lower case, as the filters of a store have.
    private func runs(of value: [UInt8]) -> Set<UInt32> {
        let value = value.map(ByteSearch.lowered)
        guard value.count >= 4 else { return [] }
        return Set(
            (0...value.count - 4).map { at in
                (0..<4).reduce(UInt32(0)) { $0 | UInt32(value[at + $1]) << UInt32(8 * $1) }
            })
    }

    private func mayStand(_ wanted: String, in value: String) -> Bool? {
        let folded = TextFolding.folded(Array(wanted.utf8))
        let runs = runs(of: Array(value.utf8))
        return FoldedSpellings(folded)?.mayStand(0..<min(folded.count, 64)) { runs.contains($0) }
    }

    @Test(arguments: [
        ("error", "an ERROR", true), ("error", "ｅｒｒｏｒ", true), ("error", "ErＲor!", true),
        ("error", "e\u{FE00}rr\u{E0101}or", true), ("error", "terror", true),
        ("error", "エラーが発生しました", false), ("error", "no failure, ｅｒｒ or", false),
        ("error", "ｅｒｒｏｑ", false), ("株)", "㈱東京", true), ("(株", "㈱東京", true),
        ("(株)東京", "有限会社", false), ("(株)", "a", true), ("ログイン", "ﾛｸﾞｲﾝ", true),
        ("ログイン", "ろぐいん", false),
        ("マイナンバー", "ﾏｲﾅﾝﾊﾞｰ", true), ("平成30年", "㍻３０年", true), ("a-b", "a−b", true),
        ("1", "⑫", true),
    ])
    /// What one character can spell has too few bytes for a run, and may stand anywhere.
    func examples(wanted: String, value: String, expected: Bool) {
        #expect(mayStand(wanted, in: value) == expected, "\(wanted) in \(value)")
    }

    /// Text without such a character is not folded at all.
    @Test(
        arguments: [
            ("error", "an error", nil), ("error", "エラー ｅrror", 10), ("error", "エラーが発生（３回）", nil),
            ("error", "\u{1D41E}rror", 0), ("error", "xé", nil), ("1", "x⑫", 1), ("株", "a株", 1),
            ("株", "a柱", nil), ("error", "e\u{FE00}r", 1), ("error", "e\u{E0101}r", 1),
        ] as [(String, String, Int?)])
    func charactersThatWriteSome(wanted: String, value: String, expected: Int?) throws {
        let spellings = try #require(FoldedSpellings(TextFolding.folded(Array(wanted.utf8))))
        let bytes = Array(value.utf8)
        let found = spellings.firstBeyondASCII(in: bytes.span, 0..<bytes.count)
        #expect(found == expected, "\(wanted) in \(value)")
        // Pieces of characters are none.
        for cut in 1..<max(2, bytes.count) {
            _ = spellings.firstBeyondASCII(in: bytes.span, cut..<bytes.count)
            let head = spellings.firstBeyondASCII(in: bytes.span, 0..<cut)
            #expect(head == nil || head == expected)
        }
    }

    /// Any piece of what any text folds to may stand in that text.
    @Test func noWayIsMissed() {
        let seed: UInt64 = 59
        var state = seed
        func number(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        let scalars = (UInt32(0x20)..<0x2_0000).compactMap(UnicodeScalar.init).filter {
            let bytes = Array(String($0).utf8)
            return TextFolding.folded(bytes) != bytes || $0.value % 97 == 0 || $0.isASCII
        }
        let common = Array("ｅrrＯr〜−㈱①ﾊﾞガabcé漢\u{FE00}".unicodeScalars)
        var asked = 0
        for _ in 0..<6000 {
            var value = ""
            for _ in 0...number(7) {
                let some = number(3) == 0 ? scalars : common
                value.unicodeScalars.append(some[number(some.count)])
            }
            let folded = TextFolding.folded(Array(value.utf8))
            guard folded.count > 1, let first = (0..<3).map({ _ in number(folded.count) }).min()
            else { continue }
            let wanted = Array(folded[first..<first + 1 + number(folded.count - first)].prefix(64))
            guard let spellings = FoldedSpellings(wanted) else { continue }
            let start = number(wanted.count)
            let piece = start..<start + 1 + number(wanted.count - start)
            let runs = runs(of: Array(value.utf8))
            asked += 1
            #expect(
                spellings.mayStand(piece) { runs.contains($0) },
                "seed \(seed): bytes \(piece) of \(wanted) in \(value)")
        }
        #expect(asked > 1000)
    }

    @Test func whatIsNotKnown() {
        #expect(FoldedSpellings([0xE3, 0x81]) == nil)
        #expect(FoldedSpellings(TextFolding.folded(Array("한글".utf8))) == nil)
        let long = [UInt8](repeating: 0x61, count: 62) + Array("漢字".utf8)
        #expect(FoldedSpellings(long)?.wanted.count == 62)
    }
}
