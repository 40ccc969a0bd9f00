import HisuiBytes
import HisuiEvent
import HisuiQuery
import HisuiStore

/// The engine beside the naive evaluator, over one set of rows.
///
/// Of the engine the evaluator has only what a query says: filters are made and evaluated apart
/// (`NaiveFilter`), and what is done with the rows that pass is done here again, plainly.
struct Comparison {
    let blocks: [Block]
    /// In the order of results.
    let rows: [PlainRow]
    var maker: FilterMaker
    private(set) var counts = Counts()

    struct Counts {
        var queries = 0
        var some = 0
        var none = 0
        var all = 0

        mutating func add(_ other: Counts) {
            queries += other.queries
            some += other.some
            none += other.none
            all += other.all
        }
    }

    /// What the engine says otherwise.
    struct Disagreement: Error, CustomStringConvertible {
        let query: String
        let found: String
        let expected: String
        /// The first row that only one of the two has.
        var row: PlainRow?

        var description: String {
            var text = "\(query)\n  finds \(found), not \(expected)"
            for (name, value) in (row?.fields ?? [:]).sorted(by: { $0.key < $1.key }) {
                text += "\n    \(name): \(NaiveTest.quoted(value))"
            }
            return text
        }
    }

    static let now = Timestamp(nanoseconds: TestData.base + 1_000_000_000_000)

    /// Over generated rows.
    init(_ data: TestData, seed: UInt64) {
        blocks = data.blocks
        rows = data.rows.enumerated().sorted { a, b in
            (a.element.time, a.offset) < (b.element.time, b.offset)
        }.map(\.element)
        maker = FilterMaker(generator: SeededGenerator(seed: seed &* 31), rows: data.rows)
    }

    /// Over rows that were read.
    init(_ blocks: [Block], _ rows: [PlainRow], _ maker: FilterMaker) {
        self.blocks = blocks
        self.rows = rows
        self.maker = maker
    }

    /// Makes a query and asks it both ways: what it selects, its normal form, and in turn its
    /// number of rows, the first ones, the last ones, and rows by a value.
    mutating func next() throws {
        let filter = maker.filter()
        let number = counts.queries
        let query = try parsed(filter.text)
        let expected = rows.filter { filter.matches($0) }
        counts.queries += 1
        if expected.isEmpty {
            counts.none += 1
        } else if expected.count == rows.count {
            counts.all += 1
        } else {
            counts.some += 1
        }
        try compare(query, filter.text, expected, number)
        // The normal form is the same query.
        let again = try parsed(query.description)
        if again.description != query.description {
            throw Disagreement(
                query: filter.text, found: again.description, expected: query.description)
        }
        if number % 4 == 0 { try compare(again, query.description, expected, number) }
        try comparePipes(filter.text, expected, number)
    }

    private func parsed(_ text: String) throws -> Query {
        do {
            return try Query.parse(utf8: Array(text.utf8), now: Self.now, timeZone: .utc)
        } catch {
            throw Disagreement(query: text, found: "\(error)", expected: "a query")
        }
    }

    private func options(_ number: Int) -> QueryOptions {
        var options = QueryOptions()
        options.workers = number % 3 + 1
        return options
    }

    private func compare(
        _ query: Query, _ text: String, _ expected: [PlainRow], _ number: Int
    ) throws {
        var options = options(number)
        options.fields = ["zone.name", "zone.stream", "zone.index"]
        var found: [String] = []
        try QueryRunner(blocks: blocks, query: query, options: options).run { row in
            found.append(Self.place(row))
            return true
        }
        let places = expected.map(Self.place)
        if found == places { return }
        let wrong = Set(found).symmetricDifference(places)
        throw Disagreement(
            query: text, found: "\(found.count) rows", expected: "\(places.count)",
            row: rows.first { wrong.contains(Self.place($0)) })
    }

    private func comparePipes(_ text: String, _ expected: [PlainRow], _ number: Int) throws {
        let limit = 1 + number % 7
        switch number % 4 {
        case 0: try compareCounts(text, expected, number)
        case 1:
            let text = text + " | limit \(limit)"
            try compare(try parsed(text), text, Array(expected.prefix(limit)), number)
        case 2:
            let text = text + " | sort by (zone.name, zone.stream, zone.index desc) limit \(limit)"
            let sorted = expected.sorted { a, b in
                (a.zone, a.stream, b.index) < (b.zone, b.stream, a.index)
            }
            try compare(try parsed(text), text, Array(sorted.prefix(limit)), number)
        default: try compareGroups(text, expected, number)
        }
    }

    private func compareCounts(_ text: String, _ expected: [PlainRow], _ number: Int) throws {
        let text = text + " | stats count() n"
        var found = "nothing"
        let runner = QueryRunner(
            blocks: blocks, query: try parsed(text), options: options(number))
        try runner.run { row in
            found = row.text("n") ?? "nothing"
            return true
        }
        if found != "\(expected.count)" {
            throw Disagreement(query: text, found: found, expected: "\(expected.count)")
        }
    }

    private func compareGroups(_ text: String, _ expected: [PlainRow], _ number: Int) throws {
        let by = maker.fields[number / 4 % maker.fields.count]
        let other = maker.fields[number / 8 % maker.fields.count]
        let text =
            text + " | stats by (\(by)) count() n, count_empty(\(other)) e, sum_len(\(other)) s"
        var groups: [[UInt8]: [Int]] = [:]
        for row in expected {
            let value = row[other]
            var group = groups[row[by]] ?? [0, 0, 0]
            group[0] += 1
            group[1] += value.isEmpty ? 1 : 0
            group[2] += value.count
            groups[row[by]] = group
        }
        var found: [[UInt8]: [Int]] = [:]
        let runner = QueryRunner(
            blocks: blocks, query: try parsed(text), options: options(number))
        try runner.run { row in
            let key = row.index(of: by).map { row.value(at: $0) } ?? []
            found[key] = ["n", "e", "s"].map { Int(row.text($0) ?? "") ?? -1 }
            return true
        }
        if found != groups {
            throw Disagreement(query: text, found: "\(found)", expected: "\(groups)")
        }
    }

    private static func place(_ row: PlainRow) -> String {
        "\(row.zone)/\(row.stream)/\(row.index)"
    }

    private static func place(_ row: borrowing ResultRow) -> String {
        let parts = ["zone.name", "zone.stream", "zone.index"].map { row.text($0) ?? "?" }
        return parts.joined(separator: "/")
    }
}
