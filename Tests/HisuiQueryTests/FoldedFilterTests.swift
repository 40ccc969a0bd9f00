import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore
import Testing

@testable import HisuiQuery

/// `i(…)` on the sentences that the logs of a town hall have.
@Suite struct FoldedFilterTests {
    private func matches(_ filter: String, _ value: [UInt8]) throws -> Bool {
        guard case .field(let test) = try parsed(filter).filter else { return false }
        return test.test.matches(value.span)
    }

    /// In each of the encodings that a record may have, decoded as blocks decode them.
    @Test(arguments: [
        ("i(ログイン失敗)", "職員1234のﾛｸﾞｲﾝ失敗（3回目）", true),
        ("i(ﾛｸﾞｲﾝ失敗)", "職員１２３４のログイン失敗", true),
        ("i(\"ログイン失敗(3回)\")", "ログイン失敗（３回）", true),
        ("i(lgwan)", "ＬＧＷＡＮ接続系の端末", true), ("i(LGWAN)", "lgwan-fw1: deny", true),
        ("i(lgwan)", "ＬＧＷＡＮＡＳＰ", false), ("i(lgwan*)", "ＬＧＷＡＮＡＳＰ", true),
        ("i(マイナンバー)", "ﾏｲﾅﾝﾊﾞｰを照会", true), ("i(マイナンバ)", "ﾏｲﾅﾝﾊﾞｰを照会", true),
        ("i(マイナンハ)", "ﾏｲﾅﾝﾊﾞｰを照会", false), ("i(個人番号)", "住民の個人番号を参照", true),
        ("i(住民税)", "資産税課、住民税課", true), ("i(資産税課)", "住民税課", false),
        ("i(\"9時〜17時\")", "受付は９時～１７時", true), ("i(\"9時~17時\")", "9時〜17時", true),
        ("i(\"残高−1200円\")", "残高－１２００円", true), ("i(\"残高-1200円\")", "残高−1200円", true),
        ("i(サーバー)", "ｻｰﾊﾞｰ停止", true), ("i(サ-バ-)", "サーバー停止", false),
        ("i(\"(株)東京\")", "㈱東京システム", true), ("i(東京)", "㈱東京システム", true),
        ("i(平成30年)", "㍻３０年度", true), ("i(10)", "⑩番窓口", true), ("i(1)", "⑩番窓口", false),
        ("i(\"住民税 課税\")", "住民税　課税", true), ("i(error)", "エラーＥＲＲＯＲ発生", true),
        ("i(error)", "ＥＲＲＯＲＳ発生", false), ("i(error)", "Ｅｒrorが発生", true),
        ("i(か)", "がいこく", false), ("i(か)", "か", true), ("i(が)", "か\u{3099}いこく", true),
        ("i(caf)", "cafe\u{301}", false), ("i(cafe)", "cafe\u{301}", false),
        ("i(CAFÉ)", "cafe\u{301}!", true), ("i(s)", "cafés", false),
        ("i(葛飾)", "葛\u{E0100}飾区", true),
        ("i(kelvin)", "\u{212A}ELVIN", true), ("i(ろぐいん)", "ログイン", false),
        ("i(한*)", "한글", true), ("i(하*)", "한글", false), ("i(\"‖\")", "∥", true),
    ])
    func sentences(filter: String, value: String, expected: Bool) throws {
        #expect(try matches(filter, Array(value.utf8)) == expected, "\(filter) in \(value)")
    }

    /// Code page 932 has one wave and one minus; who decodes them chooses one of two characters.
    @Test func charactersThatConvertersDisagreeOn() throws {
        let records: [([UInt8], String)] = [
            ([0x81, 0x60], "〜"), ([0x81, 0x7C], "−"), ([0x81, 0x61], "‖"), ([0x81, 0x91], "¢"),
            ([0x81, 0xCA], "¬"), ([0x81, 0x5C], "—"), ([0xDB, 0xB8, 0xDE, 0xB2, 0xDD], "ログイン"),
        ]
        for (bytes, text) in records {
            var decoded: [UInt8] = []
            #expect(TextEncoding.cp932.appendText(bytes.span, 0..<bytes.count, to: &decoded))
            #expect(try matches("i(\"\(text)\")", decoded), "\(text)")
            #expect(try !matches("\"\(text)\"", decoded), "\(text) as it stands is another one")
        }
    }

    /// What is no text is found as the bytes it is.
    @Test func bytesThatAreNoText() throws {
        let value: [UInt8] = [0x45, 0x72, 0xFF, 0x6F, 0x52, 0x20, 0xEF, 0xBC, 0xA1, 0xE3]
        #expect(try matches("i(\"eR\\xffor\")", value))
        #expect(try matches("i(a)", value))
        #expect(try !matches("i(\"er\\xfeor\")", value))
    }

    /// The normal form says what was asked, not what it folds to.
    @Test func normalForm() throws {
        #expect(try parsed("i(ﾛｸﾞｲﾝ)").description == "i(ﾛｸﾞｲﾝ)")
        #expect(try parsed("f:i(\"\u{FE00}\")").filter.description == "f:i(\"\u{FE00}\")")
        #expect(try matches("f:i(\"\u{FE00}\")", []))
        #expect(try !matches("f:i(\"\u{FE00}\")", [0x61]))
    }

    /// Where two slots touch, a character may be cut between them.
    @Test func aCharacterThatIsCutBetweenSlots() throws {
        let shape = Shape(
            literals: [[], [], [0x2E]], slots: [.init(.text), .init(.text)],
            message: Shape.Stretch(first: 0, firstByte: 0, last: 2, lastByte: 1))
        let text = Array("an ｅｒror".utf8)
        let table = ShapeTable()
        let number = table.intern(shape)
        for cut in 0...text.count {
            var batch = RowBatch(
                takingOver: RecordBatch(source: Source(id: "t", kind: .file, form: .line)))
            batch.bytes = text + [0x2E]
            batch.slots = [ByteRange(0..<cut), ByteRange(cut..<text.count)]
            batch.rows = [
                RowBatch.Row(
                    offset: 0, count: UInt32(batch.bytes.count), shape: number, firstSlot: 0,
                    time: Timestamp(nanoseconds: 1), received: Timestamp(nanoseconds: 1),
                    sender: 0, flags: [])
            ]
            var builder = BlockBuilder(zone: "z", stream: "default", firstIndex: 0)
            _ = builder.append(batch, shapes: table)
            let blocks = [builder.take()]
            #expect(try results("i(error) | stats count() n", blocks) == ["n=1"], "cut at \(cut)")
            #expect(try results("i(err) | stats count() n", blocks) == ["n=0"], "cut at \(cut)")
            #expect(try results("i(\"n ERR\"*) | stats count() n", blocks) == ["n=0"])
            #expect(try results("i(\"an ERR\"*) | stats count() n", blocks) == ["n=1"])
        }
    }
}
