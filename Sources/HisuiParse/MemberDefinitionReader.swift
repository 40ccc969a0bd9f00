import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML

/// Reads definitions of records whose values have names: all that `NamedInput` lists.
///
///     input: json                                     input: csv
///     match: { when: { Channel: Security } }          csv: { columns: [日時, 操作], time: 日時 }
///     members: { Channel: [winlog.channel] }
///     containers: [winlog.event_data]
///     fields: { host.name: Computer }                 for all rules
///     rules:
///       - id: logon
///         when: { EventID: 4624 }                     values, `a*`, `*a`, `*`
///         set: { event.action: logon }
///         fields: { user.name: TargetUserName }
///         cases: { Status: { "0x0": { event.outcome: success } } }
struct MemberDefinitionReader {
    let schema: Schema
    let log: Diagnostics
    let defaults: [Shape.Field]
    /// Other names of a member, best first.
    private var aliases: [String: [String]] = [:]
    private var containers: [String] = []
    private var columns: [String]?
    private var times: [[String]] = []
    private var fields: [MemberDefinition.Field] = []
    private var cases: [MemberDefinition.Case] = []
    private var join: JoinDefinition?
    private var fold: FoldDefinition?
    /// What `join` says of all events.
    private var ofEvents: (fields: [MemberDefinition.Field], cases: [MemberDefinition.Case]) = (
        [], []
    )

    init(schema: Schema, log: Diagnostics, defaults: [Shape.Field]) {
        self.schema = schema
        self.log = log
        self.defaults = defaults
    }

    /// Reads what stands beside name, version and samples.
    mutating func read(
        _ reader: inout MappingReader, _ inputs: [NamedInput]
    ) -> MemberDefinition? {
        var formats: [NamedFormat] = []
        for input in inputs {
            switch input {
            case .json: formats.append(.json)
            case .auditkv: formats.append(.audit)
            case .sd: formats.append(.structured)
            case .csv:
                guard inputs.count == 1 else {
                    reader.report("input", "a definition of `csv` can have no other input")
                    return nil
                }
                guard var csv = reader.mapping("csv", required: true),
                    let format = format(&csv)
                else { return nil }
                columns = format.columns
                formats.append(.csv(format))
            case .cef: formats.append(.cef)
            case .leef: formats.append(.leef)
            case .xmlEvent: formats.append(.xmlEvent)
            case .w3c: formats.append(.w3c(W3CFormat()))
            case .kv: formats.append(.kv(pairs(reader.mapping("kv"))))
            }
        }
        if columns == nil {
            aliases = names(reader.value("members"))
            containers = (reader.strings("containers") ?? []).map(\.text)
        }
        times += (reader.strings("times", orOne: true) ?? []).map { text, node in
            text.split(separator: "+").map { part in
                _ = candidates(String(part), node)
                return String(part)
            }
        }
        var definition = MemberDefinition(formats: formats, conditions: [], rules: [])
        if var match = reader.mapping("match", required: inputs.contains(.json)) {
            definition.gate = GateReader(log: log).read(&match, inputs)
            definition.conditions =
                match.value("when", required: definition.gate.isOpen).map { conditions($0) } ?? []
            match.finish()
        }
        definition.times = times
        definition.time.formats = timeFormats(&reader)
        fields = reader.value("fields").map { readFields($0) } ?? []
        cases = reader.value("cases").map { readCases($0) } ?? []
        if formats.contains(.audit) { readJoin(&reader) } else { readFold(&reader) }
        definition.nested = readNested(&reader, inputs)
        let rules = (reader.list("rules", required: definition.nested == nil) ?? [])
            .compactMap { rule($0) }
        var known: Set<String> = []
        for rule in rules where !known.insert(rule.id).inserted {
            log.report(rule.node, "a second rule called `\(rule.id)`")
        }
        if rules.isEmpty, definition.nested == nil {
            reader.report("rules", "a definition needs at least one rule")
        }
        definition.rules = rules
        if join != nil { readEvents(&reader, &known) }
        if fold != nil { readFoldEvents(&reader, &known) }
        definition.join = join
        definition.fold = fold
        return definition
    }

    // MARK: Names

