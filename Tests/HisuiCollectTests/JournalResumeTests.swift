import Glibc
import HisuiCollect
import HisuiEvent
import Testing

/// Journals that are hard to go on in: several boots, clocks that step, entries that are the same,
/// damage, many files.
@Suite(.serialized) struct JournalResumeTests {
    private let directory = TestDirectory()
    private var journals: String { directory.path("j") }

    private struct Entry {
        var machine = 1
        var boot = 1
        var realtime: Int
        var monotonic: Int
        var number: Int
        var text: String {
            let id = "000000000000000000000000000000"
            return """
                __REALTIME_TIMESTAMP=\(1_700_000_000_000_000 + realtime * 1_000_000)
                __MONOTONIC_TIMESTAMP=\(monotonic * 1_000_000 + 1)
                _BOOT_ID=\(id)\(machine)\(boot)
                _MACHINE_ID=\(id)0\(machine)
                MESSAGE=number \(number)


                """
        }
    }

    private func write(_ entries: [Entry], to name: String = "remote-a.journal") {
        directory.append("export", entries.map(\.text).joined())
        let result = shell(
            "mkdir -p '\(journals)'; /lib/systemd/systemd-journal-remote "
                + "-o '\(journals)/\(name)' '\(directory.path("export"))' 2>&1; "
                + "rm '\(directory.path("export"))'")
        #expect(result.status == 0, "\(String(decoding: result.output, as: UTF8.self))")
    }

    private func exported() -> [Exported] {
        Exported.entries(
            shell("journalctl -q --directory='\(journals)' -o export --merge").output)
    }

    /// Starts after each entry in turn, and expects exactly the entries behind it.
    private func expectTheRestAfterEachEntry() {
        let entries = exported()
        for (number, entry) in entries.enumerated() {
            let collector = JournalCollector(directory: journals)
            let sink = TestSink()
            var batch = RecordBatch(source: collector.source)
            batch.position = entry.position
            #expect(sink.put(batch))
            let rest = entries.dropFirst(number + 1).map(\.record)
            let running = Running(collector, into: sink)
            if rest.isEmpty { usleep(50_000) }
            eventually("the rest after entry \(number)") { sink.count >= rest.count }
            running.end()
            #expect(sink.now.records.map(\.bytes) == rest, "after entry \(number)")
            #expect(sink.now.gaps.isEmpty, "after entry \(number)")
        }
    }

    // systemd#38912, systemd#30336, rsyslog#3675, vector#1106
    @Test func goingOnAfterAnyEntryOfSeveralBootsTakesExactlyTheRest() {
        var entries: [Entry] = []
        for boot in 1...4 {
            for i in 0..<6 {
                entries.append(
                    Entry(
                        boot: boot, realtime: boot * 100 + i, monotonic: i + 1,
                        number: boot * 10 + i))
            }
        }
        write(entries)
        #expect(exported().count == 24)
        expectTheRestAfterEachEntry()
    }

    @Test func goingOnAfterAnyEntryWhileTheClockStepsBackTakesExactlyTheRest() {
        write((0..<12).map { Entry(realtime: $0, monotonic: $0, number: $0) })
        write((12..<24).map { Entry(realtime: $0 - 9000, monotonic: $0, number: $0) })
        #expect(exported().count == 24)
        expectTheRestAfterEachEntry()
    }

    // systemd#17926
    @Test func entriesThatSayTheSameAreAllTaken() {
        let same = Entry(realtime: 5, monotonic: 5, number: 5)
        write([Entry(realtime: 1, monotonic: 1, number: 1), same, same, same])
        write([same, Entry(realtime: 9, monotonic: 9, number: 9)])
        let expected = exported().map(\.record)
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journals), into: sink)
        eventually("all") { sink.numbers.contains(9) }
        running.end()
        #expect(sink.numbers == [1, 5, 5, 5, 5, 9])
        #expect(sink.now.records.map(\.bytes) == expected)
        #expect(sink.now.gaps.isEmpty)
    }

    // beats#23627, beats#32782, systemd#43649, systemd#21407
    @Test func aDamagedEntryIsCountedAndTheNextOnesAreTaken() throws {
        write((0..<100).map { Entry(realtime: $0, monotonic: $0, number: $0 + 1000) })
        let path = "\(journals)/remote-a.journal"
        var bytes = shell("cat '\(path)'").output
        // The data object of one message: its header stands 64 bytes before the text, or 72 in
        // files of the compact kind. No object has a type of 0xee.
        let text = Array("MESSAGE=number 1050".utf8)
        let place = try #require(
            bytes.indices.first { bytes[$0...].starts(with: text) })
        let isCompact = bytes[12] & 16 != 0
        bytes[place - (isCompact ? 72 : 64)] = 0xee
        shell("rm '\(path)'")
        directory.append("j/remote-a.journal", bytes)
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journals), into: sink)
        eventually("the entries behind it") { sink.numbers.last == 1099 }
        running.end()
        #expect(sink.numbers.filter { $0 != 1050 } == Array(1000..<1050) + Array(1051..<1100))
        // libsystemd leaves out a field that it cannot read, or the entry.
        #expect(sink.count + Int(sink.gapCount) == 100)
    }

    // systemd#31486, systemd#33085, otel-contrib#39061
    @Test func manyFilesAndThoseThatComeWhileReadingAreTakenInOrder() {
        for file in 0..<40 {
            write(
                (0..<25).map {
                    Entry(
                        machine: file % 9 + 1, realtime: $0 * 40 + file, monotonic: $0,
                        number: file * 1000 + $0)
                }, to: "remote-\(file).journal")
        }
        let expected = exported().map(\.record)
        #expect(expected.count == 1000)
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journals), into: sink)
        eventually("all") { sink.count >= 1000 }
        #expect(sink.now.records.map(\.bytes) == expected)
        for file in 40..<45 {
            write(
                [Entry(machine: 1, realtime: 90_000 + file, monotonic: 1, number: file * 1000)],
                to: "remote-\(file).journal")
        }
        eventually("those of the new files") { sink.count >= 1005 }
        running.end()
        #expect(Array(sink.numbers.suffix(5)) == (40..<45).map { $0 * 1000 })
        #expect(sink.now.gaps.isEmpty)
    }

    // beats#46933
    @Test func entriesWrittenWhileThePastIsReadAreTakenOnce() throws {
        let journald = try TestJournald()
        journald.write(0..<2000)
        let sink = TestSink(delay: 1)
        let running = Running(JournalCollector(directory: journald.journal), into: sink)
        journald.write(2000..<4000)
        eventually("all") { sink.numbers.count >= 4000 }
        running.end()
        #expect(sink.numbers == Array(0..<4000))
        #expect(sink.now.gaps.isEmpty)
    }

    // systemd#14695, systemd#7998, systemd#8198, systemd#8032
    @Test func removedFilesAreNotHeldOpen() throws {
        let journald = try TestJournald()
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journald.journal), into: sink)
        for round in 0..<4 {
            journald.write(round * 100..<round * 100 + 100)
            eventually("round \(round)") { sink.numbers.count == round * 100 + 100 }
            journald.rotate()
            journald.vacuum()
        }
        journald.write(400..<401)
        eventually("the last one") { sink.numbers.count == 401 }
        eventually("no removed file is open") {
            let open = shell("ls -l /proc/\(getpid())/fd 2>/dev/null").output
            return !String(decoding: open, as: UTF8.self).split(separator: "\n").contains {
                $0.contains(journald.journal) && $0.hasSuffix("(deleted)")
            }
        }
        running.end()
    }
}
