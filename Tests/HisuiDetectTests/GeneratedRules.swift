/// Rules and events from a seed: every modifier in every combination that means something, over so
/// few texts that most rules hold for some events and not for others.
struct GeneratedRules {
    var random: SeededRandom

    static let placeholders = [
        "p": ["x*", "yx"], "q-1": ["X", "/x", "翠?"], "net": ["10.0.0.0/8"],
    ]
    static let texts = ["a", "b", "c"]
    static let words = [
        "x", "X", "y", "xy", "Yx", "翠", "É", "é", "-x", "/X", "–y", "—x", "―y", "x-y", " -x y",
        "x*y", "x?", "*", "y*", "*x", #"\*"#, #"x\?"#, #"\\x"#, #"\\*"#, #"\\\*"#, #"\x"#, "",
    ]
    static let expressions = [
        "x.y", "^x", "y$", "[xy]{2,}", "(?:x|翠)y", "X?y", "x{1,2}?y", #"\bx"#, "^$", "é|É", "[^x]",
        #"\w-\w"#, "(x|y)+$", "^.{2,3}$", "x.$",
    ]
    static let addresses = [
        "10.0.0.1", "10.255.0.9", "192.0.2.7", "::ffff:10.1.2.3", "2001:db8::1", "2001:db9::1",
        "fe80::1", "10.0.0", "many", "::1",
    ]
    static let networks = [
        "10.0.0.0/8", "192.0.2.0/30", "2001:db8::/32", "10.0.0.1", "::/0", "0.0.0.0/0", "fe80::/10",
    ]

