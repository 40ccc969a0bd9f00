import Glibc
import HisuiBytes
import HisuiEvent
import HisuiQuery
import Synchronization

/// The act of a search, written once, however the search ends: with its last row, with a reader
/// that goes away, or with Ctrl-C.
///
/// It is written after the rows were shown, so that nobody waits for it; a search that goes on
/// (`--follow`) is recorded before its first row.
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

    /// Counts a row that is shown.
    func countRow() { rowCount.wrappingAdd(1, ordering: .relaxed) }

    /// Sees to it that the act is written when the reader of standard output goes away, and that
    /// Ctrl-C ends the query and not the process.
    func watch() {
        StandardOutput.shared.onClosed { self.write("closed") }
        Interruption.catchSignals()
    }

    /// Writes the act, unless it is written.
    /// - Parameter outcome: `done`, `closed`, `interrupted` or `failed`; nil at the beginning.
    func write(_ outcome: String?) {
        guard !isWritten.exchange(true, ordering: .relaxed) else { return }
        var fields = fields.withLock { $0 }
        if let outcome {
            let micros = SystemClock.monotonicMicroseconds() - started
            fields.append(("outcome", .text(outcome)))
            fields.append(("rows", .integer(Int64(rowCount.load(ordering: .relaxed)))))
            fields.append(("duration.ms", .integer(Int64(micros / 1000))))
        }
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
