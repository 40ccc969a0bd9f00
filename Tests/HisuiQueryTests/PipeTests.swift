import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore
import Testing

@testable import HisuiQuery

/// A block of lines `host user size text`, a second apart from 2025-11-23T00:00:00Z on.
func block(
    _ lines: [String], zone: String = "local", first: UInt64 = 0, start: Int64 = 0
) -> Block {
    let shape = Shape(
        literals: [[], [0x20], [0x20], [0x20], []],
        slots: [.init(.word), .init(.word), .init(.integer), .init(.text)],
        fields: [
            Shape.Field("host.name", .keyword, .slot(0, .raw)),
            Shape.Field("user.name", .keyword, .slot(1, .raw)),
            Shape.Field("size", .integer, .slot(2, .raw)),
        ],
        message: Shape.Stretch(first: 3, firstByte: 1, last: 4, lastByte: 0))
    let table = ShapeTable()
    let number = table.intern(shape)
    var batch = RowBatch(
        takingOver: RecordBatch(source: Source(id: "test", kind: .file, form: .line)))
    for (place, line) in lines.enumerated() {
        let offset = batch.bytes.count
        let first = batch.slots.count
        let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        for (slot, part) in parts.enumerated() {
            if slot > 0 { batch.bytes.append(0x20) }
            let start = batch.bytes.count
            batch.bytes += Array(part.utf8)
            batch.slots.append(ByteRange(start..<batch.bytes.count))
        }
        let time = Timestamp(
            nanoseconds: 1_763_856_000_000_000_000 + (start + Int64(place)) * 1_000_000_000)
        batch.rows.append(
            RowBatch.Row(
                offset: UInt32(offset), count: UInt32(batch.bytes.count - offset), shape: number,
                firstSlot: UInt32(first), time: time, received: time, sender: 0, flags: []))
    }
    var builder = BlockBuilder(zone: zone, stream: "default", firstIndex: first)
    _ = builder.append(batch, shapes: table)
    return builder.take()
}

let someLines = [
    "web1 taro 10 login ok", "web2 hanako 200 login failed", "web1 taro 30 logout",
    "db1 root 5 login failed", "web10 taro x login ok", "web2 root 1000 ログイン失敗",
]

/// Whether an error is one of syntax, at that column and with those words.
func isSyntaxError(_ error: any Error, _ column: Int, _ part: String) -> Bool {
    guard let error = error as? QueryError else { return false }
    return error.code == .syntax && error.column == column && error.message.contains(part)
}

/// Which fields pipes have to be given so that some are there behind them.
func fieldsNeeded(_ pipes: String, for after: [String]) throws -> [String] {
    try parsed("* | \(pipes)").pipes.reversed().reduce(FieldNeeds(after)) {
        $1.needs(after: $0)
    }.names.sorted()
}

/// The rows a query gives, as `name=value` joined by spaces.
func results(
    _ text: String, _ blocks: [Block] = [block(someLines)], memory: Int = 256 << 20
) throws -> [String] {
    var options = QueryOptions()
    options.memoryBytesMax = memory
    var rows: [String] = []
    try QueryRunner(blocks: blocks, query: parsed(text, zone: .utc), options: options).run { row in
        rows.append(
            (0..<row.count).map { index in
                row.name(at: index) + "="
                    + String(decoding: row.bytes[row.range(at: index)], as: UTF8.self)
            }.joined(separator: " "))
        return true
    }
    return rows
}

