import Glibc
import HisuiCollect
import HisuiEvent
import Testing

/// Journals of other machines, as systemd-journal-remote writes them.
@Suite(.serialized) struct JournalFileTests {
    private let directory = TestDirectory()

    /// Entries of a machine in export format, one a second.
    private func entries(_ machine: Int, _ range: Range<Int>, from time: Int = 1_700_000_000)
        -> String
    {
        range.map { i in
            """
            __REALTIME_TIMESTAMP=\((time + i) * 1_000_000)
            __MONOTONIC_TIMESTAMP=\(i * 1_000_000 + 1)
            _BOOT_ID=0000000000000000000000000000000\(machine)
            _MACHINE_ID=0000000000000000000000000000000\(machine)
            MESSAGE=number \(machine * 1000 + i)


            """
        }.joined()
    }

    private func write(_ text: String, to name: String) {
        directory.append("export", text)
        let result = shell(
            "mkdir -p '\(directory.path("j"))'; /lib/systemd/systemd-journal-remote "
                + "-o '\(directory.path("j/\(name)"))' '\(directory.path("export"))' 2>&1")
        #expect(result.status == 0, "\(String(decoding: result.output, as: UTF8.self))")
        shell("rm '\(directory.path("export"))'")
    }

    private var journals: String { directory.path("j") }

