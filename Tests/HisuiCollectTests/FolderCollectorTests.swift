import Glibc
import HisuiBytes
import HisuiCollect
import HisuiEvent
import Testing

/// Tables that are dropped into a folder.
@Suite(.serialized) struct FolderCollectorTests {
    private let directory = TestDirectory()

    private func start(
        _ sink: TestSink, _ completion: FolderCollector.Completion = .renamed,
        encoding: TextEncoding = .utf8, table: TableRule = TableRule(), resume: TestSink? = nil
    ) throws -> Running {
        let collector = try FolderCollector(
            name: "assets", pattern: directory.path("*.csv*"), completion: completion,
            contents: .tables(table, encoding: encoding), rescanMilliseconds: 20)
        return Running(collector, into: sink, resume: resume)
    }

    private func shell(_ command: String) {
        #expect(HisuiCollectTests.shell("cd '\(directory.path)' && \(command)").status == 0)
    }

    /// Writes a file as most tools do: elsewhere, then into place.
    private func drop(_ name: String, _ text: String) {
        directory.append("part", text)
        directory.rename("part", name)
    }

    private func rows(_ numbers: Range<Int>) -> String {
        numbers.map { "2026/11/27 10:00:00,PC\($0),u\($0)\n" }.joined()
    }

    private let header = "日時,端末名,利用者\n"

