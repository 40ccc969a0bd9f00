import Glibc
import HisuiCollect
import HisuiEvent
import Testing

@Suite(.serialized) struct FileCollectorTests {
    private let directory = TestDirectory()

    private func start(
        _ sink: TestSink, _ pattern: String = "*.log", from: FileCollector.Start = .start,
        grace: Int = 60, rescan: Int = 20
    ) throws -> Running {
        let collector = try FileCollector(
            name: "test", patterns: [directory.path(pattern)], from: from, graceSeconds: grace,
            rescanMilliseconds: rescan)
        return Running(collector, into: sink)
    }

    private var id: String { SourceID.make("test", directory.path("a.log")) }

    @Test func linesAreRecordsAndTheirEndsAreNot() throws {
        directory.append("a.log", "one\r\n\ntwo\rx\nthree\0\n\u{feff}four\n")
        let sink = TestSink()
        let running = try start(sink)
        eventually("five lines") { sink.count == 5 }
        running.end()
        #expect(sink.texts == ["one", "", "two\rx", "three\0", "\u{feff}four"])
        #expect(sink.now.records.allSatisfy { $0.source == id && $0.flags == [] })
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func aPartialLineWaitsForItsEnd() throws {
        directory.append("a.log", "one\ntw")
        let sink = TestSink()
        let running = try start(sink)
        eventually("the first line") { sink.count == 1 }
        directory.append("a.log", "o")
        usleep(50_000)
        #expect(sink.texts == ["one"])
        directory.append("a.log", "\nthree\n")
        eventually("three lines") { sink.count == 3 }
        running.end()
        #expect(sink.texts == ["one", "two", "three"])
    }

    @Test func aLongLineIsCutFlaggedAndItsRestIsNoLine() throws {
        let long = [UInt8](repeating: 0x61, count: Limits.recordBytesMax * 2 + 77)
        directory.append("a.log", long + Array("\nafter\n".utf8))
        let sink = TestSink()
        let running = try start(sink)
        eventually("two lines") { sink.count == 2 }
        running.end()
        #expect(sink.now.records[0].bytes.count == Limits.recordBytesMax)
        #expect(sink.now.records[0].flags == .truncated)
        #expect(sink.texts[1] == "after")
    }

    @Test func aRestartInsideALongLineDoesNotTakeItsRestForALine() throws {
        let long = [UInt8](repeating: 0x61, count: Limits.recordBytesMax * 2)
        directory.append("a.log", long)
        let sink = TestSink()
        var running = try start(sink)
        eventually("the cut line") { sink.count == 1 }
        running.end()
        directory.append("a.log", "rest\nafter\n")
        running = try start(sink)
        eventually("the line after it") { sink.count == 2 }
        running.end()
        #expect(sink.texts[1] == "after")
    }

    @Test func aRenamedFileIsReadToItsEndBeforeTheNewOne() throws {
        directory.append("a.log", "1\n2\n")
        let sink = TestSink()
        let running = try start(sink)
        eventually("two lines") { sink.count == 2 }
        // The writer has not noticed yet and goes on in the renamed file.
        directory.rename("a.log", "a.log.1")
        directory.append("a.log.1", "3\n")
        eventually("the line after the renaming") { sink.count == 3 }
        directory.append("a.log", "5\n")
        eventually("the new file's line") { sink.count == 4 }
        directory.append("a.log.1", "4\n")
        eventually("a late line in the old file") { sink.count == 5 }
        running.end()
        #expect(sink.texts == ["1", "2", "3", "5", "4"])
        #expect(sink.now.records.allSatisfy { $0.source == id })
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func theUnfinishedLastLineOfARotatedFileIsALine() throws {
        directory.append("a.log", "1\nhalf")
        let sink = TestSink()
        let running = try start(sink, grace: 0)
        eventually("a line") { sink.count == 1 }
        directory.rename("a.log", "a.log.1")
        eventually("the unfinished line") { sink.count == 2 }
        running.end()
        #expect(sink.texts == ["1", "half"])
    }

    @Test func aFileRotatedWhileNobodyLookedIsFinishedFirst() throws {
        directory.append("a.log", "1\n2\n")
        let sink = TestSink()
        var running = try start(sink)
        eventually("two lines") { sink.count == 2 }
        running.end()
        directory.append("a.log", "3\n")
        directory.rename("a.log", "a.log.2")
        directory.append("a.log.1", "4\n5\n")
        directory.append("a.log", "6\n")
        running = try start(sink)
        eventually("all lines") { sink.count == 6 }
        running.end()
        #expect(sink.texts == ["1", "2", "3", "4", "5", "6"])
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func aFileRotatedAndNotYetReplacedIsFinished() throws {
        directory.append("a.log", "1\n")
        let sink = TestSink()
        var running = try start(sink, "a.log*")
        eventually("a line") { sink.count == 1 }
        running.end()
        directory.append("a.log", "2\n")
        directory.rename("a.log", "a.log.1")
        running = try start(sink, "a.log*")
        eventually("the second line") { sink.count == 2 }
        directory.append("a.log", "3\n")
        eventually("the third line") { sink.count == 3 }
        running.end()
        #expect(sink.texts == ["1", "2", "3"])
        #expect(Set(sink.now.records.map(\.source)) == [id])
    }

    @Test func aFileThatWentAwayUnreadIsAGap() throws {
        directory.append("a.log", "1\n")
        let sink = TestSink()
        var running = try start(sink)
        eventually("a line") { sink.count == 1 }
        running.end()
        directory.append("a.log", "2\n")
        #expect(unsafe unlink(directory.path("a.log")) == 0)
        directory.append("b", "x")
        directory.append("a.log", "3\n")
        running = try start(sink)
        eventually("the new file's line") { sink.count == 2 }
        running.end()
        #expect(sink.texts == ["1", "3"])
        #expect(sink.now.gaps.count == 1)
        #expect(sink.now.gaps.first?.count == nil)
        #expect(sink.now.accounts[id]?.gaps == 1)
    }

    @Test(arguments: [true, false])
    func anEmptiedFileIsAGapAndIsReadFromItsStart(grownPast: Bool) throws {
        directory.append("a.log", "first line\nsecond line\n")
        let sink = TestSink()
        let running = try start(sink)
        eventually("two lines") { sink.count == 2 }
        #expect(unsafe truncate(directory.path("a.log"), 0) == 0)
        let lines = (0..<(grownPast ? 50 : 1)).map { "new \($0)" }
        directory.append("a.log", lines.map { $0 + "\n" }.joined())
        eventually("the new lines") { sink.count == 2 + lines.count }
        running.end()
        #expect(sink.texts == ["first line", "second line"] + lines)
        #expect(sink.now.gaps.map(\.count) == [nil])
    }

    @Test func linesNotYetReadAreTakenFromTheCopyOfAnEmptiedFile() throws {
        directory.append("a.log", "first line\n")
        let sink = TestSink()
        var running = try start(sink)
        eventually("a line") { sink.count == 1 }
        running.end()
        directory.append("a.log", "second line\n")
        shell("cp '\(directory.path("a.log"))' '\(directory.path("a.log.1"))'")
        #expect(unsafe truncate(directory.path("a.log"), 0) == 0)
        directory.append("a.log", "third line\n")
        running = try start(sink)
        eventually("all lines") { sink.count == 3 }
        running.end()
        #expect(sink.texts == ["first line", "second line", "third line"])
    }

    @Test func aHoleLeftByAWriterThatDoesNotAppendIsNoLine() throws {
        let sink = TestSink()
        let file = unsafe open(directory.path("a.log"), O_WRONLY | O_CREAT, 0o600)
        func say(_ text: String) {
            let bytes = Array(text.utf8)
            #expect(unsafe write(file, bytes, bytes.count) == bytes.count)
        }
        say(String(repeating: "x", count: 100_000) + "\n")
        let running = try start(sink)
        eventually("the long line") { sink.count == 1 }
        #expect(ftruncate(file, 0) == 0)
        say("after\n")
        eventually("the line after the hole") { sink.count == 2 }
        running.end()
        close(file)
        // The file system gives holes out in blocks: zeros before the line are all that is left.
        #expect(sink.now.records[1].bytes.filter { $0 != 0 } == Array("after".utf8))
        #expect(sink.now.records[1].bytes.count < 5000)
    }

    @Test func aFileMadeAnewIsReadFromItsStart() throws {
        directory.append("a.log", "1\n")
        let sink = TestSink()
        let running = try start(sink)
        for i in 2...5 {
            eventually("line \(i - 1)") { sink.count == i - 1 }
            #expect(unsafe unlink(directory.path("a.log")) == 0)
            directory.append("a.log", "\(i)\n")
        }
        eventually("the last line") { sink.count == 5 }
        running.end()
        #expect(sink.texts == ["1", "2", "3", "4", "5"])
        #expect(sink.now.gaps.isEmpty)
    }

    // otel-contrib#12769, fluent-bit#5382
    @Test func startingAtTheEndSkipsWhatIsThereOnceAndOnlyThere() throws {
        directory.append("a.log", "old\nhalf")
        let sink = TestSink()
        var running = try start(sink, from: .end)
        eventually("the position") { sink.now.positions[id] != nil }
        running.end()
        // What comes while nobody looks is not skipped: the file has been seen.
        directory.append("a.log", " old\nnew\n")
        running = try start(sink, from: .end)
        eventually("the new line") { sink.count == 1 }
        directory.append("b.log", "appeared\n")
        eventually("a file that appeared") { sink.count == 2 }
        running.end()
        #expect(sink.texts == ["new", "appeared"])
    }

    // otel-contrib#39061
    @Test func patternsGainAndLoseFilesAndDirectories() throws {
        let sink = TestSink()
        let running = try start(sink, "**/x*/*.log")
        usleep(50_000)
        shell("mkdir -p '\(directory.path)/deep/er/x1' '\(directory.path)/x2'")
        directory.append("deep/er/x1/a.log", "1\n")
        directory.append("x2/b.log", "2\n")
        directory.append("x2/b.txt", "no\n")
        shell("mkfifo '\(directory.path)/x2/pipe.log'")
        eventually("two lines") { sink.count == 2 }
        shell("rm -r '\(directory.path)/x2'")
        directory.append("deep/er/x1/c.log", "3\n")
        eventually("three lines") { sink.count == 3 }
        running.end()
        #expect(Set(sink.texts) == ["1", "2", "3"])
    }

    @Test func rotatedFilesThatFitThePatternAreNotReadTwice() throws {
        directory.append("a.log", "1\n")
        let sink = TestSink()
        var running = try start(sink, "a*", grace: 0)
        eventually("a line") { sink.count == 1 }
        for i in 2...4 {
            shell(
                "cd '\(directory.path)'; for n in 3 2 1; do mv a.log.$n a.log.$((n+1)); done 2>&1")
            directory.rename("a.log", "a.log.1")
            directory.append("a.log", "\(i)\n")
            eventually("line \(i)") { sink.count == i }
            usleep(60_000)
        }
        running.end()
        running = try start(sink, "a*", grace: 0)
        directory.append("a.log", "5\n")
        eventually("the last line") { sink.count >= 5 }
        usleep(60_000)
        running.end()
        #expect(sink.texts == ["1", "2", "3", "4", "5"])
    }

    @Test func rotatedFilesFoundAtTheFirstStartComeBeforeTheirSuccessor() throws {
        for (i, name) in ["a.log.2", "a.log.1", "a.log"].enumerated() {
            directory.append(name, "\(i)\n")
            usleep(20_000)
        }
        let sink = TestSink()
        let running = try start(sink, "a*")
        eventually("three lines") { sink.count == 3 }
        running.end()
        #expect(sink.texts == ["0", "1", "2"])
        #expect(Set(sink.now.records.map(\.source)) == [id])
    }

    @Test func aDamagedPositionIsAGapAndNotAnEnd() throws {
        directory.append("a.log", "1\n")
        let before = TestSink()
        var batch = RecordBatch(source: Source(id: id, kind: .file, form: .line))
        batch.position = [1, 200, 3]
        #expect(before.put(batch))
        let running = try start(before)
        eventually("the line") { before.count == 1 }
        running.end()
        #expect(before.now.gaps.count == 1)
    }

    /// Files under random operations, restarted in between: every line once and in order.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func everyLineComesOnceWhateverHappensBetween(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let sink = TestSink()
        var running: Running? = try start(sink)
        // A file that was rotated before it was ever seen is not known to belong to the path.
        var expected = ["first"]
        directory.append("a.log", "first\n")
        eventually("the first line") { sink.count == 1 }
        var rotations = 0
        for step in 0..<60 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                for i in 0..<Int.random(in: 1...40, using: &random) {
                    let line = "step \(step) line \(i) " + String(repeating: "x", count: i * 7)
                    expected.append(line)
                    // In two writes, so that lines are seen half.
                    directory.append("a.log", String(line.prefix(i)))
                    directory.append("a.log", line.dropFirst(i) + "\n")
                }
            case 5..<7:
                running?.end()
                running = nil
            case 7..<8:
                if unsafe access(directory.path("a.log"), F_OK) == 0 {
                    rotations += 1
                    directory.rename("a.log", "a.log.\(rotations)")
                }
                if rotations % 6 == 5 {
                    // As many rotated files are kept as are looked at.
                    if running == nil { running = try start(sink) }
                    let count = expected.count
                    eventually("all lines so far, seed \(seed)", seconds: 5) { sink.count >= count }
                }
            default:
                if running == nil { running = try start(sink) }
                usleep(UInt32.random(in: 0...10_000, using: &random))
            }
        }
        if running == nil { running = try start(sink) }
        let count = expected.count
        eventually("all lines, seed \(seed)", seconds: 5) { sink.count >= count }
        running?.end()
        let texts = sink.texts
        let wrong = zip(texts, expected).enumerated().first { $0.element.0 != $0.element.1 }
        #expect(texts.count == expected.count, "seed \(seed)")
        #expect(wrong == nil, "seed \(seed)")
        #expect(sink.now.gaps.isEmpty, "seed \(seed)")
    }

    @Test func patternsThatAreNoAbsolutePathsAreRefused() {
        for pattern in ["a.log", "", "/", "/var/../etc/*"] {
            #expect(throws: CollectError.self) {
                try FileCollector(name: "t", patterns: [pattern])
            }
        }
    }
}
