import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore
import Testing

@testable import HisuiQuery

/// Fields that say what the transport knew of a record: who sent it, and whether it came before.
@Suite struct SenderFieldTests {
    /// Records `r0`, `r1` … of one source, with a sender and flags each.
    private func block(
        _ kind: SourceKind, _ records: [(sender: String, flags: RowFlags)]
    ) -> Block {
        let shape = Shape(
            literals: [[], []], slots: [.init(.text)], fields: [],
            message: Shape.Stretch(first: 0, firstByte: 0, last: 1, lastByte: 0))
        let table = ShapeTable()
        let number = table.intern(shape)
        var batch = RowBatch(
            takingOver: RecordBatch(source: Source(id: "test", kind: kind, form: .syslog)))
        batch.senders = [""] + records.map(\.sender)
        for (place, record) in records.enumerated() {
            let offset = batch.bytes.count
            batch.bytes += Array("r\(place)".utf8)
            batch.slots.append(ByteRange(offset..<batch.bytes.count))
            let time = Timestamp(nanoseconds: Int64(place))
            batch.rows.append(
                RowBatch.Row(
                    offset: UInt32(offset), count: UInt32(batch.bytes.count - offset),
                    shape: number, firstSlot: UInt32(place), time: time, received: time,
                    sender: UInt32(place + 1), flags: record.flags))
        }
        var builder = BlockBuilder(zone: "local", stream: "default", firstIndex: 0)
        _ = builder.append(batch, shapes: table)
        return builder.take()
    }

    private func records(
        _ text: String, _ block: Block, hidesDuplicates: Bool = false
    ) throws -> [String] {
        var query = try parsed(text, zone: .utc)
        if hidesDuplicates { query = query.withoutDuplicates }
        var found: [String] = []
        try QueryRunner(blocks: [block], query: query, options: QueryOptions()).run { row in
            for index in 0..<row.count where row.name(at: index) == "event.original" {
                found.append(
                    String(decoding: row.bytes[row.range(at: index)], as: UTF8.self))
            }
            return true
        }
        return found
    }

    private var relp: Block {
        block(.relp, [("", []), ("", .maybeDuplicate), ("", [.truncated, .maybeDuplicate])])
    }

    @Test func repeatedRecordsAreHiddenUnlessTheQueryNamesThem() throws {
        let all = "| fields event.original"
        #expect(try records("* \(all)", relp) == ["r0", "r1", "r2"])
        #expect(try records("* \(all)", relp, hidesDuplicates: true) == ["r0"])
        #expect(try records("r* \(all)", relp, hidesDuplicates: true) == ["r0"])
        #expect(
            try records("hisui.duplicate:true \(all)", relp, hidesDuplicates: true)
                == ["r1", "r2"])
        #expect(
            try records("!(x or hisui.flags:truncated) \(all)", relp, hidesDuplicates: true)
                == ["r0", "r1"])
    }

    @Test func onlySourcesThatAreAcknowledgedHaveRepeatedRecords() throws {
        let file = block(.file, [("", .maybeDuplicate)])
        #expect(
            try records("* | fields event.original", file, hidesDuplicates: true) == ["r0"])
    }

    @Test func processesOfAUnixSocketAreFieldsAndAddressesAreNot() throws {
        let block = block(
            .syslogUnix,
            [("pid=7 uid=0 gid=5", []), ("pid=71 uid=1000 gid=5", []), ("192.0.2.1", [])])
        let all = "| fields event.original"
        #expect(try records("hisui.sender.pid:=7 \(all)", block) == ["r0"])
        #expect(try records("hisui.sender.uid:=1000 \(all)", block) == ["r1"])
        #expect(try records("hisui.sender.gid:=5 \(all)", block) == ["r0", "r1"])
        #expect(try records("log.source.address:* \(all)", block) == ["r2"])
        #expect(SenderCredentials("pid=7 uid=0") == nil)
        #expect(SenderCredentials("pid=7 uid=-1 gid=0") == nil)
    }
}
