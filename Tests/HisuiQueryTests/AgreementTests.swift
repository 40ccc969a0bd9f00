import HisuiBytes
import HisuiEvent
import HisuiStore
import Testing

@testable import HisuiQuery

/// The engine against the naive evaluator, on generated queries over generated blocks.
@Suite struct AgreementTests {
    static let now = Timestamp(nanoseconds: TestData.base + 1_000_000_000_000)

    /// 16 × 350 queries.
    @Test(arguments: UInt64(1)...16)
    func engineAgreesWithNaiveEvaluator(seed: UInt64) throws {
        let partial = try compare(seed: seed, queries: 350)
        #expect(partial * 2 >= 350, "most queries select some rows and not all")
    }

    /// Blocks with enough rows that columns are kept as numbers and texts have filters.
    @Test(arguments: UInt64(101)...104)
    func engineAgreesOnLargerBlocks(seed: UInt64) throws {
        let partial = try compare(seed: seed, queries: 60, blocks: 4, rows: 600)
        #expect(partial * 2 >= 60, "most queries select some rows and not all")
    }

    /// Returns how many queries selected some rows and not all.
    private func compare(
        seed: UInt64, queries: Int, blocks: Int = 6, rows: Int = 40
    ) throws -> Int {
        var partial = 0
        let data = try TestData(seed: seed, blocks: blocks, rows: rows)
        var maker = FilterMaker(generator: SeededGenerator(seed: seed &* 31), rows: data.rows)
        let order = rowOrder(data)
        for number in 0..<queries {
            let filter = maker.filter()
            let text = filter.text
            let query: Query
            do {
                query = try Query.parse(utf8: Array(text.utf8), now: Self.now, timeZone: .utc)
            } catch {
                Issue.record("seed \(seed) query \(number): \(error)")
                continue
            }
            let expected = order.filter { filter.matches($0) }.map(Self.place)
            if !expected.isEmpty, expected.count < data.rows.count { partial += 1 }
            var options = QueryOptions()
            options.fields = ["zone.name", "zone.stream", "zone.index"]
            options.workers = number % 3 + 1
            let found = try Self.places(of: query, data.blocks, options)
            if found != expected {
                let wrong = Set(found).symmetricDifference(expected)
                let row = order.first { wrong.contains(Self.place($0)) }
                Issue.record(
                    """
                    seed \(seed) query \(number): \(text) finds \(found.count), not \
                    \(expected.count); first with \
                    \(row?.fields.mapValues { String(decoding: $0, as: UTF8.self) } ?? [:])
                    """)
            }
            // The normal form is the same query; counts come another way.
            let again = try Query.parse(query.description, now: Self.now, timeZone: .utc)
            #expect(again.description == query.description, "seed \(seed): \(text)")
            if number % 4 == 0 {
                #expect(try Self.places(of: again, data.blocks, options) == expected, "\(query)")
                let count = try Self.count(text, data.blocks, options)
                #expect(count == "\(expected.count)", "seed \(seed): \(text)")
            }
        }
        return partial
    }

    /// All rows in the order of results: by time, then by block and row.
    private func rowOrder(_ data: TestData) -> [PlainRow] {
        data.rows.enumerated().sorted { a, b in
            (a.element.time, a.offset) < (b.element.time, b.offset)
        }.map(\.element)
    }

    private static func place(_ row: PlainRow) -> String {
        "\(row.zone)/\(row.stream)/\(row.index)"
    }

    private static func places(
        of query: Query, _ blocks: [Block], _ options: QueryOptions
    ) throws -> [String] {
        var places: [String] = []
        try QueryRunner(blocks: blocks, query: query, options: options).run { row in
            let parts = ["zone.name", "zone.stream", "zone.index"].map { row.text($0) ?? "?" }
            places.append(parts.joined(separator: "/"))
            return true
        }
        return places
    }

    private static func count(
        _ text: String, _ blocks: [Block], _ options: QueryOptions
    ) throws -> String? {
        let query = try Query.parse(text + " | stats count() n", now: now, timeZone: .utc)
        var options = options
        options.fields = nil
        var result: String?
        try QueryRunner(blocks: blocks, query: query, options: options).run { row in
            result = row.text("n")
            return true
        }
        return result
    }
}
