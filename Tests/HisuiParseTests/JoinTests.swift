import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// Events of several records, whatever comes between them and however they are cut into batches.
@Suite struct JoinTests {
    /// A record of the parser's one source, as it came out.
    struct Row: Hashable {
        var record: String
        var rule: String
        var command: String?
        var others: String?
        var isJoined: Bool
        var isIncomplete: Bool
    }

    /// A parser and the batches it was given.
    struct Run {
        var parser = Parser(definitions: JoinTests.set, timeZone: .tokyo)
        var rows: [Row] = []

        mutating func take(_ records: [String], isLast: Bool = false) {
            var batch = RecordBatch(source: Source(id: "a", kind: .file, form: .line))
            for record in records {
                batch.append(
                    Array(record.utf8).span,
                    received: Timestamp(nanoseconds: 1_795_402_800_000_000_000))
            }
            let rows = parser.parse(batch, isLast: isLast)
            #expect(rows.rows.count == records.count, "a row for each record")
            let parsed = Parsed(rows: rows, shapes: parser.shapes)
            for (number, record) in records.enumerated() {
                #expect(String(decoding: parsed.record(number), as: UTF8.self) == record)
                func value(_ name: String) -> String? { parsed.value(name, number) }
                self.rows.append(
                    Row(
                        record: record, rule: parsed.shape(number).rule,
                        command: value("process.command_line"),
                        others: value("hisui.joined.records"),
                        isJoined: value("hisui.joined") == "true",
                        isIncomplete: rows.rows[number].flags.contains(.incompleteJoin)))
            }
        }

        var events: [Row] { rows.filter { $0.others != nil } }
    }

    static let set: DefinitionSet = {
        let file = ShippedFiles.definitions.filter { $0.name.hasSuffix("linux-auditd.yaml") }
        let (set, problems) = DefinitionSet.compile(files: file, schema: ShippedFiles.schema)
        precondition(problems.isEmpty, "\(problems)")
        return set
    }()

    static func record(
        _ type: String, _ serial: Int, _ body: String, millis: Int = 0, node: String = ""
    ) -> String {
        let fraction = String(1000 + millis % 1000).dropFirst()
        let time = "\(1_767_225_600 + millis / 1000).\(fraction)"
        return "\(node)type=\(type) msg=audit(\(time):\(serial)): " + body
    }

    static func call(_ serial: Int, items: Int = 1, millis: Int = 0, node: String = "") -> String {
        record(
            "SYSCALL", serial, "arch=c000003e syscall=59 success=yes items=\(items) pid=7 uid=0",
            millis: millis, node: node)
    }

    /// The records of an event, in the kernel's order.
    static func event(
        _ serial: Int, millis: Int = 0, hasEnd: Bool = true, node: String = ""
    ) -> [String] {
        var records = [call(serial, millis: millis, node: node)]
        let bodies = [
            ("EXECVE", "argc=2 a0=\"run\" a1=\"\(serial)\""), ("CWD", "cwd=\"/\""),
            ("PATH", "item=0 name=\"/bin/run\" nametype=NORMAL"),
            ("PROCTITLE", "proctitle=\"run\""),
        ]
        for (type, body) in bodies where hasEnd || type != "PROCTITLE" {
            records.append(record(type, serial, body, millis: millis, node: node))
        }
        return records
    }

    @Test func anEventStandsAtTheLastOfItsRecordsAndNamesTheOthers() {
        var run = Run()
        run.take(Self.event(5))
        #expect(run.rows.map(\.rule) == ["part", "part", "part", "part", "execve"])
        #expect(run.rows.allSatisfy { $0.isJoined })
        #expect(run.events.map(\.command) == ["run 5"])
        #expect(run.events.map(\.others) == ["4 3 2 1"])
    }

