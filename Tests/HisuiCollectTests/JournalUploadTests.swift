import Glibc
import HisuiBytes
import HisuiCollect
import HisuiEvent
import Testing

/// An HTTP client that says exactly what a test wants.
final class HTTPClient {
    private let client: TestClient
    private var received: [UInt8] = []

    init(port: UInt16) {
        client = TestClient(port: port, stream: true)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(
            client.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit,
            socklen_t(MemoryLayout<timeval>.size))
    }

    static let head = """
        POST /upload HTTP/1.1\r\nHost: h\r\nContent-Type: application/vnd.fdo.journal\r\n
        """

    /// Begins a request of `systemd-journal-upload`.
    func begin(_ fields: String = "") {
        client.send("\(Self.head)Transfer-Encoding: chunked\r\n\(fields)\r\n")
    }

    func chunk(_ bytes: [UInt8]) {
        client.send("\(String(bytes.count, radix: 16))\r\n")
        client.send(bytes + [0x0d, 0x0a])
    }

    func chunk(_ text: String) { chunk(Array(text.utf8)) }

    func end() { client.send("0\r\n\r\n") }

    func upload(_ entries: String...) {
        begin()
        for entry in entries { chunk(entry) }
        end()
    }

    func raw(_ text: String) { client.send(text) }

    func raw(_ bytes: [UInt8]) { client.send(bytes) }

    func reset() { client.reset() }

    var isEnded: Bool { client.isEnded }

    /// Status and body of the next answer; nil at the end of the stream.
    func answer() -> (status: Int, body: String, head: String)? {
        while true {
            let text = String(decoding: received, as: UTF8.self)
            if let end = text.firstRange(of: "\r\n\r\n") {
                let head = String(text[..<end.lowerBound])
                let length = head.firstMatch(of: /Content-Length: (\d+)/).flatMap { Int($0.1) } ?? 0
                let headCount = text[..<end.upperBound].utf8.count
                if received.count >= headCount + length {
                    let body = String(
                        decoding: received[headCount..<headCount + length], as: UTF8.self)
                    received.removeFirst(headCount + length)
                    return (Int(head.dropFirst(9).prefix(3)) ?? 0, body, head)
                }
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe recv(client.descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return nil }
            received += buffer[..<count]
        }
    }

    /// Whether nothing has come by now.
    var hasNoAnswer: Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(
            client.descriptor, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK))
        return received.isEmpty && count < 0 && errno == EAGAIN
    }
}

/// An entry as `systemd-journal-upload` sends it, and the record it becomes.
struct UploadEntry {
    private static let id = String(repeating: "a", count: 32)
    private static let boot = String(repeating: "b", count: 32)
    let sent: String
    let record: String

    init(_ number: UInt64, _ text: String) {
        let time = 1_700_000_000_000_000 + number
        sent = """
            __CURSOR=s=\(Self.id);i=\(String(number, radix: 16));b=\(Self.boot);m=64;\
            t=\(String(time, radix: 16));x=1
            __REALTIME_TIMESTAMP=\(time)
            __MONOTONIC_TIMESTAMP=100
            _BOOT_ID=\(Self.boot)
            PRIORITY=6
            MESSAGE=\(text)
            _PID=1


            """
        record = """
            __REALTIME_TIMESTAMP=\(time)
            __MONOTONIC_TIMESTAMP=100
            __SEQNUM=\(number)
            __SEQNUM_ID=\(Self.id)
            _BOOT_ID=\(Self.boot)
            MESSAGE=\(text)
            PRIORITY=6
            _PID=1

            """
    }
}

@Suite(.serialized) struct JournalUploadTests {
    private func collector(
        id: String? = nil, limits: StreamLimits = StreamLimits(), tokens: HTTPTokens = HTTPTokens()
    ) throws -> HTTPCollector {
        try HTTPCollector(
            .journal, id: id, address: "127.0.0.1", port: 0, limits: limits, tokens: tokens)
    }

    private let one = UploadEntry(1, "one")
    private let two = UploadEntry(2, "two")
    private let three = UploadEntry(3, "three")

