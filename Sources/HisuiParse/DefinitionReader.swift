import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML

/// Reads a definition file and says everything that is wrong with it.
struct DefinitionReader {
    private let schema: Schema
    private let log: Diagnostics
    private var untrusted: Set<String> = []
    private var defaults: [Shape.Field] = []
    private var cases: [ValueCase] = []

    /// - Returns: nil, with reports in `log`, unless all of it is right.
    static func read(
        _ bytes: [UInt8], file: String, schema: Schema, _ log: Diagnostics
    ) -> Definition? {
        do {
            let root = try YAMLDocument.parseSingle(bytes, file: file)
            var reader = DefinitionReader(schema: schema, log: log)
            let definition = reader.definition(root, bytes)
            return log.isEmpty ? definition : nil
        } catch {
            log.report(error.diagnostic)
            return nil
        }
    }

    private init(schema: Schema, log: Diagnostics) {
        self.schema = schema
        self.log = log
    }

    private mutating func definition(_ root: YAMLNode, _ bytes: [UInt8]) -> Definition? {
        guard var reader = MappingReader(root, "parser definition", log) else { return nil }
        let name = reader.stringNode("parser", required: true)
        if let name, !Self.isName(name.text) {
            log.report(
                name.node, "\(name.node.quoted) is no name for a parser",
                hint: "use a to z, 0 to 9, dot, hyphen and underline, such as linux.sshd")
        }
        let version = reader.int("version", in: 1...1_000_000, required: true)
        _ = reader.string("about")
        let zone = timeZone(&reader)
        let encoding = encoding(&reader)
        if let inputs = inputs(&reader) {
            var definition = members(root, bytes, &reader, name?.text, version, inputs)
            definition?.timeZone = zone
            definition?.encoding = encoding
            definition?.members?.time.zone = zone
            return definition
        }
        let match =
            reader.mapping("match", required: true).map { MatchReader(log: log).read($0) }
            ?? MatchReader.Result()
        for field in reader.strings("untrusted") ?? [] {
            if schema[field.text] == nil {
                log.report(
                    field.node, "unknown field \(field.node.quoted)",
                    hint: schema.hint(for: field.text))
            }
            untrusted.insert(field.text)
        }
        let constants = ConstantReader(schema: schema, log: log)
        defaults = reader.value("defaults").map { constants.read($0, "defaults") } ?? []
        cases =
            reader.value("cases").map {
                CaseReader(schema: schema, log: log).read($0, of: "captures")
            } ?? []
        let prefix = reader.stringNode("prefix").flatMap { self.prefix($0.text, $0.node) }
        let rules = rules(reader.list("rules", required: true) ?? [])
        let samples = (reader.list("samples", required: true) ?? []).compactMap {
            SampleReader(schema: schema, log: log).read($0)
        }
        reader.finish()
        if rules.isEmpty { reader.report("rules", "a definition needs at least one rule") }
        checkFirsts(match.firsts, rules)
        if match.firsts.isEmpty, match.programs.contains(.any) { checkTexts(rules) }
        DecisionReader(schema: schema, log: log, common: cases).checkCommon(rules)
        SampleReader(schema: schema, log: log).checkCoverage(
            samples, rules: rules, untrusted: untrusted, root)
        return Definition(
            name: name?.text ?? "", version: version ?? 0, file: root.file, bytes: bytes,
            programs: match.programs, firsts: match.firsts, timeZone: zone, encoding: encoding,
            prefix: prefix,
            rules: rules,
            samples: samples)
    }

    /// The formats with names that `input` lists; nil for messages that templates describe.
    private func inputs(_ reader: inout MappingReader) -> [NamedInput]? {
        let given = reader.strings("input", orOne: true) ?? []
        if given.isEmpty || given.map(\.text) == ["message"] { return nil }
        let known = NamedInput.allCases.map(\.rawValue)
        var inputs: [NamedInput] = []
        for (text, node) in given {
            guard let input = NamedInput(rawValue: text) else {
                log.report(
                    node, "unknown input \(node.quoted)",
                    hint: NearestName.suggestion(for: text, in: known + ["message"])
                        .map { "did you mean `\($0)`?" }
                        ?? "message, or some of \(known.joined(separator: ", "))")
                continue
            }
            if inputs.contains(input) { log.report(node, "\(node.quoted) stands twice") }
            inputs.append(input)
        }
        return inputs
    }

