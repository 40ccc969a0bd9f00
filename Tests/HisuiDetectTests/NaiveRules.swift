import HisuiYAML

/// Rules by the specification: read into tests that are asked one by one. Nothing is shared with
/// the engine but the reading of YAML.
struct NaiveRules {
    typealias Test = (NaiveEvent) -> Bool

    struct Rule {
        var id: String
        var name: String?
        var source: [String: String]
        /// What each entry of the log sources asks, given the form of the input.
        var routes: [(NaiveEvent, String) -> Bool]
        var holds: Test
    }

    /// The document of `logsources.yaml`.
    let data: YAMLNode
    var placeholders: [String: [String]] = [:]
    private(set) var rules: [Rule] = []
    let containers: [String]
    private let aliases: [String: [String]]

    init(data: YAMLNode) {
        self.data = data
        containers = data["containers"]?.sequence?.compactMap(\.text) ?? []
        var aliases: [String: [String]] = [:]
        for (key, value) in data["aliases"]?.mapping ?? [] {
            aliases[key.text ?? ""] = (value.sequence ?? [value]).compactMap(\.text)
        }
        self.aliases = aliases
    }

    func names(_ field: String) -> [String] { [field] + (aliases[field] ?? []) }

    /// Adds the rules of some documents, then puts their filters to them.
    mutating func add(_ documents: [YAMLNode]) {
        for node in documents where node["detection"] != nil {
            rules.append(
                Rule(
                    id: node["id"]?.text ?? node["title"]?.text ?? "", name: node["name"]?.text,
                    source: source(node), routes: routes(source(node)),
                    holds: detection(node["detection"])))
        }
        for node in documents {
            guard let filter = node["filter"] else { continue }
            let holds = detection(filter)
            let wanted = filter["rules"]?.sequence?.compactMap(\.text)
            let keys = source(node)
            for index in rules.indices {
                let rule = rules[index]
                let isNamed = wanted.map { $0.contains(rule.id) || $0.contains(rule.name ?? "") }
                guard isNamed ?? true, keys.allSatisfy({ rule.source[$0.key] == $0.value }) else {
                    continue
                }
                rules[index].holds = { rule.holds($0) && holds($0) }
            }
        }
    }

    private func source(_ node: YAMLNode) -> [String: String] {
        var keys: [String: String] = [:]
        for key in ["product", "category", "service"] { keys[key] = node["logsource"]?[key]?.text }
        return keys
    }

    // MARK: - Log sources

    /// What an event must be to be of a log source: `jsonl`, where what is not there says nothing,
    /// or `syslog`.
    private func routes(_ source: [String: String]) -> [(NaiveEvent, String) -> Bool] {
        var routes: [(NaiveEvent, String) -> Bool] = []
        for entry in data["logsources"]?.sequence ?? [] {
            let applies = ["product", "category", "service"].allSatisfy {
                entry[$0] == nil || entry[$0]?.text == source[$0]
            }
            guard applies else { continue }
            if let input = entry["input"]?.text { routes.append { input == $1 } }
            for (field, values) in entry["only"]?.mapping ?? [] {
                let wanted = (values.sequence ?? [values]).compactMap { $0.text?.lowercased() }
                let names = names(field.text ?? "")
                routes.append { event, _ in
                    let found = event.field(names) ?? []
                    return found.isEmpty || found.contains { wanted.contains($0.lowercased()) }
                }
            }
            for (field, values) in entry["when"]?.mapping ?? [] {
                let wanted = (values.sequence ?? [values]).compactMap { $0.text?.lowercased() }
                let names = names(field.text ?? "")
                routes.append { event, form in
                    let found = event.field(names) ?? []
                    if found.isEmpty { return form == "jsonl" }
                    return found.contains { wanted.contains($0.lowercased()) }
                }
            }
        }
        return routes
    }

    func fires(_ rule: Rule, _ event: NaiveEvent, form: String) -> Bool {
        rule.routes.allSatisfy { $0(event, form) } && rule.holds(event)
    }

    // MARK: - Conditions

    private func detection(_ node: YAMLNode?) -> Test {
        var selections: [(name: String, test: Test)] = []
        for (key, value) in node?.mapping ?? []
        where key.text != "condition" && key.text != "rules" {
            selections.append((key.text ?? "", selection(value)))
        }
        let conditions = node?["condition"]?.sequence ?? [node?["condition"]].compactMap { $0 }
        let tests = conditions.map { condition in
            let spaced = (condition.text ?? "").map { "()".contains($0) ? " \($0) " : "\($0)" }
            let words = spaced.joined().split(whereSeparator: \.isWhitespace).map(String.init)
            return self.condition(words[...], selections)
        }
        return { event in tests.contains { $0(event) } }
    }

