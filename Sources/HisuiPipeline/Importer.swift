import CLinux
public import HisuiBytes
public import HisuiCollect
public import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiShape
import HisuiStore
import Synchronization

/// Bulk load: files to segments, without the log.
///
/// One thread reads and parses, another one builds segments, a third one hashes leaves; bounded
/// queues lie between them. The zone's lock is held throughout, so no daemon may run on the zone
/// meanwhile. The last step is a signed checkpoint that covers the last record.
///
/// What is stored of a file is told by the segment with its records (`ImportPosition`), so an
/// import may be repeated, whatever ended the one before: it goes on behind the last segment.
public struct Importer: Sendable {
    public struct Options: Sendable {
        public var store: String
        public var zone: String
        public var stream = ZoneWriter.defaultStream
        /// Id of the source; nil: `import:` and the file's path, for each file.
        public var source: String?
        public var definitions: DefinitionLoader.Loaded
        public var timeZone: TimeZoneRules
        /// How the bytes of lines become text.
        public var encoding = TextEncoding.utf8
        /// Which lines are one record; nil: each is one.
        public var join: JoinRule?
        /// How to read the files as tables; nil: they are none.
        public var table: TableRule?
        /// The one definition that reads the lines; nil: all are tried.
        public var parser: String?
        /// Latest time the records can have; nil: the file's own.
        public var referenceTime: Int64?
        /// Store files again that are stored.
        public var again = false
        /// Counts the time of stages.
        public var clock: StageClock?

        public init(
            store: String, zone: String, source: String?, definitions: DefinitionLoader.Loaded,
            timeZone: TimeZoneRules, referenceTime: Int64?
        ) {
            self.store = store
            self.zone = zone
            self.source = source
            self.definitions = definitions
            self.timeZone = timeZone
            self.referenceTime = referenceTime
        }
    }

    let options: Options
    /// Bytes of parsed batches that may wait for the segment builder.
    private static let queueBytesMax = 16 << 20

    public init(_ options: Options) { self.options = options }

    /// What the threads of an import share.
    final class Run: Sendable {
        let queue = BoundedQueue<ImportedBatch>(weightMax: queueBytesMax)
        /// One element when the zone is open.
        let known = BoundedQueue<KnownSources>(weightMax: 1)
        private let failure = Mutex<PipelineError?>(nil)
        private let report = Mutex(ImportReport())
        private let progress: @Sendable (ImportReport) -> Void

        init(progress: @escaping @Sendable (ImportReport) -> Void) { self.progress = progress }

        /// Ends the import.
        func fail(_ error: PipelineError) {
            failure.withLock { $0 = $0 ?? error }
            queue.close()
            known.close()
        }

        func update(_ change: (inout ImportReport) -> Void) {
            let now = report.withLock { report in
                change(&report)
                return report
            }
            progress(now)
        }

        func end() throws(PipelineError) -> ImportReport {
            if let error = failure.withLock({ $0 }) { throw error }
            return report.withLock { $0 }
        }
    }

    /// Imports files in order; `-` is standard input.
    ///
    /// A file that cannot be read does not keep others from being imported: see
    /// `ImportReport.failures`.
    ///
    /// - Parameter progress: called now and then, on threads of the import.
    public func run(
        _ files: [String], progress: @escaping @Sendable (ImportReport) -> Void
    ) async throws(PipelineError) -> ImportReport {
        hisui_return_large_memory()
        let run = Run(progress: progress)
        let proving = ProofQueue(
            proof: ZoneProof(store: options.store, zone: options.zone), stream: options.stream,
            clock: options.clock)
        async let reading: Void = WorkerThread.run("import-read") {
            if case .element(let known) = run.known.take(waitMillis: nil) {
                read(files, known, run)
            }
            run.queue.close()
        }
        async let hashing: Void = WorkerThread.run("import-prove") { proving.run() }
        async let building: Void = WorkerThread.run("import-build") {
            defer { proving.close() }
            do throws(StoreError) {
                try build(run, proving)
            } catch {
                run.fail(PipelineError("\(error)", hint: nil))
            }
        }
        _ = await (reading, building, hashing)
        return try run.end()
    }

    /// What the lines are read with.
    var definitions: DefinitionSet {
        guard let parser = options.parser else { return options.definitions.definitions }
        return options.definitions.only(parser) ?? .empty
    }