    private func timeZone(_ reader: inout MappingReader) -> TimeZoneRules? {
        guard let (text, node) = reader.stringNode("tz") else { return nil }
        if let zone = TimeZoneRules(name: text) { return zone }
        log.report(
            node, "unknown time zone \(node.quoted)",
            hint: "write a name such as Asia/Tokyo, UTC, or an offset such as +09:00")
        return nil
    }

    private func encoding(_ reader: inout MappingReader) -> TextEncoding {
        guard let (text, node) = reader.stringNode("encoding") else { return .utf8 }
        guard let encoding = TextEncoding(name: text) else {
            log.report(
                node, "\(node.quoted) is no encoding",
                hint: "valid: " + TextEncoding.allCases.map(\.name).joined(separator: ", "))
            return .utf8
        }
        if encoding.unitBytes > 1 {
            log.report(
                node, "lines in \(node.quoted) cannot be found without it",
                hint: "write `encoding: \(text)` at the source, in the configuration")
        }
        return encoding
    }

    /// A definition of records whose values have names.
    private func members(
        _ root: YAMLNode, _ bytes: [UInt8], _ reader: inout MappingReader, _ name: String?,
        _ version: Int?, _ inputs: [NamedInput]
    ) -> Definition? {
        let constants = ConstantReader(schema: schema, log: log)
        var inner = MemberDefinitionReader(
            schema: schema, log: log,
            defaults: reader.value("defaults").map { constants.read($0, "defaults") } ?? [])
        let members = inner.read(&reader, inputs)
        let samples = (reader.list("samples", required: true) ?? []).compactMap {
            SampleReader(schema: schema, log: log).read($0)
        }
        reader.finish()
        inner.checkCoverage(samples, members, root)
        return Definition(
            name: name ?? "", version: version ?? 0, file: root.file, bytes: bytes,
            programs: [], prefix: nil, rules: [], samples: samples, members: members)
    }

