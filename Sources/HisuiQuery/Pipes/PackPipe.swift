import HisuiBytes

/// `pack_json fields (a, http.*) as result`: fields of a row as one JSON object of strings, in a
/// field; all fields where none is named. `pack_logfmt` writes them as `name=value`.
struct PackPipe: Pipe {
    enum Form: String, Sendable {
        case json = "pack_json"
        case logfmt = "pack_logfmt"
    }

    let form: Form
    /// Which fields; `*` for all.
    let fields: [FieldPattern]
    let result: String

    var keepsCount: Bool { true }

    private static let all = [FieldPattern(name: "", isPrefix: true)]

    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += form.rawValue
        if fields != Self.all {
            out += " fields ("
            FunctionFields(fields).print(to: &out)
            out += ")"
        }
        if result != FieldName.message {
            out += " as "
            Quoting.append(result, to: &out)
        }
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        after.removing(result).union(OpenFields(patterns: fields, asObject: true).needs)
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        PackStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser, _ form: Form) throws(QueryError) -> PackPipe {
        var fields = all
        if parser.takeKeyword("fields") {
            fields = try parser.namedFunctionFields().patterns
        }
        return PackPipe(
            form: form, fields: fields, result: try parser.resultName(FieldName.message))
    }
}

private final class PackStage: PipeStage {
    private let form: PackPipe.Form
    private let fields: OpenFields
    private let result: Int32
    private let record: Int32
    private let next: any PipeStage

    init(_ pipe: PackPipe, next: any PipeStage, _ context: StageContext) {
        form = pipe.form
        fields = OpenFields(patterns: pipe.fields, asObject: true)
        result = context.names.number(pipe.result)
        record = context.names.number(FieldName.record)
        self.next = next
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        let text = try form == .json ? object(row) : pairs(row)
        try row.write(result, text, .overwrite)
        return try next.push(&row)
    }

    private func object(_ row: borrowing ResultRow) throws(QueryFailure) -> [UInt8] {
        var text: [UInt8] = []
        var object = ObjectText(&text)
        for index in 0..<row.count where isPacked(row.cells[index].name, row.name(at: index)) {
            object.append(row.name(at: index), row.bytes.span, row.range(at: index), to: &text)
            try ResultRow.check(text.count)
        }
        object.close(&text)
        return text
    }

    private func pairs(_ row: borrowing ResultRow) throws(QueryFailure) -> [UInt8] {
        var text: [UInt8] = []
        for index in 0..<row.count where isPacked(row.cells[index].name, row.name(at: index)) {
            if !text.isEmpty { text.append(0x20) }
            LogfmtMembers.append(
                row.name(at: index), row.bytes.span, row.range(at: index), to: &text)
            try ResultRow.check(text.count)
        }
        return text
    }

    /// The record is no field of `*`: it comes along only where it is asked for by name.
    private func isPacked(_ number: Int32, _ name: String) -> Bool {
        number == record
            ? fields.patterns.contains { !$0.isPrefix && $0.name == name } : fields.contains(name)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