    private func names(_ node: YAMLNode?) -> [String: [String]] {
        guard let node else { return [:] }
        guard let entries = node.mapping else {
            log.report(node, "`members` must be a mapping of names to lists of names")
            return [:]
        }
        var names: [String: [String]] = [:]
        for (key, value) in entries {
            guard let name = key.text else { continue }
            names[name] = (value.sequence ?? [value]).compactMap(\.text)
        }
        return names
    }

    /// All names that a member may have in a record, best first.
    private func candidates(_ name: String, _ node: YAMLNode) -> [String] {
        if let columns {
            if !columns.contains(name) {
                log.report(
                    node, "there is no column \(node.quoted)",
                    hint: NearestName.suggestion(for: name, in: columns)
                        .map { "did you mean `\($0)`?" } ?? "the columns are listed under `csv`")
            }
            return [name]
        }
        let own = [name] + (aliases[name] ?? [])
        return own + containers.map { "\($0).\(name)" }
    }

    /// How times may be written, in the order in which it is tried.
    private func timeFormats(_ reader: inout MappingReader) -> [TimeFormat] {
        (reader.strings("time_format", orOne: true) ?? []).compactMap { text, node in
            do throws(TimeFormat.Problem) {
                return try TimeFormat(text)
            } catch {
                log.report(node, error.message, hint: error.hint)
                return nil
            }
        }
    }

    private mutating func format(_ reader: inout MappingReader) -> CSVFormat? {
        let columns = reader.strings("columns", required: true) ?? []
        let delimiter = reader.string("delimiter") ?? ","
        let times = reader.strings("time", orOne: true) ?? []
        let least = reader.int("least", in: 1...max(1, columns.count))
        let hasMore = reader.bool("more") ?? false
        reader.finish()
        guard delimiter.utf8.count == 1, let byte = delimiter.utf8.first, byte != 0x22 else {
            reader.report("delimiter", "a delimiter is one ASCII character, and no quote")
            return nil
        }
        var known: Set<String> = []
        for (text, node) in columns
        where text.isEmpty || text != "_" && !known.insert(text).inserted {
            log.report(node, "columns need names that differ; this one is \(node.quoted)")
        }
        guard !columns.isEmpty, columns.count <= Limits.columnsMax else {
            reader.report(
                "columns", "\(columns.count) columns", hint: "1 to \(Limits.columnsMax)")
            return nil
        }
        for (text, node) in times where !known.contains(text) {
            log.report(node, "there is no column \(node.quoted)")
        }
        if !times.isEmpty { self.times = [times.map(\.text)] }
        return CSVFormat(
            columns: columns.map(\.text), delimiter: byte, least: least, hasMore: hasMore)
    }

    private func pairs(_ given: MappingReader?) -> PairText {
        var form = PairText()
        guard var reader = given else { return form }
        func bytes(_ key: String, _ usual: UInt8, isOptional: Bool = false) -> [UInt8] {
            let found = (reader.strings(key, orOne: true) ?? []).map { text, node -> UInt8 in
                // A blank behind a separator is passed over anyway.
                var bytes = Array(text.utf8)
                if bytes.count == 2, bytes[1] == 0x20 { bytes.removeLast() }
                if bytes.isEmpty, isOptional { return 0 }
                guard bytes.count == 1, bytes[0] < 0x7F, bytes[0] >= 0x20 || bytes[0] == 0x09
                else {
                    log.report(node, "`\(key)` is one ASCII character")
                    return usual
                }
                return bytes[0]
            }
            return found.isEmpty ? [usual] : found
        }
        func byte(_ key: String, _ usual: UInt8, isOptional: Bool = false) -> UInt8 {
            let found = bytes(key, usual, isOptional: isOptional)
            if found.count > 1 { reader.report(key, "`\(key)` is one ASCII character") }
            return found[0]
        }
        form.mark = byte("pair", form.mark)
        let separators = bytes("separator", form.separator)
        form.separator = separators[0]
        form.otherSeparators = Array(separators.dropFirst())
        form.quote = byte("quote", form.quote, isOptional: true)
        form.hasWords = reader.bool("words") ?? false
        if Set(separators + [form.mark, form.quote]).count < separators.count + 2 {
            reader.report("separator", "`pair`, `separator` and `quote` must differ")
        }
        reader.finish()
        return form
    }

    // MARK: Rules

