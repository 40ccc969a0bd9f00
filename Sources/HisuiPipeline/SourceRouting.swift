import HisuiBytes
import HisuiEvent
import HisuiPolicy
import HisuiStore
import Synchronization

/// What the configuration says about the records of a source: time zone, definition, stream.
///
/// Collectors derive sources from configured ones by appending to the id (`ID/192.0.2.7` for a
/// sender, `ID:/var/log/app.log` for a file); these go where the configured one goes. Answers are
/// kept, because a source asks with every batch.
final class SourceRouting: Sendable {
    struct Route: Sendable {
        var timeZone: TimeZoneRules
        /// The one definition that reads the records; nil: all are tried.
        var parser: String?
        /// Whether `parser` reads only rows of tables: messages beside them are read by all.
        var isOfTables = false
        var encoding = TextEncoding.utf8
        var stream: String
        /// Under which key the source is watched: files of one configured source come and go, and
        /// are watched together.
        var watchKey: String
        /// How dear its records are when the spill ring is full; nil: as their priority says.
        var spillClass: SpillClass?
    }

    private struct State {
        var configuration: Configuration
        var routes: [String: Route] = [:]
        /// By key; `.some(nil)` for what is collected no more.
        var silences: [String: Silence?] = [:]
    }

    private let state: Mutex<State>

    init(_ configuration: Configuration) {
        state = Mutex(State(configuration: configuration))
    }

    func replace(with configuration: Configuration) {
        state.withLock { $0 = State(configuration: configuration) }
    }

    func route(for source: Source) -> Route {
        state.withLock { state in
            if let known = state.routes[source.id] { return known }
            let route = Self.route(for: source.id, state.configuration)
            state.routes[source.id] = route
            return route
        }
    }

    /// When the silence of what is watched under a key is told; nil if it is collected no more.
    func silence(ofKey key: String) -> Silence? {
        state.withLock { state in
            if let known = state.silences[key] { return known }
            let silence = Self.configured(key, state.configuration).map(Self.silence)
            state.silences[key] = .some(silence)
            return silence
        }
    }

    /// Keys that are watched even if nothing was ever heard: sources whose silence is told after a
    /// configured time, and of which there is one.
    var expectedKeys: [String] {
        state.withLock { state in
            state.configuration.sources.filter { source in
                guard let seconds = source.silenceSeconds, seconds > 0 else { return false }
                return source.kind == .journal || source.kind == .file
            }.map(\.id)
        }
    }

    private static func silence(_ source: Configuration.Source) -> Silence {
        switch source.silenceSeconds {
        case nil: .learned
        case 0?: .never
        case let seconds?: .after(Int64(seconds) * 1000)
        }
    }

    private static func configured(
        _ id: String, _ configuration: Configuration
    ) -> Configuration.Source? {
        configuration.sources.filter { isDerived(id, from: $0.id) }
            .max { $0.id.utf8.count < $1.id.utf8.count }
    }

    private static func route(for id: String, _ configuration: Configuration) -> Route {
        let configured = configured(id, configuration)
        var zone = configuration.timeZone
        var encoding = TextEncoding.utf8
        var isOfTables = false
        switch configured?.input {
        case .syslog(let syslog):
            zone = syslog.timeZone
            encoding = syslog.encoding
        case .files(let files):
            zone = files.timeZone
            encoding = files.encoding
        case .folder(let folder):
            isOfTables = folder.attachments != nil
            zone = folder.timeZone
            encoding = folder.encoding
        case .journal, .http, .audit, nil: break
        }
        return Route(
            timeZone: TimeZoneRules(name: zone) ?? .tokyo, parser: configured?.parser,
            isOfTables: isOfTables, encoding: encoding,
            stream: configuration.stream(forSource: configured?.id ?? id).name,
            watchKey: configured?.kind == .file ? configured?.id ?? id : id,
            spillClass: configured.flatMap { spillClass($0.spillClass) })
    }

    private static func spillClass(_ given: Configuration.Source.SpillClass) -> SpillClass? {
        switch given {
        case .priority: nil
        case .low: .low
        case .middle: .middle
        case .high: .high
        case .security: .security
        }
    }

    static func isDerived(_ id: String, from configured: String) -> Bool {
        id == configured || id.hasPrefix(configured + "/") || id.hasPrefix(configured + ":")
    }
}
