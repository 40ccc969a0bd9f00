import HisuiBytes
import HisuiCollect
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiPolicy
import HisuiShape
import HisuiStore
import Logging
import Synchronization
import Testing

@testable import HisuiPipeline

/// What the watch writes: acts, state, heartbeat; the clock is the test's.
@Suite struct WatchStageTests {
    private static let second: Int64 = 1000

    /// A daemon's watch on a simulated disk, with rows that come when the test says.
    private final class Bench {
        let disk: SimulatedFileSystem
        let stage: WatchStage
        var now: Int64
        var parser = Parser(definitions: .empty, timeZone: .utc)
        let isHeldUp = Mutex(false)
        let writerMillis = Mutex(0)
        let cause = Mutex(SilenceCause.connectionCut)
        let reports = Mutex<[ListenerReport]>([])

        init(
            _ disk: SimulatedFileSystem, at now: Int64 = 0, boot: String = "boot-1",
            wall: Int64? = nil, more: String = ""
        ) throws {
            self.disk = disk
            self.now = now
            let text = """
                organisation: {name: City}
                zone: z
                zones: [{id: z, name: Z}]
                store: /store
                sources:
                - {syslog: {tcp: "127.0.0.1:514"}, id: fw}
                \(more)
                """
            let loaded = Configuration.load(Array(text.utf8), file: "f")
            let configuration = try #require(loaded.configuration, "\(loaded.diagnostics)")
            _ = try ZoneWriter.open(
                fileSystem: disk, store: "/store", zone: "z",
                now: { Timestamp(nanoseconds: 1) }
            ).close()
            stage = WatchStage(
                fileSystem: disk, store: "/store", zone: "z", heartbeatSeconds: 10,
                routing: SourceRouting(configuration), bootID: boot,
                actor: Actor(.daemon, pid: 7, program: "hisui test"),
                at: Self.moment(now, wall ?? now),
                log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }

        static func moment(_ elapsed: Int64, _ wall: Int64) -> Moment {
            Moment(wall: Timestamp(nanoseconds: wall * 1_000_000), elapsed: elapsed)
        }

        var parts: WatchStage.Parts {
            let (held, millis, cause) =
                (isHeldUp.withLock { $0 }, writerMillis.withLock { $0 }, cause.withLock { $0 })
            let reports = reports.withLock { $0 }
            return WatchStage.Parts(
                isHeldUp: { held }, writerMillis: { millis }, cause: { _ in cause },
                reports: { reports }, spilled: { (waiting: 6, dropped: 3) },
                losses: { ParseLosses(unjoined: 2, unfolded: 4, unpaired: 5) })
        }

        func receive(_ source: String, _ kind: SourceKind = .syslogTCP) {
            var batch = RecordBatch(source: Source(id: source, kind: kind, form: .syslog))
            batch.append(
                Array("<13>Jan  1 00:00:00 h p: x".utf8).span,
                received: Timestamp(nanoseconds: now * 1_000_000))
            let rows = parser.parse(batch)
            stage.observe(
                DurableRows(rows: rows, shapes: parser.shapes, stream: "default", first: 0))
        }

        /// So many seconds, in each of which these sources speak.
        func pass(_ seconds: Int, _ sources: [(String, SourceKind)] = []) {
            for _ in 0..<seconds {
                now += WatchStageTests.second
                for (source, kind) in sources { receive(source, kind) }
                stage.look(Self.moment(now, now), parts)
            }
        }

        func acts(_ kind: Act.Kind) throws -> [Act] {
            try ActReader(fileSystem: disk, store: "/store").acts(kinds: [kind]).acts.map(\.act)
        }

        var heartbeat: Heartbeat? { Heartbeat.read(disk, store: "/store", zone: "z") }
    }

    private static let firewall = [("fw/192.0.2.1", SourceKind.syslogTCP)]

    @Test func aSilenceIsAnActWithItsCauseAndItsEndIsAnother() throws {
        let bench = try Bench(SimulatedFileSystem())
        bench.pass(1200, Self.firewall)
        #expect(try bench.acts(.silence).isEmpty)
        bench.pass(89)
        #expect(try bench.acts(.silence).isEmpty)
        bench.pass(1)
        let begun = try #require(try bench.acts(.silence).first)
        #expect(begun.text("source") == "fw/192.0.2.1")
        #expect(begun.text("state") == "begun")
        #expect(begun.text("cause") == "connection-cut")
        #expect(begun.integer("silent.ms") == 90_000)
        #expect(begun.integer("interval.ms") == 60_000)
        #expect(begun.text("last") == Timestamp(nanoseconds: 1_200_000_000_000).utcText)
        bench.pass(100)
        bench.pass(1, Self.firewall)
        let acts = try bench.acts(.silence)
        #expect(acts.count == 2)
        #expect(acts[1].text("state") == "ended")
        #expect(acts[1].integer("silent.ms") == 191_000)
    }

    private static let files =
        "- {files: {paths: [/var/log/app-*.log]}, id: app, silence_seconds: 30}"

