import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

/// Events of several records where rows are kept until nothing can change them: the same whatever
/// the pieces in which the records came.
@Suite struct SettledTests {
    /// Lines of JSON for records that were fed in batches of these sizes.
    private static func lines(
        _ records: [String], sizes: (Int) -> Int, definitions: DefinitionSet = JoinTests.set
    ) -> [String] {
        var parser = SettledParser(Parser(definitions: definitions, timeZone: .tokyo))
        var lines: [String] = []
        func take(_ rows: borrowing RowBatch, _ table: ShapeTable) {
            for row in rows.rows {
                var out: [UInt8] = []
                ParsedLine.append(row, of: rows, shape: table[row.shape], to: &out)
                lines.append(String(decoding: out.dropLast(), as: UTF8.self))
            }
        }
        let source = Source(id: "a", kind: .import, form: .line)
        var at = 0
        while at < records.count {
            let end = min(records.count, at + max(1, sizes(at)))
            var batch = RecordBatch(source: source)
            for record in records[at..<end] {
                batch.append(Array(record.utf8).span, received: noon)
            }
            parser.parse(batch, isLast: false, take)
            at = end
        }
        parser.parse(RecordBatch(source: source), isLast: true, take)
        #expect(lines.count == records.count, "a row for each record")
        return lines
    }

    /// Events with an end and without, whole and not, one after the other and woven into each
    /// other, with other lines between.
    private static func records(_ random: inout Splitmix) -> [String] {
        var waiting: [[String]] = []
        for serial in 0..<40 {
            var records = JoinTests.event(
                serial, millis: serial * 150 + Int(random.next() % 400),
                hasEnd: random.next() % 2 == 0)
            if random.next() % 4 == 0 { records.remove(at: Int(random.next() % 4)) }
            if random.next() % 5 == 0 { records.shuffle(using: &random) }
            waiting.append(records)
        }
        waiting.append(
            (0..<30).map { "Jan  1 09:00:00 h sshd[\($0)]: nothing that belongs to it" })
        waiting.append(
            (0..<9).map {
                JoinTests.record("USER_END", 900 + $0, "pid=1", millis: $0 * 900)
            })
        var records: [String] = []
        while !waiting.isEmpty {
            // From the oldest ones: time goes on.
            let index = Int(random.next() % UInt64(min(4, waiting.count)))
            records.append(waiting[index].removeFirst())
            if waiting[index].isEmpty { waiting.remove(at: index) }
        }
        return records
    }

    @Test(arguments: 1...30) func piecesDoNotMatter(seed: Int) {
        var random = Splitmix(state: UInt64(seed))
        let records = Self.records(&random)
        let whole = Self.lines(records) { _ in records.count }
        #expect(whole.contains { $0.contains("hisui.joined.records") })
        for size in [1, 2, 3, 7, 50] {
            #expect(Self.lines(records) { _ in size } == whole, "seed \(seed), by \(size)")
        }
        for _ in 0..<4 {
            #expect(Self.lines(records) { _ in Int(random.next() % 20) } == whole, "seed \(seed)")
        }
    }

    @Test func anEventWithoutItsEndIsNotLostWithItsRows() {
        let records =
            JoinTests.event(5, hasEnd: false)
            + [JoinTests.call(6, millis: 2100)]
        for size in [1, 2, 9] {
            let lines = Self.lines(records) { _ in size }
            #expect(lines[3].contains("\"process.command_line\":\"run 5\""), "by \(size)")
            #expect(lines[3].contains("\"hisui.joined.records\":\"3 2 1\""))
            #expect(!lines[3].contains("incomplete-join"))
        }
    }

    @Test func whatComesTooLateIsNoPartOfTheEvent() {
        let late = JoinTests.record("PROCTITLE", 5, "proctitle=\"late\"")
        let records =
            JoinTests.event(5, hasEnd: false)
            + [JoinTests.call(6, millis: 2100), late]
        for size in [1, 4, 9] {
            let lines = Self.lines(records) { _ in size }
            #expect(lines[3].contains("\"hisui.rule\":\"execve\""))
            #expect(lines[5].contains("\"hisui.rule\":\"part\""))
            #expect(lines[5].contains("incomplete-join"))
        }
    }

    @Test func rowsOfOtherLinesWaitForNothing() {
        var parser = SettledParser(Parser(definitions: JoinTests.set, timeZone: .tokyo))
        let source = Source(id: "a", kind: .import, form: .line)
        func count(_ records: [String]) -> Int {
            var batch = RecordBatch(source: source)
            for record in records { batch.append(Array(record.utf8).span, received: noon) }
            var count = 0
            parser.parse(batch) { rows, _ in count += rows.rows.count }
            return count
        }
        #expect(count(["one", "two"]) == 2)
        #expect(count([JoinTests.call(5)]) == 0)
        #expect(count(["three"]) == 0, "they stand behind a row that may change")
        #expect(count([JoinTests.call(6, millis: 2100)]) == 2, "that of the next event is kept")
    }

    /// An event of which nothing more comes, and no time goes on by: rows are not kept for ever.
    @Test func keptRowsAreBounded() {
        var parser = SettledParser(Parser(definitions: JoinTests.set, timeZone: .tokyo))
        let source = Source(id: "a", kind: .import, form: .line)
        let long = [UInt8](repeating: 0x78, count: 60_000)
        var given = 0
        var taken = 0
        for number in 0..<700 {
            var batch = RecordBatch(source: source)
            if number == 0 { batch.append(Array(JoinTests.call(5).utf8).span, received: noon) }
            batch.append(long.span, received: noon)
            given += batch.entries.count
            parser.parse(batch) { rows, _ in taken += rows.rows.count }
            let kept = UInt64(given - taken) * 60_000
            #expect(kept <= EventJoiner.passedMax + 120_000)
        }
        #expect(given - taken < 700)
    }

    @Test func moreEventsThanThereIsRoomForAreTheSameInAnyPieces() {
        let count = EventJoiner.openMax + 300
        let records =
            (0..<count).map { JoinTests.call($0, items: 0) }
            + (0..<count).map { JoinTests.record("PROCTITLE", $0, "proctitle=\"x\"") }
        let whole = Self.lines(records) { _ in records.count }
        #expect(Self.lines(records) { _ in 1000 } == whole)
        #expect(Self.lines(records) { _ in 37 } == whole)
        #expect(whole.filter { $0.contains("\"hisui.rule\":\"execve\"") }.count == count)
    }
}
