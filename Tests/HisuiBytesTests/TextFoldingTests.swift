import HisuiBytes
import Testing

@Suite struct TextFoldingTests {
    private func folded(_ text: String) -> String {
        String(decoding: TextFolding.folded(Array(text.utf8)), as: UTF8.self)
    }

    /// Every character, against what Python says: `ops/make-folding --digest`.
    @Test func everyCharacter() {
        var hash = SHA256()
        var count = 0
        for value in UInt32(0)..<0x11_0000 {
            guard let scalar = UnicodeScalar(value) else { continue }
            let bytes = Array(String(scalar).utf8)
            hash.update(bytes.span)
            let folded = TextFolding.folded(bytes)
            hash.update(folded.span)
            if let border = TextFolding.borderBytes(scalar),
                border.first != folded.first || border.last != folded.last
            {
                Issue.record("the borders of \(scalar)")
            }
            count += 1
        }
        #expect(count == 1_112_064)
        #expect(
            HexText.text(hash.finish())
                == "cc9ea6bb9d8b9f4a35b79fd24f8aababf43f0512c4ec2e095fde9499bc49a390")
    }

    /// What is the same, in the words of the logs of a town hall.
    @Test(arguments: [
        ("ﾛｸﾞｲﾝ失敗", "ログイン失敗"), ("ＬＧＷＡＮ", "lgwan"), ("マイナンバー", "ﾏｲﾅﾝﾊﾞｰ"), ("ﾊﾟｽﾜｰﾄﾞ", "パスワード"),
        ("（株）", "㈱"), ("①②", "12"), ("㍻", "平成"), ("㌔", "キロ"), ("9時〜17時", "9時～17時"),
        ("〜", "~"), ("−5", "－5"), ("−5", "-5"), ("‐–—―‒‑", "------"), ("住民税　課税", "住民税 課税"),
        ("ÉCOLE", "e\u{301}cole"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("ЖУРНАЛ", "журнал"),
        ("STRASSE", "straße"),
        ("が", "か\u{3099}"), ("葛\u{E0100}飾", "葛飾"), ("辻\u{FE00}", "辻"),
        ("한글", "\u{1112}\u{1161}\u{11AB}글"),
        ("\u{F900}", "豈"), ("∥", "‖"), ("℡", "TEL"), ("￥", "¥"),
    ])
    func isTheSame(one: String, other: String) {
        #expect(folded(one) == folded(other), "\(one) \(other)")
        #expect(Array(folded(one).utf8) == Array(folded(other).utf8), "\(one) \(other)")
    }

    /// What stays two things.
    @Test(arguments: [
        ("サーバー", "サ-バ-"), ("ー", "−"), ("ログイン", "ろぐいん"), ("髙橋", "高橋"), ("サーバ", "サーバー"), ("か", "が"),
        ("a  b", "a b"), ("¥", "\\"), ("一", "ー"), ("、", ","), ("０", "〇"),
    ])
    func isNotTheSame(one: String, other: String) {
        #expect(Array(folded(one).utf8) != Array(folded(other).utf8), "\(one) \(other)")
    }

    /// Bytes that are no text stay, wherever they stand; pieces fold as the whole.
    @Test func bytesThatAreNoText() {
        let odd: [UInt8] = [0x41, 0xE3, 0x81, 0x42, 0xFF, 0xC3, 0xEF, 0xBC, 0xA1, 0x80]
        #expect(
            TextFolding.folded(odd) == [0x61, 0xE3, 0x81, 0x62, 0xFF, 0xC3, 0x61, 0x80])
        var out: [UInt8] = [0x2E]
        TextFolding.append(odd.span, 6..<9, to: &out)
        #expect(out == [0x2E, 0x61])
        #expect(TextFolding.folded([]) == [])
    }

    @Test func marks() {
        for mark in ["\u{3099}", "\u{309A}", "\u{301}", "\u{11A8}", "\u{1161}"] {
            #expect(mark.unicodeScalars.allSatisfy(TextFolding.isMark), "\(mark)")
        }
        for letter in "aカか漢ー々゠ー ".unicodeScalars { #expect(!TextFolding.isMark(letter)) }
    }
}
