import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML

/// Runs the samples of a definition through its compiled rules.
struct SampleRunner {
    /// Everything that was found in one line: the rule, its fields' values, its flags.
    struct Outcome {
        var rule: String
        var values: [String: String]
        var flags: RowFlags
        /// The shape of the line.
        var shape: Shape
        var slots: [ByteRange]
        var record: [UInt8]
    }

    let set: DefinitionSet

    /// What the rules make of a message; nil if none knows it.
    func outcome(of line: [UInt8], program: [UInt8]?) -> Outcome? {
        // The program stands before the message, as in a record, and belongs to no slot.
        let record = (program ?? []) + line
        let message = (program?.count ?? 0)..<record.count
        var scratch = RowScratch()
        guard
            let match = set.match(
                record.span, message: message, program: program.map { 0..<$0.count },
                form: .line, into: &scratch)
        else { return nil }
        let (parser, rule, fields) = set.fields(of: match, firstSlot: 0)
        var literals: [[UInt8]] = []
        var at = message.lowerBound
        for slot in scratch.slots {
            literals.append(Array(record[at..<slot.range.lowerBound]))
            at = slot.range.upperBound
        }
        literals.append(Array(record[at...]))
        let shape = Shape(
            literals: literals, slots: set.kinds(of: match), fields: fields, parser: parser,
            rule: rule)
        var values = Self.values(shape, scratch.slots, record)
        if let subject = values[SubjectKeys.field] {
            values[SubjectKeys.field] = Self.pseudonym(of: subject)
        }
        if let value = set.statedTime(of: match, record.span, scratch.slots.span, firstSlot: 0) {
            var clock = HeaderClock(zone: .tokyo)
            clock.begin(received: Self.received, latest: .none, last: .none)
            values["@timestamp"] = Self.text(clock.time(value, zone: set.zone(of: match)))
        }
        return Outcome(
            rule: rule, values: values, flags: match.flags, shape: shape, slots: scratch.slots,
            record: record)
    }

    /// What a whole record with its header becomes; nil if no rule knows its message.
    func outcome(ofRecord record: [UInt8]) -> Outcome? {
        let (parser, rows) = parsed(record)
        let row = rows.rows[rows.rows.count - 1]
        let shape = parser.shapes[row.shape]
        let slots = rows.slots[Int(row.firstSlot)...].map { slot in
            ByteRange(offset: slot.offset - row.offset, count: slot.count)
        }
        guard !shape.rule.isEmpty else { return nil }
        // With what stands beside it.
        let record = Array(rows.bytes[Int(row.offset)...])
        var values = Self.values(shape, slots, record)
        if !row.flags.contains(.timeInferred) {
            values["@timestamp"] = Self.text(row.time)
        }
        return Outcome(
            rule: shape.rule, values: values, flags: row.flags, shape: shape, slots: slots,
            record: record)
    }

    /// The rows of a record, which is the last one.
    private func parsed(_ record: [UInt8]) -> (parser: Parser, rows: RowBatch) {
        var batch = RecordBatch(source: Source(id: "sample", kind: .file, form: .syslog))
        // Samples are text, whatever the encoding of the records is.
        batch.encoding = .utf8
        // A file with columns of its own names them in lines before.
        let lines = record.first == 0x23 ? record.split(separator: 0x0A) : [record[...]]
        for line in lines { batch.append(Array(line).span, received: Self.received) }
        var parser = Parser(definitions: set, timeZone: .tokyo, subjects: .ofSamples)
        let rows = parser.parse(batch)
        return (parser, rows)
    }

    /// 2026-01-01: a sample must not come out differently next year.
    private static let received = Timestamp(nanoseconds: 1_767_225_600_000_000_000)