    @Test func aFileIsTakenOnceWithItsColumns() throws {
        drop("a.csv", header + rows(0..<10))
        let sink = TestSink()
        var running = try start(sink)
        eventually("the note") { sink.now.notes.count == 1 }
        running.end()
        #expect(sink.count == 11)
        #expect(sink.texts[0] == String(header.dropLast()))
        #expect(sink.now.records.allSatisfy { $0.sender == directory.path("a.csv") })
        #expect(sink.now.records.allSatisfy { $0.source == "assets" })
        #expect(
            sink.now.tables == [
                RecordTable(columns: ["日時", "端末名", "利用者"], delimiter: 0x2C, isNamed: true)
            ])
        let note = sink.now.notes[0]
        #expect(note.outcome == .taken && note.rows == 11 && note.oddRows == 0)
        #expect(note.columns == ["日時", "端末名", "利用者"] && !note.hasOtherColumns)
        let bytes = Array((header + rows(0..<10)).utf8)
        #expect(note.digest == SHA256.of(bytes.span) && note.bytes == UInt64(bytes.count))
        running = try start(sink)
        drop("b.csv", header + rows(10..<12))
        eventually("the second file") { sink.now.notes.count == 2 }
        running.end()
        #expect(sink.count == 14)
        #expect(sink.now.gaps.isEmpty)
    }

    @Test func theSameFileUnderAnotherNameIsToldAndNotStored() throws {
        drop("a.csv", header + rows(0..<10))
        let sink = TestSink()
        let running = try start(sink)
        eventually("the file") { sink.now.notes.count == 1 }
        shell("cp a.csv part && mv part a-copy.csv && touch a.csv")
        eventually("the copy is told") { sink.now.notes.count == 2 }
        usleep(100_000)
        running.end()
        let note = sink.now.notes[1]
        #expect(note.outcome == .duplicate && note.rows == 11)
        #expect(note.path == directory.path("a-copy.csv"))
        #expect(sink.count == 11 && sink.now.notes.count == 2)
        #expect(sink.now.accounts["assets"]?.deduplicated == 11)
    }

    @Test func aFileThatIsTouchedIsNoDuplicateOfItsCopy() throws {
        drop("a.csv", header + rows(0..<10))
        let sink = TestSink()
        let running = try start(sink)
        eventually("the file") { sink.now.notes.count == 1 }
        shell("cp a.csv part && mv part a-copy.csv")
        eventually("the copy is told") { sink.now.notes.count == 2 }
        shell("touch a.csv")
        // Files are taken in the order in which they changed.
        drop("b.csv", header + rows(10..<12))
        eventually("the file behind it") { sink.now.notes.count == 3 }
        running.end()
        #expect(sink.now.notes.map(\.outcome) == [.taken, .duplicate, .taken])
        #expect(sink.now.accounts["assets"]?.deduplicated == 11)
        #expect(sink.count == 14)
    }

    @Test func aFileThatGrowsAfterItWasTakenIsToldAndItsNewRowsAreStored() throws {
        drop("a.csv", header + rows(0..<10))
        let sink = TestSink()
        let running = try start(sink)
        eventually("the file") { sink.now.notes.count == 1 }
        directory.append("a.csv", rows(10..<15))
        eventually("what was added") { sink.now.notes.count == 2 }
        // Written anew: another day under the same name.
        drop("a.csv", header + rows(20..<23))
        eventually("another file") { sink.now.notes.count == 3 }
        running.end()
        #expect(sink.now.notes.map(\.outcome) == [.taken, .grown, .taken])
        #expect(sink.now.notes.map(\.rows) == [11, 5, 4])
        #expect(sink.count == 20 && Set(sink.texts).count == 19)
    }

    @Test func aFileIsLeftAloneUntilItIsComplete() throws {
        directory.append("a.csv", header)
        let sink = TestSink()
        var running = try start(sink, .marker(suffix: ".done"))
        usleep(100_000)
        #expect(sink.count == 0)
        directory.append("a.csv", rows(0..<5))
        directory.append("a.csv.done", "")
        eventually("the file") { sink.now.notes.count == 1 }
        running.end()
        // The mark fits the pattern, and is a file like others only if it has a mark itself.
        #expect(sink.count == 6)
        directory.append("b.csv", header + rows(5..<6))
        running = try start(sink, .stable(seconds: 3600))
        usleep(100_000)
        #expect(sink.now.notes.count == 1)
        // What nobody has touched for so long was complete before anybody looked.
        shell("touch -d '2 hours ago' b.csv")
        running.end()
        running = try start(sink, .stable(seconds: 3600))
        eventually("the old file") { sink.now.notes.count == 2 }
        running.end()
        #expect(sink.count == 8)
    }

    @Test func aChangedHeaderAndOddRowsAreTold() throws {
        drop("a.csv", header + rows(0..<2) + "only one\n\n1,2,3,4\n\"open,2\n")
        let sink = TestSink()
        let running = try start(sink)
        eventually("the first") { sink.now.notes.count == 1 }
        drop("b.csv", "日時,端末名,部署,利用者\n2026/11/27 10:00:00,PC,a,b\n")
        eventually("the second") { sink.now.notes.count == 2 }
        running.end()
        #expect(sink.now.notes.map(\.oddRows) == [3, 0])
        #expect(sink.now.notes.map(\.hasOtherColumns) == [false, true])
        // Odd ones are stored like others.
        #expect(sink.texts.contains("only one") && sink.texts.contains("\"open,2"))
    }

    @Test func valuesWithLinesAreOneRecordAndCompressedFilesAreRead() throws {
        directory.append("x", header + "1,\"a\nb\",c\n" + rows(0..<3))
        shell("gzip x && mv x.gz a.csv.gz")
        let sink = TestSink()
        let running = try start(sink)
        eventually("the file") { sink.now.notes.count == 1 }
        running.end()
        #expect(sink.texts[1] == "1,\"a\nb\",c")
        #expect(sink.now.notes[0].rows == 5 && sink.now.notes[0].oddRows == 0)
    }

    @Test(arguments: [1, 2, 3])
    func aStopInsideAFileLosesAndDoublesNothing(batches: Int) throws {
        drop("a.csv", header + rows(0..<30_000))
        let first = TestSink(batchesMax: batches)
        var running = try start(first)
        eventually("the store is gone") { first.now.batches == batches }
        running.end()
        // Known by its bytes, whatever it is called now.
        shell("mv a.csv z.csv")
        let second = TestSink()
        running = try start(second, resume: first)
        eventually("the rest") { second.now.notes.count == 1 }
        running.end()
        #expect(first.count + second.count == 30_001)
        #expect(Set(first.texts + second.texts).count == 30_001)
        #expect(second.now.notes[0].outcome == .taken && second.now.notes[0].rows == 30_001)
    }

    @Test func aFileThatWentAwayWhileItWasReadIsTold() throws {
        drop("a.csv", header + rows(0..<30_000))
        let first = TestSink(batchesMax: 1)
        var running = try start(first)
        eventually("a part") { first.now.batches == 1 }
        running.end()
        shell("rm a.csv")
        let second = TestSink()
        running = try start(second, resume: first)
        eventually("it is told") { second.now.notes.count == 1 }
        running.end()
        #expect(second.now.notes[0].outcome == .vanished)
        #expect(second.now.gaps.count == 1)
    }

    @Test func damagedFilesAreToldAndDoNotStopOthers() throws {
        directory.append("x", header + rows(0..<50_000))
        shell("gzip x && head -c 50000 x.gz > part && mv part a.csv.gz")
        drop("b.csv", header + rows(0..<1))
        let sink = TestSink()
        let running = try start(sink)
        eventually("both") { sink.now.notes.count == 2 }
        running.end()
        #expect(Set(sink.now.notes.map(\.outcome)) == [.failed, .taken])
        #expect(sink.now.notes.first { $0.outcome == .failed }?.cause.contains("a.csv.gz") == true)
    }

    @Test func aDamagedPositionIsAGapAndFilesAreTakenAgain() throws {
        drop("a.csv", header)
        let sink = TestSink()
        var batch = RecordBatch(source: Source(id: "assets", kind: .file, form: .line))
        batch.position = [1, 2, 3]
        #expect(sink.put(batch))
        let running = try start(sink)
        eventually("the file") { sink.now.notes.count == 1 }
        running.end()
        #expect(sink.now.gaps.count == 1)
    }
}

