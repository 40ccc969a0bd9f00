import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiPolicy
import HisuiStore
import Logging
import Synchronization

/// Writes what the daemon does into the store's acts: start, stop, reload.
///
/// An act that cannot be written is told in the daemon's own log, and reception goes on: to lose
/// logs because their keeping cannot be recorded would be the greater loss.
final class DaemonActs: Sendable {
    private let log: ActLog
    private let zone: String
    private let actor = Actor.daemon()
    private let logger: Logger
    /// Digests in force: of the configuration, and of the parser definitions.
    private let inForce: Mutex<Digests>

    struct Digests: Sendable {
        var configuration: [UInt8]
        var definitions: [UInt8]
    }

    /// Files of definitions that were refused when the daemon began.
    private let refusedAtFirst: [DefinitionLoader.Refused]

    init(_ configuration: Configuration, definitions: DefinitionLoader.Loaded, logger: Logger) {
        log = ActLog(
            fileSystem: RealFileSystem(), store: configuration.store,
            now: { Timestamp(nanoseconds: SystemClock.nanoseconds()) })
        zone = configuration.zone
        self.logger = logger
        refusedAtFirst = definitions.refused
        inForce = Mutex(
            Digests(
                configuration: configuration.digest,
                definitions: definitions.definitions.digest))
    }

    /// The daemon is about to take records.
    /// - Parameters:
    ///   - streams: `name size root` of each stream; the root where there is a tree.
    ///   - previous: how the daemon before this one ended, and its last sign of life.
    func started(streams: [String], after previous: (end: PreviousEnd, last: Heartbeat?)) {
        let digests = inForce.withLock { $0 }
        var fields: [Act.Field] = [
            ("configuration.sha256", .text(HexText.text(digests.configuration))),
            ("definitions.sha256", .text(HexText.text(digests.definitions))),
            ("streams", .list(streams)), ("previous.end", .text(previous.end.rawValue)),
        ]
        fields += Self.fields(of: refusedAtFirst)
        if let last = previous.last { fields.append(("previous.last", .text(last.time.utcText))) }
        write(.start, fields)
    }

    /// Everything that was taken is stored, or could not be.
    func stopped(streams: [String], isWhole: Bool) {
        write(.stop, [("streams", .list(streams)), ("whole", .boolean(isWhole))])
    }

    /// The configuration was read again.
    ///
    /// - Parameters:
    ///   - configuration: as read; nil if it was refused.
    ///   - definitions: in force from now on; nil if they are what they were.
    func reloaded(_ configuration: Configuration?, _ definitions: DefinitionLoader.Loaded?) {
        var fields: [Act.Field] = [("accepted", .boolean(configuration != nil))]
        inForce.withLock { inForce in
            func add(_ name: String, _ old: inout [UInt8], _ new: [UInt8]?) {
                fields.append((name + ".sha256.before", .text(HexText.text(old))))
                if let new { old = new }
                fields.append((name + ".sha256", .text(HexText.text(old))))
            }
            add("configuration", &inForce.configuration, configuration?.digest)
            add("definitions", &inForce.definitions, definitions?.definitions.digest)
        }
        fields += Self.fields(of: definitions?.refused ?? [])
        write(.reload, fields)
    }

    /// What was refused and why, and which of them are in force in their last good version.
    private static func fields(of refused: [DefinitionLoader.Refused]) -> [Act.Field] {
        if refused.isEmpty { return [] }
        return [
            ("definitions.refused", .list(refused.map(\.reason))),
            (
                "definitions.kept",
                .list(refused.compactMap(\.lastGood).map { "\($0.parser) \($0.version)" })
            ),
        ]
    }

    /// The store takes records again, and has everything that was spilled and not dropped.
    func spilled(_ episode: SpillStage.Episode) {
        write(
            .spill,
            [
                ("begun", .text(episode.begun.utcText)),
                ("records", .integer(Int64(clamping: episode.spilled))),
                ("dropped", .integer(Int64(clamping: episode.dropped))),
            ])
    }

    /// Files of folders were taken, or were not.
    func tookFiles(_ notes: [FileNote]) {
        for note in notes {
            var fields: [Act.Field] = [
                ("source", .text(note.source)), ("file.path", .text(note.path)),
                ("file.outcome", .text(note.outcome.rawValue)),
                ("file.sha256", .text(HexText.text(note.digest))),
                ("file.bytes", .integer(Int64(clamping: note.bytes))),
                ("rows", .integer(Int64(clamping: note.rows))),
                ("rows.odd", .integer(Int64(clamping: note.oddRows))),
                ("columns", .list(note.columns)),
                ("columns.changed", .boolean(note.hasOtherColumns)),
            ]
            if !note.cause.isEmpty { fields.append(("cause", .text(note.cause))) }
            write(.file, fields)
        }
    }

    private func write(_ kind: Act.Kind, _ fields: [Act.Field]) {
        let act = Act(
            kind, time: Timestamp(nanoseconds: SystemClock.nanoseconds()), zone: zone,
            actor: actor, fields: fields)
        do throws(StoreError) {
            try log.append([act])
        } catch {
            logger.error("the act '\(kind.rawValue)' could not be recorded: \(error)")
        }
    }
}
