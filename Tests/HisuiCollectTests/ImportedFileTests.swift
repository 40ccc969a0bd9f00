import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiCollect

struct ImportedFileTests {
    private func file(_ offset: UInt64, records: UInt64 = 1) -> ImportedFile {
        ImportedFile(
            place: 1, head: Hash64.mix(offset, 1), content: Hash64.mix(offset, 2), offset: offset,
            records: records)
    }

    private func position(_ files: [ImportedFile]) -> ImportPosition {
        var position = ImportPosition()
        for file in files { _ = position.set(file, replacing: nil) }
        return position
    }

    private func read(_ bytes: some Sequence<UInt8>) -> ImportPosition? {
        let bytes = Array(bytes)
        return ImportPosition(bytes.span)
    }

    private func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        let bytes = Array(bytes)
        return PrefixHash.of(bytes.span)
    }

    @Test func aPositionReadsBackAsItWasWritten() {
        var odd = file(1 << 62, records: 1 << 40)
        odd.isDiscarding = true
        odd.isUnterminated = true
        for files in [[], [file(1)], [file(300, records: 300), odd, file(4096)]] {
            let position = position(files)
            #expect(read(position.encoded) == position)
            #expect(read(position.encoded)?.files == files)
        }
    }

    @Test func whatIsNoPositionIsRefusedAsAWhole() {
        let good = position([file(5), file(70_000, records: 900)]).encoded
        for count in 0..<good.count {
            #expect(read(good[..<count]) == nil, "cut at \(count)")
        }
        #expect(read(good + [0]) == nil)
        #expect(read([2] + good.dropFirst()) == nil, "another version")
        var flags = good
        flags[2] = 4
        #expect(read(flags) == nil, "an unknown flag")
        #expect(read([1, 0xFF, 0xFF, 0xFF, 0x7F]) == nil, "a count of nothing")
        #expect(read(position([file(0)]).encoded) == nil, "nothing taken")
        #expect(read(position([file(9, records: 10)]).encoded) == nil)
        // What a daemon's collector keeps is none either.
        #expect(read(FilePosition(files: [.init()]).encoded) == nil)
    }

    @Test func aFileThatWentOnIsReplacedAndTheOldestIsForgotten() {
        var position = position([file(10), file(20)])
        func set(_ file: ImportedFile, _ old: ImportedFile? = nil) -> Bool {
            position.set(file, replacing: old)
        }
        #expect(!set(file(30), file(10)))
        #expect(position.files == [file(30), file(20)])
        #expect(!set(file(40), file(10)), "gone: it is another file")
        #expect(position.files == [file(30), file(20), file(40)])
        for number in 0..<UInt64(Limits.importedFilesMax - 3) { #expect(!set(file(1000 + number))) }
        #expect(set(file(50)))
        #expect(position.files.count == Limits.importedFilesMax)
        #expect(position.files.first == file(20))
        #expect(read(position.encoded) == position)
    }

    @Test func theHashDoesNotDependOnHowItWasCut() {
        var random = SeededRandom(seed: 7)
        let bytes = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        for count in [0, 1, 4096, 16_383, 16_384, 16_385, 49_152, 100_000] {
            let whole = hash(bytes[..<count])
            for _ in 0..<20 {
                var hash = PrefixHash()
                var at = 0
                while at < count {
                    let next = Int.random(in: at...min(count, at + 40_000), using: &random)
                    hash.update(bytes.span.extracting(at..<next))
                    at = next
                }
                #expect(hash.value == whole)
                #expect(hash.count == UInt64(count))
            }
        }
    }

    @Test func theHashIsStoredAndNeverChanges() {
        let bytes = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(hash([]) == 0x0409638EE2BDE459)
        #expect(hash(bytes[..<100]) == 0x5D2E47551294955D)
        #expect(hash(bytes[...]) == 0xDCC7CEE4D992AA86)
    }

    @Test(
        arguments: [
            ("/v/messages", "/v/messages"), ("/v/messages.1", "/v/messages"),
            ("/v/messages.2.gz", "/v/messages"), ("/v/messages-20261126.zst", "/v/messages"),
            ("/v/messages.gz", "/v/messages"), ("/v/a.log.10", "/v/a.log"),
            ("/v/export-20261126.csv", "/v/export-20261126.csv"), ("/v/7", "/v/7"),
            ("/v/.7", "/v/.7"), ("/v/x7", "/v/x7"), ("", ""), ("7", "7"),
        ])
    func namesOfRotatedFilesHaveOneStem(path: String, stem: String) {
        #expect(FilePlace.stem(path[...]) == stem)
    }
}
