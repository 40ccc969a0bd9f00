import Glibc
import HisuiCollect
import HisuiEvent
import Testing

struct FileImportTests {
    private let directory = TestDirectory()

    private func read(_ name: String) throws -> (lines: [String], batches: [RecordBatch]) {
        var file = try FileImport(path: directory.path(name))
        var lines: [String] = []
        var batches: [RecordBatch] = []
        while let batch = try file.next() {
            for entry in batch.entries {
                let start = Int(entry.offset)
                lines.append(
                    String(
                        decoding: batch.bytes[start..<start + Int(entry.count)], as: UTF8.self))
            }
            batches.append(batch)
        }
        return (lines, batches)
    }

    @Test func everyLineIsARecordEmptyAndUnfinishedOnesToo() throws {
        directory.append("a", "one\n\r\n\nlast")
        let (lines, batches) = try read("a")
        #expect(lines == ["one", "", "", "last"])
        #expect(batches[0].source.form == .line)
        #expect(batches[0].source.kind == .import)
        directory.append("empty", "")
        #expect(try read("empty").lines.isEmpty)
    }

    @Test(arguments: ["gzip", "zstd -q", "cat"])
    func compressedFilesAreReadByTheirFirstBytes(tool: String) throws {
        var text = ""
        for i in 0..<200_000 { text += "line \(i) of the file\n" }
        directory.append("plain", text)
        #expect(
            shell("\(tool) < '\(directory.path("plain"))' > '\(directory.path("b"))'").status == 0)
        let (lines, _) = try read("b")
        #expect(lines.count == 200_000)
        #expect(lines.last == "line 199999 of the file")
        // Members one after the other, as logrotate and cat make them.
        #expect(shell("cd '\(directory.path)'; cat b b > c").status == 0)
        #expect(try read("c").lines.count == 400_000)
    }

    @Test(arguments: ["gzip", "zstd -q"])
    func damagedDataIsAnErrorAfterWhatCameBeforeIt(tool: String) throws {
        var text = ""
        var random = SeededRandom(seed: 1)
        for i in 0..<100_000 { text += "line \(i) \(random.next())\n" }
        directory.append("plain", text)
        shell("\(tool) < '\(directory.path("plain"))' > '\(directory.path("b"))'")
        shell("cd '\(directory.path)'; head -c 1000000 b > cut")
        var file = try FileImport(path: directory.path("cut"))
        var count = 0
        do {
            while let batch = try file.next() { count += batch.entries.count }
            Issue.record("a cut file was read as if it were whole")
        } catch {
            #expect(error.code == .damagedInput)
            #expect(error.description.contains(directory.path("cut")))
        }
        #expect(count > 20_000)
        #expect(try file.next() == nil)
    }

    @Test func aFileThatExpandsBeyondReasonIsRefused() throws {
        shell("head -c 2000000000 /dev/zero | zstd -q > '\(directory.path("bomb"))'")
        var file = try FileImport(path: directory.path("bomb"))
        #expect(throws: CollectError.self) { while try file.next() != nil {} }
    }

    @Test func theLatestPossibleTimeIsTheFilesOrTheGzipHeaders() throws {
        directory.append("a", "x\n")
        shell("touch -d '2020-05-06 07:08:09 UTC' '\(directory.path("a"))'")
        let second: Int64 = 1_588_748_889
        #expect(try read("a").batches[0].latestPossible.nanoseconds / 1_000_000_000 == second)
        shell("cd '\(directory.path)'; gzip -k a; touch a.gz")
        #expect(try read("a.gz").batches[0].latestPossible.nanoseconds / 1_000_000_000 == second)
    }

    @Test func journalExportIsToldByItsFirstBytes() throws {
        let entry = Array("__CURSOR=s=1\nMESSAGE=one\n".utf8)
        let binary =
            Array("__CURSOR=s=2\nNOTE\n".utf8) + [5, 0, 0, 0, 0, 0, 0, 0] + Array("a\n\nb\n\n".utf8)
        directory.append("j", entry + [0x0a] + binary + [0x0a, 0x0a] + entry)
        let (entries, batches) = try read("j")
        #expect(entries.map { Array($0.utf8) } == [entry, binary, entry])
        #expect(batches[0].source.form == .journal)
        #expect(batches.allSatisfy { $0.entries.allSatisfy { $0.flags == [] } })
    }

    @Test func hostileJournalEntriesAreFlaggedAndTakeNoMemory() throws {
        let huge = Array("__CURSOR=s=1\nNOTE\n".utf8) + [UInt8](repeating: 0xff, count: 8)
        directory.append("huge", huge + Array("\nX=1\n\n__CURSOR=s=2\nMESSAGE=ok\n\n".utf8))
        let (entries, batches) = try read("huge")
        #expect(entries.last == "__CURSOR=s=2\nMESSAGE=ok\n")
        #expect(batches[0].entries.first?.flags == .framingError)

        directory.append("cut", Array("__CURSOR=s=1\nNOTE\n".utf8) + [9, 0, 0])
        #expect(try read("cut").batches[0].entries.map(\.flags) == [.framingError])

        let long = [UInt8](repeating: 0x61, count: Limits.recordBytesMax)
        directory.append(
            "long",
            Array("__CURSOR=s=1\nA=1\nMESSAGE=".utf8) + long + Array("\nB=2\n\nC=3\n\n".utf8))
        let cut = try read("long")
        #expect(cut.lines == ["__CURSOR=s=1\nA=1\n", "C=3\n"])
        #expect(cut.batches[0].entries.map(\.flags) == [.truncated, []])
    }

    @Test func whatIsNoFileIsAnErrorThatNamesIt() {
        for path in [directory.path("none"), directory.path] {
            do {
                _ = try FileImport(path: path)
                Issue.record("\(path) was opened")
            } catch {
                #expect(error.code == .cannotRead)
                #expect(error.description.contains(path))
            }
        }
    }
}
