import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML
import Testing

@testable import HisuiParse

/// Times that messages state and definitions say how to read.
@Suite struct StatedTimeTests {
    static func yaml(
        line: String = "[{@timestamp:ts(yyyy/MM/dd HH:mm:ss)}] up{_:rest}", tz: String = "tz: UTC",
        sample: String = "[2026/11/27 06:05:04] up", time: String = "2026-11-27T06:05:04Z"
    ) -> String {
        """
        parser: test.one
        version: 1
        \(tz)
        match: { program: "*" }
        rules:
          - id: one
            line: "\(line)"
            set: { event.action: logon }
        samples:
          - { line: "\(sample)", is: { rule: one, "@timestamp": "\(time)" } }
          - reject: "goodbye"
        """
    }

    static func rows(
        _ yaml: String, _ records: [String], zone: TimeZoneRules = .tokyo,
        latest: Timestamp = .none, received: String = "2026-11-27T00:00:00Z"
    ) throws -> (times: [String], flags: [RowFlags], fields: [[String]]) {
        let (set, diagnostics) = TestRules.compile(yaml)
        #expect(diagnostics.map(\.description) == [])
        let bytes = Array(received.utf8)
        let now = try #require(
            TimeText.rfc3339(bytes.span, 0..<bytes.count)?.value.civil.nanoseconds)
        var batch = RecordBatch(
            source: Source(id: "t", kind: .file, form: .syslog))
        batch.latestPossible = latest
        for record in records {
            batch.append(Array(record.utf8).span, received: Timestamp(nanoseconds: now))
        }
        var parser = Parser(definitions: set, timeZone: zone)
        let rows = parser.parse(batch)
        return (
            rows.rows.map { row in
                var out: [UInt8] = []
                TimeText.appendRFC3339(
                    nanoseconds: row.time.nanoseconds, offsetSeconds: 0, fractionDigits: 3, to: &out
                )
                return String(decoding: out, as: UTF8.self)
            }, rows.rows.map(\.flags),
            rows.rows.map { parser.shapes[$0.shape].fields.map(\.name) }
        )
    }

    @Test func theMessagesTimeWinsOverTheHeadersInTheDefinitionsZone() throws {
        let rows = try Self.rows(
            Self.yaml(),
            ["<1>Nov 27 00:00:09 192.0.2.1 [2026/11/27 06:05:04] up", "[2025/01/02 03:04:05] up"])
        #expect(rows.times == ["2026-11-27T06:05:04.000Z", "2025-01-02T03:04:05.000Z"])
        #expect(rows.flags == [[], []])
        #expect(!rows.fields[0].contains("@timestamp"))
        let tokyo = try Self.rows(
            Self.yaml(tz: "about: x", time: "2026-11-27T06:05:04+09:00"),
            ["<1>[2026/11/27 06:05:04] up"])
        #expect(tokyo.times == ["2026-11-26T21:05:04.000Z"])
    }

    @Test func anImpossibleTimeIsNoTime() throws {
        let rows = try Self.rows(Self.yaml(), ["<1>[2026/13/27 06:05:04] up"])
        #expect(rows.flags == [.timeInferred])
        #expect(!rows.fields[0].contains("event.action"))
    }

    @Test func theYearIsThatNearestToReceiptOrOfTheFile() throws {
        let yaml = Self.yaml(
            line: "at {@timestamp:ts(MMM d HH:mm:ss)}: up", sample: "at Dec 31 06:05:04: up",
            time: "2025-12-31T06:05:04Z")
        let live = try Self.rows(yaml, ["<1>at Dec 31 06:05:04: up", "<1>at Aug  1 06:05:04: up"])
        #expect(live.times == ["2026-12-31T06:05:04.000Z", "2026-08-01T06:05:04.000Z"])
        #expect(live.flags == [.yearInferred, .yearInferred])
        let file = try Self.rows(
            yaml, ["at Dec 31 06:05:04: up", "at Jan  1 06:05:04: up"],
            latest: Timestamp(nanoseconds: 1_704_153_600_000_000_000))
        #expect(file.times == ["2023-12-31T06:05:04.000Z", "2024-01-01T06:05:04.000Z"])
    }

    @Test func countsErasAndOptionalTimesAreRead() throws {
        let audit = Self.yaml(
            line: "msg=audit({@timestamp:ts(epoch)}:{audit.serial:int}): {_:rest}",
            sample: "msg=audit(1653312742.539:861): x", time: "2022-05-23T13:32:22.539Z")
        #expect(
            try Self.rows(audit, ["msg=audit(1653312742.539:861): x"]).times
                == ["2022-05-23T13:32:22.539Z"])
        let era = Self.yaml(
            line: "[[{@timestamp:ts(Gy年M月d日 H時m分)} ]]受付{_:rest}", sample: "令和8年11月27日 9時5分 受付",
            time: "2026-11-27T09:05:00Z")
        let rows = try Self.rows(era, ["<1>令和8年11月27日 9時5分 受付", "<1>受付"])
        #expect(rows.times[0] == "2026-11-27T09:05:00.000Z")
        #expect(rows.flags == [[], .timeInferred])
    }

    @Test func aPrefixMayHoldTheTime() throws {
        let yaml = Self.yaml(
            line: "ready{_:rest}", tz: "prefix: \"{@timestamp:ts(yyyy/MM/dd HH:mm:ss)} \""
        )
        .replacing("[2026/11/27 06:05:04] up", with: "2026/11/27 06:05:04 ready")
        .replacing("04Z", with: "04+09:00")
        let rows = try Self.rows(yaml, ["<1>2026/11/27 06:05:04 ready"])
        #expect(rows.times == ["2026-11-26T21:05:04.000Z"])
    }

    @Test(arguments: [
        ("{@timestamp:ts} x", "tz: UTC", "test.yaml:7:24: a time needs to know how it is written"),
        ("{@timestamp:ts(HH:mm)} x", "tz: UTC", "test.yaml:7:27: the time does not say which day"),
        ("{@timestamp:ts(yyyy/MM/QQ)} x", "tz: UTC", "test.yaml:7:35: `QQ` is no part of a time"),
        ("{@timestamp:word} x", "tz: UTC", "test.yaml:7:24: `@timestamp` is a time and cannot be"),
        ("{source.ip:ts(epoch)} x", "tz: UTC", "test.yaml:7:23: `source.ip` is an IP address and"),
        ("{event.created:ts(epoch)} x", "tz: UTC", "test.yaml:7:27: `event.created` is a time and"),
        ("{_:word}{_:ts(epoch)} x", "tz: UTC", "test.yaml:7:12: nothing says where `_` ends"),
        (
            "x{_:rest}", "tz: Mars/Base",
            "test.yaml:3:5: unknown time zone `Mars/Base` (write a name"
        ),
    ])
    func mistakesAreTold(_ line: String, _ tz: String, _ expected: String) {
        let problems = TestRules.problems(Self.yaml(line: line, tz: tz))
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
    }

    @Test func samplesAreHeldToTheirTime() {
        let wrong = TestRules.problems(Self.yaml(time: "2026-11-27T06:05:05Z"))
        #expect(wrong.count == 1 && wrong[0].contains("but is `2026-11-27T06:05:04Z`"), "\(wrong)")
        let vague = TestRules.problems(Self.yaml(time: "2026-11-27 06:05:04"))
        #expect(vague.count == 1 && vague[0].contains("is no time with a zone"), "\(vague)")
    }
}