    private func rule(_ node: YAMLNode) -> MemberDefinition.Rule? {
        guard var reader = MappingReader(node, "rule", log) else { return nil }
        let id = reader.stringNode("id", required: true)
        if let id, !DefinitionReader.isName(id.text) {
            log.report(
                id.node, "\(id.node.quoted) is no name for a rule",
                hint: "use a to z, 0 to 9, dot, hyphen and underline")
        }
        _ = reader.string("about")
        let step = fold == nil ? nil : self.step(&reader)
        let constants = ConstantReader(schema: schema, log: log)
        let when = reader.value("when", required: true).map { conditions($0) } ?? []
        let set = reader.value("set").map { constants.read($0, "set") } ?? []
        let own = reader.value("fields").map { readFields($0) } ?? []
        let ownCases = reader.value("cases").map { readCases($0) } ?? []
        reader.finish()
        guard let id else { return nil }
        let all = merged(set)
        let fields =
            own + self.fields.filter { field in !own.contains { $0.name == field.name } }
        let cases = self.cases + ownCases
        let ways = cases.reduce(1.0) { $0 * Double($1.table.count + 1) }
        if ways > Double(1 << 52) {
            log.report(
                node, "the cases can come out in too many ways",
                hint: "list fewer values, or make rules of them")
        }
        let says =
            all.contains { $0.name == "event.action" }
            || fields.contains { $0.name == "event.action" }
            || cases.contains { $0.value.sets("event.action") }
        if !says, !isPart(set) {
            log.report(
                node, "the rule does not say what happened: it sets no event.action",
                hint: "add set: { event.action: … }; schema.yaml lists the usual ones")
        }
        return MemberDefinition.Rule(
            id: id.text, conditions: when, constants: all, fields: fields, cases: cases,
            step: step, node: node)
    }

    private func step(_ reader: inout MappingReader) -> FoldDefinition.Step? {
        reader.choice("fold", of: FoldDefinition.Step.allCases.map(\.rawValue))
            .flatMap(FoldDefinition.Step.init)
    }

    /// Whether records of a rule are parts of events: then the events say what happened.
    private func isPart(_ set: [Shape.Field]) -> Bool {
        join != nil && set.contains { $0.name == "hisui.joined" }
    }

    private mutating func readJoin(_ reader: inout MappingReader) {
        guard var mapping = reader.mapping("join") else { return }
        ofEvents.fields = mapping.value("fields").map { readFields($0) } ?? []
        ofEvents.cases = mapping.value("cases").map { readCases($0) } ?? []
        join = JoinReader(log: log).read(mapping)
    }

    /// Reads `events`. What is said for all rules is said of records, not of events.
    private mutating func readEvents(_ reader: inout MappingReader, _ known: inout Set<String>) {
        (fields, cases) = ofEvents
        for node in reader.list("events", required: true) ?? [] {
            guard let rule = rule(node), let own = join,
                let event = JoinReader(log: log).compile(rule, own)
            else { continue }
            if !known.insert(rule.id).inserted {
                log.report(rule.node, "a second rule called `\(rule.id)`")
            }
            join?.events.append(event)
        }
    }

    private func readNested(
        _ reader: inout MappingReader, _ inputs: [NamedInput]
    ) -> NestedDefinition? {
        guard let node = reader.value("nested") else { return nil }
        if fold != nil { log.report(node, "records that are folded have no messages inside") }
        if let field = fields.first(where: { $0.name == SubjectKeys.field }) {
            log.report(
                node, "a record with `\(field.name)` has no message inside",
                hint: "let the message's own definition say whom it is about")
        }
        var nested = NestedReader(log: log, names: { candidates($0, $1) }).read(node, inputs)
        nested?.fields = fields
        return nested
    }

    private mutating func readFold(_ reader: inout MappingReader) {
        guard let mapping = reader.mapping("fold") else { return }
        fold = foldReader.read(mapping)
    }

    private var foldReader: FoldReader {
        FoldReader(
            schema: schema, log: log, names: { candidates($0, $1) },
            conditions: { conditions($0) })
    }

