import Glibc
import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

/// Files that were imported before: known again, and gone on with.
struct FileResumeTests {
    private let directory = TestDirectory()

    /// What reading a file gave.
    private struct Taken {
        var lines: [String] = []
        var flags: [RowFlags] = []
        var skipped: UInt64?
        var standing: ImportedFile?
        /// After each batch.
        var standings: [ImportedFile] = []
    }

    /// Reads a file after what is known.
    private func read(_ name: String, after known: [ImportedFile] = []) throws -> Taken {
        var files = KnownFiles()
        for file in known { files.add(file, source: "before") }
        var file = try FileImport(path: directory.path(name))
        var taken = Taken()
        taken.skipped = try file.resume(after: files)?.file.records
        taken.standing = file.standing
        while let batch = try file.next() {
            for entry in batch.entries {
                let start = Int(entry.offset)
                let line = batch.bytes[start..<start + Int(entry.count)]
                taken.lines.append(String(decoding: line, as: UTF8.self))
                taken.flags.append(entry.flags)
            }
            taken.standing = file.standing
            if let standing = file.standing { taken.standings.append(standing) }
        }
        return taken
    }

    /// Lines of syslog's kind, none like another.
    private func lines(_ numbers: Range<Int>) -> String {
        numbers.map { "Nov 20 10:00:00 host app[1]: number \($0)\n" }.joined()
    }

    @Test(arguments: ["cat", "gzip", "zstd -q"])
    func afterAnyBatchTheRestIsTakenAndNothingElse(tool: String) throws {
        directory.append("a", lines(0..<30_000) + "the last, without an end")
        let all = try read("a")
        #expect(all.lines.count == 30_001)
        try #require(all.standings.count > 3)
        shell("cd '\(directory.path)'; \(tool) < a > b; mkdir other; cp b other/renamed.7.gz")
        for standing in all.standings {
            for name in ["a", "b", "other/renamed.7.gz"] {
                let rest = try read(name, after: [standing])
                #expect(rest.skipped == standing.records)
                #expect(rest.lines == Array(all.lines[Int(standing.records)...]))
                #expect(rest.standing?.offset == all.standing?.offset)
                #expect(rest.standing?.content == all.standing?.content)
                #expect(rest.standing?.records == 30_001)
            }
        }
        // Of several statements the longest one counts.
        #expect(try read("b", after: all.standings).skipped == 30_001)
    }

    @Test func aFileThatHasGrownGoesOnAlsoInsideItsLastLine() throws {
        for (before, added, expected) in [
            ("one\ntwo\n", "three\n", ["three"]), ("one\ntwo", "\nthree\n", ["three"]),
            ("one\ntwo", "\r\nthree", ["three"]), ("one\ntwo", "fold\n", ["fold"]),
            ("one\ntwo", "\n\n", [""]), ("one\r\n", "\r\n", [""]), ("one\n", "", []),
        ] {
            shell("rm -f '\(directory.path("g"))'")
            directory.append("g", before)
            let first = try #require(try read("g").standing)
            directory.append("g", added)
            let rest = try read("g", after: [first])
            #expect(rest.lines == expected, "\(before.debugDescription), \(added.debugDescription)")
            #expect(rest.skipped == first.records)
            #expect(rest.standing?.offset == UInt64((before + added).utf8.count))
            let again = try #require(rest.standing)
            #expect(try read("g", after: [first, again]).lines == [])
        }
    }

    @Test func theRestOfALineThatWasCutIsStillSkipped() throws {
        // The limit is reached in the last record of a full batch.
        let many = String(repeating: "x\n", count: Limits.batchRecordsMax - 1)
        let long = String(repeating: "y", count: 3 * Limits.recordBytesMax)
        directory.append("long", many + long + "\nafter\n")
        let all = try read("long")
        #expect(all.lines.count == Limits.batchRecordsMax + 1)
        #expect(all.flags[Limits.batchRecordsMax - 1] == .truncated)
        let first = try #require(all.standings.first)
        #expect(first.isDiscarding)
        #expect(first.records == UInt64(Limits.batchRecordsMax))
        #expect(try read("long", after: [first]).lines == ["after"])
    }

