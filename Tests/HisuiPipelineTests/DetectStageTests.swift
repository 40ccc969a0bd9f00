import HisuiBytes
import HisuiDetect
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiShape
import HisuiStore
import Logging
import Testing

@testable import HisuiPipeline

/// Findings become acts once, wherever the daemon is killed.
@Suite struct DetectStageTests {
    private static let store = "/store"

    private static let rules = """
        title: Failed
        id: failed
        logsource: { product: test }
        detection: { s: { message|contains: failed }, condition: s }
        ---
        title: Accepted
        id: accepted
        logsource: { product: test }
        detection: { s: { message|contains: accepted }, condition: s }
        ---
        title: Forbidden
        id: forbidden
        level: high
        logsource: { product: test }
        detection: { s: { message|contains: forbidden }, condition: s }
        hisui: { title_ja: 禁止 }
        ---
        title: Many
        id: many
        level: critical
        correlation:
          type: event_count
          rules: [failed]
          group-by: [host.name]
          timespan: 30s
          condition: { gte: 3 }
          generate: true
        ---
        title: Then
        id: then
        correlation:
          type: temporal_ordered
          rules: [failed, accepted]
          group-by: [host.name]
          timespan: 20s
          generate: false
        """

    private static func rules(_ text: String = rules) -> RuleSet {
        let (set, refused) = RuleSet.compile(
            files: [("r.yaml", Array(text.utf8))], sources: LogSources())
        #expect(refused.isEmpty, "\(refused)")
        return set
    }

    /// A zone with rows, and what the writer would hand over.
    private struct Zone {
        let disk: SimulatedFileSystem
        var batches: [DurableRows] = []
        var durable: [String: UInt64] = [:]

        init(seed: UInt64, rows: Int) throws {
            disk = SimulatedFileSystem()
            var random = DurableTailTests.SplitMix(state: seed)
            let writer = try ZoneWriter.open(
                fileSystem: disk, store: DetectStageTests.store, zone: "z",
                now: { Timestamp(nanoseconds: 1) })
            var parser = Parser(definitions: .empty, timeZone: .utc)
            var received: Int64 = 1_800_000_000_000_000_000
            var written = 0
            while written < rows {
                var batch = RecordBatch(
                    source: Source(id: "t", kind: .syslogTCP, form: .syslog))
                for _ in 0...random.next() % 5 {
                    received += Int64(random.next() % 6_000_000_000)
                    let word = ["failed", "failed", "accepted", "forbidden", "nothing"]
                    let host = random.next() % 2 == 0 ? "a" : "b"
                    let text = word[Int(random.next() % 5)]
                    let line = Array("<13>1 - \(host) p - - - \(text) \(written)".utf8)
                    batch.append(line.span, received: Timestamp(nanoseconds: received))
                    written += 1
                }
                let rows = parser.parse(batch)
                let leaves = try writer.append(
                    rows, to: "default", shapes: parser.shapes,
                    definitions: DefinitionSet.empty.digest)
                batches.append(
                    DurableRows(
                        rows: rows, shapes: parser.shapes, stream: "default",
                        first: leaves.lowerBound))
            }
            try writer.close()
            durable["default"] = UInt64(written)
        }
    }

    private static func stage(
        _ disk: SimulatedFileSystem, _ durable: [String: UInt64], saveMillis: Int,
        rules: RuleSet = rules()
    ) throws -> DetectStage {
        try DetectStage(
            fileSystem: disk, store: store, zone: "z", rules: rules, durable: durable,
            actor: Actor(.daemon), saveMillis: saveMillis,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, describe: { $0.id })
    }

    /// Gives a stage the rows from where it wants them up to leaf `end`.
    private static func feed(_ stage: DetectStage, _ zone: Zone, to end: UInt64) {
        let start = stage.start["default"] ?? 0
        for batch in zone.batches where batch.end > start && batch.first < end {
            var batch = batch
            if batch.end > end { batch.rows.rows.removeLast(Int(batch.end - end)) }
            if batch.first < start {
                batch.rows.rows.removeFirst(Int(start - batch.first))
                batch.first = start
            }
            stage.take(
                batch.rows, shapes: batch.shapes, stream: batch.stream, first: batch.first)
        }
    }

    private static func acts(_ disk: SimulatedFileSystem) throws -> [String] {
        let list = try ActReader(fileSystem: disk, store: store).acts(kinds: [.finding])
        #expect(list.problems.isEmpty && list.failures.isEmpty)
        return list.acts.map { stored in
            let act = stored.act
            let events = act.list("events") ?? []
            return [
                act.text("finding.id") ?? "?", act.text("finding.state") ?? "?",
                act.text("rule.id") ?? "?", "\(act.integer("events.count") ?? -1)",
                events.joined(separator: ","), act.text("rule.title_ja") ?? "",
                act.zone ?? "?",
            ].joined(separator: " ")
        }
    }

    /// Ends everything that is open: a row would do it that comes an hour later.
    private static func silence(_ stage: DetectStage) {
        stage.tick(now: Timestamp(nanoseconds: 1_900_000_000_000_000_000), isCaughtUp: true)
    }

