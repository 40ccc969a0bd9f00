import Glibc
import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

/// Files that come and go between two looks, and files that change from one followed path to
/// another.
@Suite(.serialized) struct FileArrivalTests {
    private let directory = TestDirectory()

    private func start(
        _ sink: TestSink, _ patterns: String..., from start: FileCollector.Start = .start,
        grace: Int = 60, resume: TestSink? = nil
    ) throws -> Running {
        let collector = try FileCollector(
            name: "test", patterns: patterns.map { directory.path($0) }, from: start,
            graceSeconds: grace, rescanMilliseconds: 20)
        return Running(collector, into: sink, resume: resume)
    }

    private func id(_ name: String) -> String { SourceID.make("test", directory.path(name)) }

    private func shell(_ command: String) {
        #expect(HisuiCollectTests.shell("cd '\(directory.path)' && \(command)").status == 0)
    }

    /// Does something between two looks: the collector waits for its sink meanwhile.
    private func betweenLooks(_ sink: TestSink, _ body: () -> Void) {
        sink.hold(true)
        directory.append("other.log", "other\n")
        usleep(100_000)
        body()
        sink.hold(false)
    }

    /// What was taken of other files than the one that says when to look.
    private func texts(_ sink: TestSink) -> [String] { sink.texts.filter { $0 != "other" } }

    private func begin(_ sink: TestSink, _ pattern: String = "*.log") throws -> Running {
        let running = try start(sink, pattern)
        eventually("it has begun") { sink.now.positions["test"] != nil }
        return running
    }

    // MARK: Removed before it was seen

    @Test(
        arguments: [
            ("echo x > a.log && rm a.log", 1), (": > a.log && rm a.log", 0),
            ("echo x > a.log && mv a.log a.log.1 && rm a.log.1", 1),
            ("echo x > b.txt && mv b.txt a.log && rm a.log", 1),
            ("echo x > a.txt && rm a.txt", 0), ("mkdir a.log && rmdir a.log", 0),
            ("echo x > old.log && mv old.log old.txt && rm old.txt", 0),
        ])
    func aFileMadeWrittenAndRemovedBetweenTwoLooksIsTold(command: String, gaps: Int) throws {
        let sink = TestSink()
        shell(": > other.log")
        let running = try begin(sink)
        betweenLooks(sink) { shell(command) }
        directory.append("later.log", "later\n")
        eventually("the next look") { texts(sink) == ["later"] }
        running.end()
        let causes = sink.now.gaps.map(\.cause)
        #expect(causes == Array(repeating: FileFamily.wentUnseen, count: gaps))
        #expect(sink.now.gaps.allSatisfy { $0.japaneseCause != nil })
    }

    @Test func whatWasSeenIsNotToldAsUnseenWhenItIsRemoved() throws {
        let sink = TestSink()
        shell(": > other.log")
        let running = try begin(sink)
        for round in 0..<30 {
            directory.append("a.log", "line \(round)\n")
            eventually("round \(round)") { texts(sink).count == round + 1 }
            shell("rm a.log")
        }
        running.end()
        #expect(sink.now.gaps.isEmpty)
    }

    // MARK: Rotated away before it was seen

    @Test(
        arguments: [
            "mv a.log a.log.1", "mv a.log a.log-20261127", "mv a.log a.log-2026112707.backup",
            "mv a.log a.log.2026-11-27.2", "mv a.log a.log.1 && gzip a.log.1",
            "mv a.log a.log-20261127 && zstd -q --rm a.log-20261127",
        ], ["*.log", "a*", "**"])
    func aFileMadeAndRotatedBetweenTwoLooksIsRead(rotation: String, pattern: String) throws {
        let sink = TestSink()
        shell(": > other.log")
        var running =
            pattern == "a*" ? try start(sink, "a*", "other.log") : try begin(sink, pattern)
        eventually("it has begun") { sink.now.positions["test"] != nil }
        betweenLooks(sink) {
            directory.append("a.log", "one\ntwo\n")
            shell(rotation)
            directory.append("a.log", "three\n")
        }
        eventually("all lines") { texts(sink).count >= 3 }
        usleep(60_000)
        running.end()
        // And nothing of it again.
        running = pattern == "a*" ? try start(sink, "a*", "other.log") : try start(sink, pattern)
        directory.append("a.log", "four\n")
        eventually("one more") { texts(sink).count >= 4 }
        usleep(60_000)
        running.end()
        #expect(texts(sink) == ["one", "two", "three", "four"])
        #expect(sink.now.gaps.isEmpty)
        #expect(Set(sink.now.records.map(\.source)) == [id("a.log"), id("other.log")])
    }