    /// 1 to 128 bytes of `a-z 0-9 . _ -`, beginning with a letter.
    static func isName(_ text: String) -> Bool {
        guard (1...128).contains(text.utf8.count), let first = text.utf8.first,
            (0x61...0x7A).contains(first)
        else { return false }
        return text.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0)
                || [0x2D, 0x2E, 0x5F].contains($0)
        }
    }

    // MARK: Rules

    private func rules(_ nodes: [YAMLNode]) -> [Definition.Rule] {
        var known: Set<String> = []
        if nodes.count > Limits.rulesPerDefinitionMax {
            log.report(
                nodes[0], "\(nodes.count) rules",
                hint: "the limit is \(Limits.rulesPerDefinitionMax)")
        }
        return nodes.compactMap { node in
            guard var reader = MappingReader(node, "rule", log) else { return nil }
            let id = reader.stringNode("id", required: true)
            if let id, !Self.isName(id.text) {
                log.report(
                    id.node, "\(id.node.quoted) is no name for a rule",
                    hint: "use a to z, 0 to 9, dot, hyphen and underline")
            } else if let id, !known.insert(id.text).inserted {
                log.report(id.node, "a second rule called \(id.node.quoted)")
            }
            _ = reader.string("about")
            let line = reader.stringNode("line", required: true)
            let constants = ConstantReader(schema: schema, log: log)
            let set = reader.value("set").map { constants.read($0, "set") } ?? []
            let (when, cases) = (reader.value("when"), reader.value("cases"))
            let pairs = pairs(reader.value("fields"))
            reader.finish()
            guard let id, let line, let template = template(line.text, line.node) else {
                return nil
            }
            if !pairs.isEmpty, !template.hasPairs {
                log.report(
                    line.node, "`fields` speaks of pairs, and the line has none",
                    hint: "end the line with {_:kv}")
            }
            let decisions = DecisionReader(schema: schema, log: log, common: self.cases).read(
                when: when, cases: cases, template, line.node)
            check(template, decisions, line.node)
            checkMeaning(template, set, decisions, line.node)
            let deciding = decisions.deciding(schema)
            let taint = TaintLint.check(
                template, untrusted: untrusted, deciding: deciding,
                hasSecurityPairs: pairs.contains { schema.isSecurity($0.name) }
                    || !deciding.isDisjoint(with: decisions.pairs),
                schema: schema)
            taint.problems.forEach { report($0, line.node) }
            return Definition.Rule(
                id: id.text, template: template, constants: merged(set), decisions: decisions,
                checks: taint.checks, pairs: pairs, node: line.node)
        }
    }

    /// Reads `fields` of a rule whose line ends with pairs.
    private func pairs(_ node: YAMLNode?) -> [MemberDefinition.Field] {
        guard let node else { return [] }
        guard let entries = node.mapping else {
            log.report(node, "`fields` must be a mapping of fields to names of pairs")
            return []
        }
        return entries.compactMap { key, value in
            let name = key.text ?? ""
            guard let field = schema[name], name != "@timestamp", name != SubjectKeys.field else {
                log.report(
                    key, "\(key.quoted) cannot be a pair",
                    hint: schema[name] == nil
                        ? schema.hint(for: name) : "write a definition with `input: kv`")
                return nil
            }
            let names = (value.sequence ?? [value]).compactMap(\.text)
            if names.isEmpty { log.report(value, "`\(name)` needs the name of a pair") }
            return MemberDefinition.Field(name: name, type: field.type, names: names)
        }
    }

    /// Defaults, those that `set` gives another value with that value, then the rest of `set`.
    private func merged(_ set: [Shape.Field]) -> [Shape.Field] {
        defaults.map { field in set.first { $0.name == field.name } ?? field }
            + set.filter { field in !defaults.contains { $0.name == field.name } }
    }

    /// Every rule can know a message that begins as `match` says.
    private func checkFirsts(_ firsts: [[UInt8]], _ rules: [Definition.Rule]) {
        for rule in rules {
            let own = DefinitionSetBuilder.firsts(of: rule.template)
            guard MatchReader.beginnings(own, within: firsts).isEmpty else { continue }
            log.report(
                rule.node, "the rule knows no message that begins as `match` says",
                hint: "`first` is the beginning of every line: put the line's first text there")
        }
    }

    /// A rule for any program has text enough to tell its messages from those of others.
    private func checkTexts(_ rules: [Definition.Rule]) {
        let least = Limits.anyProgramTextBytesMin
        for rule in rules where rule.template.fixedBytes < least {
            log.report(
                rule.node,
                "a rule for any program with \(rule.template.fixedBytes) bytes of text would know "
                    + "messages of others",
                hint: "name the program in `match`, or write at least \(least) bytes of text that "
                    + "all these messages have")
        }
    }

    private func checkMeaning(
        _ template: Template, _ set: [Shape.Field], _ decisions: RuleDecisions, _ node: YAMLNode
    ) {
        if !merged(set).contains(where: { $0.name == "event.action" }),
            !decisions.cases.contains(where: { $0.sets("event.action") })
        {
            log.report(
                node, "the rule does not say what happened: it sets no event.action",
                hint: "add set: { event.action: … }; schema.yaml lists the usual ones")
        }
        template.forEachCapture { capture, offset in
            guard let field = capture.field, set.contains(where: { $0.name == field }) else {
                return
            }
            report(
                TemplateParser.Problem(
                    offset: offset, message: "`\(field)` is both captured and set",
                    hint: "remove one"), node)
        }
    }

    private func template(_ text: String, _ node: YAMLNode) -> Template? {
        guard text.utf8.count <= Limits.templateBytesMax else {
            log.report(
                node, "a template of \(text.utf8.count) bytes",
                hint: "the limit is \(Limits.templateBytesMax)")
            return nil
        }
        do {
            return try TemplateParser.parse(text)
        } catch {
            report(error, node)
            return nil
        }
    }

    private func check(_ template: Template, _ decisions: RuleDecisions, _ node: YAMLNode) {
        TemplateCheck(template, decisions, schema: schema).problems.forEach { report($0, node) }
    }

    private func prefix(_ text: String, _ node: YAMLNode) -> Template? {
        guard let template = template(text, node) else { return nil }
        TemplateCheck(template, isPrefix: true, schema: schema).problems.forEach {
            report($0, node)
        }
        var isPlain = true
        template.forEachCapture { capture, _ in
            if capture.type.isFree || capture.type == .quoted { isPlain = false }
        }
        let endsWithText =
            switch template.elements.last?.kind {
            case .literal: true
            case .alternatives(let choices): !choices.contains([])
            case .capture, .optional, nil: false
            }
        guard isPlain, endsWithText else {
            log.report(
                node, "a prefix must be plain and end with text",
                hint: "no text, user, path, rest or quoted in it, and its end not in `[[ ]]`")
            return nil
        }
        return template
    }

    /// Reports a problem at its place inside the text of `node`.
    private func report(_ problem: TemplateParser.Problem, _ node: YAMLNode) {
        var isPlain = false
        if case .scalar(_, let plain) = node.kind { isPlain = plain }
        log.report(
            Diagnostic(
                file: node.file, line: node.line,
                column: node.column + problem.offset + (isPlain ? 0 : 1),
                message: problem.message, hint: problem.hint))
    }
}