    /// A time by RFC 3339 in UTC, with as many digits as it needs.
    private static func text(_ time: Timestamp) -> String {
        let digits =
            [0, 3, 6].first { digits in
                let unit: Int64 = [0: 1_000_000_000, 3: 1_000_000, 6: 1000][digits] ?? 1
                return time.nanoseconds % unit == 0
            } ?? 9
        var out: [UInt8] = []
        TimeText.appendRFC3339(
            nanoseconds: time.nanoseconds, offsetSeconds: 0, fractionDigits: digits, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// What a sample says of the time, in any zone, as `text` would write it; a zone must be there.
    private static func instant(_ expected: String) -> String? {
        let bytes = Array(expected.utf8)
        guard let found = TimeText.rfc3339(bytes.span, 0..<bytes.count), found.end == bytes.count,
            found.value.offsetSeconds != nil,
            let time = found.value.nanoseconds(zone: .utc, received: 0)
        else { return nil }
        return text(Timestamp(nanoseconds: time))
    }

    /// What the records of an event become: the row that the expected rule stands at, or the last.
    private func outcome(ofEvent sample: Definition.Sample) -> Outcome? {
        var batch = RecordBatch(source: Source(id: "sample", kind: .file, form: .line))
        for line in sample.lines {
            batch.append(
                Array(line.utf8).span,
                received: Timestamp(nanoseconds: 1_767_225_600_000_000_000))
        }
        var parser = Parser(definitions: set, timeZone: .tokyo, subjects: .ofSamples)
        let rows = parser.parse(batch, isLast: true)
        var expected = ""
        if case .rule(let id, _) = sample.expectation { expected = id }
        let row =
            rows.rows.last { parser.shapes[$0.shape].rule == expected }
            ?? rows.rows[rows.rows.count - 1]
        let shape = parser.shapes[row.shape]
        guard !shape.rule.isEmpty else { return nil }
        let first = Int(row.firstSlot)
        let slots = Array(rows.slots[first..<first + shape.slots.count])
        return Outcome(
            rule: shape.rule, values: Self.values(shape, slots, rows.bytes), flags: row.flags,
            shape: shape, slots: slots, record: rows.bytes)
    }

    private static func values(
        _ shape: Shape, _ slots: [ByteRange], _ record: [UInt8]
    ) -> [String: String] {
        var values: [String: String] = [:]
        for field in shape.fields {
            var value: [UInt8] = []
            shape.append(field.value, slots: slots, of: record.span, to: &value)
            values[field.name] = String(decoding: value, as: UTF8.self)
        }
        return values
    }

    func run(_ sample: Definition.Sample, of definition: Definition, _ log: Diagnostics) {
        let nested = definition.members?.nested.flatMap { _ in nestedText(of: sample, definition) }
        let outcome = outcome(of: sample, definition)
        switch (sample.expectation, outcome) {
        case (.nested(let expected), _):
            guard nested != expected else { break }
            let real = nested.map(YAMLNode.quote) ?? "absent"
            log.report(
                sample.node,
                "the message inside should be \(YAMLNode.quote(expected)), but is \(real)")
        case (.reject, nil) where nested != nil:
            log.report(
                sample.node, "the line should be rejected, but a message is found inside it",
                hint: "say under `match` which records these are")
        case (.reject, nil): break
        case (.reject, .some(let outcome)):
            log.report(
                sample.node, "the line should be rejected, but the rule `\(outcome.rule)` knows it",
                hint: "make the rule's text more particular")
        case (.rule(let id, _), nil):
            log.report(
                sample.node, "no rule knows the line, and `\(id)` should",
                hint: "compare it with the rule's template from left to right")
        case (.rule(let id, let fields), .some(let outcome)):
            guard outcome.rule == id else {
                log.report(
                    sample.node, "the rule `\(outcome.rule)` knows the line, and `\(id)` should",
                    hint: "the first rule that fits wins: put the more particular one first")
                return
            }
            for field in fields { compare(field, outcome, log) }
        }
    }

    /// What a sample becomes: with a header before it, if the definition asks for a program.
    func outcome(of sample: Definition.Sample, _ definition: Definition) -> Outcome? {
        if !sample.lines.isEmpty { return outcome(ofEvent: sample) }
        let line = Array(sample.line.utf8)
        let program = sample.program.map { Array($0.utf8) } ?? Self.program(of: definition)
        let hasPairs = definition.rules.contains { $0.template.hasPairs }
        if !sample.isRecord, definition.members == nil, !hasPairs {
            return outcome(of: line, program: program)
        }
        return outcome(ofRecord: record(of: sample, program))
    }

    /// The sample's line as a record: behind a header, if the definition asks for a program.
    private func record(of sample: Definition.Sample, _ program: [UInt8]?) -> [UInt8] {
        let line = Array(sample.line.utf8)
        guard !sample.isRecord, let program else { return line }
        return Array("<13>Jan  1 00:00:00 host ".utf8) + program + [0x3A, 0x20] + line
    }

    /// The text in a sample that is a message of its own; nil if there is none.
    private func nestedText(
        of sample: Definition.Sample, _ definition: Definition
    ) -> String? {
        let program = sample.program.map { Array($0.utf8) } ?? Self.program(of: definition)
        return parsed(record(of: sample, program)).parser.nestedText
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private func compare(
        _ field: (name: String, value: String?, node: YAMLNode), _ outcome: Outcome,
        _ log: Diagnostics
    ) {
        var found = outcome.values[field.name]
        if field.name == "hisui.flags" {
            let names = RowFlags.names.enumerated().filter {
                outcome.flags.rawValue >> UInt32($0.offset) & 1 == 1
            }
            found = names.isEmpty ? nil : names.map(\.element).joined(separator: ",")
        }
        var wanted = field.value
        if field.name == SubjectKeys.field { wanted = wanted.map(Self.pseudonym) }
        guard found != wanted else { return }
        if field.name == "@timestamp", let value = field.value {
            guard let instant = Self.instant(value) else {
                log.report(
                    field.node, "\(field.node.quoted) is no time with a zone",
                    hint: "write it like 2026-11-27T06:05:04+09:00")
                return
            }
            if instant == found { return }
        }
        let expected = field.value.map(YAMLNode.quote) ?? "absent"
        let real = found.map(YAMLNode.quote) ?? "absent"
        log.report(field.node, "`\(field.name)` should be \(expected), but is \(real)")
    }

    /// What a sample's number of somebody becomes.
    private static func pseudonym(of subject: String) -> String {
        SubjectKeys.ofSamples.pseudonyms(of: subject).first ?? ""
    }

    /// A program whose messages the definition knows.
    static func program(of definition: Definition) -> [UInt8]? {
        for pattern in definition.members?.gate.programs ?? definition.programs {
            switch pattern {
            case .exact(let name), .prefix(let name): return name
            case .any: continue
            }
        }
        return nil
    }
}
