import CLinux
import HisuiBytes
public import HisuiDetect
public import HisuiEvent
import HisuiFile
import HisuiParse
public import HisuiPolicy
public import HisuiShape
import HisuiStore
public import Logging
import ServiceLifecycle
import UnixSignals

/// The daemon of one zone: collectors, parser, writer and sealer, put together and kept running.
///
///     collectors ─▶ Intake ─▶ ParseStage ─▶ WriteStage ─▶ log ─▶ SealStage ─▶ segments
///     (threads)    (bounded)   (thread)      (thread)   │          (thread)   ▲ MergeStage
///                                                       │                       (thread)
///                                                       ├─▶ DurableTail ─▶ DetectStage ─▶ acts
///                                                       │     (thread)
///                                                       └─▶ DurableTail ─▶ ProofStage ─▶ trees
///                                                             (thread)
///
/// Stops in the same order: collectors first, so that everything they took is stored before the
/// writer ends. A source's position is durable with its records, so whatever did not get so far is
/// read again at the next start (journal, files) or was never acknowledged (syslog).
public struct Daemon: Sendable {
    /// Of what may wait between collectors and store, the part that waits parsed: rows are larger
    /// than the records they come from, and the writer takes many at once.
    private static let parsedShare = 4
    /// What the allocator keeps at its end; see docs/decisions/0021.
    private static let keptBytes = 2 << 20

    let configuration: Configuration
    private let loadConfiguration: @Sendable () -> Configuration?
    let log: Logger
    private let observe: (@Sendable (RowBatch, ShapeTable) -> Void)?
    private let shipped: [String]
    let shippedRules: String?
    let describe: @Sendable (Finding) -> String

    /// - Parameters:
    ///   - configuration: checked.
    ///   - shippedDefinitions: the directories of parser definitions where it names none.
    ///   - shippedRules: the directory of detection rules where it names none.
    ///   - describe: one line about a finding, in the operator's language.
    ///   - loadConfiguration: reads it again at SIGHUP; nil when it is refused, having said why.
    ///   - observe: called with rows as soon as they are durable, on the writer's thread.
    public init(
        configuration: Configuration, shippedDefinitions: [String], shippedRules: String?,
        describe: @escaping @Sendable (Finding) -> String,
        loadConfiguration: @escaping @Sendable () -> Configuration?, log: Logger,
        observe: (@Sendable (RowBatch, ShapeTable) -> Void)?
    ) {
        self.configuration = configuration
        shipped = shippedDefinitions
        self.shippedRules = shippedRules
        self.describe = describe
        self.loadConfiguration = loadConfiguration
        self.log = log
        self.observe = observe
    }

    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Throws: what kept it from starting, or that it had to stop with records not stored.
    public func run() async throws {
        hisui_return_large_memory()
        hisui_share_freed_memory(Self.keptBytes)
        let proof = ZoneProof(store: configuration.store, zone: configuration.zone)
        let opened = try openZone(proof)
        let proving = beginProof(proof, after: opened.durable)
        let definitions = try definitions(of: configuration, lastGood: nil)
        proving.stage.use(definitions: definitions.definitions.digest)
        let parsedBytesMax = configuration.service.queueBytesMax / Self.parsedShare
        let intake = Intake(
            bytesMax: configuration.service.queueBytesMax - parsedBytesMax,
            positions: opened.positions)
        let routing = SourceRouting(configuration)
        let spill = try openSpill(intake, routing, after: opened.positions)
        let parse = ParseStage(
            intake: intake, definitions: definitions, bytesMax: parsedBytesMax, routing: routing,
            recent: recentRecords(definitions.definitions, before: opened.durable))
        let merge = MergeStage(configuration, log: log)
        let seal = SealStage(
            store: configuration.store, log: log, onSealed: { merge.look() })
        let detection = try detection(after: opened.durable)
        let watch = watch(routing)
        let untold = untold(after: watch.previous, stored: opened.newest, spill)
        var observers: [@Sendable (DurableRows) -> Void] = [
            { detection.tail.offer($0) }, { proving.tail.offer($0) }, { watch.observe($0) },
        ]
        if let observe { observers.append { observe($0.rows, $0.shapes) } }
        let acts = DaemonActs(configuration, definitions: definitions, logger: log)
        let write = WriteStage(
            input: parse.output, service: configuration.service, log: log,
            observers: observers,
            onClosedLogs: { seal.take($0) }, onNotes: { acts.tookFiles($0) },
            hasRoom: { seal.hasRoom }, onDurable: { spill.settle($0) })
        let sources = SourceService(
            sink: spill, resume: { intake.position(of: $0) },
            // A collector may wait in a full queue for a store that refuses, and never end.
            onStop: { write.stopWaiting() }, log: log)
        sources.apply(configuration.sources)
        spill.begin(isHeldUp: { write.isHeldUp }, onEnd: { acts.spilled($0) })
        let onHangUp = ReloadService { reload(parse, routing, sources, detection, proving, acts) }
        acts.started(streams: opened.streams, after: watch.previous)
        let watching = begin(watch, write, sources, spill, parse)
        var isWhole = false
        defer {
            isWhole = close(spill, intake, parse, write) && isWhole
            // The writer's thread has ended, or never begun.
            acts.stopped(streams: opened.sizes(), isWhole: isWhole)
            proving.stage.extendActs()
        }
        try await serve(
            background(merge, seal) + [proving.service, detection.service] + watching.services + [
                ThreadService(
                    description: "write", body: { opened.use { write.run($0) } }, requestStop: {}),
                ThreadService(
                    description: "parse", body: { parse.run() },
                    requestStop: { intake.queue.close() }),
                spill.service,
                sources,
                onHangUp,
                watchdog(write, sources, onListening: { tell(untold, to: spill) }),
            ])
        isWhole = !write.lostRecords
        if write.lostRecords {
            throw PipelineError(
                "stopped while the store refused: the last records that were taken are not stored",
                hint: "journals and files are read again from there; make room, then start again")
        }
    }

