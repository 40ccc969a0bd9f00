import HisuiBytes
import HisuiEvent
import HisuiParse
import HisuiShape

/// Feeds what stands behind a header: that of a relay, or a priority and the version of RFC 5424,
/// with definitions that read structured data and addresses.
///
/// The first byte says which header. Literals and slots must make up each record, a parser that has
/// seen it must say the same as one that has not, and nothing behind a relay's header may change
/// host or time.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHeader(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let isRelayed = bytes[0] % 4 < 2
    let starts = [
        "Nov 23 2026 01:02:03 relay ", "<13>2026-11-23T01:02:03+09:00 relay ", "<14>1 ", "<189>",
    ]
    let record = Array(starts[Int(bytes[0] % 4)].utf8) + bytes.dropFirst()
    var batch = RecordBatch(source: Source(id: "fuzz", kind: .file, form: .syslog))
    batch.append(record.span, received: Timestamp(nanoseconds: 1_795_402_800_000_000_000))
    var parser = Parser(definitions: set, timeZone: .tokyo)
    let cold = parser.parse(batch)
    let warm = parser.parse(batch)
    precondition(cold.rows[0].shape == warm.rows[0].shape)
    precondition(cold.rows[0].time == warm.rows[0].time)
    let row = warm.rows[0]
    let shape = parser.shapes[row.shape]
    let slots = warm.slots[Int(row.firstSlot)..<Int(row.firstSlot) + shape.slots.count]
    var out: [UInt8] = []
    shape.appendRecord(slots: slots, of: warm.bytes.span, to: &out)
    precondition(out == record)
    out.removeAll()
    ParsedLine.append(row, of: warm, shape: shape, to: &out)
    precondition(out.last == 0x0A && !out.dropLast().contains { $0 < 0x20 || $0 == 0x7F })
    guard isRelayed else { return 0 }
    // Objects and events say when they were; they have one of these.
    if bytes.dropFirst().allSatisfy({ $0 != 0x7B && $0 != 0x7C && $0 != 0x2F }) {
        precondition(row.time.nanoseconds == 1_795_363_323_000_000_000)
    }
    if let host = shape.field("host.name") {
        out.removeAll()
        shape.append(host.value, slots: slots, of: warm.bytes.span, to: &out)
        precondition(out == Array("relay".utf8))
    }
    return 0
}

private let set: DefinitionSet = {
    let schema = """
        schema: fuzz
        version: 1
        fields:
          event.action: { type: keyword, en: a, ja: a }
          source.ip: { type: ip, en: a, ja: a }
          source.port: { type: integer, en: a, ja: a }
          user.name: { type: keyword, en: a, ja: a }
        actions: { a: { en: a, ja: a } }
        classes: { base: { uid: 0, activities: { other: 99 } } }
        """
    let structured = """
        parser: structured
        version: 1
        input: sd
        match: { first: "[", when: { msgid: "*" } }
        fields: { source.ip: source, user.name: user }
        rules: [{ id: any, when: { msgid: "*" }, set: { event.action: a } }]
        samples:
          - { record: '<1>1 - h p - M [x source="192.0.2.1"]', is: { rule: any } }
          - { record: '<1>1 - h p - M [x user="a"]', hostile: true, is: { rule: any } }
          - reject: "["
        """
    let text = """
        parser: text
        version: 1
        match: { program: "*" }
        rules:
          - id: from
            line: "from {source.ip:ip}(.|:){source.port:port}"
            set: { event.action: a }
        samples:
          - { line: "from 192.0.2.1:5", is: { rule: from } }
          - reject: "from"
        """
    guard let schema = Schema.load(Array(schema.utf8), file: "schema").schema else {
        preconditionFailure("the schema of the fuzzer")
    }
    let (set, diagnostics) = DefinitionSet.compile(
        files: [("sd.yaml", Array(structured.utf8)), ("text.yaml", Array(text.utf8))],
        schema: schema)
    precondition(diagnostics.isEmpty, "\(diagnostics)")
    return set
}()
