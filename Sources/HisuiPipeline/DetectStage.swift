import Glibc
import HisuiBytes
import HisuiDetect
import HisuiEvent
import HisuiFile
import HisuiShape
import HisuiStore
import Logging
import Synchronization

/// Detection in the daemon: durable rows to findings to acts, each finding once.
///
///     DurableTail ─rows▶ Detector ─findings▶ ActLog (durable) ─▶ log line
///                                                └─▶ state file: how far, and what is remembered
///
/// The state is written after the acts, so a crash between the two finds the acts again: at the
/// next start the rows since the state are gone through once more, give the same findings with the
/// same ids, and those that are among the acts already are not written again. Reception never
/// waits: what waits for the acts' lock or disk is this thread, and the tail reads the store later.
final class DetectStage: TailConsumer {
    /// How often the state is written at most, and how much longer than the writing took the pause
    /// is at least.
    static let saveMillis = 3000
    private static let pauseFactor = 20
    private static let retryMillis: UInt32 = 1000

    let wantsAllAtStop = false
    private let fileSystem: any FileSystem
    private let store: String
    private let zone: String
    private let saveMillis: Int
    private let actor: Actor
    private let log: Logger
    private let describe: @Sendable (Finding) -> String
    /// Rules that are to be put into force.
    private let replacement = Mutex<RuleSet?>(nil)
    private let giveUp = Atomic<Bool>(false)
    private let work: Mutex<Work>

    /// What the tail's thread works on; the lock is taken once a batch and never contended.
    private struct Work {
        var detector: Detector
        var state: DetectState
        /// Findings whose acts are not durable yet.
        var findings: [Finding] = []
        /// Findings after the state that are among the acts, from before this process.
        var known: Set<FindingActs.Key>
        var isDirty = false
        var failures = ToldFailures()
        /// Whether the acts were given up at the end: the state must stay before them.
        var isBehindActs = false
        var lastSave = SystemClock.monotonicMilliseconds()
        var saveMillis = 0
        var lastFlush = 0
        var flushMillis = 0
        var toldCounts = DetectionCounts()
        var lastCounts = SystemClock.monotonicMilliseconds()
    }

    /// - Parameters:
    ///   - durable: one past the last durable leaf of each stream.
    ///   - describe: one line about a finding, for the operator.
    init(
        fileSystem: any FileSystem = RealFileSystem(), store: String, zone: String,
        rules: RuleSet, durable: [String: UInt64], actor: Actor,
        saveMillis: Int = DetectStage.saveMillis, log: Logger,
        describe: @escaping @Sendable (Finding) -> String
    ) throws(StoreError) {
        self.fileSystem = fileSystem
        self.store = store
        self.zone = zone
        self.actor = actor
        self.saveMillis = saveMillis
        self.log = log
        self.describe = describe
        let opened = Self.open(
            fileSystem, store: store, zone: zone, rules, durable: durable, log: log)
        let found = try FindingActs.known(
            fileSystem, store: store, zone: zone, from: opened.state.nextAct)
        for problem in found.problems { log.error("\(problem)") }
        var detector = opened.detector
        let outside = try FindingActs.outside(fileSystem, store: store, zone: zone)
        detector.recallOutside(outside)
        work = Mutex(Work(detector: detector, state: opened.state, known: found.keys))
    }

    /// The first leaf that is wanted of each stream.
    var start: [String: UInt64] { work.withLock { $0.state.next } }

    /// Puts other rules into force, between two batches. What is open of rules that now mean
    /// something else is ended first; the others go on.
    func replace(with rules: RuleSet) { replacement.withLock { $0 = rules } }

    /// Lets no disk that refuses keep the daemon from stopping; what is not durable then is found
    /// again at the next start.
    func stopWaiting() { giveUp.store(true, ordering: .relaxed) }

    // MARK: - The tail's thread

    func take(_ rows: RowBatch, shapes: ShapeTable, stream: String, first: UInt64) {
        work.withLock { work in
            takeOver(&work)
            work.detector.take(
                rows, shapes: shapes, place: zone + "/" + stream, first: first,
                into: &work.findings)
            work.state.next[stream] = first + UInt64(rows.rows.count)
            work.isDirty = true
            // Acts are cheap one by one and dear by the thousand: then they gather.
            let now = SystemClock.monotonicMilliseconds()
            if now - work.lastFlush >= work.flushMillis * 4 || work.findings.count > 1000 {
                flush(&work)
            }
            save(&work, isLast: false)
        }
    }

    func skip(_ leaves: Range<UInt64>, stream: String) {
        let range = "\(leaves.lowerBound) to \(leaves.upperBound - 1) of \(stream)"
        log.warning(
            "detection: records \(range) are not there any more; no rule has seen them")
        work.withLock { work in
            work.state.next[stream] = leaves.upperBound
            work.isDirty = true
        }
    }

    func tick(now: Timestamp, isCaughtUp: Bool) {
        work.withLock { work in
            takeOver(&work)
            if isCaughtUp {
                let before = work.findings.count
                work.detector.tick(now: now, into: &work.findings)
                if work.findings.count > before { work.isDirty = true }
            }
            flush(&work)
            save(&work, isLast: false)
            tellCounts(&work)
        }
    }

    func end(now: Timestamp, isCaughtUp: Bool) {
        work.withLock { work in
            flush(&work)
            save(&work, isLast: true)
        }
    }

