import Glibc
import HisuiCollect
import HisuiEvent
import Testing

@Suite(.serialized) struct SyslogStreamTests {
    @Test func aPeersConnectionsAreOneSource() throws {
        let collector = try SyslogStreamCollector(address: "127.0.0.1", port: 0)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let one = TestClient(port: collector.port, stream: true)
        let two = TestClient(port: collector.port, stream: true)
        one.send("<13>a\n<13>b")
        two.send("5 <13>c")
        eventually("two records") { sink.count == 2 }
        one.send("b\n")
        eventually("three records") { sink.count == 3 }
        running.end()
        let id = "syslog-tcp:127.0.0.1:\(collector.port)/127.0.0.1"
        #expect(sink.now.records.allSatisfy { $0.source == id && $0.sender == "127.0.0.1" })
        #expect(Set(sink.texts) == ["<13>a", "<13>bb", "<13>c"])
        #expect(collector.counts.accepted == 2)
    }

    @Test func howTheConnectionsOfASourceEndIsKnown() throws {
        let collector = try SyslogStreamCollector(address: "127.0.0.1", port: 0)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let id = "syslog-tcp:127.0.0.1:\(collector.port)/127.0.0.1"
        func connections() -> StreamConnections? {
            collector.connections(of: id)
        }
        var quiet: TestClient? = TestClient(port: collector.port, stream: true)
        eventually("a connection on which nothing comes") { collector.counts.open == 1 }
        #expect(connections() == nil)
        var first: TestClient? = TestClient(port: collector.port, stream: true)
        first?.send("<13>a\n")
        eventually("one that is open") { connections() == .init(open: 1, lastEnd: nil) }
        first = nil
        eventually("it is closed") { connections() == .init(open: 0, lastEnd: .closed) }
        let second = TestClient(port: collector.port, stream: true)
        second.send("<13>b\n")
        eventually("another one") { connections()?.open == 1 }
        second.reset()
        eventually("it is cut") { connections() == .init(open: 0, lastEnd: .cut) }
        quiet?.send("<13>c\n")
        eventually("it says something") { connections()?.open == 1 }
        running.end()
        #expect(connections() == .init(open: 0, lastEnd: .byUs))
        quiet = nil
    }

    @Test func nothingIsLostWhenTheStoreIsSlow() throws {
        let collector = try SyslogStreamCollector(address: "127.0.0.1", port: 0)
        let sink = TestSink(delay: 10)
        let running = Running(collector, into: sink)
        let count = 100_000
        var expected: [String] = []
        do {
            let client = TestClient(port: collector.port, stream: true)
            var text = ""
            for i in 0..<count {
                let line = "<13>Nov 23 01:02:03 host app[1]: message number \(i)"
                expected.append(line)
                text += i % 2 == 0 ? line + "\n" : "\(line.utf8.count) \(line)"
            }
            client.send(text)
        }
        eventually("all records") { sink.count == count }
        running.end()
        #expect(sink.texts == expected)
    }

    @Test func aResetFlagsTheUnfinishedFrameAndIsCounted() throws {
        let collector = try SyslogStreamCollector(address: "127.0.0.1", port: 0)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        var client: TestClient? = TestClient(port: collector.port, stream: true)
        client?.send("<13>whole\n<13>half")
        eventually("the whole line") { sink.count == 1 }
        client?.reset()
        client = nil
        eventually("the half line") { sink.count == 2 }
        running.end()
        #expect(sink.now.records.last?.text == "<13>half")
        #expect(sink.now.records.last?.flags == .framingError)
        #expect(collector.counts.reset == 1)
        #expect(collector.counts.open == 0)
    }

    @Test func moreConnectionsThanAllowedAreRefusedAndCounted() throws {
        let collector = try SyslogStreamCollector(
            address: "127.0.0.1", port: 0, limits: StreamLimits(connectionsMax: 2))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let clients = (0..<4).map { _ in TestClient(port: collector.port, stream: true) }
        eventually("two refusals") { collector.counts.refusals[.connections] == 2 }
        clients[0].send("<13>still here\n")
        eventually("a record") { sink.count == 1 }
        running.end()
        #expect(collector.counts.accepted == 2)
    }

    @Test func idleConnectionsAreClosedAndCounted() throws {
        let collector = try SyslogStreamCollector(
            address: "127.0.0.1", port: 0, limits: StreamLimits(idleSeconds: 1))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = TestClient(port: collector.port, stream: true)
        client.send("<13>unfinished")
        eventually("the connection to be closed") { collector.counts.closedIdle == 1 }
        running.end()
        #expect(sink.texts == ["<13>unfinished"])
    }

    // vector#26439
    @Test func aHugeLineIsCutAndTheConnectionGoesOn() throws {
        let collector = try SyslogStreamCollector(address: "127.0.0.1", port: 0)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = TestClient(port: collector.port, stream: true)
        client.send([UInt8](repeating: 0x61, count: 3 << 20))
        client.send("\n<13>after\n")
        eventually("both records") { sink.count == 2 }
        running.end()
        #expect(sink.now.records[0].bytes.count == Limits.recordBytesMax)
        #expect(sink.now.records[0].flags == .truncated)
        #expect(sink.texts[1] == "<13>after")
    }
}
