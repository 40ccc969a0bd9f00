import Glibc
import HisuiCollect
import HisuiEvent
import Testing

@Suite(.serialized) struct JournalCollectorTests {
    @Test func recordsAreWhatJournalctlExportsWithFieldsInOrderOfTheirNames() throws {
        let journald = try TestJournald()
        var random = SeededRandom(seed: 7)
        let odd: [[UInt8]] = [
            Array("plain".utf8), [], Array("tab\there".utf8), Array("two\nlines\n".utf8),
            Array("日本語のログ".utf8), [0], [0xff], [0x7f], [0xc2, 0x85], [0xc2, 0xa0],
            [0xef, 0xb7, 0x90], [0xef, 0xbf, 0xbe], [0xed, 0xa0, 0x80], [0xc0, 0x80],
            [0xf4, 0x8f, 0xbf, 0xbd], [0xf4, 0x90, 0x80, 0x80], [0xf0, 0x9f, 0x98, 0x80],
            [0xe3, 0x81], Array("a=b=c".utf8), Array("=".utf8), [0x1b, 0x5b, 0x33, 0x31, 0x6d],
            [UInt8](repeating: 0x61, count: 40_000), Array("12345678\u{7f}".utf8),
        ]
        for value in odd {
            journald.write([
                (name: "MESSAGE", value: value), (name: "REPEATED", value: Array("1".utf8)),
                (name: "REPEATED", value: value), (name: "REPEATED", value: Array("2".utf8)),
                (name: "_FORGED", value: value), (name: "PRIORITY", value: Array("3".utf8)),
            ])
        }
        for _ in 0..<300 {
            let value = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            journald.write([(name: "MESSAGE", value: value)])
        }
        journald.write("the last one")
        journald.settle("the last one")
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journald.journal), into: sink)
        let expected = Exported.entries(journald.export()).map(\.record)
        eventually("as much as journalctl has") { sink.count >= expected.count }
        running.end()
        #expect(sink.now.records.map(\.bytes) == expected)
        #expect(sink.now.records.allSatisfy { $0.flags == [] })
        #expect(sink.now.gaps.isEmpty)
        #expect(sink.now.records.first?.source == SourceID.make("journal", journald.journal))
    }

    @Test func aMessageBeyondTheLibrarysThresholdComesWhole() throws {
        let journald = try TestJournald()
        let message = (0..<20_000).map { "part \($0)" }.joined(separator: " ")
        journald.write(message)
        journald.write("the last one")
        journald.settle("the last one")
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journald.journal), into: sink)
        eventually("the last one") { sink.texts.contains { $0.contains("the last one") } }
        running.end()
        let found = sink.texts.filter { $0.contains("part 0 part 1 ") }
        #expect(message.utf8.count > 200_000)
        #expect(found.count == 1 && found[0].contains("MESSAGE=\(message)\n"))
        #expect(sink.now.records.allSatisfy { $0.flags == [] })
    }

    @Test func aRestartGoesOnAfterTheLastEntryTaken() throws {
        let journald = try TestJournald()
        let sink = TestSink()
        var written = 0
        for step in 0..<8 {
            let running = Running(JournalCollector(directory: journald.journal), into: sink)
            journald.write(written..<written + 100)
            written += 100
            if step % 2 == 0 {
                eventually("all so far") { sink.numbers.count == written }
            }
            if step % 3 == 1 { journald.rotate() }
            running.end()
            // What is written while nobody looks is found too.
            journald.write(written..<written + 10)
            written += 10
        }
        let running = Running(JournalCollector(directory: journald.journal), into: sink)
        eventually("all") { sink.numbers.count >= written }
        running.end()
        #expect(sink.numbers == Array(0..<written))
        #expect(sink.now.gaps.isEmpty)
    }

    // rsyslog#862, rsyslog#5477, beats#9533, beats#11758, wazuh#26778
    @Test func rotationWhileFollowingNeitherLosesNorRepeats() throws {
        let journald = try TestJournald()
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journald.journal), into: sink)
        for round in 0..<10 {
            journald.write(round * 100..<round * 100 + 100)
            journald.rotate()
        }
        eventually("all") { sink.numbers.count >= 1000 }
        running.end()
        #expect(sink.numbers == Array(0..<1000))
        #expect(sink.now.gaps.isEmpty)
    }

    // systemd#43649, fluent-bit#1285
    @Test func vacuumWhileFollowingIsCountedExactly() throws {
        let journald = try TestJournald()
        journald.write("before the collector")
        journald.settle("before the collector")
        let first = Self.number(try #require(Exported.entries(journald.export()).first).record)
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journald.journal), into: sink)
        let rounds = 8
        for round in 0..<rounds {
            sink.hold(true)
            for part in 0..<3 {
                let first = round * 1500 + part * 500
                journald.write(first..<first + 500)
                journald.settle("number \(first + 499)")
                journald.rotate()
            }
            journald.vacuum()
            journald.write("after round \(round)")
            journald.settle("after round \(round)")
            sink.hold(false)
            eventually("the end of round \(round)") {
                sink.texts.contains { $0.contains("after round \(round)\n") }
            }
        }
        running.end()
        let numbers = sink.numbers
        #expect(numbers == numbers.sorted())
        #expect(Set(numbers).count == numbers.count)
        // Every number that journald gave was either stored or counted as missing.
        let records = sink.now.records
        let last = Self.number(records[records.count - 1].bytes)
        #expect(sink.gapCount == last - first + 1 - UInt64(records.count))
        #expect(sink.gapCount >= UInt64(rounds * 1500 - numbers.count))
        #expect(sink.gapCount > 0)
        #expect(sink.dropped(.lostBeforeRead) == sink.gapCount)
    }

    @Test func entriesRemovedBetweenTwoRunsAreCountedExactly() throws {
        let journald = try TestJournald()
        let sink = TestSink()
        var running = Running(JournalCollector(directory: journald.journal), into: sink)
        journald.write(0..<10)
        eventually("the first ten") { sink.numbers.count == 10 }
        running.end()
        journald.write(10..<510)
        journald.rotate()
        journald.write(510..<1000)
        journald.settle("number 999")
        let lost = Exported.entries(journald.export()).count - sink.count
        journald.rotate()
        journald.vacuum()
        journald.write(1000..<1010)
        journald.settle("number 1009")
        // Whatever journald wrote of its own is in one count or the other.
        let left = Exported.entries(journald.export()).count
        running = Running(JournalCollector(directory: journald.journal), into: sink)
        eventually("the last ten") { sink.numbers.count == 20 }
        running.end()
        #expect(sink.numbers == Array(0..<10) + Array(1000..<1010))
        #expect(sink.now.gaps.count == 1)
        #expect(sink.gapCount >= UInt64(lost))
        let first = Self.number(sink.now.records[sink.count - left].bytes)
        let last = Self.number(sink.now.records[sink.count - left - 1].bytes)
        #expect(sink.gapCount == first - last - 1)
    }

    @Test func whatIsRemovedBeforeAnythingWasStoredIsCountedAfterAKill() throws {
        let journald = try TestJournald()
        journald.write(0..<2000)
        journald.settle("number 1999")
        journald.rotate()
        journald.write(2000..<2010)
        journald.settle("number 2009")
        let all = Exported.entries(journald.export()).count
        // The place where it began was stored, and nothing else.
        let killed = TestSink(batchesMax: 1)
        var running = Running(JournalCollector(directory: journald.journal), into: killed)
        eventually("the beginning") { killed.now.batches == 1 }
        running.end()
        #expect(killed.count == 0)
        journald.vacuum()
        let sink = TestSink()
        running = Running(
            JournalCollector(directory: journald.journal), into: sink, resume: killed)
        eventually("what is left") { sink.numbers.last == 2009 }
        running.end()
        #expect(sink.gapCount > 1000)
        #expect(sink.count + Int(sink.gapCount) == all)
        #expect(sink.now.gaps.allSatisfy { $0.count != nil })
    }

    // systemd#6213
    @Test func aPositionFromTheFutureDoesNotStall() throws {
        let journald = try TestJournald()
        journald.write(0..<50)
        journald.settle("number 49")
        let sink = TestSink()
        var running = Running(JournalCollector(directory: journald.journal), into: sink)
        eventually("all") { sink.numbers.count == 50 }
        running.end()
        // The same journal, as if an older state of the disk had come back.
        let saved = try #require(sink.now.positions.values.first)
        var cursor = String(
            decoding: saved.dropFirst(3).prefix(Int(saved[2])), as: UTF8.self)
        cursor = cursor.split(separator: ";").map { part in
            switch part.first {
            case "i": "i=ffffff"
            case "t": "t=7" + part.dropFirst(3)
            case "m": "m=ffffffffff"
            case "x": "x=1"
            default: String(part)
            }
        }.joined(separator: ";")
        let later = TestSink()
        var batch = RecordBatch(
            source: JournalCollector(directory: journald.journal).source)
        batch.position = [1] + Array(cursor.utf8)
        #expect(later.put(batch))
        running = Running(JournalCollector(directory: journald.journal), into: later)
        usleep(300_000)
        journald.write(50..<60)
        eventually("the new entries") { later.numbers.count >= 10 }
        running.end()
        #expect(later.numbers == Array(50..<60))
        #expect(later.now.gaps.map(\.count) == [nil])
    }

    // otel-contrib#45454
    @Test(arguments: [[1], [1] + Array("nonsense".utf8), [9] + Array("s=1".utf8), []] as [[UInt8]])
    func aPositionThatIsNoCursorIsAGapAndStartsAtTheFirstEntry(position: [UInt8]) throws {
        let journald = try TestJournald()
        journald.write(0..<20)
        journald.settle("number 19")
        let sink = TestSink()
        let collector = JournalCollector(directory: journald.journal)
        let running: Running
        if position.isEmpty {
            running = Running(collector, into: sink)
        } else {
            var batch = RecordBatch(source: collector.source)
            batch.position = position
            #expect(sink.put(batch))
            running = Running(collector, into: sink)
        }
        eventually("all") { sink.numbers.count >= 20 }
        running.end()
        #expect(sink.numbers == Array(0..<20))
        #expect(sink.now.gaps.count == (position.isEmpty ? 0 : 1))
    }

    @Test func programsOfTheSystemAreHeard() throws {
        let journald = try TestJournald()
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journald.journal), into: sink)
        shell("logger -u '\(journald.directory.path("sockets/dev-log"))' -t tester from logger")
        eventually("the message") { sink.texts.contains { $0.contains("from logger") } }
        running.end()
        let record = sink.texts.first { $0.contains("from logger") } ?? ""
        #expect(record.contains("\nSYSLOG_IDENTIFIER=tester\n"))
        #expect(record.contains("\n_TRANSPORT=syslog\n"))
    }

    /// The number that journald gave an entry.
    private static func number(_ record: [UInt8]) -> UInt64 {
        let text = String(decoding: record, as: UTF8.self)
        return text.split(separator: "\n").first { $0.hasPrefix("__SEQNUM=") }
            .flatMap { UInt64($0.dropFirst(9)) } ?? 0
    }
}
