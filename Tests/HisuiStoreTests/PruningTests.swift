import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// What is told of a column without reading it never denies what is there.
@Suite struct PruningTests {
    let disk = RealFileSystem()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: 0..<8)
    func whatIsInAValueIsNeverDenied(seed: UInt64) throws {
        var maker = RowMaker(seed: 500 + seed)
        for _ in 0..<6 { maker.addShape() }
        let batches = (0..<3).map { _ in maker.batch(300, length: 3...14) }
        let path = try writeSegment(batches, maker.table, on: disk, in: folder.path)
        let reader = try SegmentReader(fileSystem: disk, path: path)
        var asked = 0
        for block in reader.blocks {
            for (shape, entry) in block.shapes.enumerated() {
                for slot in entry.shape.slots.indices {
                    let column = try block.column(shape: shape, slot: slot)
                    for range in column.ranges.prefix(40) where range.count > 0 {
                        let value = Array(column.bytes[range.range])
                        let first = Int.random(in: 0..<value.count, using: &maker.generator)
                        let end = Int.random(in: first + 1...value.count, using: &maker.generator)
                        let part = Array(value[first..<end])
                        asked += 1
                        #expect(
                            try block.candidates(TextProbe(part)).contains(
                                shape: shape, slot: slot),
                            "seed \(seed): \(part) of \(value)")
                        let upper = part.map { $0 &- 0x61 <= 25 ? $0 & 0xDF : $0 }
                        #expect(
                            try block.candidates(TextProbe(upper, ignoresCase: true))
                                .contains(shape: shape, slot: slot))
                        try expectTold(part, block, shape, slot)
                    }
                }
            }
        }
        #expect(asked > 40)
    }

    /// Expects that the footer does not deny a value's part either, whichever way it is asked.
    private func expectTold(
        _ part: [UInt8], _ block: Block, _ shape: Int, _ slot: Int
    ) throws {
        let place = try #require(block.table)
        let number = Int(place.numbers[shape])
        let probe = TextProbe(part)
        #expect(place.table.columns.candidates(probe).contains(shape: number, slot: slot))
        let one = TableTest.Term(probe: 0, slot: slot)
        let any = TableTest.Term(probe: 0, slot: nil)
        let both = TableTest.Term(probe: 0, slot: slot, other: (0, slot))
        let all = TableTest.Term(
            probe: 0, slot: slot, other: (0, slot), third: (0, slot), mark: 7)
        let possible = [Bool](repeating: true, count: block.shapes.count)
        for term in [one, any, both, all] {
            var terms = [[TableTest.Term]?](repeating: nil, count: place.table.shapes.count)
            terms[number] = [term]
            let test = TableTest(place.table, probes: [probe], terms: terms)
            let held = try block.held(test, of: possible) { (probe) throws(StoreError) in
                try block.candidates(probe)
            }
            #expect(held.isPossible.allSatisfy { $0 }, "\(part)")
            #expect(Array(held.marks(ofShape: shape)) == [term.mark])
        }
    }

    @Test func theFooterTellsOfAllBlocksWhatTheyHave() throws {
        let letters = Array("ghijklmnop")
        let values: [(Int) -> String] = [
            { $0 < 1000 ? "open" : "shut" }, { "\($0 + 100)" }, { "10.0.0.\($0 % 200)" },
            { String("\($0 &* 2_654_435_761)".compactMap { letters[$0.wholeNumberValue ?? 0] }) },
        ]
        for (number, value) in values.enumerated() {
            let reader = try reader((0..<2000).map(value), rowsMax: 500)
            #expect(reader.blocks.count == 4)
            let columns = try #require(reader.blocks.first?.table?.table.columns)
            let parts = columns.parts(shape: 0, slot: 0)
            switch number {
            case 0:
                let told = parts.compactMap { part in
                    if case .constant(let value) = part { value } else { nil }
                }
                #expect(told == [Array("open".utf8), Array("shut".utf8)])
            case 1:
                guard case .numbers(100...2099) = parts.first, parts.count == 1 else {
                    Issue.record("plain numbers are told with their range: \(parts)")
                    continue
                }
            default:
                guard case .unknown = parts.first, parts.count == 1 else {
                    Issue.record("nothing is known of \(value(0)): \(parts)")
                    continue
                }
            }
            let absent = columns.candidates(TextProbe(Array("転出届".utf8)))
            #expect(absent.contains(shape: 0, slot: 0) == (number == 3), "text is not told")
            // A chunk of little text has no filter.
            if number == 3 { continue }
            let test = TableTest(
                try #require(reader.blocks.first?.table?.table),
                probes: [TextProbe(Array("転出届".utf8))],
                terms: [[TableTest.Term(probe: 0, slot: nil)]])
            for block in reader.blocks {
                let held = try block.held(test, of: [true]) { (probe) throws(StoreError) in
                    try block.candidates(probe)
                }
                #expect(held.isPossible == [false])
                #expect(held.marks(ofShape: 0).isEmpty)
            }
        }
    }

    @Test func numbersAreComparedAsNumbers() throws {
        let ids = (0..<900).map { number -> String in
            let id = String(0x1_0000_0000_00 + number * 7_919_113, radix: 16, uppercase: true)
            return String(repeating: "0", count: 11 - id.count) + id
        }
        let block = try segment(ids)
        func rows(_ text: String, isWord: Bool) throws -> [Int]? {
            try block.rows(shape: 0, slot: 0, of: Array(text.utf8), isWord: isWord)
        }
        for row in [0, 17, 899] {
            #expect(try rows(ids[row], isWord: true) == [row])
            #expect(try rows(ids[row], isWord: false) == [row], "a value has no more digits")
        }
        #expect(try rows("FFFFFFFFFFF", isWord: true) == [], "beyond the greatest")
        #expect(try rows(String(ids[5].dropLast()), isWord: true) == [], "a part is no word")
        #expect(try rows(String(ids[5].dropLast()), isWord: false) == nil, "a part may be anywhere")
        let decimals = try segment((0..<900).map { "\($0 % 300)" })
        #expect(try decimals.rows(shape: 0, slot: 0, of: [0x37], isWord: true) == [7, 307, 607])
        #expect(try decimals.rows(shape: 0, slot: 0, of: [0x37], isWord: false) == nil)
        #expect(try decimals.rows(shape: 0, slot: 0, of: Array("007".utf8), isWord: true) == [])
        let text = try segment((0..<900).map { "clerk \($0 &* 2_654_435_761 % 1_000_003)z" })
        #expect(try text.rows(shape: 0, slot: 0, of: [0x37], isWord: true) == nil)
    }

    /// What numbers tell of how their values begin is what the values say.
    @Test func numbersTellHowTheirValuesBegin() throws {
        func padded(_ text: String, _ count: Int) -> String {
            String(repeating: "0", count: count - text.count) + text
        }
        let columns: [(Int) -> String] = [
            { "\($0 * 7)" }, { "10.\($0 % 256).\($0 / 256).\($0 % 199 + 1)" },
            { "\($0 % 20).\($0 % 256).0.\($0 % 7)" }, { padded("\($0 * 31)", 6) },
            { padded(String($0 * 40_503 % 65_536, radix: 16), 4) + ":x" },
            { "T" + padded(String($0 * 7919, radix: 16, uppercase: true), 8) },
            { "\($0 / 3)" },
        ]
        let texts = [
            "1", "10", "10.", "10.1", "10.10.", "0", "00", "01", "2", "20", "9999", "1000000",
            "T", "T0", "T00A", "Z", "a", "ff", "0000", "10.0.0.1", "10.0.0.1x", "1x", "",
            "99999999999999999999",
        ]
        var told = 0
        for (number, value) in columns.enumerated() {
            let values = (0..<900).map(value)
            let block = try segment(values)
            for text in texts + values.prefix(3).map({ String($0.dropLast()) }) {
                let rows = try block.rows(shape: 0, slot: 0, beginningWith: Array(text.utf8))
                guard let rows else { continue }
                told += 1
                let expected = values.indices.filter { values[$0].hasPrefix(text) }
                #expect(rows == expected, "column \(number), \(text)")
            }
        }
        #expect(told > 100, "most texts end before the values do")
        let letters = Array("ghijklmnop")
        let words = try segment(
            (0..<900).map { String("\($0)".compactMap { letters[$0.wholeNumberValue ?? 0] }) })
        #expect(try words.rows(shape: 0, slot: 0, beginningWith: [0x67]) == nil, "text is read")
    }

    @Test func whatIsNowhereIsDenied() throws {
        let columns: [(String, (Int) -> String)] = [
            ("words", { "session of clerk number\($0 % 7)" }),
            ("text", { "entry \($0 &* 2_654_435_761 % 1_000_003)x from the gate" }),
            ("numbers", { "\($0 * 37)" }),
            ("addresses", { "10.0.\($0 % 256).\($0 % 199)" }),
            ("japanese", { "受付\($0)番の住民票" }),
        ]
        for (name, value) in columns {
            let block = try segment((0..<2000).map(value))
            for probe in ["zyxwv", "転出届", "0x7f3a", "Gate!"] {
                #expect(
                    try !block.candidates(TextProbe(Array(probe.utf8))).contains(shape: 0, slot: 0),
                    "\(probe) in \(name)")
            }
            for number in [0, 700, 1999] {
                let probe = TextProbe(Array(value(number).utf8))
                #expect(try block.candidates(probe).contains(shape: 0, slot: 0), "\(name)")
            }
        }
    }

    /// Digits of a number that is larger than all are in none.
    @Test func digitsBeyondAllNumbersAreDenied() throws {
        let columns: [(String, (Int) -> String)] = [
            ("plain", { "\($0 * 3)" }), ("address", { "10.0.\($0 % 256).\($0 % 199)" }),
            ("version", { "v7 \($0 * 3)" }),
        ]
        for (name, value) in columns {
            let block = try segment((0..<2000).map(value))
            func has(_ text: String) throws -> Bool {
                try block.candidates(TextProbe(Array(text.utf8))).contains(shape: 0, slot: 0)
            }
            #expect(try !has("736383811"), "\(name)")
            #expect(try has("05"), "\(name)")
            #expect(try has(String(value(1999).suffix(2))), "\(name)")
        }
    }

    @Test func numbersAreToldWithTheirRange() throws {
        let block = try segment((0..<500).map { "\($0 * 3 + 100)" })
        #expect(try block.numberRange(shape: 0, slot: 0) == 100...1597)
        let padded = try segment((0..<500).map { $0 == 7 ? "-" : "\($0)" })
        #expect(try padded.numberRange(shape: 0, slot: 0) == nil, "not all are numbers")
    }

    /// A block of one shape with one slot, `values`, read back from a segment.
    private func segment(_ values: [String]) throws -> Block {
        let block = try #require(try reader(values, rowsMax: 10_000).blocks.first)
        let column = try block.column(shape: 0, slot: 0)
        #expect(
            column.ranges.map { Array(column.bytes[$0.range]) } == values.map { Array($0.utf8) })
        return block
    }

    /// A segment of one shape with one slot, `values`.
    private func reader(_ values: [String], rowsMax: Int) throws -> SegmentReader {
        let table = ShapeTable()
        let shape = table.intern(
            Shape(literals: [Array("<".utf8), Array(">".utf8)], slots: [Shape.Slot(.text)]))
        var records = RecordBatch(source: Source(id: "test", kind: .file, form: .line))
        for value in values {
            records.append(Array("<\(value)>".utf8).span, received: Timestamp(nanoseconds: 5))
        }
        let entries = records.entries
        var batch = RowBatch(takingOver: records)
        for entry in entries {
            let slot = ByteRange(offset: entry.offset + 1, count: entry.count - 2)
            batch.rows.append(
                RowBatch.Row(
                    offset: entry.offset, count: entry.count, shape: shape,
                    firstSlot: UInt32(batch.slots.count), time: entry.received,
                    received: entry.received, sender: 0, flags: []))
            batch.slots.append(slot)
        }
        let path = try writeSegment([batch], table, rowsMax: rowsMax, on: disk, in: folder.path)
        return try SegmentReader(fileSystem: disk, path: path)
    }
}