    @Test func filesThatOnlyBeginAlikeAreDifferent() throws {
        let start = lines(0..<5000)
        directory.append("a", start + lines(5000..<5100))
        directory.append("b", start + lines(5100..<5200))
        let standing = try #require(try read("a").standing)
        let other = try read("b", after: [standing])
        #expect(other.skipped == nil)
        #expect(other.lines.count == 5100)
        // One that was cut off and written anew, shorter and longer.
        directory.append("c", lines(1..<100))
        directory.append("d", lines(1..<9000))
        #expect(try read("c", after: [standing]).lines.count == 99)
        #expect(try read("d", after: [standing]).lines.count == 8999)
        // A part of what was imported is no statement of its own.
        directory.append("e", start)
        #expect(try read("e", after: [standing]).lines.count == 5000)
    }

    @Test func aShortBeginningIsEnoughOnlyWhereTheNameSaysSo() throws {
        directory.append("day1.csv", "time,user,file\n")
        let header = try #require(try read("day1.csv").standing)
        directory.append("day2.csv", "time,user,file\n10:00,sato,a\n")
        #expect(try read("day2.csv", after: [header]).lines.count == 2)
        directory.append("day1.csv", "09:00,kato,b\n")
        #expect(try read("day1.csv", after: [header]).lines == ["09:00,kato,b"])
        shell("cd '\(directory.path)'; cp day1.csv day1.csv.1; gzip day1.csv.1")
        #expect(try read("day1.csv.1.gz", after: [header]).lines == ["09:00,kato,b"])
        // All of it is the same: a file under another name.
        directory.append("copy", "time,user,file\n")
        #expect(try read("copy", after: [header]).skipped == 1)
    }

    @Test func compressedFilesThatAreDamagedGoOnWhenTheyAreWhole() throws {
        var random = SeededRandom(seed: 3)
        directory.append(
            "a", (0..<60_000).map { "line \($0) \(random.next())\n" }.joined())
        shell("cd '\(directory.path)'; gzip -k a; head -c 600000 a.gz > cut.gz")
        var file = try FileImport(path: directory.path("cut.gz"))
        var count = 0
        #expect(throws: CollectError.self) {
            while let batch = try file.next() { count += batch.entries.count }
        }
        let stood = file.standing
        let standing = try #require(stood)
        #expect(count > 10_000)
        #expect(standing.records == UInt64(count))
        let rest = try read("a.gz", after: [standing])
        #expect(rest.skipped == UInt64(count))
        // The line in which it was cut is in two records.
        #expect(count + rest.lines.count == (standing.isUnterminated ? 60_001 : 60_000))
        // The damaged one gives nothing new, and is told as damaged again.
        var files = KnownFiles()
        files.add(standing, source: "before")
        var again = try FileImport(path: directory.path("cut.gz"))
        let found = try again.resume(after: files)
        #expect(found?.file == standing)
        #expect(throws: CollectError.self) { _ = try again.next() }
    }

    @Test func emptyFilesAndPipesHaveNoStanding() throws {
        directory.append("empty", "")
        #expect(try read("empty").standing == nil)
        shell("mkfifo '\(directory.path("pipe"))'")
        // The writer waits for its reader, and must not keep the shell's output meanwhile.
        shell("(exec >/dev/null; printf 'one\\ntwo\\n' > '\(directory.path("pipe"))') &")
        let piped = try read("pipe", after: [])
        #expect(piped.lines == ["one", "two"])
        #expect(piped.standing == nil)
        #expect(piped.skipped == nil)
    }

    @Test func journalExportsGoOnBetweenEntries() throws {
        func entries(_ numbers: Range<Int>) -> String {
            numbers.map { "__CURSOR=s=\($0)\nMESSAGE=number \($0)\n\n" }.joined()
        }
        directory.append("j", entries(0..<20_000))
        let all = try read("j")
        try #require(all.standings.count > 1)
        let rest = try read("j", after: [all.standings[0]])
        #expect(rest.lines == Array(all.lines[Int(all.standings[0].records)...]))
        directory.append("j", entries(20_000..<20_003))
        let grown = try read("j", after: all.standings)
        #expect(grown.lines.count == 3)
        #expect(grown.flags.allSatisfy { $0 == [] })
    }
}
