import HisuiBytes
import HisuiEvent
import HisuiStore
import Testing

@testable import HisuiQuery
@testable import QueryCampaign

/// What is told of a query that was run.
@Suite struct ExplanationTests {
    @Test func treesShowWhatStandsInsideWhat() throws {
        let query = try parsed(
            "\"Failed password\" (user.name:=root or !host.name:in(sudo | fields host.name)) "
                + "| filter size:>5 | stats by (source.ip) count() n", zone: .utc)
        #expect(
            query.tree.description == """
                query
                ├─ and
                │  ├─ "Failed password"
                │  └─ or
                │     ├─ user.name:=root
                │     └─ not
                │        └─ host.name:in
                │           └─ query
                │              ├─ sudo
                │              └─ | fields host.name
                ├─ | filter
                │  └─ size:>5
                └─ | stats by (source.ip) count(*) as n
                """)
    }

    /// Every row has one fate, whatever is asked of whichever blocks, and what is found is what the
    /// query gives.
    @Test(arguments: UInt64(301)...306)
    func fatesAddUpToAllRows(seed: UInt64) throws {
        let data = try TestData(seed: seed, blocks: 5, rows: 120)
        var maker = FilterMaker(generator: SeededGenerator(seed: seed &* 17), rows: data.rows)
        for _ in 0..<60 {
            let filter = maker.filter()
            let passing = data.rows.count { filter.matches($0) }
            for (pipes, isCut) in [
                ("", false), (" | stats count() n", false), (" | limit 2", true),
            ] {
                let told = try explain(filter.text + pipes, data.blocks)
                let rows = told.rows.reduce(0) { $0 + $1.rows }
                #expect(rows == data.rows.count, "seed \(seed): \(filter.text)\(pipes)")
                #expect(told.rows.allSatisfy { $0.rows >= 0 })
                #expect(told.rowCount == data.rows.count)
                let blocks = told.blocks
                #expect(blocks.all == data.blocks.count)
                #expect(blocks.notNeeded >= 0)
                if isCut {
                    #expect(told.found >= min(passing, 2))
                } else {
                    #expect(told.found == passing, "seed \(seed): \(filter.text)\(pipes)")
                    #expect(blocks.notNeeded == 0)
                }
            }
        }
    }

    @Test func rowsAreToldByWhatRuledThemOut() throws {
        let early = block(someLines)
        let late = block(someLines, first: 6, start: 86_400)
        func fates(_ text: String) throws -> [String: Int] {
            let told = try explain(text, [early, late])
            return Dictionary(
                uniqueKeysWithValues: told.rows.filter { $0.rows > 0 }.map {
                    ($0.fate.rawValue, $0.rows)
                })
        }
        #expect(try fates("*") == ["known": 12])
        #expect(try fates("* | stats count() n") == ["known": 12])
        #expect(try fates("_time:2025-11-23 root") == ["outsideTime": 6, "read": 6])
        #expect(try fates("hisui.parser:=linux.sshd") == ["shape": 12])
        #expect(try fates("login | limit 1") == ["notNeeded": 6, "read": 6])
        #expect(try fates("_time:2020-01-01 root") == ["outsideTime": 12])
    }

    @Test func plansAreTold() throws {
        let told = try explain("user.name:=root | filter size:>5 | fields _msg | limit 3")
        #expect(told.filter == "user.name:=root size:>5")
        #expect(told.fields == ["_msg"])
        #expect(told.pipes == ["fields _msg", "limit 3"])
        guard case .rows(let descending, let limit) = told.access else {
            Issue.record("rows are wanted")
            return
        }
        #expect(!descending && limit == 3)
        let shape = try #require(told.shapes.told.first)
        #expect(shape.text == "‹0› ‹1› ‹2› ‹3›")
        #expect(shape.residual == "‹1›:=root ‹2›:>5")
        #expect(told.shapes.depends == 1 && told.shapes.never == 0 && told.shapes.read == 1)

        let figures = try explain("* | stats by (user.name) count() n | sort by (n)")
        guard case .groups = figures.access else {
            Issue.record("figures are wanted")
            return
        }
        #expect(figures.pipes == ["stats by (user.name) count(*) as n", "sort by (n)"])
    }

    /// A query inside a filter is told by itself, and the rows it reads are not those of the other.
    @Test func queriesInsideAreTold() throws {
        let told = try explain("user.name:in(failed | fields user.name) | stats count() n")
        #expect(told.found == 3)
        #expect(told.rowCount == 6)
        let (query, inner) = try #require(told.inner.first)
        #expect(told.inner.count == 1)
        #expect(query == "failed | fields user.name")
        #expect(inner.found == 2 && inner.rowCount == 6)
        #expect(inner.inner.isEmpty)
        #expect(told.filter == "user.name:in(hanako,root)")
    }

    private func explain(
        _ text: String, _ blocks: [Block] = [block(someLines)]
    ) throws -> QueryExplanation {
        var options = QueryOptions()
        let trace = QueryTrace()
        options.trace = trace
        let query = try Query.parse(text, now: Comparison.now, timeZone: .utc)
        var emitted = 0
        try QueryRunner(blocks: blocks, query: query, options: options).run { _ in
            emitted += 1
            return true
        }
        let told = trace.explanation
        if query.yieldsEvents, !text.contains("limit") { #expect(emitted == told.found) }
        return told
    }
}