    @Test func rotationsOfAFileThatWasNeverSeenAreReadInTheirOrder() throws {
        let sink = TestSink()
        let running = try begin(sink)
        betweenLooks(sink) {
            directory.append("a.log", "one\n")
            shell("mv a.log a.log.1; sleep 0.02")
            directory.append("a.log", "two\n")
            shell("mv a.log.1 a.log.2; gzip a.log.2; mv a.log a.log.1; sleep 0.02")
            directory.append("a.log", "three\n")
            shell("mv a.log.2.gz a.log.3.gz; mv a.log.1 a.log.2; mv a.log a.log.1")
        }
        eventually("all lines") { texts(sink).count >= 3 }
        // Nothing was at the path so far.
        directory.append("a.log", "four\n")
        eventually("the file at the path") { texts(sink).count >= 4 }
        usleep(60_000)
        running.end()
        #expect(texts(sink) == ["one", "two", "three", "four"])
        #expect(sink.now.gaps.isEmpty)
    }

    /// The oldest is still written to: the time of its last change says nothing.
    @Test(arguments: [false, true])
    func rotationsOfAKnownFileBetweenTwoLooksLoseNothing(isClosed: Bool) throws {
        directory.append("a.log", "one\n")
        let sink = TestSink()
        let running = try start(sink, "*.log", grace: isClosed ? 0 : 60)
        eventually("the first line") { texts(sink).count == 1 }
        if isClosed {
            shell("mv a.log a.log.1")
            eventually("it is closed") { sink.now.positions[id("a.log")]?[2] == 2 }
            shell("mv a.log.1 a.log.2")
            usleep(60_000)
        }
        betweenLooks(sink) {
            if !isClosed { shell("mv a.log a.log.2") }
            directory.append("a.log", "three\n")
            shell("mv a.log a.log.1; sleep 0.02")
            directory.append("a.log", "four\n")
            directory.append("a.log.2", "two\n")
        }
        eventually("all lines") { texts(sink).count >= 4 }
        usleep(60_000)
        running.end()
        #expect(texts(sink).sorted() == ["four", "one", "three", "two"])
        #expect(texts(sink).firstIndex(of: "three")! < texts(sink).firstIndex(of: "four")!)
        #expect(sink.now.gaps.isEmpty)
    }