    @Test func isAnsweredWhenAllOfItIsDurable() throws {
        let collector = try collector()
        let sink = TestSink(isDurable: false)
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        client.begin("Expect: 100-continue\r\n")
        #expect(client.answer()?.status == 100)
        client.chunk(one.sent + two.sent.prefix(30))
        eventually("the first") { sink.count == 1 }
        sink.sync()
        client.chunk(String(two.sent.dropFirst(30)))
        eventually("the second") { sink.count == 2 }
        client.end()
        usleep(50_000)
        #expect(client.hasNoAnswer)
        sink.sync()
        let answer = try #require(client.answer())
        #expect(answer.status == 202 && answer.body == "OK.\n")
        #expect(answer.head.contains("\r\nDate: ") && !answer.head.contains("Connection"))
        // The connection is good for more.
        client.upload(three.sent)
        eventually("the third") { sink.count == 3 }
        sink.sync()
        #expect(client.answer()?.status == 202)
        running.end()
        #expect(sink.texts == [one.record, two.record, three.record])
        let id = "journal-upload:127.0.0.1:\(collector.port)/127.0.0.1"
        #expect(sink.now.records.allSatisfy { $0.source == id && $0.sender == "127.0.0.1" })
        #expect(sink.now.records.allSatisfy { $0.flags.isEmpty })
    }

    @Test func whatWasSentBeforeIsCountedAndNotStoredAgain() throws {
        let sink = TestSink()
        let before = try collector(id: "up")
        let first = Running(before, into: sink)
        let cut = HTTPClient(port: before.port)
        cut.begin()
        cut.chunk(one.sent + two.sent)
        eventually("two") { sink.count == 2 }
        cut.reset()
        let again = HTTPClient(port: before.port)
        again.upload(one.sent, two.sent, three.sent)
        #expect(again.answer()?.status == 202)
        first.end()
        // The answer was lost, and the daemon killed meanwhile.
        let after = try collector(id: "up")
        let second = Running(after, into: sink)
        let last = HTTPClient(port: after.port)
        last.upload(one.sent, two.sent, three.sent)
        #expect(last.answer()?.status == 202)
        second.end()
        #expect(sink.texts == [one.record, two.record, three.record])
        let account = try #require(sink.now.accounts["up/127.0.0.1"])
        #expect(account.deduplicated == 5)
    }

    /// What is repeated may be on its way to the disk still.
    @Test func aRepetitionIsAnsweredWhenWhatItRepeatsIsDurable() throws {
        let collector = try collector()
        let sink = TestSink(isDurable: false)
        let running = Running(collector, into: sink)
        let cut = HTTPClient(port: collector.port)
        cut.begin()
        cut.chunk(one.sent)
        eventually("one") { sink.count == 1 }
        cut.reset()
        let again = HTTPClient(port: collector.port)
        again.upload(one.sent)
        usleep(100_000)
        #expect(again.hasNoAnswer)
        eventually("the count") { sink.now.accounts.values.contains { $0.deduplicated == 1 } }
        sink.sync()
        #expect(again.answer()?.status == 202)
        running.end()
        #expect(sink.texts == [one.record])
    }

    @Test func whatComesBehindARequestIsTakenAfterItsAnswer() throws {
        let collector = try collector()
        let sink = TestSink(isDurable: false)
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        let body = one.sent + two.sent
        client.raw(
            "\(HTTPClient.head)Content-Length: \(one.sent.utf8.count)\r\n\r\n\(one.sent)"
                + "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
                + "\(HTTPClient.head)Connection: close\r\nContent-Length: \(body.utf8.count)\r\n"
                + "\r\n\(body)")
        eventually("one") { sink.count == 1 }
        usleep(50_000)
        #expect(sink.count == 1 && client.hasNoAnswer)
        sink.sync()
        #expect(client.answer()?.status == 202)
        #expect(client.answer()?.status == 404)
        eventually("two") { sink.count == 2 }
        sink.sync()
        let last = try #require(client.answer())
        #expect(last.status == 202 && last.head.contains("\r\nConnection: close"))
        #expect(client.answer() == nil)
        running.end()
        #expect(sink.texts == [one.record, two.record])
    }

