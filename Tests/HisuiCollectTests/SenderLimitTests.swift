import Glibc
import HisuiCollect
import HisuiEvent
import Testing

@Suite(.serialized) struct SenderLimitTests {
    @Test func aStreamBeyondItsQuotaWaitsAndLosesNothing() throws {
        let collector = try SyslogStreamCollector(
            address: "127.0.0.1", port: 0,
            limits: StreamLimits(quota: SenderQuota(recordsPerSecond: 1000)))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = TestClient(port: collector.port, stream: true)
        client.send((0..<3000).map { "<13>line \($0)\n" }.joined())
        client.send("<13>end\n")
        eventually("all records") { sink.count == 3001 }
        running.end()
        #expect(collector.counts.held > 0)
        #expect(sink.texts.last == "<13>end")
    }

    // systemd-stable#6
    @Test func datagramsBeyondAQuotaAreCountedForTheirSenderAndNobodyElse() throws {
        let collector = try SyslogDatagramCollector(
            address: "127.0.0.1", port: 0, quota: SenderQuota(recordsPerSecond: 10))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let loud = TestClient(port: collector.port, from: "127.0.0.2")
        let quiet = TestClient(port: collector.port, from: "127.0.0.3")
        for number in 0..<200 { loud.send("<13>loud \(number)") }
        quiet.send("<13>quiet")
        eventually("all are accounted for") {
            UInt64(sink.count) + sink.dropped(.quota) == 201
        }
        running.end()
        let id = collector.source.id
        #expect(sink.texts.contains("<13>quiet"))
        #expect(sink.now.accounts["\(id)/127.0.0.3"]?[.quota] == 0)
        let refused = try #require(sink.now.accounts["\(id)/127.0.0.2"]?[.quota])
        #expect(refused >= 100 && refused <= 180)
    }

    @Test func aQuotaOfBytesCountsBytes() throws {
        let collector = try SyslogDatagramCollector(
            address: "127.0.0.1", port: 0, quota: SenderQuota(bytesPerSecond: 1024))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = TestClient(port: collector.port, stream: false)
        for _ in 0..<30 { client.send([UInt8](repeating: 0x61, count: 1000)) }
        // A datagram longer than all that a quota can save up passes when it is whole.
        eventually("all are accounted for") { UInt64(sink.count) + sink.dropped(.quota) == 30 }
        running.end()
        #expect(sink.count >= 2 && sink.count < 30)
    }

    @Test func oneAddressHasOnlySoManyConnections() throws {
        let collector = try SyslogStreamCollector(
            address: "127.0.0.1", port: 0, limits: StreamLimits(connectionsPerSenderMax: 1))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let first = TestClient(port: collector.port, stream: true)
        first.send("<13>first\n")
        eventually("a record") { sink.count == 1 }
        let second = TestClient(port: collector.port, stream: true)
        eventually("a refusal") { collector.counts.refusals[.connectionsOfSender] == 1 }
        second.send("<13>second\n")
        first.send("<13>still\n")
        eventually("another record") { sink.count == 2 }
        first.reset()
        eventually("it is gone") { collector.counts.open == 0 }
        TestClient(port: collector.port, stream: true).send("<13>third\n")
        eventually("a third record") { sink.count == 3 }
        running.end()
        #expect(sink.texts == ["<13>first", "<13>still", "<13>third"])
    }

    @Test func theKernelSaysWhoSentThroughAUnixSocket() throws {
        let folder = TestDirectory()
        let path = folder.path("log")
        let collector = try SyslogDatagramCollector(path: path)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let said = shell(
            "python3 -c 'import os,socket; s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);"
                + "s.sendto(b\"<13>app[1]: I am 1\",\"\(path)\"); print(os.getpid())'")
        eventually("a record") { sink.count == 1 }
        running.end()
        let pid = try #require(
            Int32(String(decoding: said.output, as: UTF8.self).dropLast()))
        #expect(
            SenderCredentials(sink.now.records[0].sender)
                == SenderCredentials(pid: pid, uid: getuid(), gid: getgid()))
    }
}
