import HisuiBytes
import HisuiEvent
import HisuiShape

@testable import HisuiParse

/// 2026-11-23T03:00:00Z, noon in Tokyo.
let noon = Timestamp(nanoseconds: 1_795_402_800_000_000_000)

/// A header as text: slots in braces with their role (or kind), `|` where the message begins.
func header(_ line: String, latest: Timestamp = .none) -> String {
    let (text, _, _) = scanHeader(Array(line.utf8), latest: latest)
    return text
}

func scanHeader(
    _ bytes: [UInt8], received: Timestamp = noon, latest: Timestamp = .none
) -> (text: String, header: SyslogHeader, scratch: RowScratch) {
    var clock = HeaderClock(zone: .tokyo)
    clock.begin(received: received, latest: latest, last: .none)
    var scratch = RowScratch()
    let header = SyslogHeader.scan(bytes.span, clock: &clock, into: &scratch)
    var text = ""
    var from = 0
    for (slot, range) in zip(scratch.kinds, scratch.slots) {
        text += String(decoding: bytes[from..<range.range.lowerBound], as: UTF8.self)
        let name = slot.role == .none ? "\(slot.kind)" : "\(slot.role)"
        text += "{\(name):\(String(decoding: bytes[range.range], as: UTF8.self))}"
        from = range.range.upperBound
    }
    text += String(decoding: bytes[from..<header.messageStart], as: UTF8.self) + "|"
    text += String(decoding: bytes[header.messageStart...], as: UTF8.self)
    return (text, header, scratch)
}

/// The time of a header as RFC 3339 in Tokyo, or "none".
func headerTime(
    _ line: String, received: Timestamp = noon, latest: Timestamp = .none
) -> String {
    let time = scanHeader(Array(line.utf8), received: received, latest: latest).header.time
    return text(of: time)
}

func text(of time: Timestamp) -> String {
    if time == .none { return "none" }
    var out: [UInt8] = []
    TimeText.appendRFC3339(
        nanoseconds: time.nanoseconds, offsetSeconds: 9 * 3600, fractionDigits: 0, to: &out)
    return String(decoding: out, as: UTF8.self)
}

/// What a parser made of some records.
struct Parsed {
    var rows: RowBatch
    var shapes: ShapeTable

    func shape(_ row: Int) -> Shape { shapes[rows.rows[row].shape] }

    func slots(_ row: Int) -> ArraySlice<ByteRange> {
        let first = Int(rows.rows[row].firstSlot)
        return rows.slots[first..<first + shape(row).slots.count]
    }

    func record(_ row: Int) -> [UInt8] {
        var out: [UInt8] = []
        shape(row).appendRecord(slots: slots(row), of: rows.bytes.span, to: &out)
        return out
    }

    func value(_ name: String, _ row: Int = 0) -> String? {
        guard let field = shape(row).field(name) else { return nil }
        var out: [UInt8] = []
        shape(row).append(field.value, slots: slots(row), of: rows.bytes.span, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    func message(_ row: Int = 0) -> String {
        var out: [UInt8] = []
        shape(row).append(
            .stretch(shape(row).message), slots: slots(row), of: rows.bytes.span, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    func json(_ row: Int = 0) -> String {
        var out: [UInt8] = []
        ParsedLine.append(rows.rows[row], of: rows, shape: shape(row), to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// The values of the slots as text.
    func slotTexts(_ row: Int = 0) -> [String] {
        slots(row).map { String(decoding: rows.bytes[$0.range], as: UTF8.self) }
    }
}

func batch(
    _ records: [[UInt8]], form: RecordForm = .syslog, latest: Timestamp = .none,
    source: String = "test"
) -> RecordBatch {
    var batch = RecordBatch(source: Source(id: source, kind: .file, form: form))
    batch.latestPossible = latest
    for record in records { batch.append(record.span, received: noon) }
    return batch
}

func parse(
    _ records: [[UInt8]], form: RecordForm = .syslog, definitions: DefinitionSet = .empty,
    latest: Timestamp = .none
) -> Parsed {
    var parser = Parser(definitions: definitions, timeZone: .tokyo)
    let rows = parser.parse(batch(records, form: form, latest: latest))
    return Parsed(rows: rows, shapes: parser.shapes)
}

func parse(_ line: String, form: RecordForm = .syslog) -> Parsed {
    parse([Array(line.utf8)], form: form)
}

/// A small generator whose sequence its seed fixes.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
