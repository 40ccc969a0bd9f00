import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

/// Cutting bytes into records, whatever reads they come in.
@Suite struct LineCutterTests {
    private struct Record: Hashable {
        var text: String
        var flags: RowFlags
    }

    /// The records of bytes that come in pieces of a size.
    private func cut(_ bytes: [UInt8], _ rules: CutRules, pieces: Int) -> [Record] {
        var cutter = RecordCutter(rules)
        var batch = RecordBatch(source: Source(id: "t", kind: .file, form: .line))
        var position = 0
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + pieces)
            let piece = Array(bytes[start..<end])
            #expect(
                cutter.take(piece.span, 0..<piece.count, received: .none, into: &batch)
                    == piece.count)
            // What is kept is what stands before the place that was reached.
            let carry = cutter.carry
            if !cutter.isDiscarding { #expect(carry == Array(bytes[(end - carry.count)..<end])) }
            #expect(end - carry.count >= position)
            position = end - carry.count
            start = end
        }
        cutter.finish(received: .none, into: &batch)
        return batch.entries.map { entry in
            let first = Int(entry.offset)
            var text: [UInt8] = []
            rules.encoding.appendText(
                batch.bytes.span, first..<first + Int(entry.count), to: &text)
            return Record(text: String(decoding: text, as: UTF8.self), flags: entry.flags)
        }
    }

    private func wide(_ text: String, _ encoding: TextEncoding) -> [UInt8] {
        text.utf16.flatMap { unit -> [UInt8] in
            let bytes = [UInt8(truncatingIfNeeded: unit), UInt8(unit >> 8)]
            return encoding == .utf16LittleEndian ? bytes : bytes.reversed()
        }
    }

    @Test(arguments: [TextEncoding.utf16LittleEndian, .utf16BigEndian])
    func linesOfUTF16EndWithAUnitAndNotWithAByte(encoding: TextEncoding) {
        // U+0A00 and U+000A next to each other, U+010A, and a half unit at the end.
        let text = "\u{FEFF}a\n\u{0A00}\u{010A}b\r\n\nਊ\u{0A0D}\nend"
        let bytes = wide(text, encoding) + [0x61]
        let expected = ["a", "\u{0A00}\u{010A}b", "", "ਊ\u{0A0D}", "end\u{FFFD}"]
        for pieces in 1...9 {
            let found = cut(bytes, CutRules(encoding: encoding), pieces: pieces)
            #expect(found.map(\.text) == expected, "\(pieces)")
        }
    }

    @Test func aLineOfUTF16ThatIsTooLongIsCutBetweenCharacters() {
        let long = wide(String(repeating: "あ", count: Limits.recordBytesMax), .utf16LittleEndian)
        let bytes = long + wide("\nafter\n", .utf16LittleEndian)
        for pieces in [65_537, 4096, bytes.count] {
            let found = cut(bytes, CutRules(encoding: .utf16LittleEndian), pieces: pieces)
            #expect(found.count == 2)
            #expect(found[0].text == String(repeating: "あ", count: Limits.recordBytesMax / 2))
            #expect(found[0].flags == .truncated)
            #expect(found[1] == Record(text: "after", flags: []))
        }
    }

    private func rules(_ kind: JoinRule.Kind, lines: Int = 1000, bytes: Int = 1 << 18) -> CutRules {
        CutRules(join: JoinRule(kind, linesMax: lines, bytesMax: bytes))
    }

    private func joined(_ text: String, _ rules: CutRules) -> [[Record]] {
        (1...7).map { cut(Array(text.utf8), rules, pieces: $0) }
    }

    @Test func aPatternSaysWhereRecordsBegin() throws {
        let start = try RegularExpression("^[0-9]{4}-")
        let text =
            "lost head\n2026-11-27 E boom\r\n\tat A\r\n\tat B\n\nCaused by: x\n2026-11-27 I ok\nx"
        for found in joined(text, rules(.start(start))) {
            #expect(
                found.map(\.text) == [
                    "lost head", "2026-11-27 E boom\r\n\tat A\r\n\tat B\n\nCaused by: x",
                    "2026-11-27 I ok\nx",
                ])
        }
    }

    @Test func linesThatFitOrAreIndentedGoOn() throws {
        let more = try RegularExpression("^(\\s|Caused by)")
        let text = "one\n at A\nCaused by: B\n at C\ntwo\nthree\n"
        for found in joined(text, rules(.continues(more))) {
            #expect(
                found.map(\.text) == ["one\n at A\nCaused by: B\n at C", "two", "three"])
        }
        for found in joined(text, rules(.indented)) {
            #expect(found.map(\.text) == ["one\n at A", "Caused by: B\n at C", "two", "three"])
        }
    }

    @Test func whatIsTooLongToBeJoinedIsCutBetweenLinesAndFlagged() throws {
        let text = "a\n 1\n 2\n 3\n 4\nb\n"
        for found in joined(text, rules(.indented, lines: 3)) {
            #expect(
                found == [
                    Record(text: "a\n 1\n 2", flags: .truncated), Record(text: " 3\n 4", flags: []),
                    Record(text: "b", flags: []),
                ])
        }
        let long = "a\n " + String(repeating: "x", count: 2000) + "\n y\nb"
        for found in joined(long, rules(.indented, bytes: 1024)) {
            #expect(found.map(\.text.utf8.count) == [1, 2001, 2, 1])
            #expect(found.map(\.flags) == [.truncated, .truncated, [], []])
        }
    }

    @Test func aLineThatNoRecordHoldsEndsTheRecordBefore() {
        let huge = String(repeating: "x", count: 2 * Limits.recordBytesMax)
        let bytes = Array("a\n b\n \(huge)\nc\n".utf8)
        for pieces in [4096, 100_001, bytes.count] {
            let found = cut(bytes, rules(.indented), pieces: pieces)
            #expect(found.map(\.text.utf8.count) == [4, Limits.recordBytesMax, 1])
            #expect(found.map(\.flags) == [[], .truncated, []])
        }
    }

    @Test func valuesInQuotesHaveLines() {
        let text = "a,\"b\nc\"\"d\n\",e\r\nf,g\"\nh\"\n\"\",\"\"\nlast"
        for found in joined(text, rules(.quotes(delimiter: 0x2C))) {
            #expect(
                found.map(\.text) == ["a,\"b\nc\"\"d\n\",e", "f,g\"", "h\"", "\"\",\"\"", "last"])
            #expect(found.allSatisfy { $0.flags == [] })
        }
    }

    @Test func aQuoteLeftOpenSwallowsNoFile() {
        let rows = (0..<50).map { "r\($0),x" }
        let text = "a,\"open\n" + rows.joined(separator: "\n") + "\n"
        for found in joined(text, rules(.quotes(delimiter: 0x2C), lines: 10)) {
            #expect(found.map(\.text) == ["a,\"open"] + rows)
            #expect(found.filter { $0.flags == .framingError }.count == 11)
        }
        // At the end of the file as well.
        for found in joined("a\n\"b\nc\n", rules(.quotes(delimiter: 0x2C))) {
            #expect(found.map(\.text) == ["a", "\"b", "c"])
            #expect(found.map(\.flags) == [[], .framingError, .framingError])
        }
    }

    @Test func recordsOfEscapedAndWideTextAreJoinedByTheirText() {
        let jis = Array("a,\u{1B}$B!H\u{1B}(B\n\"\u{1B}$B0!\u{1B}(B\nb\",c\n".utf8)
        var rules = rules(.quotes(delimiter: 0x2C))
        rules.encoding = .iso2022JP
        for pieces in 1...5 {
            #expect(cut(jis, rules, pieces: pieces).map(\.text) == ["a,“", "\"亜\nb\",c"])
        }
        rules.encoding = .utf16BigEndian
        let bytes = wide("\u{FEFF}\"表\r\n\",x\ny,z\n", .utf16BigEndian)
        for pieces in 1...5 {
            #expect(cut(bytes, rules, pieces: pieces).map(\.text) == ["\"表\r\n\",x", "y,z"])
        }
    }
}
