import FuzzSupport
import HisuiBytes
import HisuiEvent
import HisuiParse
import HisuiShape

/// Feeds the formats whose values have names.
///
/// The first byte chooses one: pairs with some marks, CEF, LEEF, the XML of events, files that
/// name their columns, and, for definitions that take pairs and say whom records are about, pairs
/// behind a template, objects, messages inside objects, and messages of journal entries. What is
/// appended and what is named must be the same values, in order and apart; and through the parser
/// each record must be made up of its shape and slots.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFormats(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let text = Array(bytes[1...])
    let range = 0..<text.count
    var slots: [ByteRange] = []
    switch bytes[0] % 13 {
    case 0...3:
        let forms = [
            PairText(), PairText(separator: 0x2C), PairText(mark: 0x3A, separator: 0x3B, quote: 0),
            PairText(otherSeparators: [0x2C, 0x7C], quote: 0x27, hasWords: true),
        ]
        let form = forms[Int(bytes[0] % 13)]
        if form.appendValues(of: text.span, range, countMax: 64, to: &slots) {
            precondition(form.pairs(of: text.span, range).map { ByteRange($0.value) } == slots)
        }
    case 4, 5:
        let format: ExtensionText = bytes[0] % 13 == 4 ? .cef : .leef
        let event = format.start + text
        if format.appendValues(of: event.span, 0..<event.count, countMax: 64, to: &slots) {
            let values = format.values(of: event.span, 0..<event.count)
            precondition(values.map { ByteRange($0.value) } == slots)
            var out: [UInt8] = []
            for value in values {
                ExtensionText.appendUnescaped(event.span, value.value, to: &out)
            }
            precondition(out.count <= event.count)
        }
        parse([event])
    case 6:
        if EventXML.appendValues(of: text.span, range, countMax: 64, to: &slots) {
            let values = EventXML.values(of: text.span, range)
            precondition(values.map { ByteRange($0.value) } == slots)
            var out: [UInt8] = []
            for value in values { XMLText.appendDecoded(text.span, value.value, to: &out) }
            precondition(out.count <= text.count)
        }
        parse([text])
    case 7: parse([Array("gate 1: ".utf8) + text], definitions)
    case 8: parse([Array("id=1 ".utf8) + text], definitions)
    case 9: parse([Array("{\"who\":".utf8) + text], definitions)
    case 10:
        var record = Array("SYSLOG_IDENTIFIER=a\nMESSAGE\n".utf8)
        record.appendLittleEndian(UInt64(text.count))
        parse([record + text + Array("\n_PID=1\n".utf8)], definitions, form: .journal)
    case 11: parse([Array("{\"log\":\"".utf8) + text + Array("\"}".utf8)], definitions)
    default:
        let first = Array("#Fields: date time ".utf8)
        parse(
            (first + text).split(separator: 0x0A, omittingEmptySubsequences: false)
                .map(Array.init))
    }
    precondition(zip(slots, slots.dropFirst()).allSatisfy { $0.range.upperBound <= $1.offset })
    return 0
}

/// Definitions for the values that rules name.
private let definitions: DefinitionSet = {
    let head = "version: 1\ndefaults: { event.action: a }\n"
    let named = """
        rules: [ { id: a, when: { do: a } } ]
        samples:
          - { line: 'id=1 do=a', is: { rule: a }, hostile: true }
          - { reject: 'x' }
        """
    let text =
        "parser: f.text\nmatch: { program: \"*\" }\n" + head + """
            rules:
              - { id: b, line: "gate {_:int}: {_:kv}", when: { kind: ["x*"] } }
              - { id: a, line: "gate {_:int}: {_:kv}", fields: { source.ip: src },
                  cases: { act: { "a*": { user.name: x }, "*": { user.name: y } } } }
            samples:
              - { line: "gate 1: src=1", is: { rule: a } }
              - { line: "gate 1: kind=x", is: { rule: b } }
              - { reject: x }
            """
    let pairs =
        "parser: f.pairs\ninput: kv\nmatch: { first: \"id=\" }\n" + head
        + "fields: { hisui.subject.id: who }\n" + named
    let objects =
        "parser: f.json\ninput: json\nmatch: { when: { who: \"*\" } }\n" + head
        + "fields: { hisui.subject.id: who, user.name: who }\n"
        + named.replacing("'id=1 do=a'", with: "'{\"who\":\"1\",\"do\":\"a\"}'")
    let shipper =
        "parser: f.shipper\ninput: json\nversion: 1\nmatch: { when: { log: \"*\" } }\n" + """
            nested: { log: syslog }
            samples:
              - { line: '{"log":"a"}', is: { nested: a }, hostile: true }
              - { reject: '{"log":1}' }
            """
    return fuzzDefinitions(
        text, pairs, objects, shipper,
        fields: [
            "event.action": "keyword", "user.name": "keyword, security: true",
            "source.ip": "ip, security: true", "hisui.subject.id": "keyword",
            "@timestamp": "time", "message": "text",
        ])
}()

private func parse(
    _ records: [[UInt8]], _ definitions: DefinitionSet = .empty, form: RecordForm = .syslog
) {
    var parser = Parser(definitions: definitions, timeZone: .tokyo)
    let rows = parser.parse(fuzzBatch(records, form: form))
    precondition(rows.rows.count == records.count)
    for (row, record) in zip(rows.rows, records) {
        checkRow(row, of: rows, parser.shapes, is: record)
    }
}
