import HisuiBytes
import HisuiStore
import Synchronization
import Testing

@testable import HisuiQuery
@testable import QueryCampaign

/// Pipes that put rows beside other rows, with results worked out by hand.
@Suite struct RowPipeTests {
    // Sizes of someLines: 10, 200, 30, 5, x, 1000.

    @Test func runningStats() throws {
        #expect(
            try results(
                "* | fields size | running_stats count() n, sum(size) s, min(size) a, max(size) b")
                == [
                    "size=10 n=1 s=10 a=10 b=10", "size=200 n=2 s=210 a=10 b=200",
                    "size=30 n=3 s=240 a=10 b=200", "size=5 n=4 s=245 a=5 b=200",
                    "size=x n=5 s=245 a=5 b=x", "size=1000 n=6 s=1245 a=5 b=x",
                ])
        #expect(
            try results(
                "* | running_stats by (user.name) count() if (login) n | fields user.name, n")
                == [
                    "user.name=taro n=1", "user.name=hanako n=1", "user.name=taro n=1",
                    "user.name=root n=1", "user.name=taro n=2", "user.name=root n=1",
                ])
        // The rows count in the order in which they come; the result may take a field's place.
        #expect(
            try results("* | sort by (size) | running_stats count(size) as size | fields size")
                == (1...6).map { "size=\($0)" })
        #expect(
            try results("* | stats by (_time:3s) count() n | running_stats sum(n) s")
                == ["_time=2025-11-23T00:00:00Z n=3 s=3", "_time=2025-11-23T00:00:03Z n=3 s=6"])
        #expect(
            try results("* | running_stats by (_time:3s) count() n | fields n | limit 4")
                == ["n=1", "n=2", "n=3", "n=1"])
        #expect(try results("nothing | running_stats count() n") == [])
    }

    @Test func totalStats() throws {
        #expect(
            try results(
                "* | fields size | total_stats count() n, sum(size) s, max(size) m | limit 2")
                == ["size=10 n=6 s=1245 m=x", "size=200 n=6 s=1245 m=x"])
        #expect(
            try results("* | total_stats (user.name) sum(size) s | fields user.name, s")
                == [
                    "user.name=taro s=40", "user.name=hanako s=200", "user.name=taro s=40",
                    "user.name=root s=1005", "user.name=taro s=40", "user.name=root s=1005",
                ])
        #expect(
            try results(
                "* | stats by (host.name) count() n | total_stats sum(n) all "
                    + "| math round(n / all * 100) as percent | fields percent | limit 2")
                == ["percent=17", "percent=33"])
        let many = [block((0..<3000).map { "h u \($0) text" })]
        #expect { try results("* | total_stats count() n", many, memory: 200_000) } throws: {
            ($0 as? QueryFailure)?.code == .memory
        }
        #expect(
            try results("* | running_stats count() n | fields n", many, memory: 200_000).last
                == "n=3000")
    }

    @Test func union() throws {
        #expect(
            try results("logout | fields size | union (size:5 | fields size, user.name)")
                == ["size=30", "size=5 user.name=root"])
        #expect(
            try results("logout | union (failed | stats count() n) | fields n, size")
                == ["size=30", "n=2"])
        #expect(
            try results("* | fields size | union (* | fields size) | limit 8 | stats count() n")
                == ["n=8"])
        // The other query is asked even where the first wants no more, but not where nobody does.
        #expect(
            try results("* | limit 1 | union (size:5) | fields size") == ["size=10", "size=5"])
        #expect(
            try results("* | union (size:5) | limit 1 | fields size") == ["size=10"])
        #expect(
            try results(
                "size:5 | union (size:30 | union (user.name:in(size:200 | fields user.name)))"
                    + " | fields size") == ["size=5", "size=30", "size=200"])
        #expect(
            try results("nothing | stats count() n | union (* | stats count() n)") == [
                "n=0", "n=6",
            ])
    }

    @Test func join() throws {
        #expect(
            try results(
                "login | stats by (user.name) count() n "
                    + "| join by (user.name) (logout | stats by (user.name) sum(size) s)")
                == ["user.name=hanako n=1", "user.name=root n=1", "user.name=taro n=2 s=30"])
        #expect(
            try results(
                "login | stats by (user.name) count() n "
                    + "| join by (user.name) (logout | stats by (user.name) count() n) inner "
                    + "prefix 'other.'")
                == ["user.name=taro n=2 other.n=1"])
        // A row for each that fits, in the order of the other query; what the row has stays.
        #expect(
            try results(
                "logout | fields user.name, size "
                    + "| join (user.name) (* | fields user.name, size, host.name)")
                == [
                    "user.name=taro size=30 host.name=web1",
                    "user.name=taro size=30 host.name=web1",
                    "user.name=taro size=30 host.name=web10",
                ])
        #expect(
            try results(
                "* | join by (user.name, host.name) (logout) inner prefix o_ | fields size, o_size")
                == ["size=10 o_size=30", "size=30 o_size=30"])
        // Rows without the field have the empty value in common.
        #expect(
            try results("logout | fields size | join by (none) (size:5 | fields user.name)")
                == ["size=30 user.name=root"])
        #expect(
            try results("* | join by (user.name) (nothing) inner") == [])
        #expect(
            try results("* | join by (user.name) (*) prefix o_ | fields o_size | limit 2")
                == ["o_size=10", "o_size=30"])
        let many = [block((0..<3000).map { "h u \($0) text" })]
        #expect { try results("* | join by (size) (*)", many, memory: 200_000) } throws: {
            ($0 as? QueryFailure)?.code == .memory
        }
    }

    /// The rows that a query gives, by the names of their fields.
    private func fields(_ text: String, _ blocks: [Block]) throws -> [[String: [UInt8]]] {
        var rows: [[String: [UInt8]]] = []
        let query = try parsed(text, zone: .utc)
        try QueryRunner(blocks: blocks, query: query).run { row in
            var fields: [String: [UInt8]] = [:]
            for index in 0..<row.count {
                fields[row.name(at: index)] = Array(row.bytes[row.range(at: index)])
            }
            rows.append(fields)
            return true
        }
        return rows
    }

    /// Over generated rows, `running_stats` gives in row k what `stats` gives of the first k, and
    /// `total_stats` what it gives of all.
    @Test(arguments: UInt64(1)...3)
    func statsOfRowsAgreeWithStats(seed: UInt64) throws {
        let blocks = try TestData(seed: seed, blocks: 3, rows: 20).blocks
        let functions = "by (host.name) count(status) n, sum(status) s, min(part) a, max(part) b"
        func expected(_ rows: [[String: [UInt8]]], _ host: [UInt8]?) -> [String: [UInt8]]? {
            rows.first { $0["host.name"] == host }
        }
        let running = try fields(
            "* | running_stats \(functions) | fields host.name, n, s, a, b", blocks)
        #expect(running.count > 10)
        for (number, row) in running.enumerated() {
            let some = try fields("* | limit \(number + 1) | stats \(functions)", blocks)
            #expect(row == expected(some, row["host.name"]))
        }
        let all = try fields("* | stats \(functions)", blocks)
        for row in try fields("* | total_stats \(functions) | fields host.name, n, s, a, b", blocks)
        {
            #expect(row == expected(all, row["host.name"]))
        }
    }

    /// Over generated rows, `union` is one after the other, and `join` looks at each row for each.
    @Test(arguments: UInt64(1)...4)
    func rowsBesideRowsAgree(seed: UInt64) throws {
        let blocks = try TestData(seed: seed).blocks
        let one = "error | fields zone.name, zone.index, user.name, status"
        let other = "-error | fields user.name, host.name, status, severity"
        let left = try fields(one, blocks)
        let right = try fields(other, blocks)
        #expect(!left.isEmpty && !right.isEmpty)
        #expect(try fields("\(one) | union (\(other))", blocks) == left + right)
        for (options, isInner, prefix) in [("", false, ""), ("inner prefix 'o.'", true, "o.")] {
            var expected: [[String: [UInt8]]] = []
            for row in left {
                let matching = right.filter { $0["user.name"] == row["user.name"] }
                if matching.isEmpty, !isInner { expected.append(row) }
                for match in matching {
                    var joined = row
                    for (name, value) in match where name != "user.name" {
                        if joined[prefix + name] == nil { joined[prefix + name] = value }
                    }
                    expected.append(joined)
                }
            }
            #expect(
                try fields("\(one) | join by (user.name) (\(other)) \(options)", blocks) == expected
            )
        }
    }

    /// Pipes that make many rows of few ask whether to go on.
    @Test func manyRowsCanBeStopped() throws {
        let rows = [block((0..<100).map { "h u \($0) text" })]
        for pipe in [
            "generate_sequence 2000000000 | stats count() n",
            "join by (user.name) (*) | join by (user.name) (* | copy size a | fields user.name, a) "
                + "| join by (user.name) (*) | join by (user.name) (*) | stats count() n",
        ] {
            var options = QueryOptions()
            let asked = Counter()
            options.shouldStop = { asked.next() > 300 }
            let query = try parsed("* | " + pipe)
            #expect {
                try QueryRunner(blocks: rows, query: query, options: options).run { _ in true }
            } throws: {
                ($0 as? QueryFailure)?.code == .stopped
            }
        }
    }

    @Test func sequence() throws {
        #expect(
            try results("* | generate_sequence 3") == ["_msg=0", "_msg=1", "_msg=2"])
        #expect(try results("nothing | generate_sequence 2") == ["_msg=0", "_msg=1"])
        #expect(try results("* | generate_sequence 0") == [])
        #expect(
            try results(
                "* | generate_sequence 1000 | math _msg * 2 as x | filter x:>1990 | fields x")
                == ["x=1992", "x=1994", "x=1996", "x=1998"])
        #expect(
            try results("* | generate_sequence 1000000 | limit 1") == ["_msg=0"])
    }

    @Test(arguments: [
        (
            "running_stats (a, b) sum(c) s, count() n",
            "running_stats by (a, b) sum(c) as s, count(*) as n"
        ),
        ("total_stats max(c*)", "total_stats max(c*) as \"max(c*)\""),
        ("union (a:b | fields c)", "union (a:b | fields c)"),
        ("join (a) (b) prefix x inner", ""),
        (
            "join by (a, 'b c') (d or e | limit 3) inner prefix 'x'",
            "join by (a, \"b c\") (d or e | limit 3) inner prefix \"x\""
        ),
        ("generate_sequence 5", "generate_sequence 5"),
    ])
    func prints(text: String, expected: String) throws {
        if expected.isEmpty {
            #expect(throws: QueryError.self) { try parsed("* | " + text) }
            return
        }
        #expect(try parsed("* | " + text).description == "* | " + expected)
        #expect(try parsed("* | " + expected).description == "* | " + expected)
    }

    @Test(arguments: [
        ("running_stats avg(a)", 19, "count, max, min, sum only"),
        ("total_stats by (a) uniq_values(a)", 24, "count, max, min, sum only"),
        ("union", 10, "expected ‘(’"), ("union (a", 13, "‘|’ or ‘)’"), ("union ()", 12, "a filter"),
        ("join by (a)", 16, "expected ‘(’"), ("join by () (a)", 13, "the name of a field"),
        ("join (a) (b) prefix", 24, "a value"), ("generate_sequence x", 23, "a number of rows"),
    ])
    func errors(pipe: String, column: Int, part: String) throws {
        #expect { try parsed("* | " + pipe) } throws: { isSyntaxError($0, column, part) }
    }

    /// What holds for the events of a query holds for those of the queries inside.
    @Test func innerQueriesAreNarrowedToo() throws {
        let query = try parsed("a | union (b | join by (c) (d)) | join by (c) (e)")
        #expect(
            query.and(try parsed("z")).description
                == "z a | union (z b | join by (c) (z d)) | join by (c) (z e)")
        let narrowed = query.withoutDuplicates.description
        #expect(narrowed.split(separator: "hisui.duplicate").count == 5)
        let within = query.within(first: 0, last: 1_000_000_000).description
        #expect(within.split(separator: "_time:[").count == 4)
        #expect(!query.canFollow)
        #expect(try parsed("a | running_stats count() n").canFollow)
        #expect(try !parsed("a | total_stats count() n").canFollow)
        #expect(try parsed("a | union (b)").yieldsEvents)
        #expect(try !parsed("a | union (b | stats count() n)").yieldsEvents)
    }

    @Test func queriesInsideEachOtherAreCounted() throws {
        let deep = String(repeating: "union (a | ", count: 500) + "limit 1"
        #expect { try parsed("* | " + deep + String(repeating: ")", count: 500)) } throws: {
            ($0 as? QueryError)?.code == .limit
        }
    }

    @Test func needs() throws {
        func needs(_ text: String) throws -> [String] { try fieldsNeeded(text, for: ["x", "y"]) }
        #expect(try needs("running_stats by (a) sum(b) x") == ["a", "b", "y"])
        #expect(try needs("total_stats by (a) count() x") == ["a", "y"])
        #expect(try needs("union (b)") == ["x", "y"])
        #expect(try needs("join by (a) (b)") == ["a", "x", "y"])
        #expect(try needs("generate_sequence 3") == [])
        let pipe = try #require(try parsed("* | join by (a) (b) prefix 'o.'").pipes[0] as? JoinPipe)
        #expect(pipe.otherNeeds(after: FieldNeeds(["o.x", "y"])) == FieldNeeds(["a", "x"]))
        #expect(pipe.otherNeeds(after: .everything).all)
    }
}

/// Counts calls from any thread.
private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
}