    @Test func fieldsOfAnyKindAreTaken() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        // A core dump must not cost the message behind it.
        let dump = 3 << 20
        var entry = Array(two.sent.utf8.dropLast())
        entry += Array("COREDUMP\n".utf8)
        entry.appendLittleEndian(UInt64(dump))
        entry += [UInt8](repeating: 0, count: dump) + Array("\nNOTE\n".utf8)
        entry.appendLittleEndian(UInt64(3))
        entry += Array("a\nb\nUNIT=last\n\n".utf8)
        client.begin()
        for start in stride(from: 0, to: entry.count, by: 65_524) {
            client.chunk(Array(entry[start..<min(entry.count, start + 65_524)]))
        }
        // Broken ones: a length that is none, a value that is longer than it says, no cursor.
        client.chunk("A=1\nB\n\u{ff}\u{ff}\u{ff}\u{ff}more\nC=2\n\n")
        client.chunk("__REALTIME_TIMESTAMP=5\n_BOOT_ID=x\nZ=1\nA=2\n\n\n\nD=no end")
        client.end()
        #expect(client.answer()?.status == 202)
        running.end()
        let records = sink.now.records
        #expect(records.count == 4)
        let whole = records[0].text
        #expect(records[0].flags == .truncated && records[0].bytes.count <= Limits.recordBytesMax)
        #expect(whole.contains("\nMESSAGE=two\nNOTE\n\u{3}\0\0\0\0\0\0\0a\nb\nPRIORITY=6\n"))
        #expect(whole.hasSuffix("\nUNIT=last\n_PID=1\n"))
        #expect(records[1].text == "A=1\n" && records[1].flags == .framingError)
        #expect(records[2].text == "__REALTIME_TIMESTAMP=5\n_BOOT_ID=x\nA=2\nZ=1\n")
        #expect(records[2].flags.isEmpty)
        #expect(records[3].text == "D=no end\n" && records[3].flags == .framingError)
    }

    @Test(arguments: [("gzip", "gzip -c"), ("zstd", "zstd -c"), ("x-gzip", "gzip -c")])
    func bodiesMayBeCompressed(coding: String, command: String) throws {
        let folder = TestDirectory()
        folder.append("entries", one.sent + two.sent)
        let packed = shell("\(command) '\(folder.path("entries"))'").output
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        client.begin("Content-Encoding: \(coding)\r\n")
        for byte in packed { client.chunk([byte]) }
        client.end()
        #expect(client.answer()?.status == 202)
        #expect(sink.texts == [one.record, two.record])
        // Cut off, and no such thing at all: nothing is answered 2xx.
        client.begin("Content-Encoding: \(coding)\r\n")
        client.chunk(Array(packed.dropLast(6)))
        client.end()
        #expect(client.answer()?.status == 400)
        let other = HTTPClient(port: collector.port)
        other.begin("Content-Encoding: \(coding)\r\n")
        other.chunk(three.sent)
        #expect(other.answer()?.status == 400)
        running.end()
        #expect(collector.counts.refusals[.body] == 2)
        #expect(sink.count == 2)
    }

    /// 300 MB of the same line, a thousandth of it or less when compressed.
    @Test(arguments: ["gzip", "zstd"])
    func aBombIsRefused(coding: String) throws {
        let folder = TestDirectory()
        shell(
            "yes 'MESSAGE=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' "
                + "| head -c 300000000 | \(coding) -c > '\(folder.path("bomb"))'")
        let bomb = shell("cat '\(folder.path("bomb"))'").output
        #expect(bomb.count < 2_000_000)
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        client.raw(
            "\(HTTPClient.head)Content-Encoding: \(coding)\r\n"
                + "Content-Length: \(bomb.count)\r\n\r\n")
        client.raw(bomb)
        #expect(client.answer()?.status == 413)
        running.end()
        #expect(collector.counts.refusals[.body] == 1)
        #expect(sink.count == 0)
    }

    @Test func whatIsNotTakenIsRefusedAndCounted() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        // Without a body the connection goes on.
        client.raw("GET /upload HTTP/1.1\r\nHost: h\r\n\r\n")
        let refused = try #require(client.answer())
        #expect(refused.status == 405 && refused.head.hasSuffix("\r\nAllow: POST"))
        client.raw("POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nA=1\n")
        #expect(client.answer()?.status == 415)
        #expect(collector.counts.refusals[.request] == 2)
        for (fields, status) in [
            ("Content-Encoding: br\r\n", 415), ("Origin: http://page\r\n", 403),
            ("Expect: more\r\n", 417),
        ] {
            let other = HTTPClient(port: collector.port)
            other.begin(fields)
            other.chunk(one.sent)
            let answer = try #require(other.answer())
            #expect(answer.status == status && answer.head.contains("\r\nConnection: close"))
        }
        let last = HTTPClient(port: collector.port)
        last.raw("<13>no HTTP at all\n")
        #expect(last.answer()?.status == 400)
        running.end()
        #expect(collector.counts.refusals[.request] == 4)
        #expect(collector.counts.refusals[.brokenRules] == 2)
        #expect(sink.count == 0)
    }

    @Test func aTokenLetsInAndNamesTheSource() throws {
        let digest = SHA256.of(Array("secret".utf8).span)
        let collector = try collector(tokens: HTTPTokens([digest: "web1"]))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        client.raw("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        let refused = try #require(client.answer())
        #expect(refused.status == 401)
        #expect(refused.head.hasSuffix("\r\nWWW-Authenticate: Bearer"))
        for (number, scheme) in ["Bearer secret", "apikey secret", "Basic eDpzZWNyZXQ="]
            .enumerated()
        {
            client.begin("Authorization: \(scheme)\r\n")
            client.chunk(UploadEntry(UInt64(number), scheme).sent)
            client.end()
            #expect(client.answer()?.status == 202)
        }
        for scheme in ["Bearer secre", "Bearer", "Digest secret", "Basic c2VjcmV0", "secret"] {
            let other = HTTPClient(port: collector.port)
            other.begin("Authorization: \(scheme)\r\n")
            #expect(other.answer()?.status == 401)
        }
        running.end()
        #expect(collector.counts.refusals[.token] == 6)
        let id = "journal-upload:127.0.0.1:\(collector.port)/token:web1"
        #expect(sink.now.records.map(\.source) == [id, id, id])
        #expect(collector.connections(of: id)?.open == 0)
    }

    @Test func manyBegunRequestsStandBesideEachOther() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let clients = (0..<300).map { _ in HTTPClient(port: collector.port) }
        let entries = clients.indices.map { UploadEntry(UInt64($0), "of \($0)") }
        for (client, entry) in zip(clients, entries) {
            client.begin()
            client.chunk(String(entry.sent.prefix(100)))
        }
        eventually("all have begun") { collector.counts.open == 300 }
        #expect(sink.count == 0)
        for (client, entry) in zip(clients, entries).reversed() {
            client.chunk(String(entry.sent.dropFirst(100)))
            client.end()
        }
        for client in clients { #expect(client.answer()?.status == 202) }
        running.end()
        #expect(Set(sink.texts) == Set(entries.map(\.record)) && sink.count == 300)
        #expect(collector.counts.refusals.total == 0)
    }

    /// Half of what is sent is never answered, and comes again.
    @Test func anEntryThatIsNotWholeIsNotStored() throws {
        let collector = try collector()
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        client.begin()
        client.chunk(one.sent + two.sent.dropLast(3))
        eventually("one") { sink.count == 1 }
        client.reset()
        eventually("it is gone") { collector.counts.open == 0 }
        let again = HTTPClient(port: collector.port)
        again.upload(one.sent, two.sent)
        #expect(again.answer()?.status == 202)
        running.end()
        #expect(sink.texts == [one.record, two.record])
        #expect(sink.now.accounts.values.reduce(0) { $0 + $1.deduplicated } == 1)
    }

    @Test func aFullPipelineMakesSendersWait() throws {
        let collector = try collector()
        let sink = TestSink()
        sink.hold(true)
        let running = Running(collector, into: sink)
        let client = HTTPClient(port: collector.port)
        client.upload(one.sent)
        usleep(100_000)
        #expect(client.hasNoAnswer)
        sink.hold(false)
        #expect(client.answer()?.status == 202)
        running.end()
        #expect(sink.texts == [one.record])
    }
}