    /// What works on files that are written already.
    private func background(_ merge: MergeStage, _ seal: SealStage) -> [any Service] {
        [
            ThreadService(
                description: "merge", body: { merge.run() }, requestStop: { merge.stop() }),
            ThreadService(description: "seal", body: { seal.run() }, requestStop: { seal.stop() }),
        ]
    }

    /// Reads the configuration again; what is refused stays as it was.
    private func reload(
        _ parse: ParseStage, _ routing: SourceRouting, _ sources: SourceService,
        _ detection: Detecting, _ proving: Proving, _ acts: DaemonActs
    ) {
        guard let fresh = loadConfiguration() else {
            acts.reloaded(nil, nil)
            log.error("reload: the configuration is refused; the one in force stays")
            return
        }
        let definitions = reloadDefinitions(parse, proving, fresh)
        reloadRules(detection, fresh)
        if fresh.store != configuration.store || fresh.zone != configuration.zone
            || fresh.service != configuration.service || fresh.signal != configuration.signal
        {
            log.warning("reload: changes of store, zone, service and signal need a restart")
        }
        routing.replace(with: fresh)
        sources.apply(fresh.sources)
        acts.reloaded(fresh, definitions)
        log.notice("reload: the configuration was read again")
    }

    /// Puts the definitions into force; of a file that is refused its last good version stays, for
    /// what worked a moment ago must not be lost to a mistake.
    ///
    /// - Returns: what is in force; nil if it is what was before, because nothing could be read.
    private func reloadDefinitions(
        _ parse: ParseStage, _ proving: Proving, _ fresh: Configuration
    ) -> DefinitionLoader.Loaded? {
        do {
            let loaded = try definitions(of: fresh, lastGood: parse.inForce.members)
            parse.replace(with: loaded)
            proving.stage.use(definitions: loaded.definitions.digest)
            return loaded
        } catch {
            log.error("reload: \(error); the parser definitions in force stay")
        }
        return nil
    }

    /// The definitions of a configuration, once they are kept in the store: rows name them.
    ///
    /// - Parameter lastGood: what is in force; nil when the daemon starts, for what was in force in
    ///   the daemon before it.
    private func definitions(
        of configuration: Configuration, lastGood: [DefinitionArchive.Member]?
    ) throws -> DefinitionLoader.Loaded {
        let directories = configuration.parsers.isEmpty ? shipped : configuration.parsers
        let zone = self.configuration.zone
        let archive = DefinitionArchive(
            fileSystem: RealFileSystem(), store: self.configuration.store)
        let before = try lastGood ?? archive.inForce(zone: zone).map(archive.members(ofSet:)) ?? []
        var loaded = try DefinitionLoader.load(
            directories: directories, lastGood: before,
            proven: Filenames.provenDefinitions(store: self.configuration.store, zone: zone))
        loaded.subjects = try configuration.subjectKeys.map(SubjectKeyFile.load)
        for diagnostic in loaded.diagnostics { log.error("\(diagnostic)") }
        for refused in loaded.refused {
            let stays =
                refused.lastGood.map { "its last good version, \($0.version), stays in force" }
                ?? "it is not in force"
            log.error("\(refused.file) is refused; \(stays)")
        }
        for parser in SubjectKeyCheck.parsersWithoutKey(configuration, loaded) {
            log.warning(
                """
                \(parser) says whom records are about, and there is no key for pseudonyms: they \
                are withheld; see `hisui keys subject add` and `subject_keys`
                """)
        }
        try archive.keep(loaded.members, digest: loaded.definitions.digest)
        remember(loaded.definitions.digest, in: archive)
        log.info("\(loaded.definitions.members.count) parser definitions read")
        return loaded
    }

