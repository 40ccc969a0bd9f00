import Glibc
import HisuiBytes
import HisuiCollect
import HisuiEvent
import Testing

/// Files that are rotated, copied, compressed and made anew while nobody looks, or somebody does.
@Suite(.serialized) struct FileRotationTests {
    private let directory = TestDirectory()
    private var id: String { SourceID.make("test", directory.path("a.log")) }

    private func start(
        _ sink: TestSink, _ pattern: String = "a.log", grace: Int = 60,
        encoding: TextEncoding = .utf8, join: JoinRule? = nil, resume: TestSink? = nil
    ) throws -> Running {
        let collector = try FileCollector(
            name: "test", patterns: [directory.path(pattern)], graceSeconds: grace,
            rescanMilliseconds: 20, encoding: encoding, join: join)
        return Running(collector, into: sink, resume: resume)
    }

    private func shell(_ command: String) {
        #expect(HisuiCollectTests.shell("cd '\(directory.path)' && \(command)").status == 0)
    }

    private func lines(_ numbers: Range<Int>) -> String {
        numbers.map { "line \($0) of the application\n" }.joined()
    }

    private func numbers(_ sink: TestSink) -> [Int] {
        sink.texts.compactMap { $0.split(separator: " ").dropFirst().first.flatMap { Int($0) } }
    }

    // rsyslog#2659
    @Test(arguments: [("gzip", "gz"), ("zstd -q --rm", "zst")])
    func aFileRotatedAndCompressedWhileNobodyLookedIsFinished(tool: String, ending: String) throws {
        directory.append("a.log", lines(0..<1000))
        let sink = TestSink()
        var running = try start(sink)
        eventually("the first lines") { sink.count == 1000 }
        running.end()
        // Twice: the older one was begun, of the younger one nothing is known.
        directory.append("a.log", lines(1000..<30_000))
        shell("mv a.log a.log.2 && \(tool) a.log.2")
        usleep(20_000)
        directory.append("a.log.1", lines(30_000..<31_000))
        shell("\(tool) a.log.1")
        directory.append("a.log", lines(31_000..<31_010))
        running = try start(sink)
        eventually("all lines") { sink.count >= 31_010 }
        usleep(100_000)
        running.end()
        #expect(numbers(sink) == Array(0..<31_010))
        #expect(sink.now.gaps.isEmpty)
        // And again, with nothing new.
        running = try start(sink)
        directory.append("a.log", lines(31_010..<31_011))
        eventually("the last line") { sink.count > 31_010 }
        usleep(100_000)
        running.end()
        #expect(sink.count == 31_011)
    }

    @Test func aFileCompressedWhileItIsFollowedIsNotReadTwice() throws {
        directory.append("a.log", lines(0..<100))
        let sink = TestSink()
        var running = try start(sink, "a*", grace: 0)
        eventually("the first lines") { sink.count == 100 }
        for round in 1..<5 {
            directory.append("a.log", lines(round * 100..<round * 100 + 50))
            shell(
                "for n in 3 2 1; do [ ! -e a.log.$n.gz ] || mv a.log.$n.gz a.log.$((n+1)).gz; "
                    + "done; mv a.log a.log.1")
            directory.append("a.log", lines(round * 100 + 50..<round * 100 + 100))
            if round % 2 == 0 { usleep(60_000) }
            shell("gzip a.log.1")
            eventually("round \(round)") { sink.count >= round * 100 + 100 }
            usleep(60_000)
            if round == 3 {
                running.end()
                running = try start(sink, "a*", grace: 0)
            }
        }
        running.end()
        #expect(numbers(sink).sorted() == Array(0..<500))
        #expect(sink.now.gaps.isEmpty)
        #expect(Set(sink.now.records.map(\.source)) == [id])
    }