@Suite struct PipeTests {
    @Test func fields() throws {
        #expect(
            try results("logout | fields size, host*, missing, size") == ["size=30 host.name=web1"])
        #expect(
            try results("logout | delete _*, event*, zone*, hisui*, host.name")
                == ["user.name=taro size=30"])
        #expect(try results("logout | fields message") == ["_msg=logout"])
        #expect(
            try results("logout | fields event.original") == ["event.original=web1 taro 30 logout"])
        #expect(
            try results(
                "logout | fields size, user.name | rename size as user.name | copy user.name u")
                == ["user.name=30 u=30"])
        #expect(try results("logout | len(_msg) as n | fields n") == ["n=6"])
        #expect(
            try results("logout | fields _time, _stream, zone.index")
                == [
                    "_time=2025-11-23T00:00:02Z _stream={zone=\"local\",source=\"test\"}"
                        + " zone.index=2"
                ])
    }

    @Test func everyFieldOfARow() throws {
        #expect(
            try results("logout") == [
                "_time=2025-11-23T00:00:02Z _msg=logout _stream={zone=\"local\",source=\"test\"} "
                    + "host.name=web1 user.name=taro size=30 zone.name=local zone.stream=default "
                    + "zone.index=2 hisui.source=test event.created=2025-11-23T00:00:02Z"
            ])
    }

    @Test func limits() throws {
        #expect(try results("* | fields size | limit 2") == ["size=10", "size=200"])
        #expect(try results("* | fields size | offset 1 | limit 2") == ["size=200", "size=30"])
        #expect(try results("* | limit 0") == [])
        #expect(try results("* | offset 100") == [])
    }

    @Test func sorting() throws {
        #expect(
            try results("* | sort by (size) | fields size")
                == ["size=5", "size=10", "size=30", "size=200", "size=1000", "size=x"])
        #expect(
            try results("* | sort by (host.name, size desc) limit 3 | fields host.name, size") == [
                "host.name=db1 size=5", "host.name=web1 size=30", "host.name=web1 size=10",
            ])
        #expect(try results("* | last 1 by (host.name) | fields host.name") == ["host.name=web10"])
        #expect(
            try results(
                "* | sort by (size) partition by (host.name) limit 1 rank as r | fields size, r")
                == ["size=5 r=1", "size=10 r=1", "size=200 r=1", "size=x r=1"])
        #expect(
            try results("* | sort by (_time desc) limit 2 | fields size") == [
                "size=1000", "size=x",
            ])
        #expect(try results("* | first 1 by (_time) | fields size") == ["size=10"])
        #expect(
            try results("* | sort by (_time desc) offset 1 limit 1 | fields size") == ["size=x"])
    }

    @Test func stats() throws {
        #expect(try results("* | stats count()") == ["count(*)=6"])
        #expect(try results("nothing | stats count() n, sum(size) s, max(size) m") == ["n=0 s=NaN"])
        #expect(try results("nothing | stats by (size) count() n") == [])
        #expect(
            try results("* | stats by (host.name) count() n, sum(size) s, min(size) a, max(size) b")
                == [
                    "host.name=db1 n=1 s=5 a=5 b=5", "host.name=web1 n=2 s=40 a=10 b=30",
                    "host.name=web2 n=2 s=1200 a=200 b=1000", "host.name=web10 n=1 s=NaN a=x b=x",
                ])
        #expect(try results("* | stats avg(size) a, count_uniq(user.name) u") == ["a=249 u=3"])
        #expect(try results("* | stats count_uniq(user.name, host.name) u") == ["u=5"])
        #expect(try results("* | stats count_uniq(user.name) limit 2 u") == ["u=2"])
        #expect(try results("* | stats count(missing) a, count(missing, size) b") == ["a=0 b=6"])
        #expect(
            try results("* | stats by (_time:2s) count() n") == [
                "_time=2025-11-23T00:00:00Z n=2", "_time=2025-11-23T00:00:02Z n=2",
                "_time=2025-11-23T00:00:04Z n=2",
            ])
        #expect(
            try results("* | stats by (_time:day offset 9h, size:100) count() n | limit 2") == [
                "_time=2025-11-22T15:00:00Z size=0 n=3", "_time=2025-11-22T15:00:00Z size=200 n=1",
            ])
        #expect(
            try results("* | stats by (user.name) count() n | filter n:>1 | sort by (n desc)")
                == ["user.name=taro n=3", "user.name=root n=2"])
    }

    /// Gathering from blocks, and from rows that went through pipes, comes to the same.
    @Test(arguments: [
        "stats by (host.name, user.name) count() n, sum(size) s, count_uniq(size) u",
        "stats by (_time:3s) avg(size) a, max(_msg) m", "uniq by (host.name) with hits",
        "top 2 by (user.name) rank", "stats min(_time) first, max(_time) last",
    ])
    func blocksAndRowsAgree(pipe: String) throws {
        let blocks = [
            block(someLines), block(someLines, first: 6, start: 3), block(someLines, zone: "lgwan"),
        ]
        let direct = try results("* | \(pipe)", blocks)
        #expect(try results("* | limit 1000 | \(pipe)", blocks) == direct)
        #expect(!direct.isEmpty)
    }

    @Test func uniqAndTop() throws {
        #expect(
            try results("* | uniq by (user.name)")
                == ["user.name=hanako", "user.name=root", "user.name=taro"])
        #expect(
            try results("* | top 2 by (user.name)") == [
                "user.name=taro hits=3", "user.name=root hits=2",
            ])
        #expect(try results("* | top 1 by (user.name) hits as n") == ["user.name=taro n=3"])
    }

    @Test func blocksAreMergedByTime() throws {
        let blocks = [
            block(["a u 1 x", "a u 3 x", "a u 5 x"], start: 0),
            block(["b u 2 y", "b u 4 y"], zone: "other", start: 1),
            block(["c u 9 z"], zone: "third", start: 100),
        ]
        #expect(
            try results("* | fields size", blocks)
                == ["size=1", "size=3", "size=2", "size=5", "size=4", "size=9"])
        #expect(
            try results("* | sort by (_time desc) | fields size", blocks)
                == ["size=9", "size=5", "size=4", "size=3", "size=2", "size=1"])
    }

    @Test func memoryIsBounded() throws {
        let many = block((0..<3000).map { "host\($0) user 1 text" })
        #expect(try results("* | stats by (host.name) count() | limit 1", [many]).count == 1)
        for query in ["* | stats by (host.name) count()", "* | sort by (host.name)", "*"] {
            do {
                _ = try results(query, [many], memory: 40_000)
                Issue.record("\(query) fits")
            } catch let failure as QueryFailure {
                #expect(failure.code == .memory)
                #expect(failure.message.contains("add a limit"))
            }
        }
        #expect(try results("* | limit 5", [many], memory: 40_000).count == 5)
    }

    @Test func stopsWhenAsked() throws {
        var options = QueryOptions()
        options.shouldStop = { true }
        let runner = QueryRunner(
            blocks: [block(someLines)], query: try parsed("*"), options: options)
        #expect { try runner.run { _ in true } } throws: { ($0 as? QueryFailure)?.code == .stopped }
        var taken = 0
        try QueryRunner(blocks: [block(someLines)], query: try parsed("*")).run { _ in
            taken += 1
            return taken < 2
        }
        #expect(taken == 2)
    }
}
