import HisuiBytes
import HisuiCollect
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiStore
import Logging
import Synchronization

/// Watches the sources of a zone, the machine's clock, and says that the daemon lives.
///
///     WriteStage ─observe▶ counts by source ─▶ run(), each second: look ─▶ acts, log
///                                                  ├─▶ state file, each minute and at changes
///                                                  └─▶ heartbeat file, while the writer turns
///
/// What is noticed is an act first and counts as told then; an act that cannot be written is tried
/// again each second. A crash between act and state file may tell a silence twice.
final class WatchStage: Sendable {
    private static let lookMillis: Int32 = 1000
    private static let saveMillis: Int64 = 60_000
    /// A source that is new is shown soon, but no flood of them writes more often.
    private static let saveNewMillis: Int64 = 5000
    /// Peers that are turned away all the time do not make it write all the time.
    private static let saveListenersMillis: Int64 = 5000
    /// A writer that has not come round for so long is stuck: the daemon does not live.
    private static let stuckMillis = 30_000

    /// What the watch asks of the daemon's other parts.
    struct Parts: Sendable {
        /// Whether nothing can be stored now.
        var isHeldUp: @Sendable () -> Bool
        /// How long ago the writer came round its loop, in milliseconds.
        var writerMillis: @Sendable () -> Int
        var cause: @Sendable (String) -> SilenceCause
        var reports: @Sendable () -> [ListenerReport]
        /// Records that wait in the spill ring, and how many were dropped there.
        var spilled: @Sendable () -> (waiting: UInt64, dropped: UInt64)
        /// What the parser did not say of records.
        var losses: @Sendable () -> ParseLosses
    }

    private let fileSystem: any FileSystem
    private let store: String
    private let zone: String
    private let routing: SourceRouting
    private let actor: Actor
    private let log: Logger
    private let stopSignal = StopSignal()
    /// How the daemon before this one ended, and its last sign.
    let previous: (end: PreviousEnd, last: Heartbeat?)

    /// What was stored since the last look; the writer's thread adds to it.
    private struct Gathered {
        var seen: [String: Seen] = [:]
        var shapes = RecognisedShapes()
        var stored: UInt64 = 0
    }
    private let gathered = Mutex(Gathered())

    /// Belongs to the thread that looks; others ask for `sign` only.
    private struct Work {
        var watch: ZoneWatch
        /// Acts that are not durable yet.
        var acts: [Act] = []
        var failures = ToldFailures()
        /// Whether what is remembered has to be saved at once.
        var isChanged = false
        /// Whether it was told that there is room for no more sources.
        var isFullTold = false
        var lastSave: Int64
        /// Sources in the state file.
        var savedCount = 0
        var refusals = RefusalLog()
        /// What listeners say of themselves, as it was saved, and when.
        var reports: [ListenerReport]?
        var lastReports: Int64
        var nextBeat: Int64
        var sign: Heartbeat
    }
    private let work: Mutex<Work>

    /// Reads what was remembered; what cannot be used is told, and learned anew.
    init(
        fileSystem: any FileSystem = RealFileSystem(), store: String, zone: String,
        heartbeatSeconds: Int, routing: SourceRouting, bootID: String, actor: Actor = .daemon(),
        at now: Moment = .now(), log: Logger
    ) {
        self.fileSystem = fileSystem
        self.store = store
        self.zone = zone
        self.routing = routing
        self.actor = actor
        self.log = log
        let last = Heartbeat.read(fileSystem, store: store, zone: zone)
        previous = (PreviousEnd(last, bootID: bootID), last)
        var entries: [String: ZoneWatch.Entry] = [:]
        do throws(WatchState.Failure) {
            entries = try WatchState.read(fileSystem, store: store, zone: zone, at: now)
        } catch {
            let path = Filenames.watchState(store: store, zone: zone)
            log.warning("\(path) cannot be used: \(error.what); what is usual is learned anew")
        }
        let sign = Heartbeat(
            time: now.wall, state: .running, zone: zone, program: actor.program ?? "",
            pid: actor.pid ?? 0, bootID: bootID, elapsed: now.elapsed, started: now.wall,
            intervalSeconds: heartbeatSeconds)
        work = Mutex(
            Work(
                watch: ZoneWatch(at: now, remembering: entries), lastSave: now.elapsed,
                lastReports: now.elapsed, nextBeat: now.elapsed, sign: sign))
        // The clock may have been put while no daemon looked.
        guard let last, last.bootID == bootID,
            let step = ClockWatch.step(
                from: Moment(wall: last.time, elapsed: last.elapsed), to: now)
        else { return }
        work.withLock { tell(.clockStep(step), &$0, now) { _ in .unknown } }
    }

    /// Called by the writer when rows have become durable. Never waits for long.
    /// - Complexity: O(rows).
    func observe(_ rows: DurableRows) {
        let source = rows.rows.source
        let key = routing.route(for: source).watchKey
        let isLive = [.syslogUDP, .syslogTCP, .syslogUnix, .relp].contains(source.kind)
        gathered.withLock { gathered in
            let isRecognised = gathered.shapes.flags(rows.shapes)
            var seen = Seen(records: rows.rows.rows.count)
            for row in rows.rows.rows {
                if isRecognised[Int(row.shape)] { seen.known += 1 }
                let isTimed = !row.flags.contains(.timeInferred)
                if row.received >= seen.received {
                    (seen.received, seen.event) = (row.received, isTimed ? row.time : .none)
                }
                guard isLive, isTimed else { continue }
                let lead = row.time.nanoseconds.subtractingReportingOverflow(
                    row.received.nanoseconds)
                if lead.overflow { continue }
                seen.timed += 1
                seen.lead = max(seen.lead, lead.partialValue / 1_000_000)
            }
            gathered.stored += UInt64(seen.records)
            gathered.seen[key, default: Seen()].add(seen)
        }
    }