/// Which columns a file has.
@Suite struct TableRuleTests {
    private let directory = TestDirectory()

    private func table(
        _ bytes: [UInt8], _ rule: TableRule = TableRule(), _ encoding: TextEncoding = .utf8
    ) throws -> RecordTable? {
        shell("rm -f '\(directory.path("t"))'")
        directory.append("t", bytes)
        let file = try FileImport(path: directory.path("t"), encoding: encoding, table: rule)
        return file.table
    }

    private func columns(_ text: String, _ rule: TableRule = TableRule()) throws -> [String]? {
        try table(Array(text.utf8), rule)?.columns
    }

    @Test func theFirstLineNamesTheColumnsIfItCould() throws {
        #expect(try columns("time,user\n1,2\n") == ["time", "user"])
        #expect(try columns("\u{FEFF}\"time\",\"the, user\"\r\n") == ["time", "the, user"])
        for text in ["2026,a\n", "a,a\n", "a,,b\n", "a\nb\n", "x,-1\n"] {
            let count = text.split(separator: "\n")[0].split(
                separator: ",", omittingEmptySubsequences: false
            ).count
            #expect(try columns(text) == (1...count).map { "column\($0)" }, "\(text)")
        }
        #expect(try columns("a,,a\n", TableRule(header: .yes)) == ["a", "column2", "a.2"])
        #expect(try columns("a,b\n", TableRule(header: .no)) == ["column1", "column2"])
        #expect(try columns("") == ["column1"])
    }

    @Test func theDelimiterIsTheOneThereIsMostOf() throws {
        #expect(try columns("a\tb,c\td\n") == ["a", "b,c", "d"])
        #expect(try columns("a;b;\"c;,,,,,\"\n") == ["a", "b", "c;,,,,,"])
        #expect(try columns("a;b,c\n", TableRule(delimiter: 0x3B)) == ["a", "b,c"])
    }

    @Test func columnsAreNamedInUTF8WhateverTheFileIsIn() throws {
        let cp932: [UInt8] =
            [0x93, 0xFA, 0x8E, 0x9E] + Array(",".utf8) + [0x95, 0x5C] + Array("\r\n".utf8)
        #expect(try table(cp932, TableRule(), .cp932)?.columns == ["日時", "表"])
        let wide = "\u{FEFF}日時,表\r\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(try table(wide)?.columns == ["日時", "表"])
    }

    @Test func tooManyColumnsAreNoTable() throws {
        let names = (0...Limits.columnsMax).map { "c\($0)" }.joined(separator: ",")
        #expect(try columns(names + "\n") == nil)
        #expect(try columns(String(repeating: "x", count: 3 << 20) + "\n")?.count == 1)
    }
}