    @Test func filesThatNeverSpeakAreMissedAfterTheConfiguredTime() throws {
        let bench = try Bench(SimulatedFileSystem(), more: Self.files)
        bench.pass(30)
        #expect(try bench.acts(.silence).isEmpty)
        bench.pass(1)
        let acts = try bench.acts(.silence)
        #expect(acts.map { $0.text("source") } == ["app"])
        #expect(acts.first?.text("last") == nil)
    }

    @Test func filesOfOneSourceAreWatchedTogether() throws {
        let bench = try Bench(SimulatedFileSystem(), more: Self.files)
        for number in 0..<5 { bench.pass(20, [("app:/var/log/app-\(number).log", .file)]) }
        #expect(try bench.acts(.silence).isEmpty)
        bench.pass(30)
        let acts = try bench.acts(.silence)
        #expect(acts.map { $0.text("source") } == ["app"])
        #expect(acts.first?.integer("silent.ms") == 30_000)
    }

    @Test func whatWasLearnedSurvivesAKill() throws {
        let disk = SimulatedFileSystem()
        let first = try Bench(disk)
        first.pass(1200, Self.firewall)
        // No end: the daemon is killed, and started an hour later.
        let second = try Bench(disk, at: 4800 * Self.second)
        #expect(second.stage.previous.end == .killed)
        #expect(second.stage.previous.last?.stored == 1191)
        second.pass(89)
        #expect(try second.acts(.silence).isEmpty)
        second.pass(1)
        let acts = try second.acts(.silence)
        #expect(acts.count == 1)
        #expect(acts.first?.integer("silent.ms") == 90_000)
        let third = try Bench(disk, at: 4900 * Self.second)
        third.pass(1, Self.firewall)
        #expect(try third.acts(.silence).map { $0.text("state") } == ["begun", "ended"])
    }

    @Test func aSilenceThatCannotBeRecordedIsRecordedLater() throws {
        let bench = try Bench(SimulatedFileSystem())
        bench.pass(1200, Self.firewall)
        bench.disk.setCapacity(0)
        bench.pass(100)
        bench.disk.setCapacity(.max)
        #expect(try bench.acts(.silence).isEmpty)
        bench.pass(1)
        #expect(try bench.acts(.silence).count == 1)
    }

    @Test func aDiskThatFailsOnceLeavesTheOldFilesOrTheNewOnes() throws {
        let whole = try Bench(SimulatedFileSystem())
        whole.pass(60, Self.firewall)
        let first = whole.disk.operationCount + 1
        whole.pass(60, Self.firewall)
        try #require(whole.disk.operationCount > first)
        for kind in SimulatedFault.Kind.allCases {
            for point in first...whole.disk.operationCount {
                let bench = try Bench(SimulatedFileSystem())
                bench.pass(60, Self.firewall)
                bench.disk.add(.init(operation: point, kind: kind, persists: false))
                for _ in 0..<60 {
                    bench.pass(1, Self.firewall)
                    #expect(bench.heartbeat != nil, "operation \(point) \(kind)")
                    let known = try WatchState.read(
                        bench.disk, store: "/store", zone: "z", at: Bench.moment(0, 0))
                    #expect(known.count == 1, "operation \(point) \(kind)")
                }
                bench.pass(60, Self.firewall)
                #expect(bench.heartbeat?.stored == 171, "operation \(point) \(kind)")
            }
        }
    }

    // MARK: - The clock

    @Test func aClockThatIsPutIsAnAct() throws {
        let bench = try Bench(SimulatedFileSystem())
        bench.pass(10)
        bench.stage.look(Bench.moment(11_000, 3_611_000), bench.parts)
        let act = try #require(try bench.acts(.clock).first)
        #expect(act.text("event") == "step")
        #expect(act.integer("step.ms") == 3_600_000)
        #expect(act.text("before") == Timestamp(nanoseconds: 11_000_000_000).utcText)
    }

    @Test func aClockThatWasPutWhileNoDaemonRanIsAnActOfTheStart() throws {
        let disk = SimulatedFileSystem()
        try Bench(disk).pass(20)
        let later = try Bench(disk, at: 60_000, wall: 60_000 - 50_000)
        later.stage.look(Bench.moment(61_000, 11_000), later.parts)
        let acts = try later.acts(.clock)
        #expect(acts.count == 1)
        #expect(acts.first?.integer("step.ms") == -50_000)
    }

    @Test func aMachineThatWasStartedAnewTellsNoStep() throws {
        let disk = SimulatedFileSystem()
        try Bench(disk).pass(20)
        let later = try Bench(disk, at: 5000, boot: "boot-2", wall: 900_000)
        later.stage.look(Bench.moment(6000, 901_000), later.parts)
        #expect(try later.acts(.clock).isEmpty)
        #expect(later.stage.previous.end == .machineWentDown)
    }

    // MARK: - The heartbeat

