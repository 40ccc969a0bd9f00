import FuzzSupport
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
    let batch = fuzzBatch([record], form: .syslog)
    var parser = Parser(definitions: set, timeZone: .tokyo)
    let cold = parser.parse(batch)
    let warm = parser.parse(batch)
    precondition(cold.rows[0].shape == warm.rows[0].shape)
    precondition(cold.rows[0].time == warm.rows[0].time)
    let row = warm.rows[0]
    checkRow(row, of: warm, parser.shapes, is: record)
    guard isRelayed else { return 0 }
    // Objects and events say when they were; they have one of these.
    if bytes.dropFirst().allSatisfy({ $0 != 0x7B && $0 != 0x7C && $0 != 0x2F }) {
        precondition(row.time.nanoseconds == 1_795_363_323_000_000_000)
    }
    let shape = parser.shapes[row.shape]
    if let host = shape.field("host.name") {
        let slots = warm.slots[Int(row.firstSlot)..<Int(row.firstSlot) + shape.slots.count]
        var out: [UInt8] = []
        shape.append(host.value, slots: slots, of: warm.bytes.span, to: &out)
        precondition(out == Array("relay".utf8))
    }
    return 0
}

private let set: DefinitionSet = {
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
    return fuzzDefinitions(
        structured, text,
        fields: [
            "event.action": "keyword", "source.ip": "ip", "source.port": "integer",
            "user.name": "keyword",
        ])
}()