    @Test(arguments: [FileCollector.Start.start, .end])
    func aFileMadeAndRotatedWhileNoDaemonRanIsRead(from: FileCollector.Start) throws {
        let sink = TestSink()
        var running = try start(sink, "*.log", from: from)
        eventually("it has begun") { sink.now.positions["test"] != nil }
        running.end()
        directory.append("a.log", "one\n")
        shell("mv a.log a.log.1; sleep 0.02")
        directory.append("a.log", "two\n")
        directory.append("b.log", "b\n")
        shell("mv b.log b.log.1; gzip b.log.1")
        running = try start(sink, "*.log", from: from)
        eventually("all lines") { sink.count >= 3 }
        usleep(60_000)
        running.end()
        #expect(sink.now.records.filter { $0.source == id("a.log") }.map(\.text) == ["one", "two"])
        #expect(sink.now.records.filter { $0.source == id("b.log") }.map(\.text) == ["b"])
        #expect(sink.count == 3)
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func whatWasRotatedAwayBeforeTheBeginningIsNotRead() throws {
        directory.append("a.log.2", "older\n")
        directory.append("a.log.1", "old\n")
        usleep(20_000)
        let sink = TestSink()
        let running = try begin(sink)
        usleep(20_000)
        // Compressed, renamed and written to since.
        shell("gzip a.log.2; mv a.log.2.gz a.log.3.gz; mv a.log.1 a.log.2; echo late >> a.log.2")
        usleep(60_000)
        directory.append("a.log", "one\n")
        eventually("the line") { sink.count >= 1 }
        usleep(100_000)
        running.end()
        #expect(sink.texts == ["one"])
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func moreRotationsThanAreReadAreTold() throws {
        let sink = TestSink()
        let running = try begin(sink)
        let count = Limits.rotatedFilesMax + 1
        betweenLooks(sink) {
            for number in 0..<count {
                directory.append("a.log.\(count - number)", "line \(number)\n")
                usleep(12_000)
            }
        }
        eventually("the lines") { texts(sink).count >= count - 1 }
        running.end()
        #expect(texts(sink) == (1..<count).map { "line \($0)" })
        #expect(sink.now.gaps.map(\.source) == [id("a.log")])
    }

    @Test func aClockThatIsPutBackMakesNothingOlderThanItIs() {
        let second: Int64 = 1_000_000_000
        var age = FileAge()
        age.look(1000, 100 * second)
        #expect(age.before == .max)
        age.look(3000, 102 * second)
        #expect(age.before == 100 * second)
        #expect(age.earliest == .max)
        // Two seconds later it is an hour earlier.
        age.look(5000, 104 * second - 3600 * second)
        #expect(age.before == 102 * second - 3600 * second)
        #expect(age.earliest == 102 * second - 3600 * second)
        // Forward again: what was written meanwhile has the times of before.
        age.look(7000, 106 * second)
        #expect(age.before == 104 * second - 3600 * second)
        #expect(age.earliest == 102 * second - 3600 * second)
    }

    // MARK: From one followed path to another

    @Test func aFileRenamedToAnotherFollowedPathIsReadOnce() throws {
        directory.append("a.log", "a1\n")
        directory.append("b.log", "b1\n")
        let sink = TestSink()
        var running = try start(sink, "*.log")
        eventually("the first lines") { sink.count == 2 }
        directory.append("a.log", "a2\n")
        shell("mv a.log b.log")
        eventually("the line before it") { sink.count >= 3 }
        usleep(100_000)
        directory.append("b.log", "a3\n")
        directory.append("a.log", "a4\n")
        eventually("the lines after it") { sink.count >= 5 }
        usleep(100_000)
        running.end()
        running = try start(sink, "*.log")
        directory.append("b.log", "a5\n")
        eventually("the last line") { sink.count >= 6 }
        usleep(100_000)
        running.end()
        #expect(sink.texts.sorted() == ["a1", "a2", "a3", "a4", "a5", "b1"])
        let later = sink.now.records.filter { ["a3", "a5"].contains($0.text) }.map(\.source)
        #expect(later == [id("b.log"), id("b.log")])
        // Of the file whose name was taken: nobody can know whether more was written to it.
        #expect(sink.now.gaps.map(\.source) == [id("b.log")])
    }

    @Test func filesThatChangeTheirNamesAreReadOnce() throws {
        directory.append("a.log", "a1\n")
        directory.append("b.log", "b1\n")
        let sink = TestSink()
        var running = try start(sink, "*.log")
        eventually("the first lines") { sink.count == 2 }
        for round in 2..<6 {
            betweenLooks(sink) { shell("mv a.log c; mv b.log a.log; mv c b.log") }
            directory.append("a.log", "a\(round)\n")
            directory.append("b.log", "b\(round)\n")
            eventually("round \(round)") { texts(sink).count >= 2 * round }
            if round == 3 {
                running.end()
                shell("mv a.log c; mv b.log a.log; mv c b.log")
                running = try start(sink, "*.log")
            }
        }
        usleep(100_000)
        running.end()
        #expect(
            texts(sink).sorted() == ["a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3", "b4", "b5"])
        #expect(sink.now.gaps.isEmpty)
    }

    /// Renamed to a name that fits, long quiet, and then written to again.
    @Test(arguments: ["z.log", "a.log"])
    func aFileThatWasReadToItsEndIsGoneOnWithUnderItsNewName(name: String) throws {
        directory.append("a.log", "one\n")
        let sink = TestSink()
        let running = try start(sink, "*.log", grace: 0)
        eventually("the first line") { sink.count == 1 }
        shell("mv a.log y.log")
        eventually("it is closed") { sink.now.positions[id("a.log")]?[2] == 2 }
        shell("mv y.log \(name)")
        usleep(60_000)
        directory.append(name, "two\n")
        eventually("the next line") { sink.count >= 2 }
        usleep(60_000)
        running.end()
        #expect(sink.texts == ["one", "two"])
        #expect(sink.now.records.last?.source == id(name))
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func aLinkToAFollowedFileIsNoOtherFile() throws {
        directory.append("a.log", "one\n")
        let sink = TestSink()
        let running = try start(sink, "*.log", grace: 0)
        eventually("the first line") { sink.count == 1 }
        directory.append("b.log", "b\n")
        eventually("the other file") { sink.count == 2 }
        shell("ln -f a.log b.log; ln a.log c.log")
        usleep(60_000)
        directory.append("a.log", "two\n")
        eventually("the next line") { sink.count >= 3 }
        usleep(60_000)
        running.end()
        #expect(sink.texts == ["one", "b", "two"])
        #expect(sink.now.gaps.isEmpty)
    }
}
