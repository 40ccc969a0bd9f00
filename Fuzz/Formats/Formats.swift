import HisuiBytes
import HisuiEvent
import HisuiParse
import HisuiShape

/// Feeds the formats whose values have names.
///
/// The first byte chooses one: pairs with some marks, CEF, LEEF, the XML of events, and files that
/// name their columns. What is appended and what is named must be the same values, in order and
/// apart; and through the parser each record must be made up of its shape and slots.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFormats(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let text = Array(bytes[1...])
    let range = 0..<text.count
    var slots: [ByteRange] = []
    switch bytes[0] % 8 {
    case 0...3:
        let forms = [
            PairText(), PairText(separator: 0x2C), PairText(mark: 0x3A, separator: 0x3B, quote: 0),
            PairText(quote: 0x27, hasWords: true),
        ]
        let form = forms[Int(bytes[0] % 8)]
        if form.appendValues(of: text.span, range, countMax: 64, to: &slots) {
            precondition(form.pairs(of: text.span, range).map { ByteRange($0.value) } == slots)
        }
    case 4, 5:
        let format: ExtensionText = bytes[0] % 8 == 4 ? .cef : .leef
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
    default:
        let first = Array("#Fields: date time ".utf8)
        parse(
            (first + text).split(separator: 0x0A, omittingEmptySubsequences: false)
                .map(Array.init))
    }
    precondition(zip(slots, slots.dropFirst()).allSatisfy { $0.range.upperBound <= $1.offset })
    return 0
}

private func parse(_ records: [[UInt8]]) {
    var batch = RecordBatch(source: Source(id: "fuzz", kind: .file, form: .syslog))
    for record in records {
        batch.append(record.span, received: Timestamp(nanoseconds: 1_795_402_800_000_000_000))
    }
    var parser = Parser(definitions: .empty, timeZone: .tokyo)
    let rows = parser.parse(batch)
    precondition(rows.rows.count == records.count)
    for (row, record) in zip(rows.rows, records) {
        let shape = parser.shapes[row.shape]
        let slots = rows.slots[Int(row.firstSlot)..<Int(row.firstSlot) + shape.slots.count]
        var out: [UInt8] = []
        shape.appendRecord(slots: slots, of: rows.bytes.span, to: &out)
        precondition(out == record)
        out.removeAll()
        ParsedLine.append(row, of: rows, shape: shape, to: &out)
        precondition(out.last == 0x0A && !out.dropLast().contains { $0 < 0x20 || $0 == 0x7F })
    }
}
