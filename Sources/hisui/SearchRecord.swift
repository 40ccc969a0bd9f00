import Glibc
import HisuiBytes
import HisuiEvent
import HisuiQuery
import Synchronization

/// The act of a search, written once, however the search ends: with its last row, with a reader
/// that goes away, or with Ctrl-C.
///
/// It is written after the rows were shown, so that nobody waits for it. A search that goes on
/// (`--follow`) is also recorded before its first row: two acts, of which the second tells with
/// `began` the time of the first.
final class SearchRecord: Sendable {
    private let store: String
    private let zone: String?
    private let fields: Mutex<[Act.Field]>
    private let started = SystemClock.monotonicMicroseconds()
    private let isWritten = Atomic<Bool>(false)
    private let rowCount = Atomic<Int>(0)

    /// A longer query is recorded by its beginning and its digest: so that no query makes an act
    /// that is too large to be kept.
    private static let queryBytesMax = 16 << 10
    /// Zones named on the command line that are recorded.
    private static let zonesMax = 64

    /// - Parameters:
    ///   - query: as it was typed.
    ///   - range: what of time it can find.
    ///   - command: the command, if it is another one than `search`.
    init(
        store: StoreOptions, query: String, range: (first: Int64, last: Int64), format: RowFormat,
        acts: Bool, follow: Bool, command: String? = nil
    ) {
        self.store = store.store
        zone = store.zone.count == 1 ? store.zone.first : nil
        var fields = Self.queryFields(query)
        if store.zone.count > 1 {
            fields.append(("zones", .list(Array(store.zone.prefix(Self.zonesMax)))))
        }
        if let command { fields.append(("command", .text(command))) }
        if acts { fields.append(("acts", .boolean(true))) }
        if follow { fields.append(("follow", .boolean(true))) }
        fields.append(("format", .text(format.rawValue)))
        if range.first != .min {
            fields.append(("range.first", .text(Timestamp(nanoseconds: range.first).utcText)))
        }
        if range.last != .max {
            fields.append(("range.last", .text(Timestamp(nanoseconds: range.last).utcText)))
        }
        self.fields = Mutex(fields)
    }

    private static func queryFields(_ query: String) -> [Act.Field] {
        let bytes = Array(query.utf8)
        if bytes.count <= queryBytesMax { return [("query", .text(query))] }
        return [
            ("query", .text(String(decoding: bytes.prefix(queryBytesMax), as: UTF8.self))),
            ("query.bytes", .integer(Int64(bytes.count))),
            ("query.sha256", .text(HexText.text(SHA256.of(bytes.span)))),
        ]
    }

    /// Adds to what the act will say.
    func add(_ more: [Act.Field]) { fields.withLock { $0 += more } }

    /// Counts a row that is shown.
    func countRow() { rowCount.wrappingAdd(1, ordering: .relaxed) }

    /// Rows that were counted.
    var rows: Int { rowCount.load(ordering: .relaxed) }

    /// Runs a query and counts its rows; records it too if it ends before its end.
    ///
    /// - Parameter finish: done after the last row, also if more would have come.
    func run(
        _ runner: QueryRunner, _ take: @escaping QueryRunner.Emit, finish: () -> Void
    ) throws(Failure) {
        do throws(QueryFailure) {
            try runner.run { row in
                self.countRow()
                return take(row)
            }
        } catch {
            if error.code == .stopped { finish() }
            try end(with: error)
        }
        finish()
    }

    /// Ends a search that could not come to its end, after recording it.
    func end(with error: QueryFailure) throws(Failure) -> Never {
        guard error.code == .stopped else {
            write("failed")
            throw Failure(.refused, error.description)
        }
        write("interrupted")
        if Interruption.signal == 0 {
            throw Failure(
                .refused,
                say(
                    "the search took longer than --timeout and was stopped",
                    "検索が --timeout を超えたため打ち切りました"))
        }
        Interruption.endProcess()
    }

    /// Sees to it that the act is written when the reader of standard output goes away, and that
    /// Ctrl-C ends the query and not the process.
    func watch() {
        StandardOutput.shared.onClosed { self.write("closed") }
        Interruption.catchSignals()
    }

    /// Writes an act that the search has begun: of one that goes on until somebody ends it.
    func begin() {
        let time = Timestamp.now()
        ActRecorder.record(
            .search, at: time, store: store, zone: zone, fields: fields.withLock { $0 })
        add([("began", .text(time.utcText))])
    }

    /// Writes the act, unless it is written.
    /// - Parameter outcome: `done`, `closed`, `interrupted`, `failed` or `refused`.
    func write(_ outcome: String) {
        guard !isWritten.exchange(true, ordering: .relaxed) else { return }
        var fields = fields.withLock { $0 }
        let micros = SystemClock.monotonicMicroseconds() - started
        fields.append(("outcome", .text(outcome)))
        fields.append(("rows", .integer(Int64(rows))))
        fields.append(("duration.ms", .integer(Int64(micros / 1000))))
        ActRecorder.record(.search, store: store, zone: zone, fields: fields)
    }
}

/// Ctrl-C and its like while a query runs: the first one asks it to end, the second one ends the
/// process.
enum Interruption {
    private static let number = Atomic<Int32>(0)

    /// The signal that came; 0 if none did.
    static var signal: Int32 { number.load(ordering: .relaxed) }

    static func catchSignals() {
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // The handler sets a word and the disposition of its signal, nothing else.
            _ = Glibc.signal(signal) { signal in
                Interruption.number.store(signal, ordering: .relaxed)
                _ = Glibc.signal(signal, SIG_DFL)
            }
        }
    }

    /// Ends the process as the signal would have.
    static func endProcess() -> Never {
        let signal = signal
        _ = Glibc.signal(signal, SIG_DFL)
        raise(signal)
        Glibc.exit(128 + signal)
    }
}
