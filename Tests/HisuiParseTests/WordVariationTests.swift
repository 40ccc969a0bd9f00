import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

@Suite struct WordVariationTests {
    /// The messages of the lines with their slots in braces, parsed one after the other.
    private func divided(_ lines: [[UInt8]], encoding: TextEncoding = .utf8) -> [String] {
        var parser = Parser(definitions: .empty, timeZone: .tokyo, encoding: encoding)
        let parsed = Parsed(
            rows: parser.parse(batch(lines, form: .line)), shapes: parser.shapes)
        return lines.indices.map { row in
            #expect(parsed.record(row) == lines[row])
            let start = Int(parsed.rows.rows[row].offset)
            var out: [UInt8] = []
            var from = start
            for slot in parsed.slots(row) {
                out += parsed.rows.bytes[from..<slot.range.lowerBound]
                out += Array("{".utf8) + parsed.rows.bytes[slot.range] + Array("}".utf8)
                from = slot.range.upperBound
            }
            out += parsed.rows.bytes[from..<start + lines[row].count]
            return String(decoding: out, as: UTF8.self)
        }
    }

    private func divided(_ lines: [String]) -> [String] { divided(lines.map { Array($0.utf8) }) }

    @Test func aWordOfWhichThereAreManyBecomesASlot() {
        let names = ["aoki", "baba", "chiba", "doi", "endo", "fujita", "goto", "hara", "ito"]
        let told = divided(names.map { "menu opened by \($0) at 5" } + ["menu opened by jin at 6"])
        #expect(told[0] == "menu opened by aoki at {5}")
        #expect(told[1] == "menu opened by baba at {5}")
        #expect(told[8] == "menu opened by {ito} at {5}")
        #expect(told[9] == "menu opened by {jin} at {6}")
    }

    @Test func aFewWordsRemainShapesOfTheirOwn() {
        let words = ["started", "stopped", "reloaded"]
        let told = divided((0..<60).map { "unit \($0) was \(words[$0 % 3]) well" })
        for (number, line) in told.enumerated() {
            #expect(line == "unit {\(number)} was \(words[number % 3]) well")
        }
    }

    @Test func japaneseNamesBecomeSlots() {
        let family = ["佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤"]
        let given = ["拓也", "智子", "学", "久美子", "隆", "誠", "幸子", "和子", "健一", "陽子"]
        let told = divided(
            (0..<10).map { number in
                "決裁が完了しました。文書番号 第\(number)号、"
                    + "決裁者 \(family[number]) \(given[number])、所要 3日"
            })
        #expect(told[9] == "決裁が完了しました。文書番号 第{9}号、決裁者 {加藤} {陽子}、所要 {3}日")
    }

    /// 表, ソ, 能 and others: their second byte is a backslash in CP932.
    static let doubled: [(TextEncoding, [[UInt8]], [UInt8])] = [
        (
            .cp932,
            [0x95, 0x83, 0x94, 0x97, 0x90, 0x93, 0x8D, 0x96, 0x89, 0x8B, 0x8C].map { [$0, 0x5C] },
            [0x93, 0x63]
        ),
        (.eucJP, (0xA1...0xAB).map { [0xB0, $0] }, [0xC5, 0xC4]),
    ]

    @Test(arguments: doubled.indices)
    func noSlotEndsInsideACharacter(_ number: Int) {
        let (encoding, names, field) = WordVariationTests.doubled[number]
        let lines = names.map { Array("user <".utf8) + $0 + field + Array("> did it 5".utf8) }
        var parser = Parser(definitions: .empty, timeZone: .tokyo, encoding: encoding)
        let parsed = Parsed(
            rows: parser.parse(batch(lines, form: .line)), shapes: parser.shapes)
        let last = lines.count - 1
        #expect(parsed.record(last) == lines[last])
        let slots = parsed.slots(last).map { Array(parsed.rows.bytes[$0.range]) }
        #expect(slots == [names[last] + field, [0x35]])
    }

    @Test func messagesOfLittleInCommonAreNotOneKind() {
        let told = divided(
            ["alpha beta gamma delta 1", "one two three four 2", "red green blue white 3"]
                + "abcdefghi".map { "un\($0) deux trois quatre 4" })
        #expect(told[11] == "{uni} deux trois quatre {4}")
        #expect(told[10] == "unh deux trois quatre {4}")
    }

    @Test func whatWasLearnedIsBounded() {
        var variation = WordVariation()
        var slots: [ByteRange] = []
        for number in 0..<WordVariation.kindsMax + 10 {
            // Another frame each time.
            var line = Array("a".utf8)
            for place in 0..<15 { line.append(number >> place & 1 == 0 ? 0x2C : 0x3B) }
            let added = variation.addVaryingWords(
                of: line.span, 0..<line.count, .utf8, room: 255, 0..<0, &slots)
            #expect(added == 0)
        }
        #expect(variation.kindCount <= WordVariation.kindsMax)
    }

    @Test func aMessageOfTooManyWordsIsLeftAlone() {
        let words = (0..<70).map { _ in "word" }
        let told = divided(
            "abcdefghijkl".map { "\(words.joined(separator: " ")) n\($0) 7" })
        #expect(told[11].hasSuffix("nl {7}"))
    }
}
