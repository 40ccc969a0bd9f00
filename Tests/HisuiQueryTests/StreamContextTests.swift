import HisuiBytes
import HisuiEvent
import HisuiStore
import Testing

@testable import HisuiQuery
@testable import QueryCampaign

@Suite struct StreamContextTests {
    /// What `stream_context` gives: for each row its place, `*` behind a hit, `|` between groups.
    private func shown(
        _ query: String, _ blocks: [Block], memory: Int = 256 << 20
    ) throws -> [String] {
        var options = QueryOptions()
        options.memoryBytesMax = memory
        var texts: [String] = []
        var group: String?
        try QueryRunner(blocks: blocks, query: parsed(query, zone: .utc), options: options).run {
            if group != nil, group != $0.text("hisui.context") { texts.append("|") }
            group = $0.text("hisui.context")
            texts.append(($0.text("zone.index") ?? "") + ($0.text("hisui.hit") == nil ? "" : "*"))
            return true
        }
        return texts
    }

    private func lines(_ words: String) -> [String] {
        words.split(separator: " ").map { "h u 1 \($0)" }
    }

    @Test func rowsAroundHits() throws {
        let one = [block(lines("a b x c d e f x g x h i"))]
        #expect(
            try shown("x | stream_context before 1 after 1", one)
                == ["1", "2*", "3", "|", "6", "7*", "8", "9*", "10"])
        #expect(try shown("x | stream_context after 2", one).first == "2*")
        #expect(
            try shown("x | stream_context before 2 after 1", one)
                == ["0", "1", "2*", "3", "|", "5", "6", "7*", "8", "9*", "10"])
        // Stretches that touch are one, as of grep.
        #expect(
            try shown("x | stream_context before 2 after 2", one)
                == ["0", "1", "2*", "3", "4", "5", "6", "7*", "8", "9*", "10", "11"])
        #expect(
            try shown("x | stream_context before 0 after 0", one) == ["2*", "|", "7*", "|", "9*"])
        #expect(try shown("nothing | stream_context before 3 after 3", one).isEmpty)
    }

    @Test func blocksAreNoBounds() throws {
        let blocks = [
            block(lines("a b c")), block(lines("d"), first: 3), block(lines("x e"), first: 4),
            block(lines("f"), first: 6), block(lines("g h i x"), first: 7),
            block(lines("x"), zone: "other"),
        ]
        #expect(
            try shown("x | stream_context before 2 after 2", blocks)
                == ["2", "3", "4*", "5", "6", "|", "8", "9", "10*", "|", "0*"])
        #expect(
            try shown("x | stream_context before 9 after 0", blocks)
                == ["0", "1", "2", "3", "4*", "5", "6", "7", "8", "9", "10*", "|", "0*"])
        #expect(
            try shown("x | stream_context before 3 after 2 | limit 3", blocks)
                == ["1", "2", "3"])
    }

    /// The filter's time bounds the rows it selects, and not those around them.
    @Test func timeBoundsHitsOnly() throws {
        let blocks = [block(lines("a b x c x d"))]
        #expect(
            try shown(
                "_time:<2025-11-23T00:00:03Z x | stream_context before 1 after 2", blocks)
                == ["1", "2*", "3", "4"])
    }

    @Test func reading() throws {
        let query = try parsed("x | stream_context after 3 before 2")
        #expect(query.description == "x | stream_context before 2 after 3")
        #expect(try parsed(query.description).description == query.description)
        for wrong in [
            "x | stream_context", "x | stream_context before", "x | stream_context before 10001",
            "x | stream_context before 1 before 2",
        ] {
            #expect(throws: QueryError.self, "\(wrong)") { try parsed(wrong) }
        }
        #expect(throws: QueryFailure.self) {
            try shown("x | limit 1 | stream_context after 1", [block(lines("x"))])
        }
        #expect(
            try shown("* | filter x | stream_context after 1", [block(lines("x y z"))])
                == ["0*", "1"])
        #expect(try !parsed("x | stream_context after 1").canFollow)
    }

    /// What a naive walk over all rows of each source gives.
    @Test(arguments: 1...12) func agreesWithANaiveWalk(seed: UInt64) throws {
        let data = try TestData(seed: seed, blocks: 12, rows: 30)
        let ordered = data.blocks.sorted {
            ($0.zone, $0.stream, $0.firstIndex) < ($1.zone, $1.stream, $1.firstIndex)
        }
        for (before, after) in [(0, 0), (1, 0), (0, 2), (3, 3), (50, 1)] {
            let query = "root or error | stream_context before \(before) after \(after)"
            var hits: Set<String> = []
            try QueryRunner(blocks: ordered, query: parsed("root or error", zone: .utc)).run {
                hits.insert(Self.place($0))
                return true
            }
            var sources: [[String]: [String]] = [:]
            for row in data.rows.sorted(by: { $0.index < $1.index }) {
                let source = String(decoding: row["hisui.source"], as: UTF8.self)
                sources[[row.zone, row.stream, source], default: []]
                    .append("\(row.zone)/\(row.stream)/\(row.index)")
            }
            var expected: [String] = []
            for key in sources.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                let rows = sources[key] ?? []
                for (index, row) in rows.enumerated() {
                    let near = max(0, index - after)...min(rows.count - 1, index + before)
                    if rows[near].contains(where: hits.contains) {
                        expected.append(row + (hits.contains(row) ? "*" : ""))
                    }
                }
            }
            var found: [String] = []
            try QueryRunner(blocks: ordered, query: parsed(query, zone: .utc)).run {
                found.append(Self.place($0) + ($0.text("hisui.hit") == nil ? "" : "*"))
                return true
            }
            #expect(found == expected, "before \(before) after \(after)")
        }
    }

    private static func place(_ row: borrowing ResultRow) -> String {
        ["zone.name", "zone.stream", "zone.index"].map { row.text($0) ?? "" }
            .joined(separator: "/")
    }

    /// However many hits there are, bits are kept of them, and the rows of one block.
    @Test func memoryIsBounded() throws {
        let many = (0..<200).map {
            block(lines("x x x x x x x x x x x x x x x x"), first: UInt64($0 * 16))
        }
        let query = "x | stream_context before 1 after 1"
        #expect(try shown(query, many, memory: 4096).count == 3200)
        #expect(throws: QueryFailure.self) { try shown(query, many, memory: 1024) }
    }

    @Test func linesPartGroups() throws {
        let query = try parsed("x | stream_context before 1 after 0", zone: .utc)
        var raw = RawWriter()
        var table = EventTableWriter(timeZone: .utc, isColoured: false, columnsMax: nil)
        var (records, lines) = ([UInt8](), [UInt8]())
        var options = QueryOptions()
        options.fields = [FieldName.record] + EventTableWriter.fields
        try QueryRunner(
            blocks: [block(self.lines("a b x c d x"))], query: query, options: options
        ).run {
            raw.write($0, to: &records)
            table.write($0, to: &lines)
            return true
        }
        #expect(
            String(decoding: records, as: UTF8.self)
                == "h u 1 b\nh u 1 x\n--\nh u 1 d\nh u 1 x\n")
        let shown = String(decoding: lines, as: UTF8.self).split(separator: "\n")
        #expect(shown.map { $0.prefix(2) } == ["  ", "> ", "--", "  ", "> "])
    }
}
