import Glibc
import HisuiEvent
import Testing

@testable import HisuiCollect

/// Files that take over numbers and names of others: each is read once, and none for another.
struct FileIdentityTests {
    private let directory = TestDirectory()

    private func start(_ sink: TestSink) throws -> Running {
        Running(
            try FileCollector(
                name: "test", patterns: [directory.path("*.log")], rescanMilliseconds: 20),
            into: sink)
    }

    private func run(_ command: String) {
        #expect(shell("cd '\(directory.path)' && \(command)").status == 0)
    }

    /// While a file is open, its number is not used again.
    // rsyslog#4648
    @Test func aFileThatHasTheNumberOfItsNeighbourIsReadFromItsFirstLine() throws {
        directory.append("a.log", "aaaaaaaa\n")
        directory.append("b.log", "bbbbbbbb\n")
        let sink = TestSink()
        var running = try start(sink)
        eventually("the first lines") { sink.count == 2 }
        running.end()
        // As rotation leaves it where the numbers of removed files are used again: `b.log` has the
        // number that `a.log` had, and is as long.
        run(
            "mv b.log b.log.1 && cp a.log a.log.1 && printf 'cccccccc\\n' > a.log "
                + "&& mv a.log b.log && printf 'dddddddd\\n' > a.log")
        running = try start(sink)
        eventually("the lines after the rotation") { sink.count >= 4 }
        directory.append("a.log", "eeeeeeee\n")
        directory.append("b.log", "ffffffff\n")
        eventually("the lines after that") { sink.count >= 6 }
        running.end()
        #expect(
            sink.texts.sorted()
                == ["a", "b", "c", "d", "e", "f"].map { String(repeating: $0, count: 8) })
    }

    // rsyslog#3758
    @Test func manyFilesRotatedAtOnceWhileTheyAreWrittenLoseNothing() throws {
        let files = 150
        let sink = TestSink()
        let running = try start(sink)
        // What is rotated away before that is nobody's.
        eventually("it has begun") { sink.now.positions["test"] != nil }
        func write(_ round: Int) {
            run(
                "for f in $(seq \(files)); do seq -f \"$f-%.0f\" \(round * 100) "
                    + "\(round * 100 + 99) >> $f.log; done")
        }
        for round in 0..<3 {
            write(2 * round)
            run("for f in $(seq \(files)); do mv $f.log $f.log.\(9 - round); done")
            write(2 * round + 1)
        }
        eventually("all lines", seconds: 60) { sink.count >= files * 600 }
        running.end()
        #expect(sink.count == files * 600)
        #expect(Set(sink.texts).count == files * 600)
        #expect(sink.now.gaps.isEmpty)
        // In order within each file.
        var next: [Substring: Int] = [:]
        for text in sink.texts {
            let parts = text.split(separator: "-")
            #expect(Int(parts[1]) == next[parts[0], default: 0])
            next[parts[0], default: 0] += 1
        }
    }

    // beats#39731
    @Test func aDeviceThatHasAnotherNumberAfterAnotherStartDoublesNothing() throws {
        directory.append("a.log", "first\nsecond\n")
        let sink = TestSink()
        var running = try start(sink)
        eventually("the lines") { sink.count == 2 }
        running.end()
        let id = SourceID.make("test", directory.path("a.log"))
        let saved = try #require(sink.now.positions[id])
        let decoded = FilePosition(saved.span)
        var position = try #require(decoded)
        position.files[0].identity.device += 1
        var batch = RecordBatch(source: Source(id: id, kind: .file, form: .line))
        batch.position = position.encoded
        #expect(sink.put(batch))
        directory.append("a.log", "third\n")
        running = try start(sink)
        eventually("the new line") { sink.count >= 3 }
        running.end()
        #expect(sink.texts == ["first", "second", "third"])
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func anEmptyFileWithTheNumberOfAnEmptyOneBeforeItIsAnother() throws {
        directory.append("a.log", "")
        let sink = TestSink()
        var running = try start(sink)
        let id = SourceID.make("test", directory.path("a.log"))
        eventually("its position") { sink.now.positions[id] != nil }
        running.end()
        let saved = try #require(sink.now.positions[id])
        let decoded = FilePosition(saved.span)
        var position = try #require(decoded)
        var before = position.files[0]
        before.identity.birth -= 1
        before.isFinished = true
        position.files.insert(before, at: 0)
        var batch = RecordBatch(source: Source(id: id, kind: .file, form: .line))
        batch.position = position.encoded
        #expect(sink.put(batch))
        run("mv a.log a.log.1")
        directory.append("a.log", "first\n")
        running = try start(sink)
        eventually("the line") { sink.count >= 1 }
        running.end()
        #expect(sink.texts == ["first"])
        #expect(sink.now.gaps.isEmpty)
    }
}
