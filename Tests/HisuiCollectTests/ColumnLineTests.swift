import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

/// What followed files say of columns, over restarts.
@Suite(.serialized) struct ColumnLineTests {
    private let directory = TestDirectory()

    /// Reads what was added since the sink's position, and says what the first batch knew.
    private func read(_ sink: TestSink, to count: Int, start: FileCollector.Start = .start) throws
        -> RecordBatch.ColumnLines?
    {
        let before = sink.now.columns.count
        let collector = try FileCollector(
            name: "test", patterns: [directory.path("*.log")], from: start, graceSeconds: 60,
            rescanMilliseconds: 20)
        let running = Running(collector, into: sink)
        eventually("\(count) lines") { sink.count == count }
        running.end()
        let new = sink.now.columns.dropFirst(before)
        return new.first
    }

    private func named(_ line: String) -> RecordBatch.ColumnLines { .named(Array(line.utf8)) }

    @Test func theLastLineOfColumnsIsKnownAfterARestart() throws {
        let sink = TestSink()
        directory.append("a.log", "#Software: x\n#Fields: a b\r\n1 2\n")
        #expect(try read(sink, to: 3) == .unknown)
        directory.append("a.log", "3 4\n")
        #expect(try read(sink, to: 4) == named("#Fields: a b"))
        // Far behind the first bytes of the file.
        let many = String(repeating: "5 6 \(String(repeating: "x", count: 100))\n", count: 2_000)
        directory.append("a.log", many + "#Fields: c d\n" + many)
        #expect(try read(sink, to: 4_005) == named("#Fields: a b"))
        directory.append("a.log", "7 8\n")
        #expect(try read(sink, to: 4_006) == named("#Fields: c d"))
        // A line that is not whole yet names nothing.
        directory.append("a.log", "9 10\n#Fields: e")
        #expect(try read(sink, to: 4_007) == named("#Fields: c d"))
        directory.append("a.log", " f\n")
        #expect(try read(sink, to: 4_008) == named("#Fields: c d"))
        directory.append("a.log", "11 12\n")
        #expect(try read(sink, to: 4_009) == named("#Fields: e f"))
    }

    @Test func whateverStandsInTheMiddleOfAnotherFileNamesNothing() throws {
        let sink = TestSink()
        directory.append("a.log", "words\n#Fields: a b\n")
        #expect(try read(sink, to: 2) == .unknown)
        directory.append("a.log", "#Fields: c d\n")
        #expect(try read(sink, to: 3) == .plain)
    }

    @Test func aFileReadFromItsEndHasColumnsFromTheNextLineOn() throws {
        let sink = TestSink()
        directory.append("a.log", "#Fields: a b\n1 2\n")
        let collector = try FileCollector(
            name: "test", patterns: [directory.path("*.log")], from: .end, graceSeconds: 60,
            rescanMilliseconds: 20)
        let running = Running(collector, into: sink)
        eventually("a position") { !sink.now.positions.isEmpty }
        directory.append("a.log", "3 4\n")
        eventually("the line") { sink.count == 1 }
        running.end()
        #expect(sink.now.columns == [.named([])])
        directory.append("a.log", "#Fields: c d\n5 6\n")
        #expect(try read(sink, to: 3) == .named([]))
        directory.append("a.log", "7 8\n")
        #expect(try read(sink, to: 4) == named("#Fields: c d"))
    }

    @Test func aNewFileAtThePathBeginsAnew() throws {
        let sink = TestSink()
        directory.append("a.log", "#Fields: a b\n1 2\n")
        #expect(try read(sink, to: 2) == .unknown)
        directory.rename("a.log", "b.old")
        directory.append("a.log", "#Date: x\n")
        #expect(try read(sink, to: 3) == .unknown)
        directory.append("a.log", "5 6\n")
        #expect(try read(sink, to: 4) == .named([]))
    }

    @Test func aPlaceThatHoldsNoSuchLineNamesNothing() {
        for (text, expected) in [
            ("#Fields: a\n", "#Fields: a"), ("#Fields: a", ""), ("#fields: a\n", ""), ("", ""),
            ("#Fields: \(String(repeating: "a", count: 70_000))\n", ""),
        ] {
            var places = ColumnLinePlaces()
            places.take(7)
            let line = places.line { at, count in
                #expect(at == 7)
                return Array(text.utf8.prefix(count))
            }
            #expect(line == Array(expected.utf8))
        }
    }

    @Test func marksAreFoundHoweverTheTextIsCut() {
        let text = Array("#Fields: a\nx #Fields: b\n#Fields: c\n#Fields".utf8)
        for size in 1...text.count {
            var places = ColumnLinePlaces()
            var from = 0
            while from < text.count {
                let end = min(text.count, from + size)
                let before = min(from, 256)
                let chunk = Array(text[(from - before)..<end])
                places.look(
                    in: chunk.span, before..<chunk.count, chunkAt: UInt64(from - before))
                let start = text[..<end].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
                places.commit(before: UInt64(start))
                if start == 24 { #expect(places.last == 0) }
                from = end
            }
            #expect(places.last == 24)
        }
    }

    @Test func positionsCarryThePlaceAndThoseWithoutAreRead() throws {
        var entry = FilePosition.Entry()
        entry.offset = 100
        let old = FilePosition(files: [entry]).encoded
        #expect(FilePosition(old.span)?.files[0].fields == nil)
        entry.fields = 99
        let new = FilePosition(files: [entry]).encoded
        #expect(new.count == old.count + 8 && FilePosition(new.span)?.files == [entry])
        entry.fields = 100
        #expect(FilePosition(FilePosition(files: [entry]).encoded.span) == nil)
    }
}
