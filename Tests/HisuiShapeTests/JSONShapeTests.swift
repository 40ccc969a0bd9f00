import HisuiBytes
import HisuiShape
import Testing

@Suite struct JSONShapeTests {
    private func values(_ text: String) -> [String: String]? {
        let record = Array(text.utf8)
        guard let (shape, slots) = JSONShape.make(record.span) else { return nil }
        var back: [UInt8] = []
        shape.appendRecord(slots: slots, of: record.span, to: &back)
        #expect(back == record)
        var values: [String: String] = [:]
        for field in shape.fields {
            var value: [UInt8] = []
            shape.append(field.value, slots: slots, of: record.span, to: &value)
            values[field.name] = String(decoding: value, as: UTF8.self)
        }
        return values
    }

    @Test func membersAreFieldsByTheirPath() {
        let text = #"""
             {"EventID":4625 , "winlog":{"event_data":{"TargetUserName":"山田\t太郎","n":null}},
             "a":[1,{"b":"}"}],"t":true,"e":"","o":{},"x.y":-1.5e3}
            """#
        #expect(
            values(text) == [
                "EventID": "4625", "winlog.event_data.TargetUserName": "山田\t太郎",
                "winlog.event_data.n": "", "a": #"[1,{"b":"}"}]"#, "t": "true", "e": "",
                "x.y": "-1.5e3",
            ])
    }

    @Test func theLastOfTwoIsTheField() {
        #expect(values(#"{"a":"1","b":"2","a":"3"}"#) == ["a": "3", "b": "2"])
        #expect(values(#"{"a.b":"1","a":{"b":"2"}}"#) == ["a.b": "2"])
    }

    @Test func whatIsNoObjectIsNone() {
        for text in [
            "", "{", "[]", "1", "{}x", "{\"a\":}", "{\"a\":01}", "{\"a\":\"\u{1}\"}", "{\"a\" 1}",
            #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#, "{\"a\":1,}", "{\"a\":[1,]}", "{\"a\":nul}",
            "{\"a\":[1}", "{\"a\":tru",
        ] {
            #expect(values(text) == nil, "\(text)")
        }
        #expect(values("{}") == [:])
        #expect(values(nested(JSONShape.depthMax)) != nil)
        #expect(values(nested(JSONShape.depthMax + 1)) == nil)
    }

    private func nested(_ depth: Int) -> String {
        String(repeating: #"{"a":"#, count: depth - 1) + "{}"
            + String(repeating: "}", count: depth - 1)
    }

    @Test func whatIsTooLargeIsOneSlot() {
        let many = (0..<300).map { "\"m\($0)\":1" }.joined(separator: ",")
        let long = "{\"" + String(repeating: "x", count: 9000) + "\":1}"
        for text in [" {\(many)} ", long] {
            let record = Array(text.utf8)
            var slots: [ByteRange] = []
            let outcome = JSONShape.appendSlots(
                of: record.span, 0..<record.count, slotsMax: 255, to: &slots)
            let start = text.first == " " ? 1 : 0
            #expect(outcome == .whole(end: record.count - start))
            #expect(slots == [ByteRange(start..<record.count - start)])
            #expect(JSONShape.make(record.span) == nil)
        }
    }

    /// Members read back from a shape's fixed text are those of the record.
    @Test func fixedTextSaysWhatSlotsAre() throws {
        let record = Array(#"{"a":"","b":{"c":[],"d":null},"e":"x"}"#.utf8)
        let made = JSONShape.make(record.span)?.shape
        let shape = try #require(made)
        #expect(shape.jsonMembers() == JSONShape.members(of: record.span, 0..<record.count))
        #expect(shape.jsonMembers()?.map(\.isText) == [true, false, false, true])
        #expect(Shape.any.jsonMembers() == nil)
    }

    /// The scan accepts what `JSONScanner` accepts, and finds as many values.
    @Test func scannersAgree() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Splitmix(state: seed)
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "\\", "\\n", "\\u00e9", "1", "-", "0", ".",
            "e+5", "true", "null", " ", "\t", "\u{1}", "あ", "\"b\":", "{\"c\":1}", "[2,[]]",
        ]
        for round in 0..<20_000 {
            var text = "{\"a\":"
            for _ in 0..<random.below(6) { text += random.element(pieces) }
            if round % 2 == 0 { text += "}" }
            let record = Array(text.utf8)
            var slots: [ByteRange] = []
            let outcome = JSONShape.appendSlots(
                of: record.span, 0..<record.count, slotsMax: 255, to: &slots)
            let members = JSONShape.members(of: record.span, 0..<record.count)
            #expect((outcome == .none) == (members == nil), "\(text) seed \(seed)")
            if outcome != .none {
                #expect(members?.count == slots.count, "\(text) seed \(seed)")
            }
        }
    }
}
