import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// Whose record it is where the record does not say.
@Suite struct HostTests {
    private struct Found: Hashable {
        var host: String?
        var isInferred: Bool
        var record: String
    }

    private static func batch(
        _ records: [(text: String, sender: UInt32)], _ kind: SourceKind, _ senders: [String]
    ) -> RecordBatch {
        var batch = RecordBatch(source: Source(id: "a", kind: kind, form: .syslog))
        batch.senders = senders
        for record in records {
            batch.append(
                Array(record.text.utf8).span,
                received: Timestamp(nanoseconds: 1_795_402_800_000_000_000),
                sender: record.sender)
        }
        return batch
    }

    private static func parse(
        _ parser: inout Parser, _ batch: RecordBatch
    ) -> [Found] {
        let rows = parser.parse(batch)
        return rows.rows.map { row in
            let shape = parser.shapes[row.shape]
            let first = Int(row.firstSlot)
            let slots = rows.slots[first..<first + shape.slots.count]
            var record: [UInt8] = []
            shape.appendRecord(slots: slots, of: rows.bytes.span, to: &record)
            let host = shape.field("host.name").map { field in
                var out: [UInt8] = []
                shape.append(field.value, slots: slots, of: rows.bytes.span, to: &out)
                return String(decoding: out, as: UTF8.self)
            }
            return Found(
                host: host, isInferred: row.flags.contains(.hostInferred),
                record: String(decoding: record, as: UTF8.self))
        }
    }

    private static let withoutHost = [
        "<14>link up on port 7", "<14>1 2026-11-27T01:02:03Z - app - - - text",
        "<189>plain words", "no header at all", "", "<14>Nov 27 01:02:03 su[7]: text",
    ]
    private static let withHost = [
        "<14>Nov 27 01:02:03 web1 su[7]: text", "<14>1 2026-11-27T01:02:03Z web1 app - - - text",
    ]

    @Test(arguments: [SourceKind.syslogUDP, .syslogTCP, .relp])
    func theSendersAddressIsTheHostOfARecordThatNamesNone(kind: SourceKind) {
        var parser = Parser(definitions: .empty, timeZone: .utc)
        let records = Self.withoutHost.enumerated().map { number, text in
            (text: text, sender: UInt32(1 + number % 2))
        }
        // Twice: with shapes that are known, and those that are not.
        for _ in 0..<2 {
            let found = Self.parse(
                &parser, Self.batch(records, kind, ["", "192.0.2.7", "2001:db8::7"]))
            #expect(found.map(\.record) == Self.withoutHost, "records stay as they are")
            #expect(
                found.map(\.host) == records.map { $0.sender == 1 ? "192.0.2.7" : "2001:db8::7" })
            #expect(found.filter(\.isInferred).count == found.count)
        }
    }

    @Test func aHostThatARecordNamesStaysWhoeverSentIt() {
        var parser = Parser(definitions: .empty, timeZone: .utc)
        let records = Self.withHost.map { (text: $0, sender: UInt32(1)) }
        let found = Self.parse(&parser, Self.batch(records, .syslogUDP, ["", "192.0.2.7"]))
        #expect(found.map(\.host) == ["web1", "web1"])
        #expect(found.filter(\.isInferred) == [])
    }

    @Test func whoIsNoAddressAndWhoIsNotKnownIsNoHost() {
        var parser = Parser(definitions: .empty, timeZone: .utc)
        let text = Self.withoutHost[0]
        for kind in [SourceKind.syslogUnix, .file, .import] {
            let found = Self.parse(
                &parser, Self.batch([(text, 1)], kind, ["", "pid=7 uid=0 gid=0"]))
            #expect(found == [Found(host: nil, isInferred: false, record: text)])
        }
        let found = Self.parse(&parser, Self.batch([(text, 0)], .syslogUDP, ["", "192.0.2.7"]))
        #expect(found == [Found(host: nil, isInferred: false, record: text)])
    }

    @Test func aRuleThatNamesTheHostWins() {
        let json = "{\"host.name\":\"core1\",\"message\":\"x\"}"
        var parser = Parser(definitions: .empty, timeZone: .utc)
        let found = Self.parse(&parser, Self.batch([(json, 1)], .syslogTCP, ["", "192.0.2.7"]))
        #expect(found == [Found(host: "core1", isInferred: false, record: json)])
    }
}