    /// Records of an event keep their order, as they do in the kernel's buffer; anything may stand
    /// between them, and a batch may end anywhere.
    @Test(arguments: 1...40) func interleavingAndBatchesDoNotMatter(seed: Int) {
        var random = Splitmix(state: UInt64(seed))
        var waiting = (0..<12).map { Self.event($0, node: $0 % 2 == 0 ? "" : "node=h ") }
        waiting.append((0..<9).map { "type=USER_END msg=audit(1767225600.000:\(90 + $0)): pid=1" })
        var records: [String] = []
        while !waiting.isEmpty {
            let index = Int(random.next() % UInt64(waiting.count))
            records.append(waiting[index].removeFirst())
            if waiting[index].isEmpty { waiting.remove(at: index) }
        }
        var run = Run()
        var at = 0
        while at < records.count {
            let end = min(records.count, at + 1 + Int(random.next() % 9))
            run.take(Array(records[at..<end]))
            at = end
        }
        #expect(run.rows.map(\.record) == records, "seed \(seed)")
        #expect(Set(run.events.map(\.command)) == Set((0..<12).map { "run \($0)" }))
        #expect(run.events.count == 12)
        for (index, row) in run.rows.enumerated() {
            guard let others = row.others else { continue }
            #expect(row.record.contains("type=PROCTITLE") && !row.isIncomplete)
            let serial = row.record.split(separator: ":")[1].prefix { $0 != ")" }
            for back in others.split(separator: " ") {
                let other = run.rows[index - (Int(back) ?? 0)].record
                #expect(other.contains(":\(serial))"), "seed \(seed)")
            }
        }
    }

    @Test(arguments: 1...20) func anyOrderWithinABatchGivesTheSameEvent(seed: Int) {
        var random = Splitmix(state: UInt64(seed))
        var records = Self.event(5)
        records.shuffle(using: &random)
        var run = Run()
        run.take(records)
        #expect(run.events.map(\.command) == ["run 5"], "seed \(seed)")
        #expect(run.rows.last?.others == "4 3 2 1")
    }

    @Test func machinesWithTheSameNumberAreKeptApart() {
        var run = Run()
        let (a, b) = (Self.event(5, node: "node=a "), Self.event(5, node: "node=b "))
        run.take(zip(a, b).flatMap { [$0, $1] })
        #expect(run.events.map(\.others) == ["8 6 4 2", "8 6 4 2"])
    }

