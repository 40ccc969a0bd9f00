import Glibc
import HisuiCollect
import HisuiEvent
import Testing

/// A RELP sender that says exactly what a test wants.
final class RELPClient {
    private let client: TestClient
    private var number = 0
    private var received: [UInt8] = []

    init(port: UInt16) {
        client = TestClient(port: port, stream: true)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(
            client.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit,
            socklen_t(MemoryLayout<timeval>.size))
    }

    /// Opens a session.
    convenience init(opened port: UInt16) {
        self.init(port: port)
        open()
    }

    func open() {
        send("open", "relp_version=0\nrelp_software=test\ncommands=syslog")
        #expect(answer()?.hasPrefix("\(number) rsp 57 200 OK\nrelp_version=0\n") == true)
    }

    func send(_ command: String, _ data: String, number given: Int? = nil) {
        number = given ?? number + 1
        let space = data.isEmpty ? "" : " "
        client.send("\(number) \(command) \(data.utf8.count)\(space)\(data)\n")
    }

    func log(_ texts: String...) { for text in texts { send("syslog", text + "\n") } }

    func raw(_ text: String) { client.send(text) }

    func reset() { client.reset() }

    /// The next answer, without its LF; nil at the end of the stream.
    func answer() -> String? {
        while true {
            if let answer = takeAnswer() { return answer }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe recv(client.descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return nil }
            received += buffer[..<count]
        }
    }

    private func takeAnswer() -> String? {
        let words = received.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
        guard words.count >= 3 else { return nil }
        let digits = words[2].prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard digits.count < words[2].count || words.count > 3,
            let count = Int(String(decoding: digits, as: UTF8.self))
        else { return nil }
        let head = words[0].count + words[1].count + 2 + digits.count + (count > 0 ? 1 : 0)
        guard received.count > head + count, received[head + count] == 0x0a else { return nil }
        defer { received.removeFirst(head + count + 1) }
        return String(decoding: received[..<(head + count)], as: UTF8.self)
    }

    /// Whether nothing has come by now.
    var hasNoAnswer: Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(
            client.descriptor, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK))
        return received.isEmpty && count < 0 && errno == EAGAIN
    }
}

@Suite(.serialized) struct RELPTests {
    private func collector(
        recordBytesMax: Int = Limits.recordBytesMax, cuts: Bool = true
    ) throws -> RELPCollector {
        try RELPCollector(
            address: "127.0.0.1", port: 0, recordBytesMax: recordBytesMax, cutsLongRecords: cuts)
    }

    private func flagged(_ sink: TestSink) -> [String] {
        sink.now.records.map { $0.text + ($0.flags.contains(.maybeDuplicate) ? "?" : "") }
    }

    @Test func answersOnlyWhatIsDurableAndInOrder() throws {
        let collector = try collector()
        let sink = TestSink(isDurable: false)
        let running = Running(collector, into: sink)
        let client = RELPClient(opened: collector.port)
        client.log("<13>one", "<13>two")
        eventually("two records") { sink.count == 2 }
        #expect(client.hasNoAnswer)
        sink.sync()
        #expect(client.answer() == "2 rsp 6 200 OK")
        #expect(client.answer() == "3 rsp 6 200 OK")
        client.send("close", "")
        #expect(client.answer() == "4 rsp 0")
        #expect(client.answer() == "0 serverclose 0")
        #expect(client.answer() == nil)
        running.end()
        let id = "relp:127.0.0.1:\(collector.port)/127.0.0.1"
        #expect(sink.now.records.allSatisfy { $0.source == id && $0.sender == "127.0.0.1" })
        #expect(sink.texts == ["<13>one", "<13>two"])
    }

    @Test func aCloseIsAnsweredAfterTheRecordsBeforeIt() throws {
        let collector = try collector()
        let sink = TestSink(isDurable: false)
        let running = Running(collector, into: sink)
        let client = RELPClient(opened: collector.port)
        client.log("<13>last")
        client.send("close", "")
        eventually("the record") { sink.count == 1 }
        #expect(client.hasNoAnswer)
        sink.sync()
        #expect(client.answer() == "2 rsp 6 200 OK")
        #expect(client.answer() == "3 rsp 0")
        running.end()
    }

