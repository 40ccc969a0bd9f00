import Glibc
import HisuiCollect
import HisuiEvent
import Testing

@Suite(.serialized) struct SyslogDatagramTests {
    @Test func eachSenderIsASourceAndPayloadsComeAsTheyAre() throws {
        let collector = try SyslogDatagramCollector(address: "127.0.0.1", port: 0)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = TestClient(port: collector.port, stream: false)
        let payloads: [[UInt8]] = [
            Array("<13>plain".utf8), Array("<13>line\n".utf8), Array("<13>nul\0".utf8),
            Array("<13>two\n\n".utf8), [0xff, 0x00, 0x80], [UInt8](repeating: 0x61, count: 65_507),
        ]
        for payload in payloads { client.send(payload) }
        eventually("all datagrams") { sink.count == payloads.count }
        #expect(running.end() == nil)
        let records = sink.now.records
        #expect(
            records.map(\.bytes) == [
                Array("<13>plain".utf8), Array("<13>line".utf8), Array("<13>nul".utf8),
                Array("<13>two\n".utf8), [0xff, 0x00, 0x80], payloads[5],
            ])
        #expect(
            records.allSatisfy { $0.source == "syslog-udp:127.0.0.1:\(collector.port)/127.0.0.1" })
        #expect(records.allSatisfy { $0.sender == "127.0.0.1" && $0.flags == [] })
    }

    @Test func sendersAreToldApartByAddress() throws {
        let collector = try SyslogDatagramCollector(address: "::", port: 0)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        for address in ["127.0.0.1", "::1"] {
            TestClient(port: collector.port, stream: false, address: address).send("<13>\(address)")
        }
        eventually("both datagrams") { sink.count == 2 }
        running.end()
        for record in sink.now.records {
            #expect(record.sender == record.text.dropFirst(4))
            #expect(record.source.hasSuffix("/" + record.sender))
        }
    }

    @Test func sendersBeyondTheLimitShareASourceThatNamesThem() throws {
        let collector = try SyslogDatagramCollector(address: "127.0.0.1", port: 0)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let count = Limits.sendersPerListenerMax + 10
        for round in 0..<2 {
            for i in 0..<count {
                let address = "127.1.\(i / 200).\(i % 200 + 1)"
                TestClient(port: collector.port, from: address).send("<13>\(address)")
            }
            eventually("round \(round)") { sink.count == count * (round + 1) }
        }
        running.end()
        #expect(sink.now.records.allSatisfy { $0.text == "<13>" + $0.sender })
        let other = sink.now.records.filter { $0.source == collector.source.id + "/other" }
        #expect(other.count == 20)
        #expect(Set(sink.now.records.map(\.source)).count == Limits.sendersPerListenerMax + 1)
    }

    @Test func anEmptyDatagramIsAnEmptyRecord() throws {
        let collector = try SyslogDatagramCollector(address: "127.0.0.1", port: 0)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = TestClient(port: collector.port, stream: false)
        #expect(unsafe Glibc.send(client.descriptor, "", 0, 0) == 0)
        eventually("the datagram") { sink.count == 1 }
        running.end()
        #expect(sink.now.records.map(\.bytes) == [[]])
    }

    // vector#5017, splunk-connect-for-syslog#2604
    @Test func receivedAndCountedDropsAddUpToSentWhenTheStoreIsSlow() throws {
        let collector = try SyslogDatagramCollector(
            address: "127.0.0.1", port: 0, bufferBytes: 128 << 10)
        let sink = TestSink(delay: 20)
        let running = Running(collector, into: sink)
        let client = TestClient(port: collector.port, stream: false)
        let sent = 200_000
        for i in 0..<sent { client.send("<13>Nov 23 01:02:03 host app[1]: message number \(i)") }
        running.end()
        let dropped = sink.dropped(.kernelBuffer)
        #expect(UInt64(sink.count) + dropped == UInt64(sent))
        #expect(dropped > 0)
        // The listener's own source bears the drops, whoever sent.
        #expect(sink.now.accounts[collector.source.id]?[.kernelBuffer] == dropped)
        #expect(Set(sink.texts).count == sink.count)
    }

    // vector#14321, vector#26391
    @Test func dropsAreToldWithoutAnotherDatagram() throws {
        let collector = try SyslogDatagramCollector(
            address: "127.0.0.1", port: 0, bufferBytes: 16 << 10)
        let client = TestClient(port: collector.port, stream: false)
        // Nobody reads yet: what does not fit is dropped, and nothing comes after it.
        for i in 0..<5000 { client.send("<13>\(i)") }
        let sink = TestSink()
        let running = Running(collector, into: sink)
        eventually("the count of drops") {
            UInt64(sink.count) + sink.dropped(.kernelBuffer) == 5000
        }
        running.end()
        #expect(sink.dropped(.kernelBuffer) > 0)
    }

    @Test func whatTheKernelHoldsAtTheStopIsTaken() throws {
        let collector = try SyslogDatagramCollector(address: "127.0.0.1", port: 0)
        let client = TestClient(port: collector.port, stream: false)
        for i in 0..<3000 { client.send("<13>\(i)") }
        let sink = TestSink()
        let running = Running(collector, into: sink)
        running.end()
        #expect(sink.count + Int(sink.dropped(.kernelBuffer)) == 3000)
    }

    // vector#26439
    @Test func aDatagramLargerThanThereIsRoomForIsCutAndFlaggedAndTheNextIsWhole() throws {
        let directory = TestDirectory()
        let path = directory.path("log")
        let sink = TestSink()
        let running = Running(try SyslogDatagramCollector(path: path), into: sink)
        // 32 is SO_SNDBUFFORCE.
        let sent = shell(
            "python3 -c 'import socket; s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);"
                + "s.setsockopt(socket.SOL_SOCKET,32,1<<20);"
                + "s.sendto(b\"<13>\"+b\"x\"*400000+b\"<13>y\",\"\(path)\");"
                + "s.sendto(b\"<13>next\",\"\(path)\")'")
        #expect(sent.status == 0)
        eventually("both records") { sink.count == 2 }
        running.end()
        let records = sink.now.records
        #expect(records[0].flags == .truncated && records[1].flags == [])
        #expect(records[0].text.hasPrefix("<13>xxx") && records[0].text.hasSuffix("xxx"))
        #expect(records[0].bytes.count == 262_144)
        #expect(records[1].text == "<13>next")
    }

    @Test func aUnixSocketTakesThePlaceOfADeadOneOnly() throws {
        let directory = TestDirectory()
        let path = directory.path("log")
        do {
            // A socket whose owner died leaves its name behind.
            let dead = try SyslogDatagramCollector(path: path)
            #expect(throws: CollectError.self) { try SyslogDatagramCollector(path: path) }
            unsafe _ = link(path, directory.path("kept"))
            _ = dead
        }
        unsafe _ = link(directory.path("kept"), path)
        let collector = try SyslogDatagramCollector(path: path, mode: 0o620)
        var status = stat()
        #expect(unsafe stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o620)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        shell("logger -u '\(path)' -t test through the socket")
        eventually("the message") { sink.count == 1 }
        running.end()
        #expect(sink.texts.first?.hasSuffix("through the socket") == true)
        #expect(sink.now.records.first?.source == SourceID.make("syslog-unix", path))

        directory.append("file", "precious")
        #expect(throws: CollectError.self) {
            try SyslogDatagramCollector(path: directory.path("file"))
        }
        #expect(shell("cat '\(directory.path("file"))'").output == Array("precious".utf8))
    }

    @Test func aPortInUseIsAnErrorThatSaysSo() throws {
        let first = try SyslogDatagramCollector(address: "127.0.0.1", port: 0)
        do {
            _ = try SyslogDatagramCollector(address: "127.0.0.1", port: first.port)
            Issue.record("two listeners at one port")
        } catch {
            #expect(error.code == .cannotListen)
            #expect(error.description.contains("127.0.0.1:\(first.port)"))
            #expect(error.description.contains("another program"))
        }
        #expect(throws: CollectError.self) {
            try SyslogDatagramCollector(address: "localhost", port: 0)
        }
    }
}