    @Test func aCrashAnywhereNeitherLosesNorRepeats() throws {
        for _ in 0..<3 {
            let seed = UInt64.random(in: 0...UInt64.max)
            let whole = try Zone(seed: seed, rows: 90)
            let end = whole.durable["default"] ?? 0
            let straight = try Self.stage(whole.disk, whole.durable, saveMillis: 0)
            Self.feed(straight, whole, to: end)
            Self.silence(straight)
            straight.end(now: .none, isCaughtUp: true)
            let wanted = try Self.acts(whole.disk)
            #expect(wanted.count > 10, "seed \(seed)")
            #expect(Set(wanted).count == wanted.count, "seed \(seed)")
            var random = DurableTailTests.SplitMix(state: seed)
            for cut in 0...end {
                let zone = try Zone(seed: seed, rows: 90)
                // Killed at `cut`, with a state that is as old as may be, or fresh.
                let middle = random.next() % (cut + 1)
                let first = try Self.stage(zone.disk, zone.durable, saveMillis: 0)
                Self.feed(first, zone, to: middle)
                let second = try Self.stage(zone.disk, zone.durable, saveMillis: .max)
                Self.feed(second, zone, to: cut)
                let lost = random.next() % 2 == 0
                let disk = lost ? zone.disk.crashed(seed: seed) : zone.disk.killed()
                let third = try Self.stage(disk, zone.durable, saveMillis: 0)
                Self.feed(third, zone, to: end)
                Self.silence(third)
                third.end(now: .none, isCaughtUp: true)
                let found = try Self.acts(disk)
                #expect(found.sorted() == wanted.sorted(), "seed \(seed), cut \(cut), \(lost)")
            }
        }
    }

    @Test func aDamagedStateCostsTimeAndNothingElse() throws {
        let zone = try Zone(seed: 5, rows: 60)
        let first = try Self.stage(zone.disk, zone.durable, saveMillis: 0)
        Self.feed(first, zone, to: 60)
        Self.silence(first)
        first.end(now: .none, isCaughtUp: true)
        let wanted = try Self.acts(zone.disk)
        let path = Filenames.detectState(store: Self.store, zone: "z")
        for kind in 0..<3 {
            switch kind {
            case 0: try zone.disk.tamper(path) { $0[$0.count / 2] ^= 1 }
            case 1: try zone.disk.tamper(path) { $0.removeLast(3) }
            default: try zone.disk.remove(path)
            }
            let again = try Self.stage(zone.disk, zone.durable, saveMillis: 0)
            #expect(again.start == [:])
            Self.feed(again, zone, to: 60)
            Self.silence(again)
            again.end(now: .none, isCaughtUp: true)
            #expect(try Self.acts(zone.disk) == wanted)
        }
    }

    @Test func otherRulesKeepThePlaceAndEndWhatIsOpen() throws {
        let zone = try Zone(seed: 6, rows: 60)
        let first = try Self.stage(zone.disk, zone.durable, saveMillis: 0)
        Self.feed(first, zone, to: 30)
        first.tick(now: .none, isCaughtUp: false)
        let before = try Self.acts(zone.disk)
        first.replace(with: Self.rules(Self.rules.replacing("gte: 3", with: "gte: 4")))
        Self.feed(first, zone, to: 40)
        first.end(now: .none, isCaughtUp: true)
        let acts = try Self.acts(zone.disk)
        let open = Set(before.filter { $0.contains(" open many ") }.map { $0.prefix(32) })
        let final = Set(acts.filter { $0.contains(" final many ") }.map { $0.prefix(32) })
        #expect(open.isSubset(of: final))
        let second = try Self.stage(zone.disk, zone.durable, saveMillis: 0)
        #expect(second.start == ["default": 40])
        let none = try Self.stage(
            zone.disk, zone.durable, saveMillis: 0,
            rules: RuleSet.compile(files: [], sources: LogSources()).set)
        #expect(none.start == zone.durable)
    }

    @Test func whatTheStoreHoldsGivesTheSame() throws {
        let zone = try Zone(seed: 8, rows: 200)
        let live = try Self.stage(zone.disk, zone.durable, saveMillis: 0)
        Self.feed(live, zone, to: zone.durable["default"] ?? 0)
        Self.silence(live)
        live.end(now: .none, isCaughtUp: true)
        let acts = try ActReader(fileSystem: zone.disk, store: Self.store)
            .acts(kinds: [.finding]).acts.map(\.act)
        var past: [Finding] = []
        let snapshot = try StoreReader(fileSystem: zone.disk, path: Self.store).snapshot()
        let (problems, counts) = StoreDetection(snapshot, rules: Self.rules())
            .run(since: nil) { past += $0 }
        #expect(problems.isEmpty && counts.isZero)
        let final = acts.filter { $0.text("finding.state") == "final" }
        #expect(
            Set(past.map(\.id)) == Set(final.compactMap { $0.text("finding.id") }))
        #expect(past.count == final.count)
        var later: [Finding] = []
        let middle = Timestamp(nanoseconds: 1_800_000_300_000_000_000)
        _ = StoreDetection(snapshot, rules: Self.rules()).run(since: middle) { later += $0 }
        #expect(!later.isEmpty && later.count < past.count)
        #expect(later.allSatisfy { $0.firstTime >= middle })
    }

    @Test func aStoreThatRefusesActsIsWaitedFor() throws {
        let zone = try Zone(seed: 9, rows: 40)
        let stage = try Self.stage(zone.disk, zone.durable, saveMillis: 0)
        zone.disk.setCapacity(0)
        stage.stopWaiting()
        Self.feed(stage, zone, to: 40)
        Self.silence(stage)
        stage.end(now: .none, isCaughtUp: true)
        zone.disk.setCapacity(nil)
        let again = try Self.stage(zone.disk, zone.durable, saveMillis: 0)
        #expect(again.start == [:])
        Self.feed(again, zone, to: 40)
        Self.silence(again)
        #expect(try !Self.acts(zone.disk).isEmpty)
    }
}

extension String {
    fileprivate func replacing(_ text: String, with other: String) -> String {
        guard let range = firstRange(of: text) else { return self }
        return replacingCharacters(in: range, other)
    }

    private func replacingCharacters(in range: Range<Index>, _ other: String) -> String {
        String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
