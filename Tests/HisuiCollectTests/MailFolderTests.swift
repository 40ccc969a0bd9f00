import HisuiBytes
import HisuiCollect
import HisuiEvent
import Testing

/// Messages that are delivered into a folder.
@Suite(.serialized) struct MailFolderTests {
    private let directory = TestDirectory()

    private func start(_ sink: TestSink, resume: TestSink? = nil) throws -> Running {
        let rule = MailRule(attachments: ["*.csv"], encoding: .cp932, table: TableRule())
        let collector = try FolderCollector(
            name: "soc", pattern: directory.path("*.eml"), completion: .renamed,
            contents: .mail(rule), rescanMilliseconds: 20)
        return Running(collector, into: sink, resume: resume)
    }

    private func deliver(_ name: String, _ text: String) {
        directory.append("part", text)
        directory.rename("part", name)
    }

    /// A message with a line of text and tables.
    private func message(_ subject: String, _ tables: [(name: String, text: String)]) -> String {
        var text = "Subject: \(subject)\r\nMessage-ID: <\(subject)>\r\n"
        text += "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n\(subject)\r\n"
        for table in tables {
            text += "--x\r\nContent-Disposition: attachment; filename=\(table.name)\r\n"
            text += "Content-Type: text/csv; charset=utf-8\r\n"
            text += "Content-Transfer-Encoding: base64\r\n\r\n"
            text += Base64Text.text(Array(table.text.utf8)) + "\r\n"
        }
        return text + "--x--\r\n"
    }

    private func table(_ numbers: Range<Int>) -> String {
        "検知ID,重要度\n" + numbers.map { "A-\($0),高\n" }.joined()
    }

    @Test func aMessageAndItsTablesAreTakenOnce() throws {
        deliver("1.eml", message("one", [("a.CSV", table(0..<3)), ("b.txt", "no table")]))
        let sink = TestSink()
        let running = try start(sink)
        eventually("the message") { sink.now.notes.count == 2 }
        running.end()
        #expect(sink.count == 5)
        #expect(sink.texts[0].contains("\"attachments\":[\"a.CSV\",\"b.txt\"],\"text\":\"one"))
        #expect(Array(sink.texts[1...2]) == ["検知ID,重要度", "A-0,高"])
        let path = directory.path("1.eml")
        #expect(
            sink.now.records.map(\.sender) == [path] + Array(repeating: path + "/a.CSV", count: 4))
        #expect(sink.now.tables.map(\.columns) == [["検知ID", "重要度"]])
        let notes = sink.now.notes
        #expect(notes.map(\.path) == [path + "/a.CSV", path])
        #expect(notes.map(\.rows) == [4, 1] && notes.allSatisfy { $0.outcome == .taken })
        #expect(notes[0].digest == SHA256.of(Array(table(0..<3).utf8).span))
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func aTableThatComesAgainIsToldAndNotStored() throws {
        deliver("1.eml", message("one", [("a.csv", table(0..<3))]))
        deliver("2.eml", message("two", [("a.csv", table(0..<3)), ("b.csv", table(3..<5))]))
        let sink = TestSink()
        let running = try start(sink)
        eventually("both") { sink.now.notes.count == 5 }
        running.end()
        #expect(sink.count == 2 + 4 + 3)
        #expect(
            sink.now.notes.map(\.outcome) == [.taken, .taken, .duplicate, .taken, .taken])
        #expect(sink.now.accounts["soc"]?.deduplicated == 4)
    }

    @Test func aTableThatAMessageHasTwiceIsStoredOnce() throws {
        let rows = table(0..<3)
        deliver("1.eml", message("one", [("a.csv", rows), ("a.csv", rows)]))
        let sink = TestSink()
        let running = try start(sink)
        eventually("the message") { sink.now.notes.count == 3 }
        running.end()
        #expect(sink.count == 5)
        #expect(sink.now.notes.map(\.outcome) == [.taken, .duplicate, .taken])
    }

    @Test(arguments: 1...6)
    func aStopInsideAMessageLosesAndDoublesNothing(batches: Int) throws {
        deliver(
            "1.eml",
            message("one", [("a.csv", table(0..<20_000)), ("b.csv", table(20_000..<30_000))]))
        let first = TestSink(batchesMax: batches)
        var running = try start(first)
        eventually("the store is gone") { first.now.batches == batches }
        running.end()
        let second = TestSink()
        running = try start(second, resume: first)
        eventually("the rest") {
            second.now.notes.contains { $0.path == directory.path("1.eml") }
        }
        running.end()
        #expect(first.count + second.count == 1 + 30_000 + 2)
        // The line of names stands twice.
        #expect(Set(first.texts + second.texts).count == 1 + 30_000 + 1)
    }

    @Test func whatIsNoMessageIsOneToo() throws {
        deliver("1.eml", "")
        deliver("2.eml", "\u{0}\n--\n\n\u{1B}")
        let sink = TestSink()
        let running = try start(sink)
        eventually("both") { sink.now.notes.count == 2 }
        running.end()
        #expect(sink.count == 2)
    }
}
