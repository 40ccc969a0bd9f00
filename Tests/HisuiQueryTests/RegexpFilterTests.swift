import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiQuery
@testable import HisuiStore

/// `~` and `!~`: how they are written, and that they agree with the expression on whole values.
@Suite struct RegexpFilterTests {
    private func matches(_ filter: String, _ value: String) throws -> Bool {
        switch try parsed(filter).filter {
        case .field(let test): return test.test.matches(Array(value.utf8).span)
        case .not(.field(let test)): return !test.test.matches(Array(value.utf8).span)
        default: return false
        }
    }

    @Test(arguments: [
        (#"~"err|warn""#, "a warning", true), (#"~"err|warn""#, "all well", false),
        (#"~`from 10\.\d+\.\d+\.\d+ port \d{5}`"#, "root from 10.1.22.3 port 54321 ssh2", true),
        (#"~`from 10\.\d+\.\d+\.\d+ port \d{5}`"#, "root from 10.1.22.3 port 5432", false),
        (#"~"(?i)foo.*bar""#, "xFOO\nBar", true), (#"!~"^a""#, "ab", false),
        (#"!~"^a""#, "ba", true),
        ("~\"ログイン.*失敗\"", "職員のログインが失敗", true), (#"~"""#, "", true),
        (#"~"^.{3}$""#, "住民票", true),
    ])
    func values(filter: String, value: String, expected: Bool) throws {
        #expect(try matches(filter, value) == expected, "\(filter) on \(value)")
        let normal = try parsed(filter).description
        #expect(try matches(normal, value) == expected, "\(normal) on \(value)")
    }

    @Test(arguments: [
        (#"a:~"(b""#, 4, "`(` without its `)`"), (#"~`(?=a)`"#, 2, "look-around"),
        (#"!~`a\1`"#, 3, #"`\1`"#), (#"~"\xff""#, 2, "UTF-8"), ("a:=~b", 3, "without ‘=’"),
        ("~", 2, "a value"),
    ])
    func refused(text: String, column: Int, part: String) throws {
        let error = #expect(throws: QueryError.self) { try parsed(text) }
        #expect(error?.column == column)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }

    /// An expression with more sets of states than an automaton keeps is asked of the whole text.
    @Test func tooManyStates() throws {
        let bits = String((0..<60_000).map { ($0 * $0 >> 3) % 2 == 0 ? "a" : "b" })
        let ends = "a" + String(repeating: "b", count: 18)
        let block = block(["h u 1 \(bits)", "h u 1 abc", "h u 1 \(bits)\(ends)c"])
        let query = try parsed("~\"(a|b)*a(a|b){18}c$\" | fields zone.index")
        var found: [String] = []
        try QueryRunner(blocks: [block], query: query).run { row in
            found.append(row.text("zone.index") ?? "")
            return true
        }
        #expect(found == ["2"])
    }

    /// What fits begins in fixed text, in a slot, or across their border; the text before it is not
    /// read, and nothing is missed.
    @Test(arguments: [
        #" 1\d* b"#, #" 12? "#, #"h b+ 1"#, #"b \d+ h$"#, #" h1?.b"#, #"1 b.*1"#, #"  h"#, #" b\b"#,
    ])
    func whatBeginsInFixedText(expression: String) throws {
        let pieces = ["", "h", "b", "1", "12", "h1", "bb", "1b"]
        var lines: [String] = []
        for first in pieces {
            for second in pieces {
                for third in ["1", "12", ""] {
                    for text in ["h", "b 1 h", " h1 b", "1 bh 1"] {
                        lines.append("\(first) \(second) \(third) \(text)")
                    }
                }
            }
        }
        let regular = try RegularExpression(expression, dotTakesAll: true)
        let expected = lines.indices.filter { number in
            let bytes = Array(lines[number].utf8)
            return regular.matches(bytes.span, 0..<bytes.count)
        }
        let query = try parsed("event.original:~`\(expression)` | fields zone.index")
        var found: [Int] = []
        try QueryRunner(blocks: [block(lines)], query: query).run { row in
            found.append(Int(row.text("zone.index") ?? "") ?? -1)
            return true
        }
        #expect(found == expected)
        #expect(!expected.isEmpty && expected.count < lines.count, "the expression divides them")
    }

    /// A field that is one slot of a record in another encoding: the column's bytes say nothing of
    /// the text that is asked for.
    @Test func fieldsOfOtherEncodings() throws {
        let login: [UInt8] = [0x83, 0x8D, 0x83, 0x4F, 0x83, 0x43, 0x83, 0x93]  // ログイン
        let shape = Shape(
            literals: [Array("who ".utf8), []], slots: [.init(.text)],
            fields: [Shape.Field("event.reason", .text, .slot(0, .raw))],
            message: .init(first: 0, firstByte: 0, last: 1, lastByte: 0), encoding: .cp932)
        let table = ShapeTable()
        let number = table.intern(shape)
        var batch = RowBatch(
            takingOver: RecordBatch(source: Source(id: "test", kind: .file, form: .line)))
        for row in 0..<40 {
            let offset = batch.bytes.count
            batch.bytes += Array("who ".utf8)
            let start = batch.bytes.count
            batch.bytes += (row % 4 == 0 ? login : Array("out".utf8)) + Array(" \(row * row)x".utf8)
            batch.slots.append(ByteRange(start..<batch.bytes.count))
            batch.rows.append(
                RowBatch.Row(
                    offset: UInt32(offset), count: UInt32(batch.bytes.count - offset),
                    shape: number, firstSlot: UInt32(row),
                    time: Timestamp(nanoseconds: Int64(row)),
                    received: Timestamp(nanoseconds: Int64(row)), sender: 0, flags: []))
        }
        var builder = BlockBuilder(zone: "local", stream: "default", firstIndex: 0)
        _ = builder.append(batch, shapes: table)
        let disk = SimulatedFileSystem()
        try disk.createDirectory("/s")
        var writer = try SegmentWriter(
            fileSystem: disk, directory: "/s", zone: "local", stream: "default", firstIndex: 0)
        try writer.append(&builder)
        let path = try writer.finish(leaves: 0..<40, states: [], gaps: [], definitions: [])
        let blocks = try SegmentReader(fileSystem: disk, path: path).blocks
        for filter in ["event.reason:~`ログイン \\d+x`", "event.reason:~`グイ.*x$`", "ログイン"] {
            var found = 0
            try QueryRunner(blocks: blocks, query: try parsed(filter)).run { _ in
                found += 1
                return true
            }
            #expect(found == 10, "\(filter)")
        }
    }
}
