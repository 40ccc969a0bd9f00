public import HisuiBytes
import HisuiCollect
import HisuiEvent
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
        /// The one definition that reads the lines; nil: all are tried.
        public var parser: String?
        /// Latest time the records can have; nil: the file's own.
        public var referenceTime: Int64?

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

    /// How far an import has come.
    public struct Report: Sendable {
        public var records: UInt64 = 0
        /// Bytes of the records, without delimiters.
        public var bytes: UInt64 = 0
        /// Records that a rule knows.
        public var recognised: UInt64 = 0
        public var segments = 0
        public var segmentBytes = 0
    }

    private let options: Options
    /// Bytes of parsed batches that may wait for the segment builder.
    private static let queueBytesMax = 16 << 20

    public init(_ options: Options) { self.options = options }

    /// Imports files in order; `-` is standard input.
    ///
    /// - Parameter progress: called now and then, on a thread of the import.
    public func run(
        _ files: [String], progress: @escaping @Sendable (Report) -> Void
    ) async throws(PipelineError) -> Report {
        let queue = BoundedQueue<ParsedBatch>(weightMax: Self.queueBytesMax)
        let proving = ProofQueue(
            proof: ZoneProof(store: options.store, zone: options.zone), stream: options.stream)
        let failure = Mutex<PipelineError?>(nil)
        let report = Mutex(Report())
        let note: @Sendable (PipelineError) -> Void = { error in
            failure.withLock { $0 = $0 ?? error }
            queue.close()
        }
        async let reading: Void = WorkerThread.run("import-read") {
            do throws(PipelineError) {
                try read(files, into: queue)
            } catch {
                note(error)
            }
            queue.close()
        }
        async let hashing: Void = WorkerThread.run("import-prove") { proving.run() }
        async let building: Void = WorkerThread.run("import-build") {
            defer { proving.close() }
            do throws(StoreError) {
                try build(queue, proving) { change in
                    progress(
                        report.withLock { report in
                            change(&report)
                            return report
                        })
                }
            } catch {
                note(PipelineError("\(error)", hint: nil))
            }
        }
        _ = await (reading, building, hashing)
        if let error = failure.withLock({ $0 }) { throw error }
        return report.withLock { $0 }
    }

    /// What the lines are read with.
    private var definitions: DefinitionSet {
        guard let parser = options.parser else { return options.definitions.definitions }
        return options.definitions.only(parser) ?? .empty
    }

    private func read(
        _ files: [String], into queue: BoundedQueue<ParsedBatch>
    ) throws(PipelineError) {
        let definitions = definitions
        var parser = Parser(
            definitions: definitions, timeZone: options.timeZone, encoding: options.encoding)
        for path in files {
            do throws(CollectError) {
                var input = try FileImport(path: path, name: options.source)
                while var batch = try input.next() {
                    if let reference = options.referenceTime {
                        batch.latestPossible = Timestamp(nanoseconds: reference)
                    }
                    let weight = Intake.weight(of: batch)
                    let rows = parser.parse(batch)
                    let parsed = ParsedBatch(
                        rows: rows, shapes: parser.shapes,
                        definitions: definitions.digest, stream: options.stream)
                    guard queue.put(parsed, weight: weight) else { return }
                }
            } catch {
                throw PipelineError("\(error)", hint: nil)
            }
        }
    }

    private func build(
        _ queue: BoundedQueue<ParsedBatch>, _ proving: ProofQueue,
        _ update: ((inout Report) -> Void) -> Void
    ) throws(StoreError) {
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
        var importer = try SegmentImporter(
            fileSystem: RealFileSystem(), store: options.store, zone: options.zone,
            stream: options.stream, nextIndex: stream.nextIndex, states: stream.sourceStates,
            definitions: [digest])
        do throws(StoreError) {
            var coverage = Coverage()
            while case .element(let batch) = queue.take(waitMillis: nil) {
                try importer.append(batch.rows, shapes: batch.shapes)
                proving.put(batch.rows)
                let recognised = coverage.recognised(batch)
                let (segments, segmentBytes) = (importer.segments.count, importer.byteCount)
                update { report in
                    report.records += UInt64(batch.rows.rows.count)
                    report.bytes += UInt64(batch.rows.bytes.count)
                    report.recognised += recognised
                    report.segments = segments
                    report.segmentBytes = segmentBytes
                }
            }
            try importer.finish()
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
        update { report in
            report.segments = segments
            report.segmentBytes = segmentBytes
        }
        try writer.close()
    }

    /// Counts rows whose shape belongs to a rule.
    private struct Coverage {
        private var isRecognised: [Bool] = []
        private var table: ShapeTable?

        mutating func recognised(_ batch: ParsedBatch) -> UInt64 {
            if table !== batch.shapes {
                table = batch.shapes
                isRecognised = []
            }
            var count: UInt64 = 0
            for row in batch.rows.rows {
                while Int(row.shape) >= isRecognised.count {
                    for shape in batch.shapes.shapes(from: isRecognised.count) {
                        isRecognised.append(!shape.parser.isEmpty)
                    }
                }
                if isRecognised[Int(row.shape)] { count += 1 }
            }
            return count
        }
    }
}
