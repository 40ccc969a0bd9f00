import Glibc
import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// Literals and slots make up the record, whatever it is.
@Suite struct ParserPropertyTests {
    private static let samples: [String] =
        SyslogHeaderTests.variants.map(\.line) + SyslogHeaderRFC5424Tests.variants.map(\.line) + [
            "<86>Nov 23 01:02:03 web01 sshd[4711]: Failed password for invalid user x from "
                + "192.0.2.9 port 52683 ssh2",
            "Nov 23 01:02:03 fw kernel: [1.5] IN=eth0 OUT= MAC=00:11:22:33:44:55 SRC=10.0.0.1 "
                + "DST=10.0.0.2 LEN=60 TOS=0x00 PROTO=TCP SPT=1 DPT=22 SYN URGP=0",
            #"192.0.2.1 - - [23/Nov/2026:01:02:03 +0900] "GET /a?b=1 HTTP/1.1" 200 5 "-" "M/5""#,
            #"{"ts":"2026-11-23T01:02:03Z","level":"info","user":{"id":5,"name":"a b"},"x":[1,2]}"#,
            "利用者123が画面4を開きました（結果=成功）",
        ]

    private static var journal: [[UInt8]] {
        [
            JournalEntryTests.entry(JournalEntryTests.sshd),
            JournalEntryTests.entry([("MESSAGE", "a\nb 5"), ("X", "1\n2"), ("_PID", "3")]),
        ]
    }

    private func mutate(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        let interesting: [UInt8] =
            Array("<>[]:=\"' \n\t%0123456789aZ-./\\|".utf8) + [0, 0xE3, 0xFF]
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let at = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
            let byte = interesting.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<5, using: &random) {
            case 0 where !bytes.isEmpty: bytes[at] = byte
            case 1 where !bytes.isEmpty: bytes.remove(at: at)
            case 2: bytes.insert(byte, at: at)
            case 3: bytes.removeSubrange(at...)
            default:
                let end = min(bytes.count, at + Int.random(in: 0..<20, using: &random))
                bytes.insert(contentsOf: Array(bytes[at..<end]), at: at)
            }
        }
        return bytes
    }

    private func check(_ records: [[UInt8]], _ form: RecordForm, _ parser: inout Parser) -> String?
    {
        let parsed = Parsed(rows: parser.parse(batch(records, form: form)), shapes: parser.shapes)
        guard parsed.rows.rows.count == records.count else { return "rows missing" }
        for row in records.indices {
            if parsed.record(row) != records[row] { return "row \(row): \(records[row])" }
            var end: UInt32 = parsed.rows.rows[row].offset
            for slot in parsed.slots(row) {
                if slot.offset < end { return "row \(row): slots overlap" }
                end = slot.offset + slot.count
            }
            if end > parsed.rows.rows[row].offset + parsed.rows.rows[row].count {
                return "row \(row): slot outside"
            }
        }
        return nil
    }

    /// Whatever somebody writes behind a relay's header: host and time are the relay's.
    @Test func nothingBehindARelaysHeaderChangesHostAndTime() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let own = ParserPropertyTests.samples + SyslogHeaderTests.relayed.map(\.line)
        let start = Array("<13>Nov 23 2026 01:02:03 relay ".utf8)
        let records = (0..<4000).map { _ in
            start + mutate(Array((own.randomElement(using: &random) ?? "").utf8), &random)
        }
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        #expect(check(records, .syslog, &parser) == nil, "seed \(seed)")
        let parsed = Parsed(
            rows: parser.parse(batch(records, form: .syslog)), shapes: parser.shapes)
        for row in records.indices {
            let host = parsed.value("host.name", row)
            let line = String(decoding: records[row], as: UTF8.self)
            #expect(host == nil || host == "relay", "\(line)")
            // An object says when it was.
            if parsed.shape(row).structure == .json { continue }
            #expect(parsed.rows.rows[row].time.nanoseconds == 1_795_363_323_000_000_000, "\(line)")
        }
    }

    @Test func mutatedLines() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        for round in 0..<40 {
            let form: RecordForm = [.syslog, .line, .journal][round % 3]
            let originals =
                form == .journal
                ? ParserPropertyTests.journal
                : ParserPropertyTests.samples.map { Array($0.utf8) }
            let records = (0..<200).map { _ in
                mutate(originals.randomElement(using: &random) ?? [], &random)
            }
            #expect(check(records, form, &parser) == nil, "seed \(seed) round \(round)")
        }
    }

    @Test func everyPrefixOfEverySample() {
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        for sample in ParserPropertyTests.samples {
            let bytes = Array(sample.utf8)
            let prefixes = (0...bytes.count).map { Array(bytes[..<$0]) }
            #expect(check(prefixes, .syslog, &parser) == nil, "\(sample)")
        }
        for bytes in ParserPropertyTests.journal {
            let prefixes = (0...bytes.count).map { Array(bytes[..<$0]) }
            #expect(check(prefixes, .journal, &parser) == nil)
        }
    }

    /// A second parser that has seen nothing must say the same of a record as a warm one.
    @Test func warmAndColdParsersAgree() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var warm = Parser(definitions: .empty, timeZone: .tokyo)
        for _ in 0..<300 {
            let record = mutate(
                Array((ParserPropertyTests.samples.randomElement(using: &random) ?? "").utf8),
                &random)
            let a = Parsed(rows: warm.parse(batch([record])), shapes: warm.shapes)
            let b = parse([record])
            // How a message no rule knows is divided depends on what came before.
            #expect(a.json() == b.json(), "seed \(seed)")
            #expect(a.record(0) == b.record(0), "seed \(seed)")
            #expect(a.message() == b.message(), "seed \(seed)")
            #expect(a.rows.rows[0].time == b.rows.rows[0].time, "seed \(seed)")
        }
    }

    /// Real files, where the machine has them.
    @Test(arguments: [
        "/var/log/dpkg.log", "/var/log/apt/history.log", "/var/log/apt/term.log",
        "/var/log/bootstrap.log", "/var/log/alternatives.log",
    ])
    func realFiles(_ path: String) {
        let lines = readLines(path)
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        for start in stride(from: 0, to: lines.count, by: 4000) {
            let part = Array(lines[start..<min(start + 4000, lines.count)])
            #expect(check(part, .line, &parser) == nil, "\(path)")
        }
        if lines.count > 1000 {
            #expect(parser.shapes.count < lines.count / 2, "\(path): \(parser.shapes.count) shapes")
        }
    }

    private func readLines(_ path: String) -> [[UInt8]] {
        // Safe: the path is a string of Swift, alive for the call.
        let file = unsafe open(path, O_RDONLY)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < 8 << 20 {
            // Safe: the buffer has as many bytes as it is said to have.
            let count = unsafe read(file, &chunk, chunk.count)
            if count <= 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
    }
}