    @Test func theHeartbeatCountsAndGoesOn() throws {
        let bench = try Bench(SimulatedFileSystem())
        bench.pass(1, Self.firewall)
        let first = try #require(bench.heartbeat)
        #expect(first.state == .running)
        #expect(first.stored == 1)
        #expect(first.pid == 7)
        bench.pass(9, Self.firewall)
        #expect(bench.heartbeat == first)
        bench.pass(1, Self.firewall)
        #expect(bench.heartbeat?.stored == 11)
        #expect(bench.heartbeat?.sources == 1)
        #expect(bench.heartbeat?.waiting == 6)
        #expect(bench.heartbeat?.dropped == 3)
        #expect(
            bench.heartbeat?.losses == ParseLosses(unjoined: 2, unfolded: 4, unpaired: 5))
        #expect(bench.heartbeat?.elapsed == 11_000)
    }

    private static func report(_ refused: Int) throws -> [ListenerReport] {
        try #require(
            ListenerReport.reports(
                """
                listeners 1
                listener fw
                since 2026-11-27T00:00:00.000000000Z
                accepted 5
                open 1
                idle 0
                reset 0
                held 0
                refusal connections-max\t\(refused)\t2026-11-27T00:00:01.000000000Z\t192.0.2.7\t

                """))
    }

    @Test func whomListenersTurnedAwayIsWrittenSoonAndAtTheEnd() throws {
        let bench = try Bench(SimulatedFileSystem())
        func written() -> [ListenerReport] {
            ListenerState.reports(bench.disk, store: "/store", zone: "z")
        }
        bench.pass(1)
        #expect(written() == [])
        for (refused, seconds) in [(1, 5), (2, 5)] {
            let reports = try Self.report(refused)
            bench.reports.withLock { $0 = reports }
            bench.pass(seconds)
            #expect(written() == reports)
        }
        let last = try Self.report(3)
        bench.reports.withLock { $0 = last }
        bench.stage.end(Bench.moment(bench.now, bench.now), bench.parts)
        #expect(written() == last)
    }

    @Test func aWriterThatIsStuckGivesNoSignOfLife() throws {
        let bench = try Bench(SimulatedFileSystem())
        bench.pass(1)
        let last = try #require(bench.heartbeat)
        bench.writerMillis.withLock { $0 = 30_000 }
        bench.pass(100)
        #expect(bench.heartbeat == last)
        #expect(bench.stage.sign(bench.parts, at: Bench.moment(bench.now, bench.now)) == nil)
        bench.writerMillis.withLock { $0 = 29_999 }
        bench.pass(1)
        #expect(bench.heartbeat?.elapsed == bench.now)
        // Nor does one whose watch is stuck.
        let late = Bench.moment(bench.now + 30_000, bench.now + 30_000)
        #expect(bench.stage.sign(bench.parts, at: late) == nil)
        #expect(bench.stage.sign(bench.parts, at: Bench.moment(bench.now, bench.now)) != nil)
    }

    @Test func anOrderlyEndIsTheLastHeartbeat() async throws {
        let bench = try Bench(SimulatedFileSystem(), at: Moment.now().elapsed)
        let (stage, parts) = (bench.stage, bench.parts)
        stage.stop()
        await WorkerThread.run("watch") { stage.run(parts) }
        #expect(bench.heartbeat?.state == .stopped)
        let next = try Bench(bench.disk, at: bench.now + 1000)
        #expect(next.stage.previous.end == .stopped)
    }

    @Test func aHeartbeatIsReadAsItWasWritten() {
        var sign = Heartbeat(
            time: Timestamp(nanoseconds: 1_700_000_000_123_456_789), state: .stopped, zone: "z",
            program: "hisui 0.1.0", pid: 4711, bootID: "6f2c", elapsed: 12,
            started: .init(
                nanoseconds: 1_600_000_000_000_000_000), intervalSeconds: 10)
        sign.stored = 5
        sign.sources = 3
        sign.silent = 2
        sign.waiting = 4
        sign.dropped = 8
        sign.losses = ParseLosses(unjoined: 1, unfolded: 2, unpaired: 3)
        #expect(Heartbeat(sign.text) == sign)
        #expect(Heartbeat(sign.text + "something new\n") == sign)
        for text in [
            "", "heartbeat 1\n", String(sign.text.dropLast()),
            sign.text.replacing("heartbeat 1", with: "heartbeat 2"),
            sign.text.replacing("stopped", with: "asleep"),
            sign.text.replacing("interval 10", with: "interval 0"), sign.text + "pid 1\n",
            sign.text + "\n",
        ] {
            #expect(Heartbeat(text) == nil, "\(text)")
        }
    }

    @Test func howTheLastDaemonEndedIsReadFromItsLastSign() {
        var sign = Heartbeat(
            time: .none, state: .running, zone: "z", program: "p", pid: 1, bootID: "a",
            elapsed: 0, started: .none, intervalSeconds: 1)
        #expect(PreviousEnd(nil, bootID: "a") == .unknown)
        #expect(PreviousEnd(sign, bootID: "a") == .killed)
        #expect(PreviousEnd(sign, bootID: "b") == .machineWentDown)
        sign.state = .stopped
        #expect(PreviousEnd(sign, bootID: "b") == .stopped)
    }
}