    /// Reads `events` of `fold`: constants alone, for what varies is said for all of them.
    private mutating func readFoldEvents(
        _ reader: inout MappingReader, _ known: inout Set<String>
    ) {
        guard var own = fold else { return }
        (fields, cases) = ([], [])
        for node in reader.list("events", required: true) ?? [] {
            guard let kinds = node["when"]?["fold"] else {
                log.report(node, "an event needs `when: { fold: … }`")
                continue
            }
            guard let rule = rule(node) else { continue }
            if !rule.fields.isEmpty || !rule.cases.isEmpty || rule.conditions.count > 1 {
                log.report(
                    node, "an event of `fold` sets constants only",
                    hint: "`fields` of `fold` are of all its events")
            }
            foldReader.add(rule, kinds, to: &own)
            if !known.insert(rule.id).inserted {
                log.report(rule.node, "a second rule called `\(rule.id)`")
            }
        }
        foldReader.check(own, reader.node)
        fold = own
    }

    private func merged(_ set: [Shape.Field]) -> [Shape.Field] {
        defaults.map { field in set.first { $0.name == field.name } ?? field }
            + set.filter { field in !defaults.contains { $0.name == field.name } }
    }

    private func conditions(_ node: YAMLNode) -> [MemberDefinition.Condition] {
        guard let entries = node.mapping, !entries.isEmpty else {
            log.report(node, "`when` must be a mapping of members to values")
            return []
        }
        return entries.map { key, value in
            let values = CaseReader(schema: schema, log: log).values(value, of: key)
            return MemberDefinition.Condition(
                names: candidates(key.text ?? "", key), values: ValueTable(values))
        }
    }

    private func readFields(_ node: YAMLNode) -> [MemberDefinition.Field] {
        guard let entries = node.mapping else {
            log.report(node, "`fields` must be a mapping of fields to members")
            return []
        }
        return entries.compactMap { key, value in
            guard let name = key.text else { return nil }
            guard let field = schema[name] else {
                log.report(key, "unknown field \(key.quoted)", hint: schema.hint(for: name))
                return nil
            }
            let members = value.sequence ?? [value]
            let names = members.flatMap { node in
                node.text.map { candidates($0, node) } ?? []
            }
            if names.isEmpty { log.report(value, "`\(name)` needs the name of a member") }
            return MemberDefinition.Field(name: name, type: field.type, names: names)
        }
    }

    private func readCases(_ node: YAMLNode) -> [MemberDefinition.Case] {
        CaseReader(schema: schema, log: log).read(node, of: "members").map { one in
            MemberDefinition.Case(
                names: candidates(one.name, one.node), value: one,
                table: ValueTable(one.branches.map(\.value)))
        }
    }

    // MARK: Samples

    /// Every rule needs a sample, every file a rejected record and one that tries to lie.
    func checkCoverage(
        _ samples: [Definition.Sample], _ members: MemberDefinition?, _ root: YAMLNode
    ) {
        let ids =
            (members?.rules.map(\.id) ?? []) + (members?.join?.events.map(\.id) ?? [])
            + (members?.fold?.events.map(\.id) ?? [])
        var covered: Set<String> = []
        var hasReject = false
        for sample in samples {
            guard case .rule(let id, _) = sample.expectation else {
                if case .reject = sample.expectation { hasReject = true }
                continue
            }
            covered.insert(id)
            guard !ids.contains(id) else { continue }
            let hint = NearestName.suggestion(for: id, in: ids)
            log.report(
                sample.node, "the sample names the rule `\(id)`, which does not exist",
                hint: hint.map { "did you mean `\($0)`?" } ?? "")
        }
        for id in ids where !covered.contains(id) {
            let node = members?.rules.first { $0.id == id }?.node
            log.report(
                node ?? root["events"] ?? root, "the rule `\(id)` has no sample",
                hint: "add - { line: …, is: { rule: \(id), … } } under samples")
        }
        let place = root["samples"] ?? root
        let nestedCount = samples.count {
            if case .nested = $0.expectation { true } else { false }
        }
        if members?.nested == nil, nestedCount > 0 {
            log.report(place, "a sample says `nested`, and the definition does not")
        } else if members?.nested != nil, nestedCount == 0 {
            log.report(
                place, "no sample says which text is a message",
                hint: "add - { line: …, is: { nested: … } }")
        }
        if !hasReject {
            log.report(
                place, "no sample is rejected",
                hint: "add - reject: with a record that looks alike and means something else")
        }
        if !samples.contains(where: \.isHostile) {
            log.report(
                place, "no hostile sample tries to lie through a value",
                hint: "add one with `hostile: true` whose value holds quotes and delimiters")
        }
    }
}