    private func takeOver(_ work: inout Work) {
        guard
            let rules = replacement.withLock({ replacement in
                defer { replacement = nil }
                return replacement
            }), rules.digest != work.state.digest
        else { return }
        let changed = work.detector.replace(rules: rules, into: &work.findings)
        flush(&work)
        if let text = Self.givenUp(changed) { log.notice("\(text)") }
        work.state.digest = rules.digest
        work.isDirty = true
    }

    /// Makes the acts of what was found durable, however long that takes, and tells the operator.
    private func flush(_ work: inout Work) {
        guard !work.findings.isEmpty else { return }
        let fresh = work.findings.filter { !work.known.contains(FindingActs.Key($0)) }
        let started = SystemClock.monotonicMilliseconds()
        let acts = ActLog(fileSystem: fileSystem, store: store, now: Self.now)
        var isTold = false
        while !fresh.isEmpty {
            do throws(StoreError) {
                let time = Self.now()
                let range = try acts.append(
                    fresh.map {
                        FindingActs.act(of: $0, zone: zone, actor: actor, time: time)
                    })
                work.state.nextAct = range.upperBound
                break
            } catch {
                if !isTold { log.critical("findings cannot be recorded; tried again: \(error)") }
                isTold = true
                if giveUp.load(ordering: .relaxed) {
                    work.isBehindActs = true
                    return
                }
                usleep(Self.retryMillis * 1000)
            }
        }
        if isTold { log.notice("findings are recorded again") }
        for finding in fresh { tell(finding) }
        work.findings.removeAll(keepingCapacity: true)
        work.lastFlush = SystemClock.monotonicMilliseconds()
        work.flushMillis = work.lastFlush - started
    }

    private static let isNotSaved = "the state of detection cannot be saved"

    private func save(_ work: inout Work, isLast: Bool) {
        guard work.isDirty, work.findings.isEmpty, !work.isBehindActs else { return }
        let started = SystemClock.monotonicMilliseconds()
        let pause = max(saveMillis, work.saveMillis * Self.pauseFactor)
        guard isLast || started - work.lastSave >= pause else { return }
        do throws(FileError) {
            try work.state.write(
                fileSystem, store: store, zone: zone, remembering: work.detector)
            work.isDirty = false
            work.failures.worked(Self.isNotSaved, to: log)
        } catch {
            work.failures.failed(Self.isNotSaved, error, to: log)
        }
        work.lastSave = SystemClock.monotonicMilliseconds()
        work.saveMillis = work.lastSave - started
    }

    // MARK: - What is told

    /// What is said of rules that changed; nil if there are none.
    private static func givenUp(_ changed: [String]) -> String? {
        if changed.isEmpty { return nil }
        let more = changed.count > 8 ? " and \(changed.count - 8) more" : ""
        return "these rules changed, and what detection remembered for them is given up: "
            + changed.prefix(8).joined(separator: ", ") + more
    }

    private func tell(_ finding: Finding) {
        let level: Logger.Level =
            switch finding.ruleLevel {
            case _ where finding.followsOpen: .info
            case "critical": .critical
            case "high", "medium": .warning
            default: .notice
            }
        log.log(level: level, "\(describe(finding))")
    }

    /// Says once a minute what could not be done as it should.
    private func tellCounts(_ work: inout Work) {
        let now = SystemClock.monotonicMilliseconds()
        let counts = work.detector.counts
        guard now - work.lastCounts >= 60_000, counts != work.toldCounts else { return }
        work.lastCounts = now
        work.toldCounts = counts
        let text =
            "\(counts.late) events came too late for their window, \(counts.early) were not "
            + "waited with, \(counts.cut) left a full window, \(counts.evicted) groups were "
            + "forgotten, \(counts.unmeasured) had no number to add up"
        log.warning("detection so far: \(text)")
    }

    private static let now: @Sendable () -> Timestamp = {
        Timestamp(nanoseconds: SystemClock.nanoseconds())
    }
}

// The start.
extension DetectStage {
    private static func open(
        _ fileSystem: any FileSystem, store: String, zone: String, _ rules: RuleSet,
        durable: [String: UInt64], log: Logger
    ) -> (detector: Detector, state: DetectState) {
        var detector = Detector(rules, mode: .live)
        var state = DetectState(digest: rules.digest)
        if rules.count == 0 {
            state.next = durable
            return (detector, state)
        }
        do throws(DetectState.Failure) {
            guard let read = try DetectState.read(fileSystem, store: store, zone: zone) else {
                if durable.contains(where: { $0.value > 0 }) {
                    log.notice("detection begins with the first record of the store")
                }
                return (detector, state)
            }
            state = read
        } catch {
            let path = Filenames.detectState(store: store, zone: zone)
            let text = "detection begins again with the first record and writes no finding twice"
            log.warning("\(path) cannot be used: \(error.what); \(text)")
            return (detector, state)
        }
        do throws(DetectorStateError) {
            let changed = try detector.decodeState(state.detector.span)
            if let text = givenUp(changed) { log.notice("\(text)") }
        } catch {
            log.warning(
                "what detection remembered cannot be used: \(error.what); it goes on without")
            detector = Detector(rules, mode: .live)
        }
        state.digest = rules.digest
        state.detector = []
        for (stream, next) in state.next {
            let end = durable[stream] ?? 0
            guard next > end else { continue }
            let text = "records up to \(next) of \(stream), which ends at \(end)"
            log.warning("detection has seen \(text): the store is older than its state")
            state.next[stream] = end
        }
        return (detector, state)
    }
}