    @Test func aFileThatLogrotatePutAsideIsReadToo() throws {
        directory.append("a.log", lines(0..<10))
        let sink = TestSink()
        var running = try start(sink)
        eventually("the first lines") { sink.count == 10 }
        running.end()
        directory.append("a.log", lines(10..<20))
        shell("mv a.log a.log-2026112707.backup")
        directory.append("a.log", lines(20..<30))
        running = try start(sink)
        eventually("all lines") { sink.count >= 30 }
        running.end()
        #expect(numbers(sink) == Array(0..<30))
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func aFileThatWasCompressedWhileItWasReadIsGoneOnWithAfterAKill() throws {
        directory.append("a.log", lines(0..<100))
        let sink = TestSink()
        var running = try start(sink)
        eventually("the first lines") { sink.count == 100 }
        shell("mv a.log a.log.1 && gzip a.log.1")
        directory.append("a.log", lines(100..<110))
        eventually("the next file") { sink.count == 110 }
        // The position has both the open file and the compressed one, known to be the same.
        shell("mv a.log.1.gz a.log.2.gz")
        usleep(100_000)
        directory.append("a.log", lines(110..<120))
        eventually("the last lines") { sink.count == 120 }
        running.end()
        running = try start(sink)
        directory.append("a.log", lines(120..<121))
        eventually("one more") { sink.count == 121 }
        running.end()
        #expect(numbers(sink) == Array(0..<121))
        #expect(sink.now.gaps.isEmpty)
    }

    /// Whether this process has a file open.
    private func isOpen(_ name: String) -> Bool {
        let files = "ls -l /proc/\(getpid())/fd"
        return HisuiCollectTests.shell("\(files) | grep -q '\(directory.path(name))$'").status == 0
    }

    @Test(arguments: [("gzip a.log.1", 0), ("rm a.log.1", 1)])
    func anEmptyFileThatWasCompressedIsNoLoss(command: String, gaps: Int) throws {
        directory.append("a.log", "")
        let sink = TestSink()
        var running = try start(sink)
        eventually("it is open") { isOpen("a.log") }
        shell("mv a.log a.log.1")
        directory.append("a.log", lines(0..<10))
        // The position has both, and of the first one nothing but its number.
        eventually("the lines") { sink.count == 10 }
        running.end()
        shell(command)
        running = try start(sink)
        directory.append("a.log", lines(10..<11))
        eventually("one more") { sink.count == 11 }
        running.end()
        #expect(numbers(sink) == Array(0..<11))
        #expect(sink.now.gaps.count == gaps)
    }

    @Test func aRotationAtWorkWhileReadingBeginsTellsNoGapAndDoublesNothing() throws {
        // Many names, all of which are renamed at each rotation.
        directory.append("a.log", "line 0 of the application\n")
        for number in 1...24 { directory.append("a.log.\(number)", "") }
        let sink = TestSink()
        var running = try start(sink, grace: 0)
        eventually("the first line") { sink.count == 1 }
        running.end()
        for round in 0..<20 {
            directory.append("a.log", lines(round * 10 + 1..<round * 10 + 11))
            shell(
                """
                (for i in 1 2; do
                  n=30; while [ $n -gt 0 ]; do
                    [ ! -e a.log.$n ] || mv a.log.$n a.log.$((n+1)); n=$((n-1)); done
                  mv a.log a.log.1; : > a.log; rm -f a.log.31; done
                touch rotated) > output 2>&1 &
                """)
            running = try start(sink, grace: 0)
            eventually("the rotation") { unsafe access(directory.path("rotated"), F_OK) == 0 }
            shell("rm rotated")
            eventually("round \(round)") { sink.count >= round * 10 + 11 }
            running.end()
        }
        #expect(numbers(sink).sorted() == Array(0..<201))
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func compressedDataThatEndsTooEarlyIsTold() throws {
        directory.append("a.log", lines(0..<10))
        let sink = TestSink()
        var running = try start(sink)
        eventually("the first lines") { sink.count == 10 }
        running.end()
        var random = SeededRandom(seed: 5)
        directory.append(
            "a.log", (10..<20_000).map { "line \($0) \(random.next())\n" }.joined())
        shell("gzip a.log; head -c 100000 a.log.gz > a.log.1.gz; rm a.log.gz")
        running = try start(sink, grace: 0)
        eventually("the cut is told") { !sink.now.gaps.isEmpty }
        running.end()
        let found = numbers(sink)
        // The last line is cut too, perhaps inside its number.
        #expect(found.dropLast() == Array(0..<found.count - 1)[...])
        #expect(found.count > 1000 && found.count < 20_000)
    }

    // beats#1341, fluent-bit#8025, fluent-bit#2960, fluent-bit#11455
    @Test func aNumberOfAFileThatIsUsedAgainIsAnotherFile() throws {
        directory.append("a.log", lines(0..<10))
        let sink = TestSink()
        var running = try start(sink, grace: 0)
        eventually("the first lines") { sink.count == 10 }
        shell("mv a.log a.log.1")
        eventually("the old file is closed") { sink.now.positions[id]?[2] == 2 }
        running.end()
        // The same inode, emptied and written anew under the old name.
        shell("printf '' > a.log.1 && mv a.log.1 a.log")
        directory.append("a.log", lines(10..<15))
        running = try start(sink, grace: 0)
        eventually("the new lines") { sink.count >= 15 }
        running.end()
        #expect(numbers(sink) == Array(0..<15))
        // Under a name that fits and belongs to no other.
        shell("printf '' > a.log && mv a.log b.log")
        directory.append("b.log", lines(15..<20))
        running = try start(sink, "*.log", grace: 0)
        eventually("the lines of another file") { sink.count >= 20 }
        running.end()
        #expect(numbers(sink) == Array(0..<20))
    }

    @Test func whatIsWrittenToARotatedFileAfterItWasClosedIsRead() throws {
        directory.append("a.log", lines(0..<10))
        let sink = TestSink()
        let running = try start(sink, grace: 0)
        eventually("the first lines") { sink.count == 10 }
        shell("mv a.log a.log.1")
        directory.append("a.log", lines(10..<11))
        eventually("the next file") { sink.count == 11 }
        usleep(60_000)
        // A writer that did not notice, long after.
        directory.append("a.log.1", lines(11..<13))
        eventually("the late lines") { sink.count == 13 }
        running.end()
        #expect(numbers(sink) == Array(0..<13))
        #expect(sink.now.gaps.isEmpty)
    }

    /// The copy's lines are more than a batch; whoever stops in between goes on there.
    @Test(arguments: [1, 2, 3, 5])
    func aStopBetweenCopyAndEmptiedFileLosesAndDoublesNothing(batches: Int) throws {
        directory.append("a.log", lines(0..<10))
        let first = TestSink()
        var running = try start(first)
        eventually("the first lines") { first.count == 10 }
        running.end()
        directory.append("a.log", "half of line 10 is ")
        directory.append("a.log", "line 10 of it\n" + lines(11..<40_000))
        shell("cp a.log a.log.1 && truncate -s 0 a.log")
        directory.append("a.log", lines(40_000..<40_005))
        // A store that goes away after some batches: what it took is all there is.
        let part = TestSink(batchesMax: batches)
        running = try start(part, resume: first)
        eventually("the store is gone") { part.now.batches == batches }
        running.end()
        #expect(part.now.gaps.count == 1)
        let rest = TestSink()
        running = try start(rest, resume: part)
        eventually("the rest") { 10 + part.count + rest.count >= 40_005 }
        usleep(60_000)
        running.end()
        let all = first.texts + part.texts + rest.texts
        #expect(all.count == 40_005)
        #expect(Set(all).count == 40_005)
        #expect(all.last == "line 40004 of the application")
    }

    @Test(arguments: [(false, "true"), (true, "true"), (true, "gzip a.log.1")])
    func aCopyThatHasLessThanWasReadIsNotReadAgain(isDown: Bool, command: String) throws {
        directory.append("a.log", lines(0..<100))
        let sink = TestSink()
        var running = try start(sink)
        eventually("the first lines") { sink.count == 100 }
        shell("cp a.log a.log.1")
        usleep(100_000)
        directory.append("a.log", lines(100..<110))
        eventually("lines that the copy has not") { sink.count == 110 }
        if isDown { running.end() }
        shell("truncate -s 0 a.log && \(command)")
        directory.append("a.log", lines(110..<120))
        if isDown { running = try start(sink) }
        eventually("the new lines") { sink.count >= 120 }
        usleep(100_000)
        running.end()
        running = try start(sink)
        directory.append("a.log", lines(120..<121))
        eventually("the last line") { sink.count > 120 }
        running.end()
        #expect(numbers(sink) == Array(0..<121))
        #expect(sink.now.gaps.count == 1)
    }

    @Test(arguments: [(false, "true"), (true, "true"), (true, "gzip a.log.1")])
    func aCopyThatNobodySawInTimeIsNotReadAgain(isDown: Bool, command: String) throws {
        directory.append("a.log", lines(0..<110))
        let sink = TestSink()
        var running = try start(sink)
        eventually("the first lines") { sink.count == 110 }
        if isDown { running.end() }
        // What cp had before the last lines came, seen only when the file is empty.
        shell("head -n 100 a.log > copy && truncate -s 0 a.log && mv copy a.log.1 && \(command)")
        directory.append("a.log", lines(110..<120))
        if isDown { running = try start(sink) }
        eventually("the new lines") { sink.count >= 120 }
        usleep(100_000)
        running.end()
        #expect(numbers(sink) == Array(0..<120))
        #expect(sink.now.gaps.count == 1)
    }

    @Test(arguments: [false, true])
    func aCopyThatWasEmptyWhenItWasSeenIsNotRead(isDown: Bool) throws {
        directory.append("a.log", lines(0..<100))
        let sink = TestSink()
        var running = try start(sink)
        eventually("the first lines") { sink.count == 100 }
        if isDown { running.end() }
        shell(": > a.log.1")
        directory.append("a.log", lines(100..<110))
        if isDown { running = try start(sink) }
        eventually("what came meanwhile") { sink.count == 110 }
        usleep(100_000)
        shell("cat a.log > a.log.1")
        usleep(100_000)
        shell("truncate -s 0 a.log")
        directory.append("a.log", lines(110..<120))
        eventually("the lines after the cut") { sink.count >= 120 }
        usleep(100_000)
        running.end()
        #expect(numbers(sink) == Array(0..<120))
        #expect(sink.now.gaps.count == 1)
    }

    @Test func aCopyOfAFileThatIsNotOpenYetIsNotRead() throws {
        directory.append("a.log", lines(0..<100))
        let sink = TestSink()
        var running = try start(sink)
        eventually("the first lines") { sink.count == 100 }
        running.end()
        // Cut once; the next copy is made, and the cut is to come.
        directory.append("a.log", lines(100..<110))
        shell("cp a.log a.log.2 && truncate -s 0 a.log")
        directory.append("a.log", lines(110..<200))
        shell("cp a.log a.log.1")
        running = try start(sink)
        eventually("all lines") { sink.count >= 200 }
        usleep(100_000)
        shell("truncate -s 0 a.log")
        directory.append("a.log", lines(200..<210))
        eventually("the lines after the cut") { sink.count >= 210 }
        usleep(100_000)
        running.end()
        #expect(numbers(sink) == Array(0..<210))
        #expect(sink.now.gaps.count == 2)
    }

    @Test func aHalfLineThatTheCopyHasWholeIsOneRecord() throws {
        directory.append("a.log", "one\ntw")
        let sink = TestSink()
        let running = try start(sink)
        eventually("the first line") { sink.count == 1 }
        usleep(60_000)
        shell("printf 'one\\ntwo\\nthree\\n' > a.log.1 && truncate -s 0 a.log")
        directory.append("a.log", "four\n")
        eventually("the rest") { sink.count >= 4 }
        running.end()
        #expect(sink.texts == ["one", "two", "three", "four"])
        #expect(sink.now.gaps.count == 1)
    }

    @Test func aCopyThatWasMadeWhileNobodyLookedIsTold() throws {
        directory.append("a.log", lines(0..<10))
        let sink = TestSink()
        var running = try start(sink)
        eventually("the first lines") { sink.count == 10 }
        running.end()
        directory.append("a.log", lines(10..<20))
        shell("cp a.log a.log.1 && truncate -s 0 a.log")
        running = try start(sink)
        eventually("the copy's lines") { sink.count == 20 }
        running.end()
        #expect(numbers(sink) == Array(0..<20))
        #expect(sink.now.gaps.map(\.cause).first?.contains("while it was copied") == true)
    }

    // otel-contrib#19765, otel-contrib#10481, beats#51417
    @Test func filesThatBeginAlikeAreDifferentFiles() throws {
        let banner = String(repeating: "# the same banner in every file\n", count: 64)
        for name in ["a.log", "b.log", "c.log"] { directory.append(name, banner) }
        let sink = TestSink()
        var running = try start(sink, "*.log")
        eventually("three banners") { sink.count == 192 }
        running.end()
        // Rotated, and a new file with the same beginning and size is at the path.
        shell("mv a.log a.log.1")
        directory.append("a.log.1", "end of the old one\n")
        directory.append("a.log", banner)
        directory.append("b.log", "b\n")
        running = try start(sink, "*.log")
        eventually("what is new") { sink.count >= 192 + 66 }
        usleep(60_000)
        running.end()
        #expect(sink.count == 192 + 66)
        #expect(sink.texts.filter { $0 == "end of the old one" || $0 == "b" }.count == 2)
    }

    // vector#2701
    @Test func aFileOfOneByteIsKnownAgain() throws {
        directory.append("a.log", "x")
        let sink = TestSink()
        var running = try start(sink)
        directory.append("b", "")
        usleep(60_000)
        running.end()
        directory.append("a.log", "\n")
        running = try start(sink)
        eventually("the line") { sink.count == 1 }
        running.end()
        running = try start(sink)
        directory.append("a.log", "y\n")
        eventually("the second line") { sink.count == 2 }
        running.end()
        #expect(sink.texts == ["x", "y"])
    }

    // otel-contrib#31074
    @Test func whatTheStoreDidNotTakeIsReadAgain() throws {
        directory.append("a.log", lines(0..<30_000))
        let first = TestSink(batchesMax: 2)
        var running = try start(first)
        eventually("two batches") { first.now.batches == 2 }
        running.end()
        let second = TestSink()
        running = try start(second, resume: first)
        eventually("the rest") { first.count + second.count >= 30_000 }
        running.end()
        #expect(numbers(first) + numbers(second) == Array(0..<30_000))
    }

    @Test func linksAreFollowedAndAFileIsReadOnceWhateverNamesItHas() throws {
        directory.append("day1", lines(0..<10))
        shell("ln -s day1 a.log; ln -s day1 z.log; ln day1 y.log")
        let sink = TestSink()
        let running = try start(sink, "*.log")
        eventually("the first day") { sink.count == 10 }
        directory.append("day1", lines(10..<12))
        eventually("what was added") { sink.count == 12 }
        // The link goes over to the next day's file; the old one is read to its end.
        directory.append("day1", lines(12..<13))
        directory.append("day2", lines(13..<20))
        shell("rm z.log y.log; ln -sfn day2 a.log")
        eventually("the second day") { sink.count >= 20 }
        usleep(60_000)
        running.end()
        #expect(numbers(sink) == Array(0..<20))
    }

    @Test func aFileThatCannotBeOpenedIsToldOnceAndReadLater() throws {
        // A loop of links cannot be opened by anybody; a folder is no file.
        shell("ln -s a.log a.log; mkdir d.log")
        let sink = TestSink()
        let running = try start(sink, "*.log")
        usleep(60_000)
        shell("rm a.log; rmdir d.log")
        directory.append("a.log", "x\n")
        directory.append("d.log", "y\n")
        eventually("the lines") { sink.count == 2 }
        running.end()
        #expect(Set(sink.texts) == ["x", "y"])
    }

    // beats#45300, otel-contrib#43693
    @Test func aFileThatIsCutShortAndGoesOnIsToldAndReadFromItsStart() throws {
        directory.append("a.log", lines(0..<150))
        let sink = TestSink()
        let running = try start(sink)
        eventually("the first lines") { sink.count == 150 }
        shell("truncate -s 100 a.log")
        eventually("the cut is told") { sink.now.gaps.count == 1 }
        running.end()
        #expect(Array(numbers(sink).prefix(150)) == Array(0..<150))
    }

    @Test func wideFilesAreFollowedAcrossHalfCharacters() throws {
        func wide(_ text: String) -> [UInt8] {
            text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        }
        let bytes = wide("\u{FEFF}一行目\r\nsecond\nthird")
        directory.append("a.log", Array(bytes[..<1]))
        let sink = TestSink()
        var running = try start(sink)
        usleep(60_000)
        directory.append("a.log", Array(bytes[1..<13]))
        eventually("the first line") { sink.count == 1 }
        running.end()
        directory.append("a.log", Array(bytes[13..<21]))
        running = try start(sink)
        usleep(60_000)
        directory.append("a.log", Array(bytes[21...]) + wide("\n"))
        eventually("all lines") { sink.count == 3 }
        running.end()
        #expect(
            sink.now.records.map { Array($0.bytes) } == [
                wide("\u{FEFF}一行目"), wide("second"), wide("third"),
            ])
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func aStopInsideAJoinedRecordLosesAndDoublesNothing() throws {
        let join = JoinRule(.indented, waitMilliseconds: 3_600_000)
        directory.append("a.log", "one\n at A\ntwo\n at B\n")
        let sink = TestSink()
        var running = try start(sink, join: join)
        eventually("the first record") { sink.count == 1 }
        running.end()
        directory.append("a.log", " at C\nthr")
        running = try start(sink, join: join)
        usleep(60_000)
        running.end()
        directory.append("a.log", "ee\nfour\n")
        running = try start(sink, join: join)
        eventually("three records") { sink.count == 3 }
        // Rotated: nothing more can come.
        shell("mv a.log a.log.1")
        directory.append("a.log", "five\nsix\n")
        running.end()
        running = try start(sink, grace: 0, join: join)
        eventually("five records") { sink.count == 5 }
        running.end()
        #expect(sink.texts == ["one\n at A", "two\n at B\n at C", "three", "four", "five"])
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func theLastRecordOfAFileWaitsNoLongerThanIsSaid() throws {
        let join = JoinRule(.indented, waitMilliseconds: 50)
        directory.append("a.log", "one\n at A\n")
        let sink = TestSink()
        var running = try start(sink, join: join)
        eventually("the record") { sink.count == 1 }
        running.end()
        running = try start(sink, join: join)
        directory.append("a.log", " late\ntwo\n")
        eventually("what came late, and the next") { sink.count == 3 }
        running.end()
        #expect(sink.texts == ["one\n at A", " late", "two"])
    }
}
