import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// Records whose values have names: JSON objects and delimited lines.
@Suite struct MemberTests {
    private struct Outcome {
        var shape: Shape
        var values: [String: String]
        var row: RowBatch.Row
        var line: String
    }

    private func parse(
        _ records: [[UInt8]], _ set: DefinitionSet = .empty, form: RecordForm = .line,
        encoding: TextEncoding = .utf8
    ) -> [Outcome] {
        var parser = Parser(definitions: set, timeZone: .tokyo, encoding: encoding)
        var batch = RecordBatch(source: Source(id: "t", kind: .file, form: form))
        for record in records {
            batch.append(record.span, received: Timestamp(nanoseconds: 1_795_402_800_000_000_000))
        }
        let rows = parser.parse(batch)
        return rows.rows.enumerated().map { index, row in
            let shape = parser.shapes[row.shape]
            let first = Int(row.firstSlot)
            let slots = rows.slots[first..<first + shape.slots.count]
            var back: [UInt8] = []
            shape.appendRecord(slots: slots, of: rows.bytes.span, to: &back)
            #expect(back == records[index])
            var values: [String: String] = [:]
            for field in shape.fields {
                var value: [UInt8] = []
                shape.append(field.value, slots: slots, of: rows.bytes.span, to: &value)
                values[field.name] = String(decoding: value, as: UTF8.self)
            }
            var line: [UInt8] = []
            ParsedLine.append(row, of: rows, shape: shape, to: &line)
            return Outcome(
                shape: shape, values: values, row: row, line: String(decoding: line, as: UTF8.self))
        }
    }

    private func parse(
        _ texts: [String], _ set: DefinitionSet = .empty, form: RecordForm = .line
    ) -> [Outcome] {
        parse(texts.map { Array($0.utf8) }, set, form: form)
    }

    private var shipped: DefinitionSet {
        DefinitionSet.compile(files: ShippedFiles.definitions, schema: ShippedFiles.schema).set
    }

    private func only(_ name: String) -> DefinitionSet {
        let files = ShippedFiles.definitions.filter {
            String(decoding: $0.bytes, as: UTF8.self).contains("parser: \(name)\n")
        }
        return DefinitionSet.compile(files: files, schema: ShippedFiles.schema).set
    }

    @Test func membersBecomeFields() {
        let line = #"{"EventID":4625,"a":{"b":"山田\"x"},"n":null,"f":1.5,"t":true,"l":[1]}"#
        for form in [RecordForm.line, .json, .syslog] {
            let one = parse([line], form: form)[0]
            #expect(one.shape.structure == .json)
            #expect(one.values["a.b"] == "山田\"x")
            #expect(one.values["l"] == "[1]")
            #expect(one.line.contains(#""EventID":4625,"a.b":"山田\"x","f":1.5,"t":true,"l":"[1]""#))
            #expect(!one.line.contains("\"n\""))
        }
    }

    @Test func objectsInSyslogMessages() {
        let outcomes = parse(
            [
                #"<13>Nov 23 01:02:03 h app[1]: @cee: {"msg":"hello","x":1}"#,
                #"<13>1 2026-11-23T01:02:03Z h app - - - {"msg":"hi"}"#,
                #"<13>Nov 23 01:02:03 h app[1]: text {"msg":"hello"}"#,
            ], shipped, form: .syslog)
        #expect(outcomes[0].values["host.name"] == "h")
        #expect(outcomes[0].values["message"] == "hello")
        #expect(outcomes[1].values["msg"] == "hi")
        #expect(outcomes[2].shape.structure == .text)
        #expect(outcomes[2].values["msg"] == nil)
    }

