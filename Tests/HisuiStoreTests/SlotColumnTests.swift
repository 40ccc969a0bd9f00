import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// Columns of every kind come back byte for byte, and are kept the way they should be.
@Suite struct SlotColumnTests {
    let disk = RealFileSystem()
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Makes one value of a column, by its row.
    struct Noise {
        var generator = SeededGenerator(seed: 11)

        mutating func number(_ below: UInt64) -> UInt64 {
            UInt64.random(in: 0..<below, using: &generator)
        }

        mutating func hex(_ digits: Int, upper: Bool = false) -> String {
            var text = ""
            for _ in 0..<digits { text += String(number(16), radix: 16, uppercase: upper) }
            return text
        }

        mutating func padded(_ below: UInt64, _ digits: Int) -> String {
            let text = String(number(below))
            return String(repeating: "0", count: digits - text.count) + text
        }

        mutating func letters(_ count: Int) -> String {
            String(
                (0..<count).map { _ in
                    "ghijklmnopqrstuvwxyzGHIJK".randomElement(using: &generator) ?? "g"
                })
        }
    }

    typealias Column = (
        name: String, encoding: ColumnEncoding, value: (inout Noise, Int) -> String
    )

    static var numbers: [Column] {
        [
            ("few words", .numbers1, { noise, _ in "word\(noise.number(9))x" }),
            ("ports", .numbers2, { noise, _ in "\(noise.number(65_536))" }),
            ("sequence", .numbers1, { _, row in "\(5_000_000_000 + row * 3)" }),
            ("padded", .numbers3, { noise, _ in noise.padded(1_000_000, 6) }),
            (
                "addresses", .numbers4,
                { noise, _ in (0..<4).map { _ in "\(noise.number(256))" }.joined(separator: ".") }
            ),
            ("19 digits", .numbersLong, { noise, _ in "9\(noise.padded(1 << 59, 18))" }),
            ("20 digits", .numbersLong, { noise, _ in "1\(noise.padded(1 << 62, 19))" }),
            ("hex", .numbersLong, { noise, _ in noise.hex(16) }),
            ("upper hex", .numbers3, { noise, _ in "0x" + noise.hex(6, upper: true) }),
            (
                "mac", .numbersLong,
                { noise, _ in (0..<6).map { _ in noise.hex(2) }.joined(separator: ":") }
            ),
            (
                "uuid", .numbersLong,
                { noise, _ in [8, 4, 4, 4, 12].map { noise.hex($0) }.joined(separator: "-") }
            ),
            (
                "dash for none", .numbers2,
                { noise, row in row % 50 == 7 ? "-" : "\(noise.number(9999))" }
            ),
        ]
    }

    static var texts: [Column] {
        [
            ("constant", .constant, { _, _ in "same" }),
            (
                "few names", .dictionary8,
                { noise, _ in ["tanaka", "sato", "ito"][Int(noise.number(3))] }
            ),
            (
                "two patterns", .patterns,
                { noise, row in
                    let end = row % 3 == 0 ? "DF " : ""
                    return "TTL=\(noise.number(200)) ID=\(noise.number(60_000)) \(end)"
                }
            ),
            (
                "a pattern and text", .patterns,
                { noise, row in
                    row % 10 == 3
                        ? "unknown-\(noise.hex(3))!\u{3042}"
                        : "took \(noise.number(90))/\(noise.number(500)) ms"
                }
            ),
            ("noise", .text, { noise, _ in noise.letters(14) }),
        ]
    }

    @Test func kindsOfValuesAreKeptAsWhatTheyAre() throws {
        var noise = Noise()
        for column in Self.numbers + Self.texts {
            let values = (0..<600).map { column.value(&noise, $0) }
            let found = try encoding(of: values, named: column.name)
            #expect(found == column.encoding, "\(column.name)")
        }
    }

