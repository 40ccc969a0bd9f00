import HisuiBytes

/// `unpack_json` and `unpack_logfmt`: `unpack_json if (…) from field fields (a, b*) result_prefix
/// "x_"`: the members of a value as fields of the row.
struct UnpackPipe: Pipe {
    enum Form: String, Hashable, Sendable {
        case json = "unpack_json"
        case logfmt = "unpack_logfmt"
    }

    let form: Form
    let condition: Filter?
    let field: String
    /// Which members are wanted; nil for all.
    let wanted: [FieldPattern]?
    let prefix: String
    let mode: WritingMode

    var keepsCount: Bool { true }
    var namesFields: Bool { true }

    func print(to out: inout String) {
        out += form.rawValue
        condition?.printCondition(to: &out)
        if field != FieldName.message {
            out += " from "
            Quoting.append(field, to: &out)
        }
        if let wanted {
            out += " fields ("
            FunctionFields(wanted).print(to: &out)
            out += ")"
        }
        if !prefix.isEmpty {
            out += " result_prefix "
            Quoting.appendQuoted(Array(prefix.utf8), to: &out)
        }
        mode.print(to: &out)
    }

    func needs(after: FieldNeeds) -> FieldNeeds {
        after.adding([field]).adding(condition?.fields ?? [])
    }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        UnpackStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser, _ form: Form) throws(QueryError) -> UnpackPipe {
        let condition = try parser.condition()
        var field = FieldName.message
        if parser.takeKeyword("from") {
            field = try parser.fieldName()
        } else if !parser.current.isKeyword("fields"), !parser.current.isKeyword("result_prefix"),
            parser.current.kind == .word || parser.current.kind == .quoted,
            !parser.current.isKeyword("keep_original_fields"),
            !parser.current.isKeyword("skip_empty_results")
        {
            field = try parser.fieldName()
        }
        var wanted: [FieldPattern]?
        if parser.takeKeyword("fields") {
            let start = parser.current
            try parser.expect("(")
            let patterns = try parser.restOfFunctionFields().patterns
            guard !patterns.isEmpty else {
                throw parser.error("expected the name of a field", at: start)
            }
            // `*` among them is all.
            wanted = patterns.contains(FieldPattern(name: "", isPrefix: true)) ? nil : patterns
        }
        var prefix = ""
        if parser.takeKeyword("result_prefix") {
            prefix = String(decoding: try parser.value(), as: UTF8.self)
        }
        return UnpackPipe(
            form: form, condition: condition, field: field, wanted: wanted, prefix: prefix,
            mode: WritingMode.parse(&parser))
    }
}

/// A member found in a value.
struct Member: Equatable {
    var name: [UInt8]
    var value: [UInt8]
}

extension UnpackPipe.Form {
    /// The members of a value, the first `max` of them; none if it is not of this form.
    func members(of value: Span<UInt8>, max: Int) -> [Member] {
        switch self {
        case .json: JSONMembers.read(value, max: max) ?? []
        case .logfmt: LogfmtMembers.read(value, max: max)
        }
    }
}

private final class UnpackStage: PipeStage {
    private let pipe: UnpackPipe
    private let condition: RowFilter?
    private let field: Int32
    /// Members wanted by name: these become empty where the value has none.
    private let named: [(member: [UInt8], field: Int32)]
    private let next: any PipeStage
    private let context: StageContext

    init(_ pipe: UnpackPipe, next: any PipeStage, _ context: StageContext) {
        self.pipe = pipe
        self.next = next
        self.context = context
        condition = pipe.condition.map { RowFilter($0, context.names.number) }
        field = context.names.number(pipe.field)
        named = (pipe.wanted ?? []).filter { !$0.isPrefix }.map { pattern in
            (Array(pattern.name.utf8), context.names.number(pipe.prefix + pattern.name))
        }
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        if condition?.matches(row) ?? true {
            let members = pipe.form.members(
                of: row.bytes.span.extracting(row.range(ofNumber: field)),
                max: PipeLimits.membersMax)
            try ResultRow.check(members.reduce(0) { $0 + $1.name.count + $1.value.count })
            for (member, field) in named where !members.contains(where: { $0.name == member }) {
                try row.write(field, [], pipe.mode)
            }
            for member in members { try write(member, to: &row) }
        }
        return try next.push(&row)
    }

    private func write(_ member: Member, to row: inout ResultRow) throws(QueryFailure) {
        let name = FieldName.canonical(String(decoding: member.name, as: UTF8.self))
        if let wanted = pipe.wanted, !wanted.contains(where: { $0.matches(name) }) { return }
        let field = try context.number(ofFound: pipe.prefix + name)
        try row.write(field, member.value, pipe.mode)
    }

    func finish() throws(QueryFailure) { try next.finish() }
}