    /// The thread that opens the zone, builds segments, and signs.
    private func build(_ run: Run, _ proving: ProofQueue) throws(StoreError) {
        let writer = try ZoneWriter.open(
            fileSystem: RealFileSystem(), store: options.store, zone: options.zone,
            now: { Timestamp(nanoseconds: SystemClock.nanoseconds()) },
            leastIndex: { (stream) throws(StoreError) in try proving.proof.leastIndex(stream) })
        let digest = definitions.digest
        try DefinitionArchive(fileSystem: RealFileSystem(), store: options.store)
            .keep(
                options.definitions.members.filter {
                    options.parser == nil || $0.parser == options.parser
                }, digest: digest)
        let stream = try writer.stream(options.stream)
        try proving.begin(at: stream.nextIndex)
        var states: [SourceState] = []
        for name in writer.streamNames { states += try writer.stream(name).sourceStates }
        let ledger = ImportLedger(stream.sourceStates)
        var importer = try SegmentImporter(
            fileSystem: RealFileSystem(), store: options.store, zone: options.zone,
            stream: options.stream, nextIndex: stream.nextIndex, states: stream.sourceStates,
            definitions: [digest], clock: options.clock)
        importer.position = ledger.position(of:)
        _ = run.known.put(KnownSources(states), weight: 1)
        do throws(StoreError) {
            let counts = try take(run, &importer, ledger, proving)
            try importer.finish()
            if importer.segments.isEmpty { try keep(counts, in: stream, definitions: digest) }
            try proving.finish(definitions: digest)
            // What is stored and signed for is no failure; that acts cannot be written is told with
            // the act of the import.
            try? SegmentActs(store: options.store, actor: .current()).record(
                importer.segments.map {
                    .init(zone: options.zone, stream: options.stream, path: $0)
                })
        } catch {
            importer.abandon()
            throw error
        }
        let (segments, segmentBytes) = (importer.segments.count, importer.byteCount)
        let forgotten = ledger.forgotten
        run.update { report in
            report.segments = segments
            report.segmentBytes = segmentBytes
            report.forgotten = forgotten
        }
        try writer.close()
    }

    /// Appends all batches; returns what was counted beside records.
    private func take(
        _ run: Run, _ importer: inout SegmentImporter, _ ledger: ImportLedger,
        _ proving: ProofQueue
    ) throws(StoreError) -> [Source: Beside] {
        var coverage = Coverage()
        var counts: [Source: Beside] = [:]
        while case .element(let batch) = run.queue.take(waitMillis: nil) {
            let rows = batch.parsed.rows
            try importer.append(rows, shapes: batch.parsed.shapes)
            // After the rows: a segment that ends before them must not tell of them.
            if let standing = batch.standing {
                ledger.note(standing, replacing: batch.replaced, of: rows.source.id)
            }
            if !rows.account.isZero { counts[rows.source, default: Beside()].add(rows) }
            if !rows.rows.isEmpty { proving.put(rows) }
            let (recognised, truncated) = coverage.counts(batch.parsed)
            let (segments, segmentBytes) = (importer.segments.count, importer.byteCount)
            run.update { report in
                report.records += UInt64(rows.rows.count)
                report.bytes += UInt64(rows.recordBytes)
                report.recognised += recognised
                report.truncated += truncated
                report.deduplicated += rows.account.deduplicated
                report.add(rows.gaps)
                report.segments = segments
                report.segmentBytes = segmentBytes
            }
        }
        return counts
    }

    /// What was counted of a source beside its rows.
    private struct Beside {
        var account = Account()
        var gaps: [Gap] = []

        mutating func add(_ rows: borrowing RowBatch) {
            account.add(rows.account)
            gaps += rows.gaps
        }
    }

    /// Stores counts that came without any row, by way of the log: a segment has rows.
    private func keep(
        _ counts: [Source: Beside], in stream: StreamWriter, definitions: [UInt8]
    ) throws(StoreError) {
        let shapes = ShapeTable()
        for (source, beside) in counts.sorted(by: { $0.key.id < $1.key.id }) {
            var batch = RowBatch(source: source, senders: [""])
            batch.account = beside.account
            batch.gaps = beside.gaps
            _ = try stream.append(batch, shapes: shapes, definitions: definitions)
        }
        try stream.commit()
    }

    /// Counts rows whose shape belongs to a rule, and rows that were cut.
    private struct Coverage {
        private var shapes = RecognisedShapes()

        mutating func counts(_ batch: ParsedBatch) -> (recognised: UInt64, truncated: UInt64) {
            let isRecognised = shapes.flags(batch.shapes)
            var counts: (recognised: UInt64, truncated: UInt64) = (0, 0)
            for row in batch.rows.rows {
                if row.flags.contains(.truncated) { counts.truncated += 1 }
                if isRecognised[Int(row.shape)] { counts.recognised += 1 }
            }
            return counts
        }
    }
}
