import HisuiBytes
import HisuiStore
import Testing

@testable import HisuiQuery
@testable import QueryCampaign

/// The engine against the naive evaluator, on generated queries over generated blocks: the short
/// form of `ops/query-campaign`.
@Suite struct AgreementTests {
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

    /// Steps of histograms, in the query's words, and what they and their offsets are in seconds.
    static let steps: [(text: String, seconds: Int64, offset: Int64)] = [
        ("1h", 3600, 0), ("15m", 900, 0), ("hour offset 30m", 3600, 1800), ("7m", 420, 0),
        ("day offset 9h", 86_400, 32_400), ("20m offset 5m", 1200, 300), ("2s", 2, 0),
    ]

    /// Rows by time and by host, of whole shapes and of some rows of shapes; twice, because blocks
    /// keep what they counted.
    @Test(arguments: UInt64(201)...206)
    func figuresAgreeWithCountsOfRows(seed: UInt64) throws {
        let data = try TestData(seed: seed, blocks: 4, rows: 500, seconds: 50_000)
        var maker = FilterMaker(generator: SeededGenerator(seed: seed &* 31), rows: data.rows)
        for number in 0..<28 {
            let filter = maker.filter()
            let passing = data.rows.filter { number % 4 == 0 || filter.matches($0) }
            let text = number % 4 == 0 ? "*" : filter.text
            let step = Self.steps[number % Self.steps.count]
            let width = step.seconds * 1_000_000_000
            let offset = step.offset * 1_000_000_000
            var byTime: [String: Int] = [:]
            var byHost: [String: Int] = [:]
            for row in passing {
                let start = row.time - (row.time + offset) % width
                byTime[String(decoding: TestData.utc(start), as: UTF8.self), default: 0] += 1
                byHost[String(decoding: row["host.name"], as: UTF8.self), default: 0] += 1
            }
            for _ in 0..<2 {
                let times = try Self.figures(text, "_time:" + step.text, "_time", data.blocks)
                #expect(times == byTime, "seed \(seed): \(text) by \(step.text)")
                let hosts = try Self.figures(text, "host.name", "host.name", data.blocks)
                #expect(hosts == byHost, "seed \(seed): \(text) by host")
            }
        }
    }

    private static func figures(
        _ text: String, _ by: String, _ name: String, _ blocks: [Block]
    ) throws -> [String: Int] {
        let query = try Query.parse(
            text + " | stats by (\(by)) count() n", now: Comparison.now, timeZone: .utc)
        var found: [String: Int] = [:]
        try QueryRunner(blocks: blocks, query: query).run { row in
            found[row.text(name) ?? "", default: 0] += Int(row.text("n") ?? "") ?? 0
            return true
        }
        return found
    }

    /// Returns how many queries selected some rows and not all.
    private func compare(
        seed: UInt64, queries: Int, blocks: Int = 6, rows: Int = 40
    ) throws -> Int {
        let data = try TestData(seed: seed, blocks: blocks, rows: rows)
        var comparison = Comparison(data, seed: seed)
        for number in 0..<queries {
            do { try comparison.next() } catch {
                Issue.record("seed \(seed) query \(number): \(error)")
            }
        }
        return comparison.counts.some
    }
}
