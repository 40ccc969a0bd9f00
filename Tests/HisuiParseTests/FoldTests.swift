import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// Operations on files, told by several records of the Windows security log, become one event.
@Suite struct FoldTests {
    /// A record of the parser's one source, as it came out.
    struct Row: Hashable {
        var rule: String
        var action: String?
        var path: String?
        var address: String?
        var count: String?
        var start: String?
        var others: String?
        var isJoined: Bool
    }

    /// A parser and the batches it was given.
    struct Run {
        var parser = Parser(definitions: FoldTests.set, timeZone: .tokyo)
        var rows: [Row] = []
        var sender = "192.0.2.200"

        mutating func take(_ records: [String]) {
            let batch = FoldTests.batch(records, sender: sender)
            let rows = parser.parse(batch)
            #expect(rows.rows.count == records.count, "a row for each record")
            let parsed = Parsed(rows: rows, shapes: parser.shapes)
            for (number, record) in records.enumerated() {
                #expect(String(decoding: parsed.record(number), as: UTF8.self) == record)
                func value(_ name: String) -> String? { parsed.value(name, number) }
                self.rows.append(
                    Row(
                        rule: parsed.shape(number).rule, action: value("event.action"),
                        path: value("file.path"), address: value("source.ip"),
                        count: value("hisui.joined.count"), start: value("event.start"),
                        others: value("hisui.joined.records"),
                        isJoined: value("hisui.joined") == "true"))
            }
        }

        var events: [Row] { rows.filter { $0.count != nil } }
    }

    static func batch(_ records: [String], sender: String = "192.0.2.200") -> RecordBatch {
        var batch = RecordBatch(source: Source(id: "a", kind: .file, form: .line))
        batch.senders = ["", sender]
        for record in records {
            batch.append(
                Array(record.utf8).span,
                received: Timestamp(nanoseconds: 1_795_402_800_000_000_000), sender: 1)
        }
        return batch
    }

    static let set: DefinitionSet = {
        let file = ShippedFiles.definitions.filter { $0.name.hasSuffix("windows-security.yaml") }
        let (set, problems) = DefinitionSet.compile(files: file, schema: ShippedFiles.schema)
        precondition(problems.isEmpty, "\(problems)")
        return set
    }()

    /// A record, `second` seconds after midnight.
    static func record(
        _ code: Int, _ second: Int, session: String = "0x8f21", host: String = "fs01",
        isFailure: Bool = false, _ members: [(String, String)]
    ) -> String {
        func two(_ value: Int) -> String { String(String(100 + value).dropFirst()) }
        let time = "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
        var text = "{\"EventTime\":\"2026-11-23 \(time)\",\"Channel\":\"Security\","
        text += "\"Hostname\":\"\(host)\",\"EventID\":\(code),\"Keywords\":"
        text += isFailure ? "-9218868437227405312" : "-9214364837600034816"
        text += ",\"SubjectUserName\":\"yamada\",\"SubjectLogonId\":\"\(session)\""
        for (name, value) in members {
            let escaped = value.replacing("\\", with: "\\\\")
            text += ",\"\(name)\":\"\(escaped)\""
        }
        return text + "}"
    }

    static func open(
        _ path: String, _ asked: String, _ second: Int = 0, handle: String = "0x10",
        session: String = "0x8f21", isFailure: Bool = false
    ) -> String {
        record(
            4656, second, session: session, isFailure: isFailure,
            [
                ("ObjectType", "File"), ("ObjectName", path), ("HandleId", handle),
                ("AccessMask", asked), ("ProcessId", "0x4"),
            ])
    }

    static func use(
        _ path: String, _ used: String, _ second: Int = 0, handle: String = "0x10",
        session: String = "0x8f21", host: String = "fs01"
    ) -> String {
        record(
            4663, second, session: session, host: host,
            [
                ("ObjectType", "File"), ("ObjectName", path), ("HandleId", handle),
                ("AccessMask", used), ("ProcessId", "0x4"),
            ])
    }

    static func close(_ second: Int = 0, handle: String = "0x10") -> String {
        record(4658, second, [("HandleId", handle), ("ProcessId", "0x4")])
    }

    static func deletion(_ second: Int = 0, handle: String = "0x10") -> String {
        record(4660, second, [("HandleId", handle), ("ProcessId", "0x4")])
    }

