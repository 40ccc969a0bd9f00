import Glibc
import HisuiEvent
import HisuiPipeline
import HisuiPolicy
import HisuiStore

/// Waits for records of new devices in the store of a running daemon, and says in plain words what
/// came, from where, and what Hisui makes of it.
struct ArrivalWatch {
    /// How long it goes on after the first record: enough for a device to say what it says.
    private static let settleSeconds = 10.0
    private static let lookMicros: UInt32 = 300_000

    private let configuration: Configuration
    private let text: ArrivalText
    private let reader: StoreReader
    private let heard: Set<String>
    private let dropped: [String: UInt64]
    private let refused: RefusedPeers
    private let isJSON: Bool
    private let kinds: Set<SourceKind>
    private var seen: [Snapshot.Stream: UInt64]

    /// - Parameters:
    ///   - expected: to which the device can send; others are told of if they are new.
    ///   - ways: how the device sends; new sources that are filled otherwise are not of it.
    ///   - isJSON: what is said is an object a line.
    /// - Throws: that there is no store yet, or that it cannot be read.
    init(
        _ configuration: Configuration, expected: [Configuration.Source], ways: [Recipe.Way],
        isJSON: Bool
    ) throws {
        kinds = ways.reduce(into: []) { $0.formUnion(Self.kinds($1.over)) }
        self.configuration = configuration
        self.isJSON = isJSON
        text = ArrivalText(expected: expected)
        refused = RefusedPeers(store: configuration.store, zones: [configuration.zone])
        do throws(StoreError) {
            reader = try StoreReader(path: configuration.store)
            let snapshot = try reader.snapshot(zones: [configuration.zone])
            let states = SourceList.states(of: snapshot).map(\.1)
            heard = Set(states.filter { $0.account.stored > 0 }.map(\.source.id))
            dropped = Self.drops(states)
            seen = snapshot.nextIndices
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }

    private static func drops(_ states: [SourceState]) -> [String: UInt64] {
        Dictionary(states.map { ($0.source.id, $0.account.dropped) }, uniquingKeysWith: +)
    }

    /// Waits and tells.
    ///
    /// - Parameter seconds: how long at most; nil: until something came, or Ctrl-C.
    /// - Returns: whether anything arrived.
    func run(_ seconds: Int?) throws -> Bool {
        if let sign = DaemonSigns.problem(
            store: configuration.store, zone: configuration.zone, now: .now())
        {
            tell(ArrivalText.daemon(sign))
        }
        tell(ArrivalText.waiting(seconds))
        var watch = self
        var surveys: [String: SourceSurvey] = [:]
        let started = monotonicSeconds()
        var first: Double?
        var last = Snapshot()
        while Interruption.signal == 0 {
            let now = monotonicSeconds()
            if let first, now - first >= Self.settleSeconds { break }
            if let seconds, now - started >= Double(seconds) { break }
            last = try watch.look(&surveys)
            if first == nil, !surveys.isEmpty { first = now }
            usleep(Self.lookMicros)
        }
        tell(surveys, last)
        return !surveys.isEmpty
    }

    /// Counts what is new; tells at once of a source that spoke for the first time.
    private mutating func look(_ surveys: inout [String: SourceSurvey]) throws -> Snapshot {
        do throws(StoreError) {
            let snapshot = try reader.snapshot(zones: [configuration.zone], after: seen)
            let before = Set(surveys.keys)
            for block in snapshot.blocks {
                let stream = Snapshot.Stream(zone: block.zone, stream: block.stream)
                try SourceSurvey.take(block, from: seen[stream] ?? 0, into: &surveys) {
                    isWanted($0)
                }
            }
            for (stream, index) in snapshot.nextIndices {
                seen[stream] = max(index, seen[stream] ?? 0)
            }
            for id in surveys.keys.sorted() where !before.contains(id) {
                tell(ArrivalText.first(id))
            }
            return snapshot
        } catch {
            throw Failure(.refused, "\(error)")
        }
    }

    private func isWanted(_ source: Source) -> Bool {
        text.source(of: source.id) != nil
            || !heard.contains(source.id) && kinds.contains(source.kind)
    }

    /// The kinds of sources that may hold what comes in a way: who sends over a network may have
    /// been told another transport.
    private static func kinds(_ over: Recipe.Over) -> Set<SourceKind> {
        switch over {
        case .udp, .tcp, .tls, .relp, .relpTLS: [.syslogUDP, .syslogTCP, .relp]
        case .shippers, .shippersTLS: [.http]
        case .journal, .journals: [.journal]
        case .folder, .mailFolder, .files: [.file]
        case .audit: [.audit]
        }
    }

    // MARK: - What is told

    private func tell(_ said: ArrivalText.Said) {
        let output = StandardOutput.shared
        output.write(isJSON ? said.object.line : Array(said.text.utf8))
        output.flush()
    }

    private func tell(_ surveys: [String: SourceSurvey], _ last: Snapshot) {
        tell(RefusedPeers(store: configuration.store, zones: [configuration.zone]))
        for (id, survey) in surveys.sorted(by: { $0.key < $1.key }) {
            tell(text.result(id, survey, isNew: !heard.contains(id)))
        }
        if surveys.isEmpty { tell(text.nothing) }
        let now = Self.drops(SourceList.states(of: last).map(\.1))
        for (id, count) in now.sorted(by: { $0.key < $1.key }) {
            let more = count - min(count, dropped[id] ?? 0)
            if more > 0 { tell(ArrivalText.dropped(id, more)) }
        }
    }

    /// Whom listeners turned away meanwhile: what is missing may be among them.
    private func tell(_ peers: RefusedPeers) {
        let now = peers.text(since: refused, now: .now())
        if isJSON {
            for object in peers.json(since: refused) { tell(ArrivalText.refused("", object)) }
        } else if !now.isEmpty {
            tell(ArrivalText.refused(now, JSONLine()))
        }
    }
}
