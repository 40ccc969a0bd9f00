import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape

import HisuiStore

/// A small generator with a seed, so that a failure can be made again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
}

/// A row as the naive evaluator sees it: every field by name, and nothing else.
struct PlainRow {
    var zone: String
    var stream: String
    var index: UInt64
    var time: Int64
    var fields: [String: [UInt8]]
    var record: [UInt8]
    /// The record as text, as it is shown.
    var shown: [UInt8] = []

    subscript(_ field: String) -> [UInt8] { fields[field] ?? [] }
}

/// Generated blocks and, beside them, the same rows plainly.
struct TestData {
    var blocks: [Block] = []
    var rows: [PlainRow] = []
    private var generator: SeededGenerator
    private let disk = SimulatedFileSystem()

    static let words =
        [
            "error", "Error", "errors", "fail", "failed", "root", "user", "10.0.0.1", "10.0.0.22",
            "192.168.1.7", "5", "12", "120", "007", "3.5", "2KB", "5m", "foo_bar", "a", "ab",
            "ログイン", "失敗しました", "ユーザー", "é", "caf\u{E9}", "/var/log", "user=root", "ÉCOLE",
            "error発生", "x-y", "-12", "99999999999999999999", "2001:db8::7", "fe80::1", "300",
            "deadbeef", "ｅｒｒｏｒ", "ＥｒｒＯＲ", "ﾛｸﾞｲﾝ", "ﾕｰｻﾞｰ", "㈱", "(株)", "〜", "～", "~", "−12",
            "－１２", "１０．０．０．１", "①", "1", "②③", "ガ", "カ\u{3099}", "ｶﾞ", "カ", "e\u{301}",
            "ｒoot", "u\u{FE00}ser", "葛\u{E0100}", "葛", "　", "—", "\u{3099}",
        ].map { Array($0.utf8) } + [[0xFF], [0x61, 0xE3, 0x81], [0x82, 0x62]]
    static let separators = [" ", " ", " ", ": ", "=", "", "、", "(", "\t"].map { Array($0.utf8) }
    static let base: Int64 = 1_700_000_000_000_000_000

    /// Seconds that event times are spread over.
    private let seconds: Int

    init(
        seed: UInt64, blocks count: Int = 6, rows rowCount: Int = 40, segments: Bool = true,
        seconds: Int = 600
    ) throws {
        generator = SeededGenerator(seed: seed)
        self.seconds = seconds
        try disk.createDirectory("/s")
        let shapes = (0..<8).map { _ in makeShape() } + [Shape.any]
        var next: [String: UInt64] = [:]
        for number in 0..<count {
            let zone = ["lgwan", "local"][number % 2]
            let stream = number % 3 == 0 ? "audit" : "default"
            let key = zone + "/" + stream
            let first = next[key] ?? UInt64(generator.number(0...1000))
            let block = try makeBlock(
                zone, stream, first, generator.number(1...rowCount), shapes,
                isSegment: segments && number % 2 == 1)
            next[key] = first + UInt64(block.count)
            blocks.append(block)
        }
    }

    private mutating func word() -> [UInt8] {
        Self.words[generator.number(0...Self.words.count - 1)]
    }

    private mutating func text(_ words: ClosedRange<Int>) -> [UInt8] {
        var out: [UInt8] = []
        for _ in 0..<generator.number(words) {
            out += word()
            out += Self.separators[generator.number(0...Self.separators.count - 1)]
        }
        return out
    }