    @Test func anEventWithoutAnEndTimesOutByTheTimeOfTheLog() {
        var run = Run()
        run.take(
            Self.event(5, hasEnd: false) + [Self.record("USER_END", 6, "pid=1", millis: 1900)]
                + [Self.call(7, millis: 2100)])
        #expect(
            run.rows.map(\.rule) == ["part", "part", "part", "execve", "session-close", "part"])
        #expect(run.events.map(\.isIncomplete) == [false], "all its objects are there")
    }

    @Test func nothingIsWaitedForAtTheEndOfAFile() {
        var run = Run()
        run.take(Self.event(5, hasEnd: false).dropLast(), isLast: true)
        #expect(run.events.map(\.command) == ["run 5"])
        #expect(run.events.map(\.isIncomplete) == [true], "a PATH record is missing")
    }

    @Test func theEndWithoutItsBeginningIsIncompleteAndNoEvent() {
        var run = Run()
        // A restart between the records.
        run.take(Array(Self.event(5)[2...]))
        #expect(run.rows.map(\.rule) == ["part", "part", "part"])
        #expect(run.rows.map(\.isIncomplete) == [false, false, true])
        #expect(run.rows.allSatisfy { $0.isJoined })
    }

    /// auditd's plug-ins hand on the kernel's EOE, which no audit.log has.
    @Test func aSecondEndInALaterBatchIsNeitherAnEventNorIncomplete() {
        var run = Run()
        run.take(Self.event(5))
        run.take([Self.record("EOE", 5, "")])
        run.take([Self.record("EOE", 6, "")])
        run.take(["type=USER msg=audit(1767225700.000:9): pid=1"], isLast: true)
        #expect(run.events.map(\.rule) == ["execve"])
        #expect(run.rows.map(\.isIncomplete).suffix(3) == [false, true, false])
        #expect(run.rows[5].isJoined)
        #expect(run.parser.lostJoins == 1)
    }

    @Test func aReloadOfDefinitionsKeepsOpenEvents() {
        var run = Run()
        run.take(Array(Self.event(5)[..<3]))
        let old = run.parser
        run.parser = Parser(definitions: Self.set, timeZone: .tokyo)
        run.parser.takeJoins(of: old)
        run.take(Array(Self.event(5)[3...]))
        #expect(run.events.map(\.others) == ["4 3 2 1"])
    }

    @Test func whereNoEndsAreWrittenEventsAreWholeWithTheirObjects() {
        var run = Run()
        for serial in 0..<6 { run.take(Self.event(serial, millis: serial * 3000, hasEnd: false)) }
        // Five were over before it was noticed; from then on nothing is waited for.
        #expect(run.events.map(\.command) == ["run 5"])
        #expect(run.parser.lostJoins == 5)
        run.take(Self.event(6, millis: 18_000))
        run.take(Array(Self.event(7, millis: 18_100, hasEnd: false)))
        #expect(run.events.map(\.command) == ["run 5", "run 6"], "ends are written again")
    }

    @Test func openEventsAreBounded() {
        var run = Run()
        run.take((0..<EventJoiner.openMax + 10).map { Self.call($0) })
        #expect(run.parser.lostJoins == 10)
        run.take([Self.record("PROCTITLE", 3, "proctitle=\"x\"")])
        #expect(run.rows.last?.isIncomplete == true)
        run.take([Self.record("PROCTITLE", EventJoiner.openMax, "proctitle=\"x\"")])
        #expect(run.rows.last?.rule == "execve")
    }

    @Test func anArgumentInPiecesIsOne() {
        var run = Run()
        run.take([
            Self.call(5, items: 0),
            Self.record("EXECVE", 5, "argc=3 a0=\"x\" a1_len=6 a1[0]=616263 a1[1]=646566"),
            Self.record("EXECVE", 5, "a1[2]=\"g\" a2=\"y z\""),
            Self.record("PROCTITLE", 5, "proctitle=\"x\""),
        ])
        #expect(run.events.map(\.command) == ["x abcdefg y z"])
    }

    @Test func longValuesAreCutAndSaySo() {
        var run = Run()
        let long = String(repeating: "a", count: 20_000)
        run.take([
            Self.call(5, items: 0), Self.record("EXECVE", 5, "argc=1 a0=\"\(long)\""),
            Self.record("PROCTITLE", 5, "proctitle=\"x\""),
        ])
        #expect(run.events.map { $0.command?.utf8.count } == [16 << 10])
    }

    /// What a program or a user chose stands in quotes or in hexadecimal digits.
    @Test func valuesDoNotForgeMembersOrRecords() {
        let lie = "x\" exe=\"/bin/true\" msg=audit(1.000:1): type=USER_LOGIN"
        let hex = lie.utf8.map { byte in
            String(byte, radix: 16, uppercase: true)
        }.joined()
        let outcomes = NamedOutcome.parse(
            [
                Self.record(
                    "USER_AUTH", 5, "pid=1 msg='op=x acct=\(hex) exe=\"/bin/su\" res=failed'"),
                Self.record("ANOM_ABEND", 6, "pid=2 comm=\"a type=EOE msg=audit(1.0:1): b\" sig=6"),
            ], Self.set)
        #expect(outcomes.map(\.rule) == ["authentication", "crashed"])
        #expect(outcomes[0].values["user.name"] == lie)
        #expect(outcomes[0].values["process.executable"] == "/bin/su")
        #expect(outcomes[0].values["event.outcome"] == "failure")
        #expect(outcomes[1].values["comm"] == "a type=EOE msg=audit(1.0:1): b")
    }

    @Test func whatAuditdResolvedStandsBeside() {
        let record = Self.record(
            "USER_CMD", 5, "pid=1 uid=0 msg='cwd=\"/\" cmd=\"ls\" res=success'")
        let outcome = NamedOutcome.parse([record + "\u{1D}UID=\"root\" AUID=\"tanaka\""], Self.set)[
            0]
        #expect(outcome.values["user.name"] == "tanaka" && outcome.values["UID"] == "root")
        #expect(outcome.values["process.command_line"] == "ls")
    }

    @Test func lineFormsAreKnown() {
        let record = "node=h-1 type=USER_END msg=audit(1767225600.123:5): pid=1 res=success"
        let header = "<13>Jan  1 00:00:00 gate audispd: "
        for text in [record, header + record] {
            let outcome = NamedOutcome.parse([text], Self.set)[0]
            #expect(outcome.rule == "session-close" && outcome.values["host.name"] == "h-1")
            #expect(outcome.row.time.nanoseconds == 1_767_225_600_123_000_000)
        }
        for text in ["type=A msg=audit(1:2): x", "type= msg=audit(1.0:2): x", "type=A"] {
            #expect(NamedOutcome.parse([text], Self.set)[0].rule == "")
        }
    }
}

/// A small generator with a seed.
struct Splitmix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