    /// `words` divided at a word that stands in no parentheses.
    private func divided(
        _ words: ArraySlice<String>, at separator: String
    ) -> [ArraySlice<String>] {
        var parts: [ArraySlice<String>] = []
        var depth = 0
        var start = words.startIndex
        for at in words.indices {
            if words[at] == "(" { depth += 1 }
            if words[at] == ")" { depth -= 1 }
            if depth == 0, words[at].lowercased() == separator {
                parts.append(words[start..<at])
                start = at + 1
            }
        }
        return parts + [words[start...]]
    }

    private func condition(
        _ words: ArraySlice<String>, _ selections: [(name: String, test: Test)]
    ) -> Test {
        let alternatives = divided(words, at: "or").map { $0 }
        if alternatives.count > 1 {
            let tests = alternatives.map { condition($0, selections) }
            return { event in tests.contains { $0(event) } }
        }
        let parts = divided(words, at: "and")
        if parts.count > 1 {
            let tests = parts.map { condition($0, selections) }
            return { event in tests.allSatisfy { $0(event) } }
        }
        if words.first?.lowercased() == "not" {
            let test = condition(words.dropFirst(), selections)
            return { !test($0) }
        }
        if words.first == "(" { return condition(words.dropFirst().dropLast(), selections) }
        if words.count == 3, let quantity = words.first?.lowercased(), let target = words.last {
            let tests = selections.filter { name, _ in
                target.lowercased() == "them"
                    ? !name.hasPrefix("_")
                    : NaivePattern.fits(
                        NaivePattern.read(target.replacing("?", with: "\\?")), name, isCased: true)
            }.map(\.test)
            let least = quantity == "all" ? tests.count : Int(quantity) ?? 1
            return { event in tests.count { $0(event) } >= least }
        }
        let name = words.first ?? ""
        return selections.first { $0.name == name }?.test ?? { _ in false }
    }
}

// Selections.
extension NaiveRules {
    private func selection(_ node: YAMLNode) -> Test {
        if let entries = node.mapping {
            let tests = entries.map { item($0.key.text ?? "", $0.value) }
            return { event in tests.allSatisfy { $0(event) } }
        }
        if let elements = node.sequence {
            let tests = elements.map { $0.text == nil ? selection($0) : item("", $0) }
            return { event in tests.contains { $0(event) } }
        }
        return item("", node)
    }

    /// One field with its modifiers, or words to be found anywhere.
    private func item(_ key: String, _ node: YAMLNode) -> Test {
        let words = key.replacing("\\|", with: "\u{1}").split(
            separator: "|", omittingEmptySubsequences: false
        ).map { String($0).replacing("\u{1}", with: "|") }
        let field = words.first ?? ""
        let modifiers = Array(words.dropFirst())
        let tests = (node.sequence ?? [node]).map { value(field, modifiers, $0) }
        let isNegated = modifiers.contains("neq")
        if modifiers.contains("all") {
            return { event in tests.allSatisfy { $0(event) } != isNegated }
        }
        return { event in tests.contains { $0(event) } != isNegated }
    }

    private func value(_ field: String, _ modifiers: [String], _ node: YAMLNode) -> Test {
        let names = names(field)
        let text = node.text ?? ""
        if node.isNull { return { ($0.field(names) ?? []).isEmpty } }
        if modifiers.contains("exists") {
            return { ($0.field(names) != nil) == (text.lowercased() == "true") }
        }
        if modifiers.contains("fieldref") { return reference(names, modifiers, text) }
        // Words stand anywhere.
        let isWord = field.isEmpty && !modifiers.contains("re")
        let fits = fits(modifiers + (isWord ? ["contains"] : []), text)
        if field.isEmpty { return { $0.texts.contains(where: fits) } }
        return { ($0.field(names) ?? []).contains(where: fits) }
    }

    private func reference(
        _ names: [String], _ modifiers: [String], _ other: String
    ) -> Test {
        let others = self.names(other)
        let isCased = modifiers.contains("cased")
        return { event in
            (event.field(names) ?? []).contains { value in
                (event.field(others) ?? []).contains { wanted in
                    let (value, wanted) =
                        isCased ? (value, wanted) : (value.lowercased(), wanted.lowercased())
                    if modifiers.contains("contains") {
                        return wanted.isEmpty || value.contains(wanted)
                    }
                    if modifiers.contains("startswith") { return value.hasPrefix(wanted) }
                    if modifiers.contains("endswith") { return value.hasSuffix(wanted) }
                    return value == wanted
                }
            }
        }
    }

