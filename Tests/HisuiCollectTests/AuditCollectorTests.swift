import CLinux
import Glibc
import HisuiEvent
import Synchronization
import Testing

@testable import HisuiCollect

/// Listens where auditd's plug-in `af_unix` does, and writes to one client.
private final class Plugin {
    private let listener: Int32
    private var client: Int32 = -1

    init(_ path: String) {
        unsafe _ = Glibc.unlink(path)
        listener = unsafe hisui_listen_unix(path, 0o600, 1)
        precondition(listener >= 0)
    }

    deinit {
        hangUp()
        close(listener)
    }

    /// Waits for a client.
    func accept() {
        var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        // Safe: both variables outlive the calls.
        #expect(unsafe poll(&entry, 1, 10_000) == 1)
        var peer = hisui_peer()
        client = unsafe hisui_accept(listener, &peer)
        #expect(client >= 0)
    }

    func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) {
        // Safe: the array outlives the call; what tests write fits the socket's buffer.
        let count = unsafe send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        #expect(count == bytes.count)
    }

    func hangUp() {
        if client >= 0 { close(client) }
        client = -1
    }
}

@Suite(.serialized) struct AuditCollectorTests {
    private let folder = TestDirectory()
    private var path: String { folder.path("events") }

    private func collector(
        _ ask: @escaping @Sendable () -> AuditStatus.Answer = { .refused(EPERM) },
        patience: Int64 = 20_000
    ) -> AuditCollector {
        AuditCollector(
            id: "a", .socket(path), ask: ask, statusMilliseconds: 1, patienceMilliseconds: patience)
    }

    private static func record(_ type: String, _ serial: Int) -> String {
        "type=\(type) msg=audit(1767225600.123:\(serial)): pid=7"
    }

    @Test func linesAreRecordsHoweverTheyAreCut() throws {
        let plugin = Plugin(path)
        let sink = TestSink()
        let collector = collector()
        let running = Running(collector, into: sink)
        plugin.accept()
        let lines = [Self.record("SYSCALL", 1), Self.record("EOE", 1), Self.record("USER", 2)]
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        plugin.write(Array(bytes[..<40]))
        usleep(30_000)
        plugin.write(Array(bytes[40...]))
        eventually("three records") { sink.count == 3 }
        #expect(collector.connections(of: "a") == StreamConnections(open: 1, lastEnd: nil))
        #expect(running.end() == nil)
        #expect(sink.texts == lines)
        #expect(sink.now.records.allSatisfy { $0.flags.isEmpty })
        #expect(sink.now.gaps.isEmpty)
        #expect(collector.connections(of: "a") == StreamConnections(open: 0, lastEnd: .byUs))
    }

    @Test func aRestartOfAuditdIsSurvivedAndToldAsAGap() throws {
        var plugin: Plugin? = Plugin(path)
        let sink = TestSink()
        let collector = collector()
        let running = Running(collector, into: sink)
        plugin?.accept()
        plugin?.write(Self.record("USER", 1) + "\ntype=USER msg=aud")
        eventually("a record") { sink.count == 1 }
        plugin = nil
        eventually("the half record") { sink.count == 2 }
        #expect(sink.now.records[1].flags == .truncated)
        #expect(sink.now.gaps.isEmpty)
        let again = Plugin(path)
        again.accept()
        again.write(Self.record("USER", 9) + "\n")
        eventually("a record of the new auditd") { sink.count == 3 }
        #expect(running.end() == nil)
        #expect(sink.texts.last == Self.record("USER", 9))
        let gap = try #require(sink.now.gaps.first)
        #expect(sink.now.gaps.count == 1)
        #expect(gap.count == nil)
        #expect(gap.cause.hasPrefix("not connected to auditd: of what it told from 20"))
        #expect(sink.now.accounts["a"]?.gaps == 1)
    }

    /// A plug-in that ends takes a connection still, and closes it.
    @Test func aConnectionThatIsClosedAtOnceIsNoEndOfTheGap() throws {
        let plugin = Plugin(path)
        let sink = TestSink()
        let running = Running(collector(), into: sink)
        plugin.accept()
        plugin.write(Self.record("USER", 1) + "\n")
        eventually("a record") { sink.count == 1 }
        for _ in 1...3 {
            plugin.hangUp()
            plugin.accept()
        }
        plugin.write(Self.record("USER", 2) + "\n")
        eventually("another") { sink.count == 2 }
        #expect(running.end() == nil)
        #expect(sink.now.gaps.count == 1)
    }

    /// An auditd that has nothing to tell is listened to all the same.
    @Test func aConnectionThatLastsEndsTheGap() throws {
        let plugin = Plugin(path)
        let sink = TestSink()
        let running = Running(collector(), into: sink)
        plugin.accept()
        plugin.write(Self.record("USER", 1) + "\n")
        eventually("a record") { sink.count == 1 }
        plugin.hangUp()
        plugin.accept()
        eventually("the gap") { sink.now.gaps.count == 1 }
        #expect(running.end() == nil)
        #expect(sink.count == 1)
    }

