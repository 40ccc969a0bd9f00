import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML
import Testing

@testable import HisuiParse

/// What a record of named values becomes.
struct NamedOutcome {
    var shape: Shape
    var values: [String: String]
    var row: RowBatch.Row
    /// As `hisui parse` prints it.
    var line: String

    /// The rule that knows it; empty for none.
    var rule: String { shape.rule }

    /// Parses records one after the other and checks that each is made up of its shape and slots.
    static func parse(
        _ texts: [String], _ set: DefinitionSet, form: RecordForm = .syslog
    ) -> [NamedOutcome] {
        var parser = Parser(definitions: set, timeZone: .tokyo)
        return parse(texts, &parser, form: form)
    }

    static func parse(
        _ texts: [String], _ parser: inout Parser, form: RecordForm = .syslog
    ) -> [NamedOutcome] {
        var batch = RecordBatch(source: Source(id: "t", kind: .file, form: form))
        for text in texts {
            batch.append(
                Array(text.utf8).span,
                received: Timestamp(nanoseconds: 1_795_402_800_000_000_000))
        }
        let rows = parser.parse(batch)
        return rows.rows.enumerated().map { index, row in
            let shape = parser.shapes[row.shape]
            let first = Int(row.firstSlot)
            let slots = rows.slots[first..<first + shape.slots.count]
            var back: [UInt8] = []
            shape.appendRecord(slots: slots, of: rows.bytes.span, to: &back)
            #expect(back == Array(texts[index].utf8))
            var values: [String: String] = [:]
            for field in shape.fields {
                var value: [UInt8] = []
                shape.append(field.value, slots: slots, of: rows.bytes.span, to: &value)
                values[field.name] = String(decoding: value, as: UTF8.self)
            }
            var line: [UInt8] = []
            ParsedLine.append(row, of: rows, shape: shape, to: &line)
            return NamedOutcome(
                shape: shape, values: values, row: row, line: String(decoding: line, as: UTF8.self))
        }
    }

    /// The set of one or more definitions, and what is wrong with them.
    static func compile(_ texts: String...) -> (set: DefinitionSet, problems: [String]) {
        let files = texts.enumerated().map { (name: "d\($0).yaml", bytes: Array($1.utf8)) }
        let (set, diagnostics) = DefinitionSet.compile(files: files, schema: ShippedFiles.schema)
        return (set, diagnostics.map { "\($0)" })
    }
}
