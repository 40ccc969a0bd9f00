public import HisuiBytes
import HisuiEvent
public import HisuiYAML

/// What the daemon of one zone is told: a checked configuration file as plain values.
///
/// `load` is the only way from a file to a value; what it returns holds together (the zone exists,
/// ids are unique, no two listeners want one port), so later stages need not check again. The keys
/// are described in `docs/configuration.md`.
public struct Configuration: Hashable, Sendable {
    public var organisation: Organisation
    /// The id of the zone this daemon serves; always one of `zones`.
    public var zone: String
    /// All zones of the organisation, in the order of the file; ids are unique, address ranges of
    /// different zones do not overlap.
    public var zones: [Zone]
    /// The directory of the store: absolute, without a slash at the end.
    public var store: String
    /// Directories of parser definitions; those in later ones override those in earlier ones.
    ///
    /// Empty: only what comes with Hisui.
    public var parsers: [String]
    /// The file of the keys that make pseudonyms of the people whom records are about; nil: none.
    public var subjectKeys: String?
    /// Directories of detection rules; nil: those that come with Hisui; empty: no detection.
    public var rules: [String]?
    /// Files that say what the placeholders of rules stand for; later ones override earlier ones.
    public var placeholders: [String] = []
    /// The zone of times that name none, as those of RFC 3164 do not.
    ///
    /// Known to `TimeZoneRules`.
    public var timeZone: String
    /// In the order in which they are tried, `default` last; never empty.
    public var streams: [Stream]
    /// In the order of the file, ids unique.
    public var sources: [Source]
    /// Directories of retention policies; classes in later ones override those in earlier ones.
    ///
    /// Empty: only what comes with Hisui.
    public var retention: [String]
    /// In the order of the file; names and addresses are unique.
    public var assets: [Asset]
    /// In the order of the file; accounts are unique.
    public var operators: [Operator]
    public var contacts: [Contact]
    public var openingHours: OpeningHours
    public var service: Service
    /// How others are told that the daemon lives; nil: nobody is.
    public var signal: Signal?
    /// SHA-256 of the file and those it includes: by it acts say which configuration was in force.
    public var digest: [UInt8] = []
    /// Where the class of each stream stands in the file, for `check(against:)`.
    var classPlaces: [String: Place]

    /// A place in the file, for remarks that come later.
    struct Place: Hashable, Sendable {
        var file: String
        var line: Int
        var column: Int
    }

    /// Reads a configuration file.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - file: its name for the diagnostics.
    ///   - include: the contents of another file that this one names; nil if it cannot be read.
    /// - Returns: the configuration, or nil and everything that is wrong, in the order of the file.
    ///   Unknown keys, wrong types and contradictions are all wrong; nothing is a mere warning.
    public static func load(
        _ bytes: [UInt8], file: String, include: (String) -> [UInt8]? = { _ in nil }
    ) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        let root: YAMLNode
        do {
            root = try YAMLDocument.parseSingle(bytes, file: file)
        } catch {
            return (nil, [error.diagnostic])
        }
        let log = Diagnostics { NearestName.suggestion(for: $0, in: $1) }
        var hash = SHA256()
        hash.update(bytes.span)
        var configuration = withoutActuallyEscaping(include) { include in
            var reader = ConfigurationReader(log) { path in
                let part = include(path)
                if let part { hash.update(part.span) }
                return part
            }
            return reader.read(root)
        }
        configuration?.digest = hash.finish()
        guard log.isEmpty else { return (nil, log.sorted) }
        precondition(configuration != nil, "a configuration was refused without a reason")
        return (configuration, [])
    }

    /// The zone this daemon serves.
    public var ownZone: Zone? { zones.first { $0.id == zone } }

    /// The stream that takes the records of the configured source `id`.
    ///
    /// The first stream one of whose patterns fits, else the default one. Sources that a collector
    /// derives from a configured one go where that goes.
    ///
    /// - Complexity: O(patterns).
    public func stream(forSource id: String) -> Stream {
        streams.first { $0.sources.contains { Glob.match($0, id) } } ?? streams[streams.count - 1]
    }
}

extension Configuration {
    /// Whose logs these are, as reports print it.
    public struct Organisation: Hashable, Sendable {
        public var name: String
        /// In Japanese; the same as `name` where none is given.
        public var nameJapanese: String
        /// The month with which a fiscal year begins, 1 to 12.
        public var fiscalYearStart: Int
    }

    /// A network segment of the organisation (IEC 62443).
    public struct Zone: Hashable, Sendable {
        /// 1 to `Limits.zoneIDBytesMax` of `a-z 0-9 -`; names a directory of the store.
        public var id: String
        public var name: String
        /// In Japanese; the same as `name` where none is given.
        public var nameJapanese: String
        /// The addresses of the zone's machines; disjoint from those of other zones.
        public var addresses: [IPNetwork]
        public var zoneClass: ZoneClass
    }

    /// How a zone is cut off from the others: what traffic of it is remarkable.
    public enum ZoneClass: String, Sendable, CaseIterable {
        /// No traffic with other zones and nothing taken out: resident data, patient data, control
        /// systems.
        case isolated
        /// Traffic with other zones through approved exchanges only: office systems on a closed
        /// network.
        case restricted
        /// In touch with the internet, and watched for it.
        case exposed
        /// Takes the logs of other zones and gives nothing back.
        case monitoring
        /// None of these.
        case general
    }

    /// The records of the zone that are kept for the same time, with segments and a tree of their
    /// own.
    public struct Stream: Hashable, Sendable {
        /// Same form as a zone's id.
        public var name: String
        /// The retention class, by its id or one of its other names; unique among the streams.
        public var retentionClass: String
        /// Patterns for ids of configured sources; empty for `default`, which takes the rest.
        public var sources: [String]

        /// The stream that is always there.
        public static let defaultName = "default"
    }

    /// How the daemon works; every value has a default that fits most.
    public struct Service: Hashable, Sendable {
        /// How long appended records may wait for others before all are made durable together.
        public var commitMilliseconds = 20
        /// Rows after which the open part of a stream becomes a segment.
        public var segmentRows = Limits.openRowsMax
        /// Seconds after which it does even if there are fewer.
        public var segmentAgeSeconds = Limits.openLogAgeSecondsMax
        /// Seconds between two signed checkpoints of a stream.
        public var checkpointSeconds = Limits.checkpointSecondsMax
        /// Record bytes between collectors and store; beyond, those who can wait wait, and what
        /// cannot is dropped and counted.
        public var queueBytesMax = 32 << 20
        /// Where datagrams are kept while the store takes nothing; nil: in the store's own folder.
        public var spillPath: String?
        /// Bytes they may take there.
        public var spillBytesMax = 256 << 20
        /// Seconds between two heartbeats in the store.
        public var heartbeatSeconds = 10

        /// The defaults.
        public init() {}
    }
}
