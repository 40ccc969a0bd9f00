import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

/// Where files are read from when the daemon is killed before anything, or much, was stored.
struct FileBeginningTests {
    private let directory = TestDirectory()

    private func collector(
        _ patterns: [String] = ["*.log"], from start: FileCollector.Start = .end
    ) throws -> FileCollector {
        try FileCollector(
            name: "test", patterns: patterns.map { directory.path($0) }, from: start,
            rescanMilliseconds: 20)
    }

    /// Collects until so many batches were stored, as if the daemon was killed then.
    private func collectAndKill(
        _ collector: FileCollector, afterBatches count: Int, resume: TestSink? = nil
    ) -> TestSink {
        let sink = TestSink(batchesMax: count)
        let running = Running(collector, into: sink, resume: resume)
        eventually("\(count) batches") { sink.now.batches == count }
        running.end()
        return sink
    }

    @Test func aFileThatAppearsIsReadThoughTheDaemonWasKilledBeforeItsFirstRecordWasStored() throws
    {
        directory.append("a.log", "old\n")
        // The position in the file, and that the collector has begun.
        let killed = collectAndKill(try collector(), afterBatches: 2)
        directory.append("a.log", "added\n")
        directory.append("b.log", "appeared\n")
        let sink = TestSink()
        let running = Running(try collector(), into: sink, resume: killed)
        eventually("both lines") { sink.count >= 2 }
        running.end()
        #expect(Set(sink.texts) == ["added", "appeared"])
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func whereNoFileWasThereAtTheBeginningAllThatAppearAreRead() throws {
        let killed = collectAndKill(try collector(), afterBatches: 1)
        directory.append("a.log", "appeared\n")
        let sink = TestSink()
        let running = Running(try collector(), into: sink, resume: killed)
        eventually("the line") { sink.count >= 1 }
        running.end()
        #expect(sink.texts == ["appeared"])
    }

    @Test func theBeginningIsToldWhenItIsDurableBehindAllPositions() throws {
        for name in ["a.log", "b.log", "c.log"] { directory.append(name, "old\n") }
        let collector = try collector()
        let begun = try #require(collector.begun)
        let sink = TestSink(isDurable: false)
        let running = Running(collector, into: sink)
        eventually("the beginning") { sink.now.receipts.count == 1 }
        #expect(sink.now.positions.count == 4)
        #expect(!begun.isRaised)
        sink.sync()
        #expect(begun.isRaised)
        running.end()
        // It is known from the store at the next start.
        let again = try self.collector()
        let second = Running(again, into: TestSink(), resume: sink)
        #expect(try #require(again.begun).wait(milliseconds: 20_000))
        second.end()
        #expect(try self.collector(from: .start).begun == nil)
    }

    @Test func aPatternThatIsAddedBeginsAtTheEndAndOthersDoNotBeginAgain() throws {
        let killed = collectAndKill(try collector(["*.log"]), afterBatches: 1)
        directory.append("a.log", "appeared\n")
        directory.append("a.txt", "old\n")
        let sink = TestSink()
        let running = Running(try collector(["*.log", "*.txt"]), into: sink, resume: killed)
        eventually("the line and the positions") {
            sink.count >= 1 && sink.now.positions.count == 3
        }
        directory.append("a.txt", "added\n")
        eventually("the other line") { sink.count >= 2 }
        running.end()
        #expect(sink.texts == ["appeared", "added"])
    }

    @Test func aBeginningThatCannotBeReadSkipsNothing() throws {
        directory.append("a.log", "line\n")
        let saved = TestSink()
        var batch = RecordBatch(source: Source(id: "test", kind: .file, form: .line))
        batch.position = [99, 1]
        #expect(saved.put(batch))
        let sink = TestSink()
        let running = Running(try collector(), into: sink, resume: saved)
        eventually("the line") { sink.count >= 1 }
        running.end()
        #expect(sink.texts == ["line"])
    }

    @Test func aFileThatWasRotatedBeforeItsFirstRecordWasStoredIsReadWhole() throws {
        directory.append("a.log", "first\n")
        let killed = collectAndKill(try collector(from: .start), afterBatches: 1)
        #expect(killed.count == 0)
        directory.append("a.log", "second\n")
        directory.rename("a.log", "a.log.1")
        directory.append("a.log", "third\n")
        let sink = TestSink()
        let running = Running(try collector(from: .start), into: sink, resume: killed)
        eventually("all lines") { sink.count >= 3 }
        running.end()
        #expect(sink.texts == ["first", "second", "third"])
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func rotatedFilesOfTheBeginningAreReadWholeAfterAKill() throws {
        directory.append("a.log.1", "older\n")
        directory.append("a.log", "newer\n")
        let killed = collectAndKill(try collector(["a.log*"], from: .start), afterBatches: 1)
        #expect(killed.count == 0)
        let sink = TestSink()
        let running = Running(
            try collector(["a.log*"], from: .start), into: sink, resume: killed)
        eventually("all lines") { sink.count >= 2 }
        running.end()
        #expect(sink.texts == ["older", "newer"])
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func aBeginningIsReadBackAndAnythingElseIsRefused() throws {
        let patterns = ["/a/*.log", "/b/c", "/a/*.log"].compactMap { FilePattern($0) }
        let first = FileBeginning([patterns[0]], after: nil, now: 5)
        let beginning = FileBeginning(patterns, after: first, now: 7)
        let bytes = beginning.encoded
        #expect(beginning.patterns == [patterns[0].hash: 5, patterns[1].hash: 7])
        #expect(bytes.count == 3 + 2 * 16)
        #expect(FileBeginning(bytes.span) == beginning)
        for count in 0..<bytes.count {
            #expect(FileBeginning(bytes.span.extracting(first: count)) == nil)
        }
        #expect(FileBeginning((bytes + [0]).span) == nil)
        let swapped = Array(bytes[..<3] + bytes[19...] + bytes[3..<19])
        #expect(FileBeginning(swapped.span) == nil)
        let tooMany: [UInt8] = [3, 0x01, 0x01] + [UInt8](repeating: 0, count: 257 * 16)
        #expect(FileBeginning(tooMany.span) == nil)
        // A source of this kind may have the position of a file or of a folder.
        #expect(FilePosition(bytes.span) == nil)
        #expect(FolderPosition(bytes.span) == nil)
        #expect(
            PositionText.lines(bytes, of: .file) == ["begun with 2 patterns"])
        #expect(
            PositionText.lines(bytes, of: .file) { $1 } == ["2 個のパターンで開始"])
    }
}