    private mutating func makeShape() -> Shape {
        let slots = generator.number(0...4)
        let literals = (0...slots).map { number in
            number > 0 && number < slots && generator.chance(15) ? [] : text(0...3)
        }
        var fields: [Shape.Field] = []
        if slots > 0 {
            fields.append(Shape.Field("user.name", .keyword, .slot(0, .raw)))
            fields.append(
                Shape.Field(
                    "severity", .integer,
                    .slot(generator.number(0...slots - 1), .severityOfPriority)))
        }
        if slots > 1 {
            fields.append(Shape.Field("status", .integer, .slot(1, .raw)))
            fields.append(Shape.Field("plain", .text, .slot(slots - 1, .backslashEscapes)))
        }
        if generator.chance(50) {
            fields.append(Shape.Field("host.name", .keyword, .constant(word())))
        } else if slots > 2 {
            fields.append(Shape.Field("host.name", .keyword, .slot(2, .raw)))
        }
        let stretch = stretch(of: literals)
        // Any bytes are text of some kind in CP932; what is cut inside a character is not tried.
        let encoding: TextEncoding = generator.chance(30) ? .cp932 : .utf8
        let whole = Shape(
            literals: literals, slots: (0..<slots).map { _ in Shape.Slot(.text) }
        ).record
        let part = encoding == .utf8 ? self.stretch(of: literals) : whole
        fields.append(Shape.Field("part", .text, .stretch(part)))
        var shape = Shape(
            literals: literals, slots: (0..<slots).map { _ in Shape.Slot(.text) }, fields: fields,
            message: encoding == .utf8 ? stretch : whole,
            parser: generator.chance(50) ? "linux.test" : "", rule: "r\(slots)",
            encoding: encoding)
        if generator.chance(30) {
            // A value that another record of the event has.
            let slot = shape.addBeside(.text)
            shape.fields.removeAll { $0.name == "user.name" }
            shape.fields.append(Shape.Field("user.name", .keyword, .slot(slot, .raw)))
            // Or one that is shown in place of the record's own.
            if slots > 0, generator.chance(50) {
                let hidden = generator.number(0...slots - 1)
                shape.slots[hidden].role = .subject
                shape.fields.removeAll { $0.name != "user.name" && $0.value.uses(hidden) }
            }
        }
        return shape
    }

    /// Any stretch of a record with these literals.
    private mutating func stretch(of literals: [[UInt8]]) -> Shape.Stretch {
        let first = generator.chance(60) ? 0 : generator.number(0...literals.count - 1)
        let last =
            generator.chance(60) ? literals.count - 1 : generator.number(first...literals.count - 1)
        let firstByte = generator.number(0...literals[first].count)
        let least = first == last ? firstByte : 0
        return Shape.Stretch(
            first: first, firstByte: firstByte, last: last,
            lastByte: generator.number(least...literals[last].count))
    }

    private mutating func makeBlock(
        _ zone: String, _ stream: String, _ first: UInt64, _ count: Int, _ shapes: [Shape],
        isSegment: Bool
    ) throws -> Block {
        let table = ShapeTable()
        var builder = BlockBuilder(zone: zone, stream: stream, firstIndex: first)
        var made = 0
        while made < count {
            let source = Source(
                id: ["journal", "file:/var/log/a"][generator.number(0...1)], kind: .file,
                form: .line)
            var records = RecordBatch(source: source)
            records.senders = ["", "192.0.2.1", "pc-01"]
            var batch = RowBatch(takingOver: records)
            for _ in 0..<min(count - made, generator.number(1...20)) {
                let shape = shapes[generator.number(0...shapes.count - 1)]
                append(shape, table.intern(shape), zone, stream, first + UInt64(made), to: &batch)
                made += 1
            }
            _ = builder.append(batch, shapes: table)
        }
        guard isSegment else { return builder.take() }
        var writer = try SegmentWriter(
            fileSystem: disk, directory: "/s", zone: zone, stream: stream, firstIndex: first)
        try writer.append(&builder)
        let path = try writer.finish(
            leaves: first..<first + UInt64(count), states: [], gaps: [], definitions: [])
        return try SegmentReader(fileSystem: disk, path: path).blocks[0]
    }