    @Test func whatPassedBetweenTwoRunsOfTheDaemonIsAGap() throws {
        let sink = TestSink()
        for run in 1...2 {
            let plugin = Plugin(path)
            let running = Running(collector(), into: sink)
            plugin.accept()
            plugin.write(Self.record("USER", run) + "\n")
            eventually("a record") { sink.count == run }
            #expect(running.end() == nil)
        }
        #expect(sink.now.gaps.count == 1)
        let position = try #require(sink.now.positions["a"])
        #expect(
            PositionText.lines(position, of: .audit).map { $0.prefix(24) }
                == ["listened to auditd until", "not known how many recor"])
    }

    @Test func whatCannotBeConnectedToIsAnErrorThatSaysWhatToDo() throws {
        let missing = Running(collector(), into: TestSink())
        eventually("an end") { missing.hasEnded }
        let error = try #require(missing.end())
        #expect(error.errno == ENOENT)
        #expect("\(error)".contains("active = yes"))
    }

    @Test func aSocketThatStaysAwayAfterItsConnectionIsAnError() throws {
        var plugin: Plugin? = Plugin(path)
        let running = Running(collector(patience: 300), into: TestSink())
        plugin?.accept()
        plugin?.write(Self.record("USER", 1) + "\n")
        plugin = nil
        eventually("an end") { running.hasEnded }
        #expect(running.end()?.errno == ECONNREFUSED)
    }

    @Test func theBinaryFormatIsRefusedWithWhatToWriteInstead() throws {
        let plugin = Plugin(path)
        let sink = TestSink()
        let running = Running(collector(), into: sink)
        plugin.accept()
        // struct audit_dispatcher_header: version, length, type, size.
        plugin.write([0, 0, 0, 0, 16, 0, 0, 0, 0x14, 5, 0, 0, 4, 0, 0, 0, 0x61, 0x75, 0x64, 0x69])
        eventually("an end") { running.hasEnded }
        let error = try #require(running.end())
        #expect(error.code == .badConfiguration)
        #expect("\(error)".contains("af_unix.conf"))
        #expect(sink.count == 0)
    }

    @Test func whoIsTurnedAwayBecauseAnotherIsConnectedSaysSo() throws {
        let plugin = Plugin(path)
        let running = Running(collector(), into: TestSink())
        plugin.accept()
        plugin.hangUp()
        eventually("an end") { running.hasEnded }
        #expect("\(try #require(running.end()))".contains("another program is connected"))
    }

    /// osquery#5269, beats#7561: only the kernel knows what its audit lost.
    @Test func whatTheKernelLostIsCounted() throws {
        let lost = Mutex<UInt32>(1000)
        let sink = TestSink()
        func collector() -> AuditCollector {
            AuditCollector(
                id: "a", .losses,
                ask: {
                    .status(
                        AuditStatus(
                            enabled: 1, lost: lost.withLock { $0 }, backlog: 0, backlogLimit: 64))
                }, statusMilliseconds: 1)
        }
        let running = Running(collector(), into: sink)
        eventually("a position") { sink.now.positions["a"] != nil }
        #expect(sink.dropped(.lostBeforeRead) == 0, "what was lost before is nobody's")
        lost.withLock { $0 = 1007 }
        eventually("seven lost") { sink.dropped(.lostBeforeRead) == 7 }
        running.end()
        // Meanwhile the daemon does not run.
        lost.withLock { $0 = 1010 }
        let again = Running(collector(), into: sink)
        eventually("ten lost") { sink.dropped(.lostBeforeRead) == 10 }
        again.end()
        #expect(sink.now.gaps.map(\.count) == [7, 3])
        #expect(sink.now.accounts["a"]?.dropSpans[.lostBeforeRead] != nil)
        #expect(collector().connections(of: "a") == nil)
    }

    @Test func aKernelThatDoesNotSayIsNotedOnceAndIsNoLoss() throws {
        let sink = TestSink()
        let asked = Atomic(0)
        let collector = AuditCollector(
            id: "a", .losses,
            ask: {
                asked.add(1, ordering: .relaxed)
                return .refused(EPERM)
            }, statusMilliseconds: 1)
        let running = Running(collector, into: sink)
        eventually("three questions", seconds: 30) { asked.load(ordering: .relaxed) >= 3 }
        running.end()
        #expect(sink.now.batches == 1)
        #expect(sink.now.gaps.isEmpty)
        let lines = PositionText.lines(try #require(sink.now.positions["a"]), of: .audit)
        #expect(lines.count == 1)
        #expect(lines[0].hasSuffix("(\(CollectError.message(EPERM)))"))
    }

    /// Where it is permitted, the kernel of this machine answers; elsewhere it refuses.
    @Test func theKernelOfThisMachineIsUnderstood() {
        switch AuditStatus.ask() {
        case .status(let status): #expect(status.enabled <= 2)
        case .refused(let error): #expect(error != EBADMSG)
        }
    }
}