    func stop() { stopSignal.raise() }

    /// Looks at once and each second until stopped; then says that the daemon ended in an orderly
    /// way.
    func run(_ parts: Parts) {
        repeat { look(.now(), parts) } while !stopSignal.wait(milliseconds: Self.lookMillis)
        end(.now(), parts)
    }

    /// The last look, after the writer has ended.
    func end(_ now: Moment, _ parts: Parts) {
        look(now, parts)
        work.withLock { work in
            save(&work, now)
            save(parts.reports(), &work, now)
            work.sign.state = .stopped
            beat(&work)
        }
    }

    /// What the daemon says of itself; nil while its writer, or whoever looks, is stuck.
    func sign(_ parts: Parts, at now: Moment = .now()) -> Heartbeat? {
        guard parts.writerMillis() < Self.stuckMillis else { return nil }
        let sign = work.withLock { $0.sign }
        return now.elapsed - sign.elapsed < Int64(Self.stuckMillis) ? sign : nil
    }

    /// One look.
    func look(_ now: Moment, _ parts: Parts) {
        let (seen, stored) = gathered.withLock { gathered in
            defer { gathered.seen = [:] }
            return (gathered.seen, gathered.stored)
        }
        work.withLock { work in
            let noticed = work.watch.look(
                now, seen: seen, expected: routing.expectedKeys, isHeldUp: parts.isHeldUp(),
                wanted: { routing.silence(ofKey: $0) })
            for thing in noticed { tell(thing, &work, now, parts.cause) }
            if work.watch.isFull, !work.isFullTold {
                log.error("\(Limits.watchedSourcesMax) sources are watched: not all are")
                work.isFullTold = true
            }
            record(&work)
            look(at: parts.reports(), &work, now)
            let isNew = work.watch.entries.count != work.savedCount
            let pause = isNew ? Self.saveNewMillis : Self.saveMillis
            if work.isChanged || now.elapsed - work.lastSave >= pause { save(&work, now) }
            work.sign.time = now.wall
            work.sign.elapsed = now.elapsed
            work.sign.stored = stored
            work.sign.sources = work.watch.entries.count
            work.sign.silent = work.watch.silentCount
            (work.sign.waiting, work.sign.dropped) = parts.spilled()
            work.sign.losses = parts.losses()
            guard now.elapsed >= work.nextBeat, parts.writerMillis() < Self.stuckMillis else {
                return
            }
            beat(&work)
            work.nextBeat = now.elapsed + Int64(work.sign.intervalSeconds) * 1000
        }
    }

    // MARK: - What is told and kept

    private func tell(
        _ noticed: Noticed, _ work: inout Work, _ now: Moment, _ cause: (String) -> SilenceCause
    ) {
        let act = WatchActs.act(
            of: noticed, zone: zone, actor: actor, time: now.wall, cause: cause)
        log.log(level: act.text("state") == "ended" ? .notice : .warning, "\(act.message)")
        work.isChanged = true
        if work.acts.count < Limits.noticedWaitingMax {
            work.acts.append(act)
        } else {
            log.error("too much waits to be recorded: this is in no act")
        }
    }

    private func record(_ work: inout Work) {
        guard !work.acts.isEmpty else { return }
        attempt("what was noticed cannot be recorded", &work) { work throws(StoreError) in
            try ActLog(
                fileSystem: fileSystem, store: store,
                now: { Timestamp(nanoseconds: SystemClock.nanoseconds()) }
            ).append(work.acts)
            work.acts = []
        }
    }

    private func save(_ work: inout Work, _ now: Moment) {
        // What is not among the acts yet must not count as told after a crash.
        guard work.acts.isEmpty else { return }
        work.lastSave = now.elapsed
        attempt("what is usual of sources cannot be saved", &work) { work throws(FileError) in
            try WatchState.write(
                work.watch.entries, at: now.elapsed, fileSystem, store: store, zone: zone)
            work.isChanged = false
            work.savedCount = work.watch.entries.count
        }
    }

    /// Tells of peers that were turned away, and lets others see it.
    private func look(at reports: [ListenerReport], _ work: inout Work, _ now: Moment) {
        for line in work.refusals.lines(reports, at: now.elapsed) { log.warning("\(line)") }
        guard reports != work.reports else { return }
        let isRefused =
            reports.map(\.counts.refusals.total) != work.reports?.map(\.counts.refusals.total)
        let pause = isRefused ? Self.saveListenersMillis : Self.saveMillis
        guard work.reports == nil || now.elapsed - work.lastReports >= pause else { return }
        save(reports, &work, now)
    }

    private func save(_ reports: [ListenerReport], _ work: inout Work, _ now: Moment) {
        work.lastReports = now.elapsed
        attempt("what listeners count cannot be saved", &work) { work throws(FileError) in
            try ListenerState.write(reports, fileSystem, store: store, zone: zone)
            work.reports = reports
        }
    }

    private func beat(_ work: inout Work) {
        attempt("the heartbeat cannot be written", &work) { work throws(FileError) in
            try work.sign.write(fileSystem, store: store)
        }
    }

    /// Does what may fail; tells of a failure once, and when it works again.
    private func attempt<Failure>(
        _ what: String, _ work: inout Work, _ body: (inout Work) throws(Failure) -> Void
    ) {
        do throws(Failure) {
            try body(&work)
            work.failures.worked(what, to: log)
        } catch {
            work.failures.failed(what, error, to: log)
        }
    }
}
