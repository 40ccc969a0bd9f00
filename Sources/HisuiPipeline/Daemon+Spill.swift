import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiPolicy
import HisuiStore
import Logging

/// What cannot wait while the store takes nothing.
extension Daemon {
    /// The spill ring of the zone, with what an earlier daemon left in it; says in the store where
    /// it is, for `hisui status`.
    func openSpill(
        _ intake: Intake, _ routing: SourceRouting, after positions: [String: [UInt8]]
    ) throws(StoreError) -> SpillStage {
        let store = configuration.store
        let configured = configuration.service.spillPath
        var path = Filenames.spillPath(
            store: store, zone: configuration.zone, place: configured)
        let ring: SpillRing
        do throws(StoreError) {
            ring = try openRing(path, positions)
        } catch {
            guard configured != nil else { throw error }
            // To collect without that disk is better than not at all.
            log.critical("the spill ring cannot be opened; the store's folder is used: \(error)")
            path = Filenames.spillPath(store: store, zone: configuration.zone, place: nil)
            ring = try openRing(path, positions)
        }
        let place = Filenames.spillPlace(store: store, zone: configuration.zone)
        do throws(FileError) {
            try RealFileSystem().createDirectory(Path.parent(of: place))
            try RealFileSystem().writeDurably(Array(path.utf8), to: place)
        } catch {
            // The disk may be full already, and the ring on another one.
            log.error("the place of the spill ring cannot be written down: \(error)")
        }
        return SpillStage(
            ring: ring, intake: intake, spillClass: { routing.route(for: $0).spillClass }, log: log)
    }

    /// What the daemon before this one may have taken without storing it.
    struct Untold {
        var what: String
        /// What came before is stored, or waits in the ring.
        var from: Timestamp
        /// The same for senders that wait while the store takes nothing, and hear of nothing else.
        var fromOfStreams: Timestamp
    }

    /// Nil after an orderly end, and where nothing was ever taken.
    ///
    /// - Parameter stored: when the newest record came that is in the store.
    func untold(
        after previous: (end: PreviousEnd, last: Heartbeat?), stored: Timestamp, _ spill: SpillStage
    ) -> Untold? {
        let what: String
        switch previous.end {
        case .killed: what = "the daemon was killed or broke off"
        case .machineWentDown: what = "the machine went down"
        case .stopped, .unknown: return nil
        }
        var known = max(stored, spill.newestFound)
        let surely = Int64(Limits.takenMillisMax) * 1_000_000
        // One that lived for a moment may not have stored what it had to say of the one before.
        if let last = previous.last, last.time.nanoseconds - last.started.nanoseconds > surely {
            known = max(known, last.time)
        }
        if known == .none { return nil }
        func before(_ time: Timestamp) -> Timestamp {
            let (from, overflow) = time.nanoseconds.subtractingReportingOverflow(surely)
            return Timestamp(nanoseconds: overflow ? 0 : from)
        }
        return Untold(what: what, from: before(known), fromOfStreams: before(stored))
    }

    /// Tells it of each listener whose senders hear no acknowledgement, as a gap until now: they
    /// are heard again.
    func tell(_ untold: Untold?, to spill: SpillStage) {
        guard let untold else { return }
        let now = Timestamp(nanoseconds: SystemClock.nanoseconds())
        for source in configuration.sources {
            let isStream = source.kind == .syslogTCP
            guard isStream || SpillClass.isUnstoppable(source.kind) else { continue }
            let from = isStream ? untold.fromOfStreams : untold.from
            var batch = RecordBatch(
                source: Source(id: source.id, kind: source.kind, form: .syslog))
            batch.account.gaps = 1
            let cause =
                "\(untold.what): of what came from \(from.utcText) to \(now.utcText) some may be "
                + "missing"
            batch.gaps = [Gap(source: source.id, detected: now, count: nil, cause: cause)]
            // Nobody waits here for a store that takes nothing.
            if isStream ? !spill.offer(batch) : !spill.put(batch) {
                log.error("source \(source.id): \(cause); no room to store that")
            }
        }
    }

    private func openRing(
        _ path: String, _ positions: [String: [UInt8]]
    ) throws(StoreError) -> SpillRing {
        try SpillRing(
            opening: path, on: RealFileSystem(), bytesMax: configuration.service.spillBytesMax,
            durable: positions)
    }

    /// Keeps what the pipeline gave up, once all its threads have ended.
    ///
    /// - Returns: whether nothing is lost that nobody can read again.
    func close(
        _ spill: SpillStage, _ intake: Intake, _ parse: ParseStage, _ write: WriteStage
    ) -> Bool {
        var left = (write.takeLeftovers() + (parse.takeRefused().map { [$0] } ?? []))
            .map { RecordBatch(givingBack: $0) }
        while case .element(let batch) = intake.queue.take(waitMillis: 0) { left.append(batch) }
        return spill.close(keeping: left)
    }
}
