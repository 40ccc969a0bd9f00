import HisuiBytes
import HisuiDetect
import HisuiEvent
import HisuiFile
import HisuiParse
import HisuiShape
import HisuiStore
import Testing

@testable import HisuiPipeline

/// Rules over the past read what rules want, and find what they would find in everything.
@Suite struct StoreDetectionTests {
    private static let rules = [
        "s: { host.name: gw99 }",
        "s: { process.name|contains: ss }",
        "s: { host.name|startswith: PC, process.name: nobody }",
        "s: { message|contains: 'failed for user30' }",
        "s: ['user3', 'gw99']",
        "s: { host.name|cidr: 192.0.2.0/24 }",
        "s: { host.name|re: '^gw[0-9]+$' }",
        "s: { host.name: '' }\n  t: { process.name: cron }",
        "s: { no.such.field: x }",
    ]

    private static func rule(_ selections: String) -> RuleSet {
        let condition = selections.contains("  t:") ? "t and not s" : "s"
        let text =
            "title: T\nid: t\nlogsource: { product: test }\ndetection:\n  \(selections)\n"
            + "  condition: \(condition)\n"
        let (set, refused) = RuleSet.compile(
            files: [("r.yaml", Array(text.utf8))], sources: LogSources())
        #expect(refused.isEmpty, "\(refused)")
        return set
    }

    /// Three sealed segments, a rare host in one of them.
    private static func snapshot() throws -> Snapshot {
        let disk = SimulatedFileSystem()
        let writer = try ZoneWriter.open(
            fileSystem: disk, store: "/store", zone: "z", now: { Timestamp(nanoseconds: 1) })
        let sealer = Sealer(fileSystem: disk, store: "/store")
        var parser = Parser(definitions: .empty, timeZone: .utc)
        var received: Int64 = 1_800_000_000_000_000_000
        for segment in 0..<3 {
            var batch = RecordBatch(source: Source(id: "t", kind: .syslogTCP, form: .syslog))
            for number in 0..<60 {
                received += 1_000_000_000
                let host = segment == 1 && number == 31 ? "gw99" : "pc\(number % 7)"
                let program = number % 2 == 0 ? "sshd" : "cron"
                let word = number % 3 == 0 ? "failed" : "opened"
                let line = "<13>1 - \(host) \(program) - - - \(word) for user\(number)"
                batch.append(
                    Array(line.utf8).span, received: Timestamp(nanoseconds: received))
            }
            let rows = parser.parse(batch)
            _ = try writer.append(
                rows, to: "default", shapes: parser.shapes,
                definitions: DefinitionSet.empty.digest)
            try writer.commit()
            try writer.stream("default").rotate()
            for log in writer.takeClosedLogs() { try sealer.seal(log) }
        }
        try writer.close()
        return try StoreReader(fileSystem: disk, path: "/store").snapshot()
    }

    /// What a detector finds that is given every row whole.
    private static func inEverything(_ snapshot: Snapshot, _ rules: RuleSet) throws -> [Finding] {
        var detector = Detector(rules, mode: .live)
        let table = ShapeTable()
        var findings: [Finding] = []
        for block in snapshot.blocks {
            var rows = try BlockRows(block, from: 0, shapes: table)
            while true {
                let first = rows.nextIndex
                guard let batch = try rows.next(before: .max) else { break }
                detector.take(
                    batch, shapes: table, place: "z/default", first: first, into: &findings)
            }
        }
        detector.finish(into: &findings)
        return findings.filter { $0.state == .final }
    }

    @Test func whatIsNotReadBackWouldHaveChangedNothing() throws {
        let snapshot = try Self.snapshot()
        #expect(snapshot.blocks.count == 3)
        var counts: [Int] = []
        for selections in Self.rules {
            let rules = Self.rule(selections)
            let expected = try Self.inEverything(snapshot, rules)
            var found: [Finding] = []
            let (problems, _) = StoreDetection(snapshot, rules: rules).run(since: nil) {
                found += $0
            }
            #expect(problems.isEmpty)
            #expect(found == expected, "\(selections)")
            counts.append(found.count)
        }
        #expect(counts == [1, 90, 0, 3, 33, 0, 1, 90, 0])
    }

    @Test func rowsOfTextThatIsNowhereAreNotRead() throws {
        let snapshot = try Self.snapshot()
        let interest = RowInterest(Self.rule("s: { host.name: gw99 }"))
        for shape in snapshot.blocks.flatMap(\.shapes) {
            guard case .texts(let texts) = interest.of(shape.shape) else {
                Issue.record("rows of \(shape.shape) would all be read")
                continue
            }
            #expect(texts.map(\.bytes) == [Array("gw99".utf8)])
        }
        let none = RowInterest(Self.rule("s: { no.such.field: x }"))
        #expect(snapshot.blocks[0].shapes.allSatisfy { none.of($0.shape) == .none })
        let words = RowInterest(Self.rule("s: ['gw99']"))
        #expect(snapshot.blocks[0].shapes.allSatisfy { words.of($0.shape) == .all })

        // Rows that are not needed have their place and their times.
        let block = snapshot.blocks[0]
        let table = ShapeTable()
        var all = try BlockRows(block, from: 0, shapes: table)
        var some = try BlockRows(block, from: 0, shapes: table) { _, _ in false }
        let whole = try #require(try all.next(before: .max))
        let bare = try #require(try some.next(before: .max))
        #expect(bare.bytes.isEmpty && bare.slots.isEmpty)
        #expect(bare.rows.map(\.received) == whole.rows.map(\.received))
        #expect(bare.rows.map(\.time) == whole.rows.map(\.time))
        #expect(bare.rows.map(\.shape) == whole.rows.map(\.shape))
        #expect(whole.rows.allSatisfy { $0.count > 0 && !$0.isUnread })
        #expect(bare.rows.allSatisfy { $0.isUnread })
    }
}
