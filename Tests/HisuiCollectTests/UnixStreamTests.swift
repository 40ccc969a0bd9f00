import Glibc
import HisuiCollect
import HisuiEvent
import Testing

@Suite(.serialized) struct UnixStreamTests {
    private let folder = TestDirectory()
    private var path: String { folder.path("log") }

    @Test func framesOfEveryKindComeThroughAUnixStreamSocket() throws {
        let collector = try SyslogStreamCollector(path: path)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = TestClient(path: path)
        client.send("<13>line\n<13>crlf\r\n<13>nul\u{0}9 <13>count<13>end")
        eventually("four records") { sink.count == 4 }
        running.end()
        #expect(
            sink.texts == ["<13>line", "<13>crlf", "<13>nul", "<13>count", "<13>end"])
        let id = SourceID.make("syslog-unix-stream", path)
        #expect(sink.now.records.allSatisfy { $0.source == id })
        #expect(collector.counts.open == 0)
    }

    @Test func eachRecordNamesTheProcessThatWroteItAndNotTheOneThatConnected() throws {
        let collector = try SyslogStreamCollector(path: path)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let said = shell(
            """
            python3 -c '
            import os, socket
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.connect("\(path)")
            s.sendall(b"<13>app[1]: parent\\n<13>begun by the parent, ")
            child = os.fork()
            if child == 0:
                s.sendall(b"ended by the child\\n")
                os._exit(0)
            os.waitpid(child, 0)
            print(os.getpid(), child)'
            """)
        eventually("two records") { sink.count == 2 }
        running.end()
        let pids = String(decoding: said.output, as: UTF8.self).split { !$0.isNumber }
            .compactMap { Int32($0) }
        try #require(pids.count == 2)
        #expect(sink.texts[1] == "<13>begun by the parent, ended by the child")
        for (record, pid) in zip(sink.now.records, pids) {
            #expect(
                SenderCredentials(record.sender)
                    == SenderCredentials(pid: pid, uid: getuid(), gid: getgid()))
        }
    }

    @Test func oneUserHasOnlySoManyConnectionsAndTheLastRefusedIsKnown() throws {
        let collector = try SyslogStreamCollector(
            path: path, limits: StreamLimits(connectionsPerSenderMax: 2))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let clients = (0..<4).map { _ in TestClient(path: path) }
        eventually("two refusals") { collector.counts.refusals[.connectionsOfSender] == 2 }
        clients[0].send("<13>still\n")
        eventually("a record") { sink.count == 1 }
        running.end()
        let last = try #require(collector.counts.refusals.entries[.connectionsOfSender])
        #expect(last.peer == "pid=\(getpid()) uid=\(getuid()) gid=\(getgid())")
        #expect(last.time != .none)
    }

    @Test func aDeadSocketIsReplacedAndALivingOneOfEitherKindIsNot() throws {
        do {
            let dead = try SyslogStreamCollector(path: path)
            #expect(throws: CollectError.self) { try SyslogStreamCollector(path: path) }
            #expect(throws: CollectError.self) { try SyslogDatagramCollector(path: path) }
            unsafe _ = link(path, folder.path("kept"))
            _ = dead
        }
        unsafe _ = link(folder.path("kept"), path)
        do {
            let datagrams = try SyslogDatagramCollector(path: path)
            #expect(throws: CollectError.self) { try SyslogStreamCollector(path: path) }
            _ = datagrams
        }
        let collector = try SyslogStreamCollector(path: path, mode: 0o620)
        var status = stat()
        #expect(unsafe stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o620)
        #expect(collector.port == 0)
    }

    @Test func loggerFallsBackToAStreamSocket() throws {
        let collector = try SyslogStreamCollector(path: path)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        #expect(shell("logger -u '\(path)' -t test through the socket").status == 0)
        eventually("the message") { sink.count == 1 }
        running.end()
        #expect(sink.texts.first?.hasSuffix("test: through the socket") == true)
        #expect(sink.now.records.first?.flags == [])
    }

    @Test func whatSomebodySentWhoWasNotSeenYetIsTakenAtTheStop() throws {
        let collector = try SyslogStreamCollector(path: path)
        do {
            let client = TestClient(path: path)
            client.send("<13>in time\n")
        }
        let sink = TestSink()
        let running = Running(collector, into: sink)
        running.end()
        #expect(sink.texts == ["<13>in time"])
    }
}