    /// What a column leaves in memory that is kept does not show in the next one.
    @Test func columnsReadOneAfterTheOtherAreThoseReadAlone() throws {
        var noise = Noise()
        let columns = Self.numbers + Self.texts
        let table = ShapeTable()
        var rows: [(shape: UInt32, value: String)] = []
        for (number, column) in columns.enumerated() {
            let shape = table.intern(
                Shape(
                    literals: [Array("\(number)<".utf8), Array(">".utf8)],
                    slots: [Shape.Slot(.text)]))
            // The column after has fewer values, so that memory is left over.
            for row in 0..<(number % 2 == 0 ? 600 : 90) {
                rows.append((shape, column.value(&noise, row)))
            }
        }
        let batch = Self.batch(rows.map { ($0.shape, table[$0.shape].literals[0], $0.value, 5) })
        let path = try writeSegment([batch], table, rowsMax: 100_000, on: disk, in: folder.path)
        let block = try #require(try SegmentReader(fileSystem: disk, path: path).blocks.first)
        guard case .segment(let segment) = block.backing else {
            Issue.record("a block of a segment")
            return
        }
        var text = ColumnText()
        var scratch = ColumnScratch()
        for shape in Array(columns.indices) + columns.indices.reversed() {
            let count = block.shapes[shape].rows
            try segment.decode(
                shape: shape, slot: 0, within: 0..<count, to: &text, &scratch)
            let kept = text.column()
            let alone = try block.column(shape: shape, slot: 0)
            #expect(
                Self.values(kept) == Self.values(alone), "\(block.shapes[shape].shape.literals)")
            for wanted in [0..<1, 17..<18, 31..<77, count - 1..<count, 0..<count] {
                try segment.decode(
                    shape: shape, slot: 0, within: wanted, to: &text, &scratch)
                let some = text.column()
                #expect(some.count == count)
                #expect(
                    Self.values(some)[wanted] == Self.values(alone)[wanted],
                    "\(wanted) of \(block.shapes[shape].shape.literals)")
            }
        }
        #expect(block.shapes.count == columns.count)
    }

    private static func values(_ column: SlotColumn) -> [ArraySlice<UInt8>] {
        column.ranges.map { column.bytes[$0.range] }
    }

    /// Rows with a slot between two literals, of which the second is one byte.
    private static func batch(
        _ rows: [(shape: UInt32, literal: [UInt8], value: String, time: Int64)]
    ) -> RowBatch {
        var records = RecordBatch(source: Source(id: "test", kind: .file, form: .line))
        for row in rows {
            records.append(
                (row.literal + Array("\(row.value)>".utf8)).span,
                received: Timestamp(nanoseconds: 5))
        }
        let entries = records.entries
        var batch = RowBatch(takingOver: records)
        for (row, entry) in zip(rows, entries) {
            batch.rows.append(
                RowBatch.Row(
                    offset: entry.offset, count: entry.count, shape: row.shape,
                    firstSlot: UInt32(batch.slots.count), time: Timestamp(nanoseconds: row.time),
                    received: entry.received, sender: 0, flags: []))
            batch.slots.append(
                ByteRange(
                    offset: entry.offset + UInt32(row.literal.count),
                    count: entry.count - UInt32(row.literal.count) - 1))
        }
        return batch
    }

    @Test func timesThatFollowFromTheRowsAreNotKept() throws {
        let start: Int64 = 1_763_300_000_000_000_000
        let times = (0..<500).map { start + Int64($0) * 1_234_567_000 }
        for (format, digits) in [
            ("monthDay", 0), ("Z", 3), ("+09:00", 6), ("-0330", 9), ("", 0),
        ] {
            let unit = [0: 1_000_000_000, 3: 1_000_000, 6: 1000, 9: 1][digits] ?? 1
            let rounded = times.map { $0 / Int64(unit) * Int64(unit) }
            let values = rounded.map { time -> String in
                let offset = ["monthDay": 32_400, "+09:00": 32_400, "-0330": -12_600][format] ?? 0
                let local = CivilTime(nanoseconds: time + Int64(offset) * 1_000_000_000)
                let clock = [local.hour, local.minute, local.second].map { two($0) }
                    .joined(separator: ":")
                if format == "monthDay" {
                    return "Nov \(local.day < 10 ? " " : "")\(local.day) \(clock)"
                }
                var text = "\(local.year)-\(two(local.month))-\(two(local.day))T\(clock)"
                if digits > 0 {
                    let all = String(1_000_000_000 + local.nanosecond).dropFirst()
                    text += "." + all.prefix(digits)
                }
                return text + format
            }
            let found = try encoding(of: values, named: format, times: rounded, role: .time)
            #expect(found == .time, "\(values[0]): \(found)")
            // A clock that is wrong now and then does not spoil the column.
            var some = values
            some[17] = "Jan  1 00:00:00"
            some[18] = ""
            #expect(try encoding(of: some, named: format, times: rounded, role: .time) == .time)
        }
    }

    private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    @Test func hostsProgramsAndProcessesFollowFromTheOrderOfRows() throws {
        for (role, expected) in [
            (Shape.Role.host, ColumnEncoding.host), (.program, .program), (.pid, .pid),
        ] {
            let values = (0..<400).map { role == .pid ? "\(900 + $0 / 3)" : "name-\($0 % 37)" }
            #expect(try encoding(of: values, named: "\(role)", role: role) == expected)
        }
        // What is no process id is a slot like others.
        let odd = (0..<400).map { $0 == 9 ? "007" : "\($0)" }
        #expect(try encoding(of: odd, named: "odd", role: .pid) != .pid)
        // More hosts than there are machines are no hosts.
        let many = (0..<5000).map { "h\($0 &* 2_654_435_761 % 1_000_003)" }
        #expect(try encoding(of: many, named: "many", role: .host) == .numbers3)
    }

    @Test(arguments: 0..<40)
    func patternsGiveBackWhatTheyTook(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("0123456789abcdefABCDEFxz-.: /".utf8)
        for _ in 0..<500 {
            let count = Int.random(in: 1...24, using: &generator)
            let value = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            for (reading, isUpper) in [
                (NumberPattern.Reading.decimal, false), (.padded, false), (.hex, false),
                (.hex, true),
            ] {
                guard
                    let pattern = NumberPattern(of: value.span, reading: reading, isUpper: isUpper)
                else { continue }
                #expect(pattern.lengthMax >= count)
                #expect(Self.again(value, pattern) == value, "\(value) as \(reading)")
                var encoded: [UInt8] = []
                pattern.encode(into: &encoded)
                var reader = ByteReader(encoded.span)
                #expect((try? NumberPattern(decoding: &reader)) == pattern)
                guard let places = PatternPlaces(encoded) else {
                    Issue.record("a pattern that cannot be read: \(encoded)")
                    continue
                }
                let from = Int.random(in: 0..<count, using: &generator)
                let part = value[from..<Int.random(in: from...count, using: &generator)]
                #expect(TextProbe(value).mayOccur(in: places))
                #expect(TextProbe(Array(part)).mayOccur(in: places))
            }
        }
    }

    /// What is written of the numbers that are read.
    private static func again(_ value: [UInt8], _ pattern: NumberPattern) -> [UInt8]? {
        var numbers = [UInt64](repeating: 0, count: NumberPattern.numbersMax)
        var out = [UInt8](repeating: 0, count: pattern.lengthMax)
        let count = unsafe value.withUnsafeBufferPointer { value in
            unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                unsafe out.withUnsafeMutableBufferPointer { out -> Int? in
                    guard let value0 = value.baseAddress, let numbers0 = numbers.baseAddress,
                        let out0 = out.baseAddress,
                        // Safe: buffers of the sizes that are asked for.
                        unsafe pattern.parse(value0, value.count, into: numbers0)
                    else { return nil }
                    return unsafe pattern.write(numbers0, stride: 1, to: out0)
                }
            }
        }
        return count.map { Array(out.prefix($0)) }
    }

    /// How a column of one shape is kept, after a look that it comes back.
    private func encoding(
        of values: [String], named name: String, times: [Int64]? = nil,
        role: Shape.Role = .none
    ) throws -> ColumnEncoding {
        let table = ShapeTable()
        let shape = table.intern(
            Shape(
                literals: [Array("<".utf8), Array(">".utf8)],
                slots: [Shape.Slot(.text, role: role)]))
        let batch = Self.batch(
            values.enumerated().map { (shape, [0x3C], $1, times?[$0] ?? Int64($0)) })
        let path = try writeSegment([batch], table, rowsMax: 100_000, on: disk, in: folder.path)
        let block = try #require(try SegmentReader(fileSystem: disk, path: path).blocks.first)
        var record: [UInt8] = []
        for row in values.indices {
            record.removeAll()
            try block.appendRecord(row: row, to: &record)
            #expect(record == Array("<\(values[row])>".utf8), "\(name), row \(row)")
        }
        guard case .segment(let segment) = block.backing else { return .text }
        return try segment.directory().place(of: 0).encoding
    }
}