    private mutating func append(
        _ shape: Shape, _ number: UInt32, _ zone: String, _ stream: String, _ index: UInt64,
        to batch: inout RowBatch
    ) {
        let offset = batch.bytes.count
        let firstSlot = batch.slots.count
        var values: [[UInt8]] = []
        batch.bytes += shape.literals[0]
        var end = batch.bytes.count
        for slot in shape.slots.indices {
            let value =
                generator.chance(10) ? [] : generator.chance(60) ? word() : text(1...3)
            values.append(value)
            let start = batch.bytes.count
            batch.bytes += value
            batch.slots.append(ByteRange(start..<batch.bytes.count))
            batch.bytes += shape.literals[slot + 1]
            if slot < shape.recordSlotCount { end = batch.bytes.count }
        }
        let time = Self.base + Int64(generator.number(0...seconds)) * 1_000_000_000
        let received = time + Int64(generator.number(0...5)) * 1_500_000_000
        let sender = generator.number(0...2)
        let flags = UInt32(generator.number(0...4))
        batch.rows.append(
            RowBatch.Row(
                offset: UInt32(offset), count: UInt32(end - offset), shape: number,
                firstSlot: UInt32(firstSlot), time: Timestamp(nanoseconds: time),
                received: Timestamp(nanoseconds: received), sender: UInt32(sender),
                flags: RowFlags(rawValue: flags)))
        var row = PlainRow(
            zone: zone, stream: stream, index: index, time: time, fields: [:],
            record: Array(batch.bytes[offset..<end]))
        for field in shape.fields {
            row.fields[field.name] = Self.value(field.value, shape, values)
        }
        row.fields["_msg"] = Self.value(.stretch(shape.message), shape, values)
        row.fields["_time"] = Self.utc(time)
        row.fields["event.created"] = Self.utc(received)
        row.fields["zone.name"] = Array(zone.utf8)
        row.fields["zone.stream"] = Array(stream.utf8)
        row.fields["zone.index"] = Array("\(index)".utf8)
        row.fields["hisui.source"] = Array(batch.source.id.utf8)
        row.fields["hisui.parser"] = Array(shape.parser.utf8)
        row.fields["hisui.rule"] = Array(shape.rule.utf8)
        row.fields["log.source.address"] = Array(batch.senders[sender].utf8)
        row.fields["_stream"] = Array("{zone=\"\(zone)\",source=\"\(batch.source.id)\"}".utf8)
        row.fields["hisui.flags"] = Array(
            ["", "time-inferred", "year-inferred", "time-inferred,year-inferred", "truncated"][
                Int(flags)
            ].utf8)
        if let subject = shape.subject {
            row.record = shape.literals.prefix(shape.recordSlotCount + 1).enumerated().flatMap {
                number, literal in
                let shown = number == subject.number ? subject.beside : number
                return literal + (number < shape.recordSlotCount ? values[shown] : [])
            }
        }
        row.fields["event.original"] = row.record
        row.shown = Self.value(.stretch(shape.record), shape, values)
        rows.append(row)
    }

    /// `2023-11-14T22:13:20Z`, with milliseconds where there are any.
    static func utc(_ nanoseconds: Int64) -> [UInt8] {
        let time = CivilTime(nanoseconds: nanoseconds)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        var text = "\(time.year)-\(two(time.month))-\(two(time.day))"
        text += "T\(two(time.hour)):\(two(time.minute)):\(two(time.second))"
        if time.nanosecond > 0 { text += ".\(time.nanosecond / 1_000_000)" }
        return Array((text + "Z").utf8)
    }

    /// The value of a field, piece by piece.
    static func value(_ value: Shape.Value, _ shape: Shape, _ slots: [[UInt8]]) -> [UInt8] {
        switch value {
        case .constant(let bytes): return bytes
        case .slot(let slot, let decoding): return decoded(text(slots[slot], shape), decoding)
        case .stretch(let stretch):
            var pieces: [[UInt8]] = []
            for number in stretch.first...stretch.last {
                var literal = shape.literals[number]
                if number == stretch.last { literal = Array(literal.prefix(stretch.lastByte)) }
                if number == stretch.first {
                    literal = Array(literal.dropFirst(stretch.firstByte))
                }
                pieces.append(literal)
                guard number < stretch.last else { break }
                pieces.append(slots[number == shape.subject?.number ? slots.count - 1 : number])
            }
            return pieces.flatMap { text($0, shape) }
        }
    }

    private static func text(_ bytes: [UInt8], _ shape: Shape) -> [UInt8] {
        var out: [UInt8] = []
        shape.encoding.appendText(bytes.span, 0..<bytes.count, to: &out)
        return out
    }

    private static func decoded(_ value: [UInt8], _ decoding: Shape.Decoding) -> [UInt8] {
        var out: [UInt8] = []
        decoding.append(value.span, ByteRange(0..<value.count), to: &out)
        return out
    }
}

extension Shape.Value {
    fileprivate func uses(_ slot: Int) -> Bool {
        if case .slot(slot, _) = self { true } else { false }
    }
}
