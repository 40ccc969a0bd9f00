import HisuiBytes
import HisuiEvent
import HisuiParse
import HisuiShape
import Synchronization

/// Rows on their way from the parser to the store, with what is needed to understand them.
struct ParsedBatch: Sendable {
    var rows: RowBatch
    var shapes: ShapeTable
    /// Digest of the parser definitions they were made with.
    var definitions: [UInt8]
    var stream: String
}

/// The parser's thread: takes record batches, gives row batches, in the order they came.
///
/// A new set of definitions takes effect between two batches, so a reload neither loses nor
/// re-orders anything.
final class ParseStage: Sendable {
    private let intake: Intake
    let output: BoundedQueue<ParsedBatch>
    private let routing: SourceRouting
    private let definitions: Mutex<Versioned>
    /// What the parsers in force did not say; only their thread writes it.
    private let counted = Mutex(ParseLosses())
    /// What was stored last before this start; see `RecentRecords`.
    private let recent: [RecentRecords]
    /// The batch that the writer, which had given up, did not take.
    private let refused = Mutex<RowBatch?>(nil)

    /// Definitions and how often they were replaced.
    private struct Versioned {
        var loaded: DefinitionLoader.Loaded
        var version = 0
    }

    /// A parser, the digest of its definitions, and what it was made for.
    private struct Entry {
        var zone: String
        var only: String?
        var encoding: TextEncoding
        var digest: [UInt8]
        var parser: Parser
    }

    init(
        intake: Intake, definitions: DefinitionLoader.Loaded, bytesMax: Int,
        routing: SourceRouting, recent: [RecentRecords] = []
    ) {
        self.recent = recent
        self.intake = intake
        self.definitions = Mutex(Versioned(loaded: definitions))
        self.routing = routing
        output = BoundedQueue(weightMax: bytesMax)
    }

    /// The definitions in force.
    var inForce: DefinitionLoader.Loaded { definitions.withLock { $0.loaded } }

    /// Puts another set of definitions into force from the next batch on.
    func replace(with definitions: DefinitionLoader.Loaded) {
        self.definitions.withLock { versioned in
            versioned = Versioned(loaded: definitions, version: versioned.version + 1)
        }
    }

    /// What was not said of records since the daemon began.
    var losses: ParseLosses { counted.withLock { $0 } }

    /// The batch that was parsed and not taken, once `run` has ended; given once.
    func takeRefused() -> RowBatch? { refused.withLock { $0.take() } }

    /// Runs until the intake is closed and empty; then closes the output.
    func run() {
        var inForce = definitions.withLock { $0 }
        var entries = Entries()
        defer { output.close() }
        for known in recent {
            let number = entries.number(for: routing.route(for: known.batch.source), inForce.loaded)
            entries.all[number].parser.recall(
                known.batch, positions: known.positions, count: known.count)
        }
        while case .element(let batch) = intake.queue.take(waitMillis: nil) {
            let wanted = definitions.withLock { $0 }
            if wanted.version != inForce.version {
                inForce = wanted
                entries.replace()
            }
            var route = routing.route(for: batch.source)
            if route.isOfTables, batch.table == nil { route.parser = nil }
            let number = entries.number(for: route, inForce.loaded)
            let rows = entries.all[number].parser.parse(batch)
            let losses = entries.losses
            counted.withLock { $0 = losses }
            let parsed = ParsedBatch(
                rows: rows, shapes: entries.all[number].parser.shapes,
                definitions: entries.all[number].digest, stream: route.stream)
            guard output.put(parsed, weight: Weight.of(rows)) else {
                refused.withLock { $0 = rows }
                intake.queue.close()
                return
            }
        }
    }

    /// One parser for each time zone, definition and encoding of sources; nearly always one.
    private struct Entries {
        var all: [Entry] = []
        /// Those of the definitions before: their open events go on.
        private var replaced: [Entry] = []

        /// Pairs that parsers left whole which are gone; what these joined and folded goes on.
        private var before = ParseLosses()

        /// Of all parsers since the daemon began.
        var losses: ParseLosses { all.reduce(before) { $0 + $1.parser.losses } }

        /// Begins anew, with other definitions.
        mutating func replace() {
            before.unpaired += all.reduce(0) { $0 + $1.parser.losses.unpaired }
            if !all.isEmpty { replaced = all }
            all.removeAll()
        }

        mutating func number(
            for route: SourceRouting.Route, _ loaded: DefinitionLoader.Loaded
        ) -> Int {
            if let known = all.firstIndex(where: {
                $0.zone == route.timeZone.name && $0.only == route.parser
                    && $0.encoding == route.encoding
            }) {
                return known
            }
            var entry = ParseStage.entry(for: route, loaded)
            for other in replaced { entry.parser.takeJoins(of: other.parser) }
            all.append(entry)
            return all.count - 1
        }
    }

    private static func entry(
        for route: SourceRouting.Route, _ loaded: DefinitionLoader.Loaded
    ) -> Entry {
        let set = route.parser.map { loaded.only($0) ?? .empty } ?? loaded.definitions
        return Entry(
            zone: route.timeZone.name, only: route.parser, encoding: route.encoding,
            digest: set.digest,
            parser: Parser(
                definitions: set, timeZone: route.timeZone, encoding: route.encoding,
                subjects: loaded.subjects))
    }
}