/// Times of tables and objects whose definition says how they are written.
@Suite struct StatedMemberTimeTests {
    static func yaml(_ head: String, sample: String, time: String) -> String {
        """
        parser: test.one
        version: 1
        tz: UTC
        \(head)
        rules:
          - { id: one, when: { what: in }, set: { event.action: logon } }
        samples:
          - { line: '\(sample)', is: { rule: one, "@timestamp": "\(time)" } }
          - { line: '\(sample)', hostile: true, is: { rule: one } }
          - reject: "x"
        """
    }

    @Test func columnsWithATimeOfAnEra() {
        let csv =
            "input: csv\ncsv: { columns: [day, clock, what], time: [day, clock] }\n"
            + "time_format: [yyyy/MM/dd HH:mm, \"Gy/M/d H時m分\"]"
        #expect(
            TestRules.problems(
                Self.yaml(csv, sample: "R8/11/27,9時5分,in", time: "2026-11-27T09:05:00Z")) == [])
        #expect(
            TestRules.problems(
                Self.yaml(csv, sample: "2026/11/27,09:05,in", time: "2026-11-27T09:05:00Z")) == [])
        let usual = "input: csv\ncsv: { columns: [day, what], time: day }"
        #expect(
            TestRules.problems(
                Self.yaml(usual, sample: "2026/11/27 9:05,in", time: "2026-11-27T09:05:00Z")) == [])
        #expect(
            TestRules.problems(
                Self.yaml(csv, sample: "2026-11-27,09:05,in", time: "2026-11-27T09:05:00Z")
            )
            .contains { $0.contains("`@timestamp` should be") })
    }

    @Test func membersWithATimeOfTheirOwn() {
        let json = "input: json\nmatch: { when: { what: \"*\" } }\ntimes: [at, when]\n"
        #expect(
            TestRules.problems(
                Self.yaml(
                    json + "time_format: \"dd/MMM/yyyy:HH:mm:ss\"",
                    sample: "{\"when\":\"27/Nov/2026:09:05:04\",\"what\":\"in\",\"time\":1}",
                    time: "2026-11-27T09:05:04Z")) == [])
        #expect(
            TestRules.problems(
                Self.yaml(
                    json + "time_format: epoch.ms",
                    sample: "{\"at\":1795000000123,\"what\":\"in\"}",
                    time: "2026-11-18T11:06:40.123Z")) == [])
    }

    @Test func mistakesAreTold() {
        let problems = TestRules.problems(
            Self.yaml(
                "input: csv\ncsv: { columns: [a, what], time: a }\ntime_format: [HH:mm]",
                sample: "1,in", time: "2026-11-27T09:05:00Z"))
        #expect(problems.contains { $0.contains("the time does not say which day") }, "\(problems)")
    }
}