    mutating func pick<T>(_ choices: [T]) -> T {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }
    mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &random) < percent
    }

    // MARK: - Rules

    static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

    mutating func list(_ count: ClosedRange<Int>, _ value: (inout Self) -> String) -> String {
        let values = (0..<Int.random(in: count, using: &random)).map { _ in value(&self) }
        return values.count == 1 ? values[0] : "[" + values.joined(separator: ", ") + "]"
    }

    mutating func word() -> String { Self.quoted(pick(Self.words)) }

    /// A field with modifiers, and its values.
    mutating func item() -> String {
        switch Int.random(in: 0..<22, using: &random) {
        case 0..<8: return textItem()
        case 8, 9: return encodedItem()
        case 10, 11: return expressionItem(field: pick(Self.texts))
        case 12, 13:
            let more = pick(["", "|neq", "|all"])
            if chance(20) { return "ip|cidr|expand\(more): '%net%'" }
            return "ip|cidr\(more): \(list(1...2) { Self.quoted($0.pick(Self.networks)) })"
        case 14, 15:
            let comparison = pick(["lt", "lte", "gt", "gte", "lt|neq", "neq|gte"])
            return "n|\(comparison): \(list(1...2) { "\($0.pick([-3, 0, 2, 5, 9]))" })"
        case 16, 17: return timeItem()
        case 18:
            let (a, b) = (pick(Self.texts), pick(Self.texts))
            var modifiers = [
                pick(["contains", "startswith", "endswith", "all", "all"]), "fieldref",
            ]
            if chance(40) { modifiers.append("cased") }
            if chance(30) { modifiers.append("neq") }
            modifiers.shuffle(using: &random)
            return "\(a)|\(modifiers.joined(separator: "|")): \(b)"
        case 19: return "\(pick(Self.texts + ["n", "t"]))|exists: \(pick(["true", "false"]))"
        case 20: return "\(pick(Self.texts))\(pick(["", "|neq"])): null"
        default: return "n: \(list(1...7) { "\($0.pick([-3, 0, 2, 5, 9, 11, 12]))" })"
        }
    }

    private mutating func textItem() -> String {
        var modifiers: [String] = []
        if chance(70) { modifiers.append(pick(["contains", "startswith", "endswith"])) }
        for (name, percent) in [("cased", 20), ("windash", 25), ("neq", 10), ("all", 15)]
        where chance(percent) { modifiers.append(name) }
        let expands = chance(20)
        if expands { modifiers.append("expand") }
        modifiers.shuffle(using: &random)
        let values = list(1...6) { generator in
            guard expands else { return generator.word() }
            return Self.quoted(
                generator.pick(["%p%", "%q-1%", "x%p%", "%p%-%q-1%", #"\%x%p%"#, #"\%p\%"#, "-%p%"])
            )
        }
        return ([pick(Self.texts)] + modifiers).joined(separator: "|") + ": " + values
    }

    private mutating func encodedItem() -> String {
        var modifiers: [String] = []
        if chance(30) { modifiers.append("windash") }
        if chance(50) { modifiers.append(pick(["wide", "utf16", "utf16le", "utf16be"])) }
        modifiers.append(pick(["base64", "base64offset"]))
        modifiers += pick([["contains"], ["contains"], ["contains", "all"], [], ["startswith"]])
        let values = list(1...2) { Self.quoted($0.pick(["xyx", "-xy", "翠é", "yXy"])) }
        return (["e"] + modifiers).joined(separator: "|") + ": " + values
    }

    private mutating func expressionItem(field: String) -> String {
        let modifiers = ["re"] + pick([[], ["i"], ["m"], ["s"], ["i", "m"], ["i", "s", "m"]])
        let more = field.isEmpty ? [] : pick([[], [], ["neq"], ["all"]])
        return ([field] + modifiers + more).joined(separator: "|") + ": "
            + list(1...2) { Self.quoted($0.pick(Self.expressions)) }
    }

    private mutating func timeItem() -> String {
        let (part, values) = pick([
            ("minute", [0, 12, 59]), ("hour", [0, 2, 22]), ("day", [1, 23, 31]),
            ("week", [1, 47, 53]), ("month", [1, 11, 12]), ("year", [2025, 2026]),
        ])
        let comparison = pick(["", "", "|lt", "|gte", "|neq", "|lte|neq"])
        return "t|\(part)\(comparison): \(list(1...2) { "\($0.pick(values))" })"
    }

    mutating func selection() -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
            return list(1...3) { Self.quoted($0.pick(["xy", "X", "翠", "é", "x*y", "-x", #"\*"#])) }
        case 1:
            let key = pick(["|all", "|contains|all", "|cased", "|windash", "|contains|windash"])
            return "{ '\(key)': \(list(1...2) { Self.quoted($0.pick(["xy", "X", "-x", "y"])) }) }"
        case 2:
            let words = expressionItem(field: "").split(separator: ":", maxSplits: 1)
            return "{ '" + words.joined(separator: "':") + " }"
        case 3: return "[{ \(item()) }, { \(item()) }]"
        default:
            var parts = [item()]
            // No key twice.
            while chance(45) {
                let next = item()
                let key = next.prefix { $0 != ":" }
                if !parts.contains(where: { $0.prefix { $0 != ":" } == key }) { parts.append(next) }
            }
            return "{ " + parts.joined(separator: ", ") + " }"
        }
    }

    private mutating func condition(_ depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 2 ? 3 : 9), using: &random) {
        case 0, 1: return pick(["s0", "s1", "t2", "_u"])
        case 2:
            return pick([
                "1 of them", "all of s*", "any of s*", "2 of them", "1 of *", "all of _*",
                "ANY of t*",
            ])
        case 3, 4: return "\(condition(depth + 1)) and \(condition(depth + 1))"
        case 5: return "\(condition(depth + 1)) or \(condition(depth + 1))"
        case 6: return "not \(condition(depth + 1))"
        default: return "(\(condition(depth + 1)) OR \(condition(depth + 1)))"
        }
    }

    mutating func rule(_ id: String, category: String) -> String {
        let conditions = list(1...(chance(10) ? 2 : 1)) { Self.quoted($0.condition(0)) }
        return """
            title: T
            id: \(id)
            logsource: { category: \(category) }
            detection:
              s0: \(selection())
              s1: \(selection())
              t2: \(selection())
              _u: \(selection())
              condition: \(conditions)
            """
    }

    mutating func filter(_ id: String, rules: String) -> String {
        """
        title: \(id)
        id: \(id)
        logsource: { category: filtered }
        filter:
          rules: \(rules)
          s0: \(selection())
          s1: \(selection())
          condition: not (s0 and s1)
        """
    }

    // MARK: - Events

    private mutating func value() -> String {
        let parts = [
            "x", "X", "y", "xy", "翠", "É", "é", "-x", "/x", "–y", " ", "\\", "*", "?", "\n", "%",
        ]
        return (0..<Int.random(in: 0...3, using: &random)).map { _ in pick(parts) }.joined()
    }

    private mutating func date() -> String {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let (year, month, day) = (pick([2025, 2026]), pick([1, 2, 11, 12]), pick([1, 9, 23, 28]))
        let time = "\(two(pick([0, 2, 22]))):\(two(pick([0, 12, 59]))):07"
        let name = NaiveDate.months[month - 1]
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return "\(year)-\(two(month))-\(two(day))T\(time).5Z"
        case 1: return "\(year)-\(two(month))-\(two(day)) \(time)"
        case 2: return "\(two(day))/\(name)/\(year):\(time) +0900"
        case 3: return "\(name) \(day < 10 ? " " : "")\(day) \(time)"
        default: return pick(["", "soon", "1763863921"])
        }
    }

    private mutating func encoded() -> String {
        let text = pick(["xyx", "-xy", "/xy", "翠é", "yXy", "xy"])
        var bytes = Array(text.utf8)
        if chance(50) { bytes = NaiveUTF16.encode(text, pick(["wide", "utf16", "utf16be"])) }
        let before = [UInt8](repeating: 0x61, count: Int.random(in: 0...2, using: &random))
        return NaiveBase64.encode(before + bytes + (chance(50) ? [0x62] : []))
    }

    /// Values by field; nil is null, several are a list.
    mutating func event(isFlat: Bool) -> [(key: String, value: NaiveJSON)] {
        var members: [(key: String, value: NaiveJSON)] = []
        for name in Self.texts + ["n", "t", "ip", "e"] where chance(75) {
            if !isFlat, chance(8) {
                members.append((name, .null))
                continue
            }
            if !isFlat, name == "a", chance(20) {
                members.append((name, .array([.string(value()), .string(value()), .null])))
                continue
            }
            switch name {
            case "n": members.append((name, .number("\(pick(["-3", "0", "2.5", "5", "9", "11"]))")))
            case "t": members.append((name, .string(date())))
            case "ip": members.append((name, .string(pick(Self.addresses))))
            case "e": members.append((name, .string(encoded())))
            default: members.append((name, .string(value())))
            }
        }
        members.shuffle(using: &random)
        return members
    }
}
