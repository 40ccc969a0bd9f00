import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

@Suite struct ParserTests {
    @Test func rowsAreInOrderAndKeepWhatTheBatchSays() {
        var records = RecordBatch(source: Source(id: "s", kind: .syslogUDP, form: .syslog))
        records.senders = ["", "192.0.2.1"]
        records.position = [1, 2]
        let letter: [UInt8] = [0x61]
        let empty: [UInt8] = []
        records.append(letter.span, received: noon, sender: 1, flags: .truncated)
        records.append(empty.span, received: noon)
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        let rows = parser.parse(records)
        #expect(rows.rows.count == 2)
        #expect(rows.rows[0].sender == 1)
        #expect(rows.rows[0].flags == [.truncated, .timeInferred, .hostInferred])
        #expect(rows.rows[1].count == 0)
        #expect(rows.position == [1, 2])
        #expect(rows.senders == ["", "192.0.2.1"])
        let none = parser.parse(RecordBatch(source: rows.source))
        #expect(none.rows.isEmpty)
    }

    @Test(arguments: [RecordForm.syslog, .line, .journal])
    func anyBytesComeBack(_ form: RecordForm) {
        let records: [[UInt8]] = [
            [], [0], [0xFF], [0x3C], [0x0A], Array(repeating: 0, count: 300),
            Array(repeating: 0xFF, count: 300), Array(repeating: 0x22, count: 5000),
            Array(repeating: 0x27, count: 5000), Array(repeating: 0x3D, count: 300),
            Array(String(repeating: "a=1 ", count: 400).utf8),
            Array(repeating: 0x61, count: 1 << 20),
            Array(String(repeating: "x1 ", count: 349_525).utf8),
            Array("<13>Nov 23 01:02:03 h p: \u{0}1\u{0}".utf8),
            Array("<13>Nov 23 01:02:03 h p: ".utf8) + [0xE3, 0x81, 0x31, 0x80, 0x32],
        ]
        let parsed = parse(records, form: form)
        for row in records.indices { #expect(parsed.record(row) == records[row], "row \(row)") }
    }

    @Test func lossyTextIsFlagged() {
        let head = Array("<13>Nov 23 2026 01:02:03 h p: ".utf8)
        let parsed = parse([head + [0x95, 0x5C], head + Array("日本".utf8)])
        #expect(parsed.rows.rows[0].flags == .charsetLossy)
        #expect(parsed.rows.rows[1].flags == [])
    }

    // fluent-bit#5035
    @Test func anInvalidByteTakesNothingWithIt() {
        let head = Array("<13>Nov 23 2026 01:02:03 h p: user ".utf8)
        let rest = Array(" logged in from 192.0.2.9".utf8)
        for bytes: [UInt8] in [[0xFF], [0x00], [0xC3], [0xED, 0xA0, 0x80], [0xE6, 0x97]] {
            let parsed = parse([head + bytes + rest])
            #expect(parsed.record(0) == head + bytes + rest)
            #expect(parsed.message().hasPrefix("user "))
            #expect(parsed.message().hasSuffix(" logged in from 192.0.2.9"))
        }
    }

    @Test func constantsAreFoundAgainWithOtherValues() {
        let lines = (1...3).map {
            Array("<\($0)>Nov 23 0\($0):02:03 web\($0) app[\($0)]: user=u\($0) took \($0) ms".utf8)
        }
        let parsed = parse(lines)
        #expect(Set(parsed.rows.rows.map(\.shape)).count == 1)
        #expect(parsed.slotTexts(2) == ["3", "Nov 23 03:02:03", "web3", "app", "3", "u3", "3"])
        #expect(
            parsed.shape(0).slots.map(\.kind)
                == [.integer, .time, .word, .word, .integer, .word, .integer])
        #expect(
            parsed.shape(0).slots.map(\.role)
                == [.priority, .time, .host, .program, .pid, .none, .none])
    }

    @Test func headersOfOneTextAndOtherMeaningAreTwoShapes() {
        // The same gaps around as many slots: a program here, a value there.
        let parsed = parse([
            Array("<13>Nov 23 01:02:03 h1 prog: x".utf8),
            Array("<13>Nov 23 01:02:03 h1: prog: x".utf8),
            Array("<13>web01 prog: x".utf8),
        ])
        #expect(parsed.value("process.name", 0) == "prog")
        #expect(parsed.value("host.name", 0) == "h1")
        #expect(parsed.value("process.name", 1) == "h1")
        #expect(parsed.value("host.name", 1) == nil)
        #expect(parsed.value("process.name", 2) == nil)
        #expect(parsed.message(2) == "web01 prog: x")
    }

    @Test func randomTextDoesNotMakeShapes() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        var known = 0
        for _ in 0..<10 {
            var lines: [[UInt8]] = []
            for number in 0..<4000 {
                if number % 10 == 0 {
                    lines.append(Array("<13>Nov 23 01:02:03 h p: request \(number) done".utf8))
                    continue
                }
                let words = (0..<8).map { _ in
                    String((0..<6).map { _ in "abcdefghijklmnop".randomElement(using: &random)! })
                }
                let text = "<13>Nov 23 01:02:03 h p: \(words.joined(separator: " "))"
                lines.append(Array(text.utf8))
            }
            let records = batch(lines)
            let parsed = Parsed(rows: parser.parse(records), shapes: parser.shapes)
            for row in stride(from: 0, to: 4000, by: 371) {
                #expect(parsed.record(row) == lines[row], "seed \(seed)")
            }
            known = Set(stride(from: 0, to: 4000, by: 10).map { parsed.rows.rows[$0].shape }).count
        }
        #expect(known == 1, "seed \(seed)")
        #expect(parser.shapes.count < ShapeAdmission.grantedShapes + 100, "seed \(seed)")
    }

    @Test func aFullTableIsReplaced() {
        var parser = Parser(definitions: .empty, timeZone: .tokyo)
        let first = parser.shapes
        var number = 0
        while parser.shapes === first, number < 100_000 {
            // Every shape often enough to be admitted, and none like another but for a word.
            var lines: [[UInt8]] = []
            for _ in 0..<2000 {
                let frame = (0..<9).map { Array(",;|)".utf8)[number >> (2 * $0) & 3] }
                for _ in 0..<4 { lines.append(frame + Array("1".utf8)) }
                number += 1
            }
            let parsed = Parsed(rows: parser.parse(batch(lines)), shapes: parser.shapes)
            #expect(parsed.record(7999) == lines[7999])
            #expect(first.count <= Limits.shapesPerSegmentMax)
        }
        #expect(parser.shapes !== first)
        #expect(parser.shapes.count > 1)
    }

    @Test func oneLineOfJSON() {
        let line = "<38>Nov 23 2026 11:02:03.250 web01 sshd[047]: user=\"田中\u{7}\" n=5"
        #expect(
            parse(line).json()
                == #"{"@timestamp":"2026-11-23T02:02:03.250Z","log.syslog.priority":38,"#
                + #""log.syslog.facility.code":4,"log.syslog.severity.code":6,"#
                + #""host.name":"web01","process.name":"sshd","log.syslog.appname":"sshd","#
                + #""process.pid":"047","message":"user=\"田中\u0007\" n=5","#
                + #""hisui.parser":null,"hisui.rule":null,"hisui.flags":[]}"# + "\n")
        #expect(
            parse("", form: .line).json()
                == #"{"@timestamp":"2026-11-23T03:00:00Z","message":"","hisui.parser":null,"#
                + #""hisui.rule":null,"hisui.flags":["time-inferred"]}"# + "\n")
    }

    @Test func jsonIsOneLineForAnyBytes() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let count = Int.random(in: 0..<80, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let json = Array(parse([bytes]).json().utf8)
            #expect(json.last == 0x0A, "seed \(seed)")
            #expect(!json.dropLast().contains { $0 < 0x20 || $0 == 0x7F }, "seed \(seed)")
        }
    }
}