    static func ask(
        _ name: String, _ second: Int = 0, address: String = "192.0.2.9",
        asked: String = "0x120089", session: String = "0x8f21"
    ) -> String {
        record(
            5145, second, session: session,
            [
                ("ObjectType", "File"), ("IpAddress", address), ("ShareName", #"\\*\share"#),
                ("ShareLocalPath", #"\??\D:\share"#), ("RelativeTargetName", name),
                ("AccessMask", asked),
            ])
    }

    // MARK: One event

    @Test func aReadIsOneEventWithTerminalPathAndCount() {
        var run = Run()
        run.take([
            Self.use(#"D:\share\first"#, "0x1", handle: "0x99"),
            Self.ask("A.txt", 1), Self.open(#"D:\share\a.txt"#, "0x120089", 1),
            Self.use(#"D:\share\a.txt"#, "0x1", 2), Self.close(3),
        ])
        #expect(
            run.rows.map(\.rule) == [
                "file-read", "share-access", "object-handle", "file-read", "handle-close",
            ])
        #expect(run.rows.allSatisfy { $0.isJoined })
        #expect(run.events.count == 2)
        let event = run.events[1]
        #expect(event.action == "file-access" && event.path == #"D:\share\a.txt"#)
        #expect(event.address == "192.0.2.9" && event.count == "1")
        #expect(event.others == "2 1" && event.start == "2026-11-22T15:00:01.000Z")
        #expect(run.rows.filter { $0.count == nil }.allSatisfy { $0.action == nil })
    }

    @Test func readingAndChangingThroughOneHandleIsOneChange() {
        var run = Run()
        run.take([
            Self.open(#"D:\a"#, "0x12019f"), Self.use(#"D:\a"#, "0x1"), Self.use(#"D:\a"#, "0x2"),
            Self.use(#"D:\a"#, "0x4"), Self.close(),
        ])
        #expect(run.events.map(\.action) == ["file-write"])
        #expect(run.events.map(\.count) == ["2"])
    }

    @Test func aHandleThatMayDeleteIsWaitedFor() {
        var run = Run()
        run.take([Self.open(#"D:\a"#, "0x13019f"), Self.use(#"D:\a"#, "0x1", 1)])
        #expect(run.events.isEmpty)
        run.take([Self.use(#"D:\a"#, "0x2", 2), Self.close(70)])
        #expect(run.events.map(\.action) == ["file-write"])
        #expect(run.events.map(\.count) == ["2"])
        #expect(run.events[0].start == "2026-11-22T15:00:00.000Z")
    }

    @Test func aDeletionNamesTheFileOfItsHandle() {
        var run = Run()
        run.take([
            Self.open(#"D:\a"#, "0x10080"), Self.use(#"D:\a"#, "0x10000"), Self.deletion(),
            Self.close(),
        ])
        #expect(run.events.map(\.action) == ["file-delete"])
        #expect(run.events.map(\.path) == [#"D:\a"#])
    }

    @Test func aRenameIsToldOnlyIfSomethingWasPutIntoTheSameFolder() {
        for (folder, rule) in [(#"D:\share"#, "file-rename"), (#"D:\other"#, "file-remove")] {
            var run = Run()
            run.take([
                Self.open(#"D:\share\a"#, "0x10080"), Self.use(#"D:\share\a"#, "0x10000"),
                Self.use(folder, "0x2", handle: "0x20"), Self.close(),
            ])
            #expect(run.events.map(\.rule) == ["file-change", rule])
            #expect(run.events.last?.path == #"D:\share\a"#)
        }
    }

    @Test func aDeletionIsNoRenameWhateverWasPutIntoTheFolder() {
        var run = Run()
        run.take([
            Self.open(#"D:\share\a"#, "0x10080"), Self.use(#"D:\share\a"#, "0x10000"),
            Self.use(#"D:\share"#, "0x2", handle: "0x20"), Self.deletion(), Self.close(),
        ])
        #expect(run.events.map(\.rule) == ["file-change", "file-delete"])
    }

    @Test func whatIsPutIntoAFolderLaterMakesNoRename() {
        var run = Run()
        run.take([
            Self.use(#"D:\share\a"#, "0x10000", 1),
            Self.open(#"D:\share\b"#, "0x10080", 1, handle: "0x11"),
            Self.use(#"D:\share\b"#, "0x10000", 1, handle: "0x11"),
            Self.use(#"D:\share"#, "0x2", 9, handle: "0x20"), Self.close(9, handle: "0x11"),
        ])
        #expect(run.events.map(\.rule) == ["file-remove", "file-change", "file-remove"])
    }

    @Test func aHandleThatOnlyReadIsNotTakenForTheOneThatDeleted() {
        var run = Run()
        run.take([Self.use(#"D:\share\a"#, "0x1"), Self.deletion()])
        #expect(run.rows.map(\.rule) == ["file-read", "object-delete"])
        #expect(run.rows[1].path == nil)
    }

    @Test func withoutRecordsOfHandlesAUseIsToldAtOnce() {
        var run = Run()
        run.take([Self.use(#"D:\share\a"#, "0x10000"), Self.deletion()])
        #expect(run.events.map(\.rule) == ["file-remove", "file-delete"])
        run.take([
            Self.use(#"D:\share\b"#, "0x10000"), Self.use(#"D:\share"#, "0x2", handle: "0x20"),
        ])
        #expect(run.events.last?.rule == "file-rename" && run.events.last?.path == #"D:\share\b"#)
    }

    @Test func aFileIsNewOnlyWhereItsFolderWasJustPutSomethingInto() {
        var run = Run()
        run.take([
            Self.use(#"D:\share"#, "0x2", 1, handle: "0x20"), Self.use(#"D:\share\a"#, "0x2", 1),
            Self.use(#"D:\share\b"#, "0x2", 1), Self.use(#"D:\share"#, "0x2", 70, handle: "0x20"),
            Self.use(#"D:\share\c"#, "0x2", 80),
        ])
        #expect(
            run.events.map(\.rule) == [
                "file-change", "file-create", "file-change", "file-change", "file-change",
            ])
    }

    @Test func aRefusalIsAFailure() {
        var run = Run()
        run.take([Self.open(#"D:\a"#, "0x1", isFailure: true)])
        #expect(run.events.map(\.rule) == ["file-refused"])
    }

    // MARK: Repetition

    @Test func repetitionIsCountedAndToldInTheNextWindow() {
        var run = Run()
        run.take((0..<50).map { Self.use(#"D:\a"#, "0x1", $0) })
        #expect(run.events.map(\.count) == ["1"])
        run.take([Self.use(#"D:\a"#, "0x1", 61)])
        #expect(run.events.map(\.count) == ["1", "50"])
        #expect(run.events[1].start == "2026-11-22T15:00:01.000Z")
    }

    @Test func anotherKindIsToldAtOnce() {
        var run = Run()
        run.take([Self.use(#"D:\a"#, "0x1"), Self.use(#"D:\a"#, "0x1"), Self.use(#"D:\a"#, "0x2")])
        #expect(run.events.map(\.action) == ["file-access", "file-write"])
        #expect(run.events.map(\.count) == ["1", "2"])
    }

    @Test func everyDeletionIsTold() {
        var run = Run()
        for _ in 0..<3 {
            run.take([
                Self.open(#"D:\a"#, "0x10080"), Self.use(#"D:\a"#, "0x10000"), Self.deletion(),
                Self.close(),
            ])
        }
        #expect(run.events.map(\.action) == Array(repeating: "file-delete", count: 3))
    }

    @Test func attributesAreNoOperation() {
        var run = Run()
        run.take([
            Self.open(#"D:\a"#, "0x100080"), Self.use(#"D:\a"#, "0x80"), Self.close(),
        ])
        #expect(run.events.isEmpty && run.rows.allSatisfy { $0.isJoined && $0.action == nil })
    }

    // MARK: Sessions and machines

    @Test func sessionsMachinesAndSendersAreKeptApart() {
        var run = Run()
        run.take([
            Self.ask("x", address: "192.0.2.1", session: "0x1"),
            Self.use(#"D:\share\a"#, "0x1", session: "0x1"),
            Self.use(#"D:\share\a"#, "0x1", session: "0x2"),
            Self.use(#"D:\share\a"#, "0x1", session: "0x1", host: "fs02"),
        ])
        #expect(run.events.map(\.address) == ["192.0.2.1", "192.0.2.1", nil, nil])
        run.sender = "203.0.113.66"
        run.take([
            Self.ask("x", address: "198.51.100.1", session: "0x1"),
            Self.deletion(handle: "0x10"),
        ])
        run.sender = "192.0.2.200"
        run.take([Self.use(#"D:\share\b"#, "0x1", session: "0x1")])
        #expect(run.events.last?.address == "192.0.2.1")
        #expect(run.rows[5].rule == "object-delete" && run.rows[5].path == nil)
    }

    @Test func theLogonSaysTheTerminalToo() {
        var run = Run()
        run.take([
            Self.record(
                4624, 0, session: "0x3e7",
                [("TargetLogonId", "0x77"), ("IpAddress", "192.0.2.5"), ("LogonType", "10")]),
            Self.use(#"D:\a"#, "0x1", session: "0x77"),
            Self.use(#"D:\a"#, "0x1", session: "0x3e7"),
        ])
        #expect(run.rows[0].rule == "logon" && !run.rows[0].isJoined)
        #expect(run.events.map(\.address) == ["192.0.2.5", nil])
    }

    @Test func otherObjectsStayWhatTheyAre() {
        var run = Run()
        run.take([
            Self.use(#"\REGISTRY\A"#, "0x1").replacing("\"File\"", with: "\"Key\""),
            Self.use(#"\Device\X"#, "0x1").replacing("\"File\"", with: "\"Process\""),
            Self.close(handle: "0x7777"),
        ])
        #expect(run.events.isEmpty)
        #expect(run.rows.allSatisfy { !$0.isJoined && $0.action != nil })
    }

    @Test func aTerminalIsNotTakenFromAName() {
        var run = Run()
        run.take([
            Self.ask("x\\u000aIpAddress: 203.0.113.9\\u0022,\\u0022IpAddress\\u0022:"),
            Self.use(#"D:\share\a"#, "0x1"),
        ])
        #expect(run.events.last?.address == "192.0.2.9")
    }

    // MARK: Batches, bounds

    /// Records of a made server, mixed at random but each session's own in order.
    static func stream(seed: Int) -> [String] {
        var random = Splitmix(state: UInt64(seed))
        var records: [String] = []
        for second in 0..<200 {
            let session = "0x\(random.next() % 4)"
            let file = #"D:\share\"# + "\(random.next() % 5)"
            let handle = "0x\(random.next() % 6)"
            switch random.next() % 8 {
            case 0: records.append(open(file, "0x12019f", second, handle: handle, session: session))
            case 1: records.append(open(file, "0x10080", second, handle: handle, session: session))
            case 2: records.append(use(file, "0x1", second, handle: handle, session: session))
            case 3: records.append(use(file, "0x10002", second, handle: handle, session: session))
            case 4:
                records.append(use(#"D:\share"#, "0x2", second, handle: "0x9", session: session))
            case 5: records.append(close(second, handle: handle))
            case 6: records.append(deletion(second, handle: handle))
            default: records.append(ask("\(random.next() % 5)", second, session: session))
            }
        }
        return records
    }

    @Test(arguments: 1...30) func batchesDoNotMatter(seed: Int) {
        let records = Self.stream(seed: seed)
        var whole = Run()
        whole.take(records)
        var random = Splitmix(state: UInt64(seed))
        var cut = Run()
        var at = 0
        while at < records.count {
            let end = min(records.count, at + 1 + Int(random.next() % 9))
            cut.take(Array(records[at..<end]))
            at = end
        }
        #expect(whole.rows == cut.rows, "seed \(seed)")
        #expect(whole.events.count > 20)
    }

    /// A parser that has seen the last records again goes on as if it had not been stopped.
    @Test(arguments: 1...30) func recalledRecordsLeaveNoSeam(seed: Int) {
        let records = Self.stream(seed: seed)
        var whole = Run()
        whole.take(records)
        let middle = 90 + seed
        var first = Run()
        first.take(Array(records[..<middle]))
        var second = Run()
        second.parser.recall(
            Self.batch(Array(records[..<middle])), positions: (0..<middle).map(UInt64.init),
            count: UInt64(middle))
        second.take(Array(records[middle...]))
        #expect(whole.rows == first.rows + second.rows, "seed \(seed)")
    }

    @Test func objectsAreBoundedAndWhatGoesIsCounted() {
        var run = Run()
        run.take([Self.open(#"D:\first"#, "0x13019f"), Self.use(#"D:\first"#, "0x1")])
        for start in stride(from: 0, to: EventFolder.objectsMax + 10, by: 1000) {
            run.take((start..<start + 1000).map { Self.use(#"D:\"# + "\($0)", "0x1") })
        }
        #expect(run.parser.lostFolds == 1)
        run.take([Self.close(1)])
        #expect(run.rows.last?.count == nil)
    }

    @Test func rightsAreMasksNumbersOrCodes() {
        func access(_ text: String) -> UInt32 {
            let bytes = Array(text.utf8)
            return FoldDefinition.access(bytes.span, 0..<bytes.count)
        }
        #expect(access("0x12019F") == 0x12019F && access("65536") == 0x10000)
        #expect(access("%%1537\n\t\t\t\t%%4416\r\n%%4418 %%9999") == 0x10005)
        #expect(access("") == 0 && access("0x") == 0 && access("%%") == 0)
        #expect(access("99999999999999999999") <= UInt32.max)
    }
}