    /// Remembers which set is in force, for the next start.
    ///
    /// A full disk keeps nobody from collecting: what is lost is the last good version of a file
    /// that is refused then.
    private func remember(_ digest: [UInt8], in archive: DefinitionArchive) {
        if archive.inForce(zone: configuration.zone) == digest { return }
        do throws(StoreError) {
            try archive.putInForce(digest, zone: configuration.zone)
        } catch {
            log.warning("which parser definitions are in force cannot be remembered: \(error)")
        }
    }

    /// Removes what an act says is gone, after a deletion that was cut short.
    ///
    /// Nothing that would keep a daemon from collecting: the next start or apply tries again.
    private func endDeletions() {
        let expiry = Expiry(fileSystem: RealFileSystem(), store: configuration.store)
        do throws(StoreError) {
            let count = try expiry.completeDeletionsUnlessLocked(zone: configuration.zone)
            if count > 0 { log.notice("removed \(count) files of a deletion that was cut short") }
        } catch {
            log.error("a deletion that was cut short cannot be ended: \(error)")
        }
    }

    /// What the parser has to know of the records before.
    private func recentRecords(
        _ definitions: DefinitionSet, before durable: [String: UInt64]
    ) -> [RecentRecords] {
        guard definitions.foldsAny else { return [] }
        return RecentRecords.read(
            store: configuration.store, zone: configuration.zone, durable: durable,
            definitions: definitions,
            problem: { log.warning("what was stored last cannot be read back: \($0)") })
    }

    /// The zone's writer, and what recovery found.
    private func openZone(_ proof: ZoneProof) throws(StoreError) -> OpenedZone {
        let writer = try ZoneWriter.open(
            fileSystem: RealFileSystem(), store: configuration.store, zone: configuration.zone,
            now: { Timestamp(nanoseconds: SystemClock.nanoseconds()) },
            leastIndex: { (stream) throws(StoreError) in try proof.leastIndex(stream) })
        // Opens the keys where there is no stream yet.
        _ = try proof.leastIndex(ZoneWriter.defaultStream)
        endDeletions()
        var durable: [String: UInt64] = [:]
        var positions: [String: [UInt8]] = [:]
        var newest: [String: Timestamp] = [:]
        var newestOfAll = Timestamp.none
        for name in writer.streamNames {
            let stream = try writer.stream(name)
            for cut in stream.recovery.cuts {
                log.notice("\(cut.path): cut \(cut.count) bytes that were never acknowledged")
            }
            durable[name] = stream.committedIndex
            for damage in stream.recovery.damages { log.error("\(damage)") }
            newestOfAll = max(
                newestOfAll, stream.sourceStates.map(\.lastReceived).max() ?? .none)
            // A source that was moved to another stream has a position in both.
            for state in stream.sourceStates where !state.position.isEmpty {
                if SpillClass.isUnstoppable(state.source.kind) {
                    positions[state.source.id] = SpillRing.later(
                        state.position, positions[state.source.id] ?? [])
                    continue
                }
                if let known = newest[state.source.id], known > state.lastReceived { continue }
                newest[state.source.id] = state.lastReceived
                positions[state.source.id] = state.position
            }
        }
        return OpenedZone(writer, positions, durable, newestOfAll)
    }

    /// Carries the writer from the task that opened it to the thread that owns it.
    private struct OpenedZone: @unchecked Sendable {
        // Safe: `use` is called once, by the writer's thread, and nobody else has the writer while
        // that runs; `sizes` is called after it.
        private let writer: ZoneWriter
        let positions: [String: [UInt8]]
        /// One past the last durable leaf of each stream.
        let durable: [String: UInt64]
        /// When the newest durable record came.
        let newest: Timestamp
        /// `name size` of each stream when it was opened.
        let streams: [String]

        init(
            _ writer: ZoneWriter, _ positions: [String: [UInt8]], _ durable: [String: UInt64],
            _ newest: Timestamp
        ) {
            self.writer = writer
            self.positions = positions
            self.durable = durable
            self.newest = newest
            streams = Self.sizes(writer)
        }

        /// `name size` of each stream now.
        func sizes() -> [String] { Self.sizes(writer) }

        private static func sizes(_ writer: ZoneWriter) -> [String] {
            writer.streamNames.map { name in
                let size = (try? writer.stream(name))?.committedIndex ?? 0
                return "\(name) \(size)"
            }
        }

        func use(_ body: (ZoneWriter) -> Void) { body(writer) }
    }

    private func serve(_ services: [any Service]) async throws {
        var group = ServiceGroupConfiguration(
            services: services.map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        group.maximumGracefulShutdownDuration = .seconds(50)
        try await ServiceGroup(configuration: group).run()
    }
}