    /// Whether a text is what a value with these modifiers means.
    private func fits(_ modifiers: [String], _ text: String) -> (String) -> Bool {
        let comparison = modifiers.last { ["lt", "lte", "gt", "gte"].contains($0) }
        if let part = modifiers.first(where: NaiveDate.parts.contains) {
            let wanted = Double(text) ?? .nan
            return { value in
                guard let number = NaiveDate.part(part, of: value) else { return false }
                return Self.compare(Double(number), comparison, wanted)
            }
        }
        if let comparison {
            let wanted = Double(text) ?? .nan
            return { value in
                Double(value).map { Self.compare($0, comparison, wanted) } ?? false
            }
        }
        if modifiers.contains("re") {
            let flags = NaiveExpression.Flags(
                ignoresCase: modifiers.contains("i"), isMultiline: modifiers.contains("m"),
                dotTakesAll: modifiers.contains("s"))
            let expression = NaiveExpression(text, flags)
            return { expression.fits($0) }
        }
        if modifiers.contains("cidr") {
            let texts =
                modifiers.contains("expand")
                ? expand(text).map { NaivePattern.texts($0)[0] } : [text]
            return { value in texts.contains { NaiveAddress.isInside(value, $0) } }
        }
        let (patterns, isCased) = patterns(modifiers, text)
        let folded = patterns.map { NaivePattern.folded($0, isCased: isCased) }
        return { value in
            let value = NaivePattern.folded(value, isCased: isCased)
            return folded.contains { NaivePattern.fits($0, value) }
        }
    }

    private static func compare(_ a: Double, _ comparison: String?, _ b: Double) -> Bool {
        switch comparison {
        case "lt": a < b
        case "lte": a <= b
        case "gt": a > b
        case "gte": a >= b
        default: a == b
        }
    }

    /// The modifiers applied in the given order.
    private func patterns(
        _ modifiers: [String], _ text: String
    ) -> (patterns: [[NaivePattern.Element]], isCased: Bool) {
        var patterns = [NaivePattern.read(text)]
        // What is encoded in UTF-16 is bytes and no text.
        var bytes: [[UInt8]]?
        var isCased = modifiers.contains("cased")
        for modifier in modifiers {
            let plain = bytes ?? patterns.flatMap(NaivePattern.texts).map { Array($0.utf8) }
            switch modifier {
            case "expand":
                let before = modifiers.prefix { $0 != "expand" }
                patterns = expand(text, interchangingDashes: before.contains("windash"))
                if before.contains("contains") || before.contains("endswith") {
                    patterns = patterns.map { [.any] + $0 }
                }
                if before.contains("contains") || before.contains("startswith") {
                    patterns = patterns.map { $0 + [.any] }
                }
            case "windash": patterns = patterns.map(NaivePattern.interchangingDashes)
            case "contains": patterns = patterns.map { [.any] + $0 + [.any] }
            case "startswith": patterns = patterns.map { $0 + [.any] }
            case "endswith": patterns = patterns.map { [.any] + $0 }
            case "wide", "utf16", "utf16le", "utf16be":
                bytes = plain.map {
                    NaiveUTF16.encode(String(decoding: $0, as: UTF8.self), modifier)
                }
            case "base64":
                patterns = plain.map { NaivePattern.read(NaiveBase64.encode($0)) }
                (bytes, isCased) = (nil, true)
            case "base64offset":
                patterns = plain.flatMap { bytes in
                    (0...2).map { NaivePattern.read(NaiveBase64.inside(bytes, after: $0)) }
                }
                (bytes, isCased) = (nil, true)
            default: break
            }
        }
        return (patterns, isCased)
    }

    /// A value with placeholders: every combination of what they stand for.
    private func expand(
        _ text: String, interchangingDashes: Bool = false
    ) -> [[NaivePattern.Element]] {
        func read(_ text: String) -> [NaivePattern.Element] {
            let pattern = NaivePattern.read(text)
            return interchangingDashes ? NaivePattern.interchangingDashes(pattern) : pattern
        }
        let parts = text.replacing("\\%", with: "\u{E000}").split(
            separator: "%", omittingEmptySubsequences: false)
        var patterns: [[NaivePattern.Element]] = [[]]
        // Between percent signs stand names.
        for (index, part) in parts.enumerated() {
            if index % 2 == 0 {
                let plain = read(String(part).replacing("\u{E000}", with: "%"))
                patterns = patterns.map { $0 + plain }
            } else {
                let values = placeholders[String(part)] ?? []
                patterns = patterns.flatMap { pattern in
                    values.map { pattern + NaivePattern.read($0) }
                }
            }
        }
        return patterns
    }
}
