import HisuiYAML

/// Events that a rule itself describes: its first values, put together.
struct DerivedEvents {
    /// What the values of a field begin with, hold and end with, as far as the rule says.
    private struct Draft {
        var whole: String?
        var start = ""
        var middles: [String] = []
        var end = ""

        var text: String {
            if let whole { return whole }
            return start + middles.map { "q\($0)q" }.joined() + end
        }
    }

    let rule: YAMLNode
    let placeholders: [String: [String]]

    /// Events of which one may satisfy the rule: all selections but those it leaves out, each
    /// alone, and each together with those that are no choice.
    func candidates() -> [[(key: String, value: NaiveJSON)]] {
        let entries = (rule["detection"]?.mapping ?? []).filter { $0.key.text != "condition" }
        let condition = rule["detection"]?["condition"]?.text ?? ""
        let wanted = entries.filter { !($0.key.text ?? "").hasPrefix("filter") }
        var sets = [wanted.map(\.value)]
        for (key, value) in wanted {
            sets.append([value])
            let fixed = wanted.filter { other, _ in
                let name = other.text ?? ""
                return other.text != key.text && condition.contains(name)
            }.map(\.value)
            sets.append([value] + fixed)
            sets.append(fixed)
        }
        var events: [[(key: String, value: NaiveJSON)]] = []
        for set in sets {
            for choice in 0..<3 { events.append(event(set, choice)) }
        }
        return events
    }

    /// - Parameter choice: which element of lists of selections is taken.
    private func event(
        _ selections: [YAMLNode], _ choice: Int
    ) -> [(key: String, value: NaiveJSON)] {
        var drafts: [(name: String, draft: Draft)] = []
        var words: [String] = []
        func add(_ node: YAMLNode) {
            for (key, value) in node.mapping ?? [] { addItem(key.text ?? "", value) }
            guard let elements = node.sequence, !elements.isEmpty else { return }
            let element = elements[min(choice, elements.count - 1)]
            if let text = element.text {
                words.append(plain(text))
            } else {
                add(element)
            }
        }
        func addItem(_ key: String, _ node: YAMLNode) {
            let parts = key.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            let modifiers = parts.dropFirst()
            let values = node.sequence ?? [node]
            let taken = modifiers.contains("all") ? values : [values[min(choice, values.count - 1)]]
            if parts[0].isEmpty {
                words += taken.map { plain($0.text ?? "") }
                return
            }
            for value in taken where !value.isNull {
                let index = drafts.firstIndex { $0.name == parts[0] } ?? drafts.count
                if index == drafts.count { drafts.append((parts[0], Draft())) }
                put(value.text ?? "", Array(modifiers), &drafts[index].draft)
            }
        }
        for selection in selections { add(selection) }
        var members = drafts.map { (key: $0.name, value: NaiveJSON.string($0.draft.text)) }
        if !words.isEmpty {
            members.append(("message", .string(words.joined(separator: " q "))))
        }
        return members
    }

    private func put(_ text: String, _ modifiers: [String], _ draft: inout Draft) {
        var text = modifiers.contains("expand") ? expanded(text) : text
        if modifiers.contains("re") {
            draft.middles.append(DerivedEvents.example(of: text))
            return
        }
        if modifiers.contains("cidr") { text = String(text.prefix { $0 != "/" }) }
        if !modifiers.contains("cidr") { text = plain(text) }
        if modifiers.contains("wide") {
            text = NaiveBase64.inside(NaiveUTF16.encode(text, "wide"), after: 0)
        } else if modifiers.contains("base64offset") || modifiers.contains("base64") {
            text = NaiveBase64.inside(Array(text.utf8), after: 0)
        }
        if modifiers.contains("contains") {
            draft.middles.append(text)
        } else if modifiers.contains("startswith") {
            draft.start = text
        } else if modifiers.contains("endswith") {
            draft.end = text
        } else {
            draft.whole = text
        }
    }

    private func expanded(_ text: String) -> String {
        var out = ""
        for (index, part) in text.split(separator: "%", omittingEmptySubsequences: false)
            .enumerated()
        {
            out += index % 2 == 0 ? String(part) : placeholders[String(part)]?.first ?? ""
        }
        return out
    }

    /// A text that fits: wildcards stand for as little as they may.
    private func plain(_ text: String) -> String {
        NaivePattern.read(text).map { element in
            switch element {
            case .scalar(let scalar): String(scalar)
            case .one: "q"
            case .any, .dash: ""
            }
        }.joined()
    }

    /// A text for the simplest expressions: marks left out, first alternatives taken.
    private static func example(of expression: String) -> String {
        var out = ""
        var rest = expression[...]
        while let first = rest.popFirst() {
            switch first {
            case "\\":
                guard let next = rest.popFirst() else { return out }
                out += next == "d" ? "1" : next == "w" ? "w" : next == "s" ? " " : String(next)
            case "[":
                let inside = rest.prefix { $0 != "]" }
                rest = rest.dropFirst(inside.count + 1)
                out += inside.first == "^" ? "q" : String(inside.prefix(1))
            case "{":
                let bounds = rest.prefix { $0 != "}" }
                rest = rest.dropFirst(bounds.count + 1)
                let least = Int(bounds.prefix { $0 != "," }) ?? 1
                if least > 1 { out += String(repeating: String(out.suffix(1)), count: least - 1) }
            case "^", "$", "+", "*", "?", "(", ")": break
            case "|": return out
            case ".": out += "w"
            default: out.append(first)
            }
        }
        return out
    }
}
