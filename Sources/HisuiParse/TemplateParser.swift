import HisuiBytes

/// Reads the text of a template; `Template` says what it means.
///
///     {field:type} {_:type} {field:type>}   captures
///     {_name:type}                          a capture that is no field but has a name in the rule
///     [[ … [[ … ]] … ]]                     optional part, with such parts in it
///     (a|b) (a|)                            one of these texts; without `|`, brackets are text
///     \{ \[ \( \\ and so on                 that character as text
///
/// In a run of closing brackets the last two close an optional part: `[[ [preauth]]]` is the
/// optional text ` [preauth]`. Inside a part of a part the last four close both.
struct TemplateParser {
    struct Problem: Error {
        /// In code points from the beginning of the template.
        var offset: Int
        var message: String
        var hint: String
    }

    private let text: [Unicode.Scalar]
    private var at = 0

    static func parse(_ text: String) throws(Problem) -> Template {
        var parser = TemplateParser(text: Array(text.unicodeScalars))
        return Template(elements: try parser.elements(depth: 0))
    }

    private init(text: [Unicode.Scalar]) { self.text = text }

    private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        at + ahead < text.count ? text[at + ahead] : nil
    }

    private func problem(_ message: String, at offset: Int? = nil, hint: String = "") -> Problem {
        Problem(offset: offset ?? at, message: message, hint: hint)
    }

    private mutating func elements(depth: Int) throws(Problem) -> [Template.Element] {
        var found: [Template.Element] = []
        var literal: [UInt8] = []
        var literalStart = at
        let opened = at
        func flush() {
            guard !literal.isEmpty else { return }
            found.append(Template.Element(kind: .literal(literal), offset: literalStart))
            literal = []
        }
        while let scalar = peek() {
            let start = at
            if scalar == "{" {
                flush()
                found.append(Template.Element(kind: .capture(try capture()), offset: start))
            } else if scalar == "[", peek(1) == "[" {
                guard depth < Template.optionalDepthMax else {
                    throw problem(
                        "an optional part inside two others",
                        hint: "write two rules, or `\\[` if a bracket is meant")
                }
                flush()
                at += 2
                let inner = try elements(depth: depth + 1)
                guard !inner.isEmpty else {
                    throw problem("an empty optional part", at: start, hint: "remove `[[]]`")
                }
                found.append(Template.Element(kind: .optional(inner), offset: start))
            } else if depth > 0, scalar == "]", closes(depth) {
                flush()
                at += 2
                return found
            } else if scalar == "(", let choices = try alternatives() {
                flush()
                found.append(Template.Element(kind: .alternatives(choices), offset: start))
            } else {
                if literal.isEmpty { literalStart = at }
                literal.append(contentsOf: try plain())
            }
        }
        guard depth == 0 else {
            throw problem(
                "the optional part that begins here does not end", at: opened - 2,
                hint: "close it with `]]`, or write `\\[` if a bracket is meant")
        }
        flush()
        return found
    }

    /// Whether the next two of a run of brackets close the part: the last two of a run do, or, in
    /// a part inside another, the last four both.
    private func closes(_ depth: Int) -> Bool {
        let run = text[at...].prefix { $0 == "]" }.count
        return run == 2 || run == 4 && depth == 2
    }

    /// One character of literal text, escaped or not.
    private mutating func plain() throws(Problem) -> [UInt8] {
        var scalar = text[at]
        if scalar == "\\" {
            guard let next = peek(1) else {
                throw problem("a backslash at the end", hint: "write `\\\\` for a backslash")
            }
            guard "{}[]()|\\".unicodeScalars.contains(next) else {
                throw problem(
                    "`\\\(next)` means nothing here",
                    hint: "only { } [ ] ( ) | and \\ can follow a backslash; write `\\\\` for one")
            }
            scalar = next
            at += 1
        }
        at += 1
        return Array(String(scalar).utf8)
    }

    /// `(a|b)`; nil, nothing read, when the bracket is literal text.
    private mutating func alternatives() throws(Problem) -> [[UInt8]]? {
        var end = at + 1
        var hasBar = false
        while end < text.count, text[end] != ")" {
            if text[end] == "{" || text[end] == "(" { return nil }
            if text[end] == "|" { hasBar = true }
            end += text[end] == "\\" ? 2 : 1
        }
        guard hasBar, end < text.count else { return nil }
        let start = at
        at += 1
        var choices: [[UInt8]] = [[]]
        while at < end {
            if text[at] == "|" {
                choices.append([])
                at += 1
            } else {
                choices[choices.count - 1] += try plain()
            }
        }
        at += 1
        guard Set(choices).count == choices.count else {
            throw problem("the same alternative twice", at: start)
        }
        return choices
    }

    private mutating func capture() throws(Problem) -> Template.Capture {
        let start = at
        guard let end = text[at...].firstIndex(of: "}") else {
            throw problem(
                "the field that begins here does not end",
                hint: "close it with `}`, or write `\\{` if a brace is meant")
        }
        var inner = String(String.UnicodeScalarView(text[at + 1..<end]))
        at = end + 1
        let isRightAnchored = inner.hasSuffix(">")
        if isRightAnchored { inner.removeLast() }
        guard let colon = inner.firstIndex(of: ":") else {
            throw problem(
                "`{\(inner)}` names no type", at: start,
                hint: "write {field:type}, or `\\{` if a brace is meant")
        }
        let field = String(inner[..<colon])
        let typeName = String(inner[inner.index(after: colon)...])
        let typeOffset = start + 2 + field.unicodeScalars.count
        guard !field.isEmpty else {
            throw problem(
                "a field without a name", at: start,
                hint: "write {_:\(typeName)} for what varies and is not kept")
        }
        let isLocal = field.hasPrefix("_")
        if isLocal, !Self.isLocalName(field) {
            throw problem(
                "`\(field)` is no local name", at: start + 1,
                hint: "write _ and then a to z, 0 to 9 and underline, such as _result")
        }
        if typeName.hasPrefix("ts("), typeName.hasSuffix(")") {
            return Template.Capture(
                field: isLocal ? nil : field, local: isLocal && field != "_" ? field : nil,
                type: .ts, format: try timeFormat(typeName.dropFirst(3).dropLast(), typeOffset + 3))
        }
        guard typeName != "ts" else {
            throw problem(
                "a time needs to know how it is written", at: typeOffset,
                hint: "such as {@timestamp:ts(yyyy/MM/dd HH:mm:ss)} or {@timestamp:ts(epoch)}")
        }
        guard let type = CaptureType.allCases.first(where: { $0.name == typeName }) else {
            throw problem(
                "unknown type `\(typeName)`", at: typeOffset, hint: typeHint(typeName))
        }
        guard !isRightAnchored || type.canAnchorRight else {
            throw problem(
                "`\(typeName)>` does not exist: a \(typeName) ends by itself", at: typeOffset,
                hint: "only user>, text> and path> are right-anchored")
        }
        return Template.Capture(
            field: isLocal ? nil : field, local: isLocal && field != "_" ? field : nil, type: type,
            isRightAnchored: isRightAnchored)
    }

    private func timeFormat(_ text: Substring, _ offset: Int) throws(Problem) -> TimeFormat {
        do {
            return try TimeFormat(String(text))
        } catch {
            throw problem(error.message, at: offset + error.offset, hint: error.hint)
        }
    }

    private static func isLocalName(_ text: String) -> Bool {
        text.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
        }
    }

    private func typeHint(_ name: String) -> String {
        let later = ["kv", "json", "xmlevent", "cef", "leef", "csv", "w3c", "sd"]
        if later.contains(where: { name == $0 || name.hasPrefix($0 + "(") }) {
            return "this version does not read \(name) yet"
        }
        let names = CaptureType.allCases.map { $0 == .ts ? "ts(…)" : $0.name }
        if let near = NearestName.suggestion(for: name, in: names) {
            return "did you mean `\(near)`?"
        }
        return "valid: " + names.joined(separator: ", ")
    }
}