    @Test func timesOfMembers() {
        let times = [
            (#"{"@timestamp":"2026-11-23T02:21:00.120+09:00"}"#, 1_795_368_060_120_000_000),
            (#"{"time":1795368060}"#, 1_795_368_060_000_000_000),
            (#"{"ts":1795368060.5}"#, 1_795_368_060_500_000_000),
            (#"{"timestamp":1795368060120}"#, 1_795_368_060_120_000_000),
            (#"{"EventTime":"2026-11-23 02:21:00"}"#, 1_795_368_060_000_000_000),
            (#"{"UtcTime":"2026-11-22 17:21:00.120"}"#, 1_795_368_060_120_000_000),
            (#"{"date":"2026\/11\/23 2:21:00"}"#, 1_795_368_060_000_000_000),
        ]
        for (text, time) in times {
            let one = parse([text], shipped)[0]
            #expect(one.row.time.nanoseconds == Int64(time), "\(text)")
            #expect(!one.row.flags.contains(.timeInferred))
        }
        let none = parse([#"{"time":"noon"}"#, #"{"x":1}"#], shipped)
        #expect(none.allSatisfy { $0.row.flags.contains(.timeInferred) })
    }

    @Test func nobodyWritesWhatOnlyHisuiMaySay() {
        let one = parse([#"{"hisui.parser":"x","zone":{"name":"y"},"_time":1,"":2}"#])[0]
        #expect(one.values["record.hisui.parser"] == "x")
        #expect(one.values["record.zone.name"] == "y")
        #expect(one.values["hisui.parser"] == nil)
    }

    /// Names that never repeat cost a bounded number of shapes, and what is turned away is whole.
    @Test func randomNamesDoNotExplode() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SystemRandomNumberGenerator()
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        var whole = 0
        for _ in 0..<5 {
            var batch = RecordBatch(source: Source(id: "t", kind: .file, form: .line))
            for _ in 0..<4000 {
                let text = "{\"k\(random.next())\":1,\"fixed\":\"v\"}"
                batch.append(Array(text.utf8).span, received: .none)
            }
            let rows = parser.parse(batch)
            for row in rows.rows where parser.shapes[row.shape].slots.count == 1 {
                #expect(parser.shapes[row.shape].structure == .json)
                whole += 1
            }
        }
        #expect(parser.shapes.count < 6000, "seed \(seed)")
        #expect(whole > 10_000)
    }

    @Test func definitionsClaimObjectsByTheirValues() {
        let lines = [4624, 4625, 4634, 9999].map {
            #"{"Channel":"Security","EventID":\#($0),"TargetUserName":"山田","IpAddress":"-"}"#
        }
        let outcomes = parse(lines, shipped)
        #expect(outcomes.map(\.shape.rule) == ["logon", "logon-failed", "logoff", ""])
        #expect(outcomes[1].values["user.name"] == "山田")
        #expect(outcomes[1].values["TargetUserName"] == "山田")
        #expect(!outcomes[1].line.contains("source.ip"))
        #expect(Set(outcomes.map(\.row.shape)).count == 4)
    }

    /// One address has one name; the member shows what was written.
    @Test func addressesMappedIntoVersion6AreThoseOfVersion4() {
        func logon(_ address: String) -> String {
            #"{"Channel":"Security","EventID":4625,"TargetUserName":"x","IpAddress":"\#(address)"}"#
        }
        let outcomes = parse(
            ["::ffff:192.0.2.1", "192.0.2.1", "::1", "::ffff:x", "::ffff:192.0.2.1x"].map(logon),
            shipped)
        #expect(
            outcomes.map { $0.values["source.ip"] }
                == ["192.0.2.1", "192.0.2.1", "::1", "::ffff:x", "::ffff:192.0.2.1x"])
        #expect(outcomes[0].values["IpAddress"] == "::ffff:192.0.2.1")
        #expect(outcomes[0].row.shape == outcomes[1].row.shape)
    }

    @Test func delimitedLinesNeedABinding() {
        let line = "2026/11/23 9:15:02,PC,u1,佐藤,課,業,照会,9,理由,正常,1"
        #expect(parse([line], shipped)[0].shape.rule == "")
        let one = parse([line], only("app.resident"))[0]
        #expect(one.shape.rule == "lookup")
        #expect(one.values["操作"] == "照会")
        #expect(one.row.time.nanoseconds == 1_795_392_902_000_000_000)
    }

    @Test func delimitedValues() {
        func values(_ text: String, _ count: Int) -> [String]? {
            let bytes = Array(text.utf8)
            var slots: [ByteRange] = []
            guard
                DelimitedText.appendValues(
                    of: bytes.span, 0..<bytes.count, delimiter: 0x2C, counts: count...count,
                    to: &slots)
            else {
                #expect(slots.isEmpty)
                return nil
            }
            return slots.map { String(decoding: bytes[$0.range], as: UTF8.self) }
        }
        #expect(values("a,b", 2) == ["a", "b"])
        #expect(values(",", 2) == ["", ""])
        #expect(values("\"a,\"\"b\",c\"d", 2) == ["a,\"\"b", "c\"d"])
        #expect(values("\u{FEFF}a,b", 2) == ["a", "b"])
        for text in ["a", "a,b,c", "\"a,b", "\"a\"x,b", ""] { #expect(values(text, 2) == nil) }
    }

    /// 表 is 95 5C and ポ 83 7C: what looks like a backslash or a bar is part of a character.
    @Test func recordsInCP932() {
        let record: [UInt8] =
            Array("2026/11/23 9:15:02,PC,u1,".utf8) + [0x95, 0x5C, 0x83, 0x7C]
            + Array(",a,b,".utf8) + [0x8F, 0xC6, 0x89, 0xEF] + Array(",9,".utf8)
            + [0x81, 0xFF] + Array(",".utf8) + [0x90, 0xB3, 0x8F, 0xED] + Array(",1".utf8)
        let one = parse([record], only("app.resident"), encoding: .cp932)[0]
        #expect(one.shape.encoding == .cp932)
        #expect(one.values["氏名"] == "表ポ")
        #expect(one.values["event.outcome"] == "success")
        #expect(one.values["hisui.task"]?.first == "\u{FFFD}")
        #expect(one.row.flags.contains(.charsetLossy))
        let ascii = parse([Array("plain 5".utf8)], encoding: .cp932)[0]
        #expect(ascii.shape.encoding == .utf8)
    }

    @Test func rulesMatchTheTextOfARecord() {
        let user: [UInt8] = [0xBB, 0xB3, 0xC5, 0xC4]  // 山田 in EUC-JP
        let record =
            Array("<13>Nov 23 01:02:03 h sshd[1]: Failed password for ".utf8) + user
            + Array(" from 192.0.2.1 port 22 ssh2".utf8)
        let one = parse([record], shipped, form: .syslog, encoding: .eucJP)[0]
        #expect(one.values["user.name"] == "山田")
        #expect(one.values["source.ip"] == "192.0.2.1")
        #expect(one.line.contains("Failed password for 山田 from"))
    }

    /// Any bytes in any encoding come back, parsed twice alike.
    @Test func anyBytesComeBack() {
        var random = SystemRandomNumberGenerator()
        let pieces: [[UInt8]] = [
            [0x95, 0x5C], [0x83, 0x7C], [0x81], [0xFF], [0x22], [0x2C], [0x7B, 0x22], [0x22, 0x7D],
            Array("\"a\":".utf8), [0x8E, 0xB1], [0x8F, 0xB0, 0xA1], Array("5 ".utf8), [0xA0],
            [0x3A],
            Array("{\"k\":\"".utf8), Array("user=".utf8), [0xE3, 0x81, 0x82],
        ]
        for encoding in TextEncoding.allCases {
            let records = (0..<500).map { _ in
                (0..<Int.random(in: 0..<12, using: &random)).flatMap { _ in
                    pieces.randomElement(using: &random) ?? []
                }
            }
            let cold = parse(records + records, encoding: encoding)
            for index in records.indices {
                #expect(cold[index].line == cold[index + records.count].line)
                #expect(!cold[index].line.dropLast().unicodeScalars.contains { $0.value < 0x20 })
            }
        }
    }
}