    @Test func journalsOfSeveralMachinesAndThoseThatComeLaterAreRead() throws {
        write(entries(1, 0..<100), to: "remote-a.journal")
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journals), into: sink)
        eventually("the first machine") { sink.numbers.count == 100 }
        write(entries(2, 200..<300), to: "remote-b.journal")
        eventually("the second machine") { sink.numbers.count == 200 }
        running.end()
        #expect(Set(sink.numbers) == Set(Array(1000..<1100) + Array(2200..<2300)))
        #expect(sink.now.gaps.isEmpty)
        let output = shell("journalctl -q --directory='\(journals)' -o export --merge").output
        #expect(sink.now.records.map(\.bytes) == Exported.entries(output).map(\.record))
    }

    @Test func aJournalLargerThanWhatStaysMappedIsReadOnceAndInOrder() throws {
        // Opened again while it is read: some entries more than one reading holds.
        let filler = String(repeating: "x", count: 4000)
        let count = Limits.journalMappedBytesMax * 5 / 2 / filler.utf8.count
        write(
            entries(1, 0..<count).replacing("MESSAGE=", with: "FILLER=\(filler)\nMESSAGE="),
            to: "remote-a.journal")
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journals), into: sink)
        eventually("all entries") { sink.numbers.count >= count }
        running.end()
        #expect(sink.numbers == Array(1000..<1000 + count))
        #expect(sink.now.gaps.isEmpty)
    }

    // systemd#42285
    @Test func entriesOfAMachineThatDeliversLateAreFoundByTheirNumbers() throws {
        write(entries(1, 0..<100), to: "remote-a.journal")
        write(entries(2, 0..<100), to: "remote-b.journal")
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journals), into: sink)
        eventually("both machines") { sink.numbers.count == 200 }
        write(entries(1, 500..<510), to: "remote-a.journal")
        eventually("the first machine's next") { sink.numbers.count == 210 }
        // Older than what has been read of the other machine.
        write(entries(2, 100..<150), to: "remote-b.journal")
        write(entries(2, 900..<901), to: "remote-b.journal")
        eventually("the late ones") { sink.numbers.count == 261 }
        running.end()
        #expect(Set(sink.numbers).count == 261)
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func whatANewMachineHasOfBeforeIsTakenWithWhatItHasOfAfter() throws {
        write(entries(1, 500..<600), to: "remote-a.journal")
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journals), into: sink)
        eventually("the first machine") { sink.numbers.count == 100 }
        // Delivered at once, and for the most part older than what was read of the other.
        write(entries(2, 0..<700), to: "remote-b.journal")
        eventually("the second machine") { sink.numbers.count >= 800 }
        usleep(2_500_000)
        running.end()
        #expect(Set(sink.numbers) == Set(Array(1500..<1600) + Array(2000..<2700)))
        #expect(sink.count == 800)
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func aSingleFileIsReadAndFollowed() throws {
        write(entries(1, 0..<10), to: "one.journal")
        write(entries(2, 0..<10), to: "other.journal")
        let sink = TestSink()
        let collector = JournalCollector(files: [directory.path("j/one.journal")])
        let running = Running(collector, into: sink)
        eventually("its entries") { sink.numbers.count == 10 }
        write(entries(1, 10..<20), to: "one.journal")
        eventually("its new entries") { sink.numbers.count == 20 }
        running.end()
        #expect(sink.numbers == Array(1000..<1020))
    }

    @Test(arguments: [10, 50, 90, 99])
    func aDamagedFileTakesNothingElseWithIt(percent: Int) throws {
        write(entries(1, 0..<2000), to: "remote-a.journal")
        write(entries(2, 0..<100), to: "remote-b.journal")
        let path = directory.path("j/remote-a.journal")
        shell("truncate -s $(( $(stat -c %s '\(path)') * \(percent) / 100 )) '\(path)'")
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journals), into: sink)
        eventually("the sound file") {
            sink.numbers.filter { $0 >= 2000 && $0 < 2100 }.count >= 100
        }
        write(entries(3, 3000..<3001), to: "remote-c.journal")
        eventually("a file that comes later") { sink.numbers.contains(6000) }
        running.end()
        #expect(Set(sink.numbers).count == sink.numbers.count)
    }

    /// Truncated, libsystemd passes over it without a word; its header tells what it had.
    @Test(arguments: [false, true])
    func aFileThatLostItsEndIsCountedOnceHoweverOftenItIsMet(isKnown: Bool) throws {
        let path = directory.path("j/remote-a.journal")
        let sink = TestSink()
        let collector = JournalCollector(directory: journals)
        write(entries(1, 0..<100), to: "remote-a.journal")
        if isKnown {
            let running = Running(collector, into: sink)
            eventually("its first entries") { sink.numbers.count == 100 }
            running.end()
        }
        write(entries(1, 100..<2000), to: "remote-a.journal")
        shell("truncate -s $(( $(stat -c %s '\(path)') / 2 )) '\(path)'")
        for number in 0..<2 {
            let running = Running(collector, into: sink)
            write(entries(2, number..<number + 1), to: "remote-b.journal")
            eventually("the other machine's") { sink.numbers.contains(2000 + number) }
            eventually("the loss is told") { !sink.now.gaps.isEmpty }
            // Long enough for several looks at the files.
            usleep(4_500_000)
            running.end()
        }
        #expect(sink.now.gaps.map(\.count) == [isKnown ? 1900 : 2000])
        #expect(Set(sink.numbers).count == (isKnown ? 102 : 2))
        #expect(sink.count == (isKnown ? 102 : 2))
    }

    @Test func aFileWhoseEndIsNoiseIsCountedExactly() throws {
        write(entries(1, 0..<2000), to: "remote-a.journal")
        let path = directory.path("j/remote-a.journal")
        var bytes = shell("cat '\(path)'").output
        let text = Array("MESSAGE=number 1900".utf8)
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: text) })
        for i in place - 2000..<bytes.count where i % 3 == 0 { bytes[i] = 0xee }
        shell("rm '\(path)'")
        directory.append("j/remote-a.journal", bytes)
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journals), into: sink)
        eventually("its first entries") { sink.count > 800 }
        eventually("the loss is told") { !sink.now.gaps.isEmpty }
        running.end()
        #expect(sink.count + Int(sink.gapCount) == 2000)
    }

    /// What a header says of the first entry decides what is missing, and never what is read.
    @Test func aHeaderThatNamesTooLateAFirstEntryHidesNothing() throws {
        write(entries(1, 0..<100), to: "remote-a.journal")
        let path = directory.path("j/remote-a.journal")
        var bytes = shell("cat '\(path)'").output
        // head_entry_seqnum
        #expect(Array(bytes[168..<176]) == [1, 0, 0, 0, 0, 0, 0, 0])
        bytes[168] = 60
        shell("rm '\(path)'")
        directory.append("j/remote-a.journal", bytes)
        let killed = TestSink(batchesMax: 1)
        var running = Running(JournalCollector(directory: journals), into: killed)
        eventually("the beginning") { killed.now.batches == 1 }
        running.end()
        for resume in [TestSink(), killed] {
            let sink = TestSink()
            running = Running(JournalCollector(directory: journals), into: sink, resume: resume)
            eventually("all entries") { sink.numbers.count >= 100 }
            running.end()
            #expect(sink.numbers == Array(1000..<1100))
            #expect(sink.now.gaps.isEmpty)
        }
    }

    @Test func aFileThatIsNoJournalIsTold() throws {
        write(entries(1, 0..<5), to: "remote-a.journal")
        directory.append("j/remote-x.journal", "not what it is called\n")
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journals), into: sink)
        eventually("the other one") { sink.numbers.count == 5 }
        eventually("it is told") { !sink.now.gaps.isEmpty }
        usleep(2_500_000)
        running.end()
        #expect(sink.now.gaps.map(\.count) == [nil])
        #expect(sink.now.gaps[0].cause.contains("remote-x.journal"))
    }

    @Test func lateEntriesOfAMachineThatSendsNoMoreAreTakenEvenAfterARestart() throws {
        write(entries(1, 500..<600), to: "remote-a.journal")
        write(entries(2, 0..<100), to: "remote-b.journal")
        let sink = TestSink()
        let collector = JournalCollector(directory: journals)
        var running = Running(collector, into: sink)
        eventually("both machines") { sink.numbers.count == 200 }
        running.end()
        // Older than what was read of the first machine, and of a third nothing was seen yet.
        write(entries(2, 100..<150), to: "remote-b.journal")
        write(entries(3, 0..<20), to: "remote-c.journal")
        running = Running(collector, into: sink)
        eventually("the late ones") { sink.numbers.count >= 270 }
        usleep(2_500_000)
        running.end()
        #expect(Set(sink.numbers).count == 270 && sink.count == 270)
        #expect(sink.now.gaps.isEmpty)
    }

    // vector#13050, otel-contrib#35635
    @Test func aDirectoryThatIsRemovedAndComesBackIsReadOnWithoutARestart() throws {
        write(entries(1, 0..<20), to: "remote-a.journal")
        let sink = TestSink()
        let running = Running(JournalCollector(directory: journals), into: sink)
        eventually("the first entries") { sink.numbers.count == 20 }
        shell("mv '\(journals)' '\(directory.path("away"))'")
        usleep(1_500_000)
        shell("rm -r '\(directory.path("away"))'")
        write(entries(2, 0..<20), to: "remote-b.journal")
        eventually("what came in the new one") { sink.numbers.count >= 40 }
        write(entries(2, 20..<30), to: "remote-b.journal")
        eventually("what came after that") { sink.numbers.count >= 50 }
        usleep(2_500_000)
        running.end()
        #expect(sink.numbers == Array(1000..<1020) + Array(2000..<2030))
        // Whether something was written to the old one behind what was read, nobody can tell.
        #expect(sink.now.gaps.map(\.count) == [nil])
    }

    @Test func noiseForAJournalCrashesNothing() throws {
        write(entries(1, 0..<500), to: "remote-a.journal")
        write(entries(2, 0..<10), to: "remote-b.journal")
        var bytes = shell("cat '\(directory.path("j/remote-a.journal"))'").output
        shell("rm '\(directory.path("j/remote-a.journal"))'")
        for seed in 0..<12 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            for _ in 0..<200 {
                let i = Int.random(in: 272..<bytes.count, using: &random)
                bytes[i] = UInt8.random(in: 0...255, using: &random)
            }
            shell("rm -f '\(directory.path("j/remote-x.journal"))'")
            directory.append("j/remote-x.journal", bytes)
            let sink = TestSink()
            let running = Running(JournalCollector(directory: journals), into: sink)
            eventually("the sound file, seed \(seed)") {
                sink.numbers.filter { $0 >= 2000 }.count >= 10
            }
            #expect(running.end() == nil, "seed \(seed)")
        }
    }

    @Test func aDirectoryThatIsNotThereIsAnErrorThatNamesIt() {
        let running = Running(
            JournalCollector(directory: directory.path("none")), into: TestSink())
        usleep(50_000)
        let error = running.end()
        #expect(error?.code == .cannotRead)
        #expect(error?.description.contains(directory.path("none")) == true)
    }
}