    // rsyslog#841
    @Test(arguments: [
        "1 syslog 3 <1>\n", "2 open 0\n", "1 open 0\n3 syslog 1 a\n", "1 open 0\n1 syslog 1 a\n",
        "1 open 0\n2 starttls 0\n", "1 open 0\n2 syslog 1 ab\n", "<13>no RELP at all\n",
    ])
    func whatBreaksTheRulesIsClosedAndNeverAnsweredWithAnError(stream: String) throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = RELPClient(port: collector.port)
        client.raw(stream)
        var answers: [String] = []
        while let answer = client.answer() { answers.append(answer) }
        #expect(answers.allSatisfy { $0.contains(" 200 OK") })
        #expect(collector.counts.refusals[.brokenRules] == 1)
        #expect(sink.count == 0)
        running.end()
    }

    // librelp#129
    @Test func severalOpensInOneSessionAreAnswered() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = RELPClient(opened: collector.port)
        client.open()
        client.log("<13>a")
        #expect(client.answer() == "3 rsp 6 200 OK")
        // Behind a proxy another sender's session begins anew.
        client.send("open", "x", number: 1)
        #expect(client.answer()?.hasPrefix("1 rsp 57 200 OK") == true)
        client.log("<13>b")
        #expect(client.answer() == "2 rsp 6 200 OK")
        running.end()
        #expect(sink.texts == ["<13>a", "<13>b"])
    }

    @Test func aLongRecordIsCutOrClosesTheSession() throws {
        let cutting = try collector(recordBytesMax: 8)
        let sink = TestSink()
        let running = Running(cutting, into: sink)
        let client = RELPClient(opened: cutting.port)
        client.log("<13>0123456789", "<13>x")
        #expect(client.answer() == "2 rsp 6 200 OK")
        #expect(client.answer() == "3 rsp 6 200 OK")
        running.end()
        #expect(sink.texts == ["<13>0123", "<13>x"])
        #expect(sink.now.records[0].flags == .truncated)

        let closing = try collector(recordBytesMax: 8, cuts: false)
        let other = TestSink()
        let runningToo = Running(closing, into: other)
        let second = RELPClient(opened: closing.port)
        second.log("<13>0123456789")
        #expect(second.answer() == nil)
        runningToo.end()
        #expect(other.count == 0)
        #expect(closing.counts.refusals[.brokenRules] == 1)
    }

    @Test func whatIsSentAgainAfterACutIsFlagged() throws {
        let collector = try collector()
        let sink = TestSink(isDurable: false)
        let running = Running(collector, into: sink)
        let first = RELPClient(opened: collector.port)
        first.log("<13>1", "<13>2", "<13>3")
        eventually("three records") { sink.count == 3 }
        first.reset()
        let second = RELPClient(opened: collector.port)
        second.log("<13>2", "<13>3", "<13>4")
        eventually("three more") { sink.count == 6 }
        sink.sync()
        #expect(second.answer() == "2 rsp 6 200 OK")
        running.end()
        #expect(flagged(sink) == ["<13>1", "<13>2", "<13>3", "<13>2?", "<13>3?", "<13>4"])
    }

    @Test func whatIsSentAgainAfterARestartIsFlagged() throws {
        let sink = TestSink()
        let before = try collector()
        let source = before.source.id
        let running = Running(before, into: sink)
        RELPClient(opened: before.port).log("<13>1", "<13>2")
        eventually("two records") { sink.count == 2 }
        running.end()
        let after = try RELPCollector(id: source, address: "127.0.0.1", port: 0)
        let again = Running(after, into: sink)
        let client = RELPClient(opened: after.port)
        client.log("<13>1", "<13>2", "<13>3")
        eventually("three more") { sink.count == 5 }
        again.end()
        #expect(flagged(sink) == ["<13>1", "<13>2", "<13>1?", "<13>2?", "<13>3"])
    }

    @Test func whatDoesNotReachTheEndOfTheLastSessionIsNoRepetition() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let first = RELPClient(opened: collector.port)
        first.log("<13>1", "<13>2", "<13>3")
        eventually("three records") { sink.count == 3 }
        first.reset()
        let second = RELPClient(opened: collector.port)
        second.log("<13>1", "<13>2", "<13>9")
        eventually("three more") { sink.count == 6 }
        running.end()
        #expect(flagged(sink).allSatisfy { !$0.hasSuffix("?") })
        #expect(sink.texts == ["<13>1", "<13>2", "<13>3", "<13>1", "<13>2", "<13>9"])
    }

    @Test func aBeginningThatMayBeARepetitionIsStoredWhenNothingMoreComes() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let first = RELPClient(opened: collector.port)
        first.log("<13>1", "<13>2")
        eventually("two records") { sink.count == 2 }
        first.reset()
        let second = RELPClient(opened: collector.port)
        second.log("<13>1")
        #expect(second.answer() == "2 rsp 6 200 OK")
        running.end()
        #expect(flagged(sink) == ["<13>1", "<13>2", "<13>1"])
    }

    @Test func recordsThatAreAlikeAreRepeatedAsOftenAsTheyWereSent() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let first = RELPClient(opened: collector.port)
        first.log("<13>a", "<13>a", "<13>a")
        eventually("three records") { sink.count == 3 }
        first.reset()
        let second = RELPClient(opened: collector.port)
        second.log("<13>a", "<13>a", "<13>b")
        eventually("three more") { sink.count == 6 }
        running.end()
        #expect(
            flagged(sink) == ["<13>a", "<13>a", "<13>a", "<13>a?", "<13>a?", "<13>b"])
    }

    @Test func aRecordThatIsSentOnceMoreBehindTheRepeatedWindowIsFlagged() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let first = RELPClient(opened: collector.port)
        first.log("<13>1", "<13>2")
        eventually("two records") { sink.count == 2 }
        first.reset()
        let second = RELPClient(opened: collector.port)
        second.log("<13>2", "<13>3", "<13>4", "<13>3", "<13>4", "<13>5", "<13>6")
        eventually("seven more") { sink.count == 9 }
        running.end()
        #expect(
            flagged(sink).dropFirst(2) == [
                "<13>2?", "<13>3", "<13>4", "<13>3?", "<13>4?", "<13>5", "<13>6",
            ])
    }

    @Test func recordsThatAreAlikeAreNoRepetitionInAFirstSession() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = RELPClient(opened: collector.port)
        client.log("<13>a", "<13>a")
        eventually("two records") { sink.count == 2 }
        running.end()
        #expect(flagged(sink) == ["<13>a", "<13>a"])
    }

    @Test func theSessionsOfOneSenderAreToldApart() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let one = RELPClient(opened: collector.port)
        let two = RELPClient(opened: collector.port)
        one.log("<13>a1")
        eventually("one") { sink.count == 1 }
        two.log("<13>b1")
        eventually("two") { sink.count == 2 }
        one.log("<13>a2")
        eventually("three") { sink.count == 3 }
        one.reset()
        two.reset()
        let oneAgain = RELPClient(opened: collector.port)
        let twoAgain = RELPClient(opened: collector.port)
        oneAgain.log("<13>a1", "<13>a2", "<13>a3")
        eventually("six") { sink.count == 6 }
        twoAgain.log("<13>b1", "<13>b2")
        eventually("eight") { sink.count == 8 }
        running.end()
        #expect(
            flagged(sink).suffix(5) == ["<13>a1?", "<13>a2?", "<13>a3", "<13>b1?", "<13>b2"])
    }

    @Test func aSenderThatGoesOnAfterASecondCutIsFlaggedAgain() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        for _ in 0..<3 {
            let client = RELPClient(opened: collector.port)
            client.log("<13>1", "<13>2")
            #expect(client.answer() == "2 rsp 6 200 OK")
            client.reset()
        }
        running.end()
        #expect(flagged(sink) == ["<13>1", "<13>2", "<13>1?", "<13>2?", "<13>1?", "<13>2?"])
    }

    @Test func aPositionThatIsNoneIsAnEmptyWindow() {
        #expect(RELPWindow(position: []).position == [1, 0])
        #expect(RELPWindow(position: [2, 1, 0, 0]).position == [1, 0])
        #expect(RELPWindow(position: [1, 1, 2, 0, 1]).position == [1, 0])
        let good: [UInt8] = [1, 1, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8]
        #expect(RELPWindow(position: good).position == good)
        #expect(RELPWindow(position: good + [0]).position == [1, 0])
    }

    @Test func manyRecordsThroughManyConnectionsAreAllAnswered() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let clients = (0..<20).map { _ in RELPClient(opened: collector.port) }
        for number in 0..<200 { for client in clients { client.log("<13>line \(number)") } }
        for client in clients {
            for number in 0..<200 { #expect(client.answer() == "\(number + 2) rsp 6 200 OK") }
        }
        running.end()
        #expect(sink.count == 4000)
    }
}
