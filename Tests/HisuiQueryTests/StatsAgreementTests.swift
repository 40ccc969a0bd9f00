import HisuiBytes
import HisuiEvent
import HisuiStore
import Testing

@testable import HisuiQuery
@testable import QueryCampaign

/// Functions of `stats` against a naive evaluation over the rows, on generated blocks and filters.
@Suite struct StatsAgreementTests {
    private static let fields = [
        "user.name", "status", "plain", "host.name", "severity", "missing",
    ]

    /// 12 × 30 queries with five functions each.
    @Test(arguments: UInt64(301)...312)
    func agree(seed: UInt64) throws {
        let data = try TestData(seed: seed, blocks: 5, rows: 60)
        var generator = SeededGenerator(seed: seed &* 17)
        var maker = FilterMaker(generator: SeededGenerator(seed: seed &* 31), rows: data.rows)
        for number in 0..<30 {
            let filter = maker.filter()
            let condition = maker.filter()
            let field = Self.fields[generator.number(0...Self.fields.count - 1)]
            let other = Self.fields[generator.number(0...Self.fields.count - 1)]
            let by = Self.fields[generator.number(0...2)]
            let phi = ["0", "0.25", "0.5", "0.9", "1"][generator.number(0...4)]
            let text =
                (number % 5 == 0 ? "*" : filter.text) + " | stats by (\(by)) quantile(\(phi), "
                + "\(field)) q, uniq_values(\(field), \(other)) u, count_empty(\(field), "
                + "\(other)) e, count() if (\(condition.text)) c, sum_len(\(field)) s, "
                + "count_uniq_hash(\(other)) h"
            var expected: [[UInt8]: Naive] = [:]
            for row in data.rows where number % 5 == 0 || filter.matches(row) {
                expected[row[by], default: Naive()].add(
                    row[field], row[other], passes: condition.matches(row))
            }
            var found: [[UInt8]: Naive.Result] = [:]
            let query = try Query.parse(
                utf8: Array(text.utf8), now: Comparison.now, timeZone: .utc)
            var options = QueryOptions()
            options.workers = number % 3 + 1
            try QueryRunner(blocks: data.blocks, query: query, options: options).run { row in
                func value(_ name: String) -> [UInt8] {
                    row.index(of: name).map { Array(row.bytes[row.range(at: $0)]) } ?? []
                }
                found[value(by)] = Naive.Result(
                    quantile: value("q"), texts: ["u", "e", "c", "s", "h"].map(value))
                return true
            }
            let naive = expected.mapValues { $0.result(Double(phi) ?? 0) }
            #expect(found == naive, "seed \(seed) query \(number): \(text)")
        }
    }

    /// What is known of a group, every value kept.
    private struct Naive {
        struct Result: Equatable {
            var quantile: [UInt8]
            var texts: [[UInt8]]
        }

        private var values: [[UInt8]] = []
        private var others: [[UInt8]] = []
        private var empty = 0
        private var passing = 0

        mutating func add(_ value: [UInt8], _ other: [UInt8], passes: Bool) {
            values.append(value)
            others.append(other)
            if value.isEmpty, other.isEmpty { empty += 1 }
            if passes { passing += 1 }
        }

        private static func ordered(_ values: [[UInt8]]) -> [[UInt8]] {
            values.filter { !$0.isEmpty }.sorted { a, b in
                let order = SortKey(a.span).compare(SortKey(b.span))
                return order != 0 ? order < 0 : a.lexicographicallyPrecedes(b)
            }
        }

        func result(_ phi: Double) -> Result {
            let sorted = Self.ordered(values)
            let place = min(sorted.count - 1, Int(phi * Double(sorted.count)))
            var list: [UInt8] = []
            for value in Self.ordered(Array(Set(values + others))) {
                list.append(list.isEmpty ? 0x5B : 0x2C)
                JSONText.appendString(value.span, 0..<value.count, to: &list)
            }
            if list.isEmpty { list.append(0x5B) }
            list.append(0x5D)
            let counts = [
                empty, passing, values.reduce(0) { $0 + $1.count },
                Set(others.filter { !$0.isEmpty }).count,
            ]
            return Result(
                quantile: sorted.isEmpty ? [] : sorted[place],
                texts: [list] + counts.map { Array("\($0)".utf8) })
        }
    }
}
