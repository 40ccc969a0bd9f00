import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

@Suite struct SegmentDamageTests {
    let disk = RealFileSystem()
    let folder: TemporaryFolder
    private let good: [UInt8]
    private let expected: [ExpectedRow]

    init() throws {
        folder = try TemporaryFolder()
        var maker = RowMaker(seed: 77)
        for _ in 0..<3 { maker.addShape(slots: 3) }
        let path = try writeSegment(
            [maker.batch(60)], maker.table, rowsMax: 40, on: disk, in: folder.path)
        good = try disk.bytes(path, from: 0, count: 1 << 20)
        expected = maker.expected
    }

    /// Reads everything that `bytes` hold as a segment.
    private func read(_ bytes: [UInt8]) throws -> [ExpectedRow] {
        let reader = try SegmentReader(contents: FileContents(bytes), path: "changed")
        try reader.verifyChecksums()
        return try reader.blocks.flatMap { try rows(of: $0) }
    }

    @Test func aFlipOfAnyBitIsFound() throws {
        #expect(try read(good) == expected)
        for at in good.indices {
            var bytes = good
            bytes[at] ^= UInt8(1 << (at % 8))
            #expect(throws: StoreError.self, "byte \(at)") { try read(bytes) }
        }
    }

    @Test func aFileCutAnywhereIsFound() throws {
        for count in good.indices {
            #expect(throws: StoreError.self, "length \(count)") { try read(Array(good[..<count])) }
        }
        #expect(throws: StoreError.self) { try read(good + [0]) }
    }

    /// Without checksums a changed byte may read as anything, but nothing breaks.
    @Test(arguments: [Codec.stored, .zstd])
    func bytesOfAStrangerNeverBreakTheReader(codec: Codec) throws {
        var maker = RowMaker(seed: 78)
        for _ in 0..<2 { maker.addShape(slots: 3) }
        let path = try writeSegment(
            [maker.batch(40)], maker.table, rowsMax: 30, codec: codec, on: disk, in: folder.path)
        let good = try disk.bytes(path, from: 0, count: 1 << 20)
        var accepted = 0
        for at in good.indices {
            for value: UInt8 in [0x00, 0x01, 0x7F, 0x80, 0xFF] where good[at] != value {
                var bytes = good
                bytes[at] = value
                do {
                    let reader = try SegmentReader(
                        contents: FileContents(bytes), path: "changed", ignoresChecksums: true)
                    for block in reader.blocks {
                        _ = try rows(of: block)
                        _ = try recordsByColumn(of: block)
                        try ask(block)
                    }
                    accepted += 1
                } catch let error as StoreError {
                    #expect(!error.what.isEmpty)
                }
            }
        }
        #expect(accepted > 0, "changed values of slots cannot be told without a checksum")
    }

    /// Asks a block everything that is answered without reading columns as a whole.
    private func ask(_ block: Block) throws {
        let text = Array("12".utf8)
        let candidates = try block.candidates(TextProbe(text))
        for (shape, entry) in block.shapes.enumerated() {
            for slot in entry.shape.slots.indices {
                _ = try candidates.contains(shape: shape, slot: slot)
                _ = try block.rows(shape: shape, slot: slot, of: text, isWord: true)
                _ = try block.numberRange(shape: shape, slot: slot)
                if let place = block.table {
                    _ = place.table.columns.parts(shape: Int(place.numbers[shape]), slot: slot)
                }
            }
        }
        guard let table = block.table?.table else { return }
        let terms = table.shapes.map { _ in [TableTest.Term(probe: 0, slot: nil)] }
        let test = TableTest(table, probes: [TextProbe(text)], terms: terms)
        let possible = [Bool](repeating: true, count: block.shapes.count)
        _ = try block.held(test, of: possible) { (probe) throws(StoreError) in
            try block.candidates(probe)
        }
    }

    @Test func errorsSayWhere() throws {
        var bytes = good
        bytes[20] ^= 1
        let error = #expect(throws: StoreError.self) { try read(bytes) }
        #expect(error?.code == .damaged)
        #expect(error?.section == "chunk 0")
        #expect(error?.offset == SegmentFormat.headerBytes)
        #expect(error?.description.contains("checksum does not match") == true)
        #expect(throws: StoreError.self) {
            try SegmentReader(fileSystem: disk, path: Path.join(folder.path, "absent"))
        }
    }
}
