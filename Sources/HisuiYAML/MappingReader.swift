/// Takes the values of a mapping by key, checks their types and reports what is wrong.
///
/// Nothing here stops at the first mistake: a value that is missing or wrong comes back as nil and
/// the reason goes to the `Diagnostics`, so one run tells a person everything.
///
///     guard var zone = MappingReader(node, "zone", log) else { return nil }
///     let id = zone.string("id", required: true)
///     let limit = zone.int("limit", in: 1...1000) ?? 20
///     zone.finish()                       // reports keys nobody asked for
///
/// Every valid key must be asked for before `finish()`, also on the way out after a mistake:
/// what was asked for is what is valid.
public struct MappingReader {
    public let node: YAMLNode
    /// What the mapping is, as a message says it: "zone", "source".
    public let what: String
    public let diagnostics: Diagnostics

    private let values: [String: YAMLNode]
    private let keys: [YAMLNode]
    private var known: [String] = []

    /// Nil, with a report, when `node` is no mapping.
    public init?(_ node: YAMLNode, _ what: String, _ diagnostics: Diagnostics) {
        guard let entries = node.mapping else {
            diagnostics.report(
                node, "\(what) must be a mapping of keys to values, not \(node.described)")
            return nil
        }
        self.node = node
        self.what = what
        self.diagnostics = diagnostics
        keys = entries.map(\.key)
        values = Dictionary(
            entries.map { ($0.key.text ?? "", $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    /// The keys of the mapping, in the order of the file.
    public var presentKeys: [YAMLNode] { keys }

    /// The key's own node, for remarks about the key rather than its value.
    /// - Complexity: O(number of keys).
    public func keyNode(_ key: String) -> YAMLNode? { keys.first { $0.text == key } }

    /// The value of `key`, of any type.
    ///
    /// Null counts as a value that was forgotten and is reported.
    public mutating func value(_ key: String, required: Bool = false) -> YAMLNode? {
        if !known.contains(key) { known.append(key) }
        guard let value = values[key] else {
            if required { diagnostics.report(node, "\(what) needs the key `\(key)`") }
            return nil
        }
        guard !value.isNull else {
            diagnostics.report(
                value, "`\(key)` has no value", hint: "give it one or remove the key")
            return nil
        }
        return value
    }

    /// Text.
    ///
    /// Plain numbers and truth values are refused: they need quotes to be text.
    public mutating func string(_ key: String, required: Bool = false) -> String? {
        value(key, required: required).flatMap { string($0, key) }
    }

    /// Text and its place.
    public mutating func stringNode(
        _ key: String, required: Bool = false
    ) -> (text: String, node: YAMLNode)? {
        guard let value = value(key, required: required) else { return nil }
        return string(value, key).map { ($0, value) }
    }

    /// A whole number within `range`.
    public mutating func int(
        _ key: String, in range: ClosedRange<Int>, required: Bool = false
    ) -> Int? {
        guard let value = value(key, required: required) else { return nil }
        guard let number = value.int else {
            diagnostics.report(value, "`\(key)` must be a whole number, not \(value.described)")
            return nil
        }
        guard range.contains(number) else {
            diagnostics.report(
                value, "`\(key)` is \(number)",
                hint: "give a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    public mutating func bool(_ key: String, required: Bool = false) -> Bool? {
        guard let value = value(key, required: required) else { return nil }
        guard let bool = value.bool else {
            diagnostics.report(
                value, "`\(key)` must be true or false, not \(value.described)",
                hint: "write true or false, without quotes")
            return nil
        }
        return bool
    }

    /// One of the words `valid`.
    public mutating func choice(
        _ key: String, of valid: [String], required: Bool = false
    ) -> String? {
        guard let (text, value) = stringNode(key, required: required) else { return nil }
        guard valid.contains(text) else {
            diagnostics.reportUnknown(value, key, valid: valid)
            return nil
        }
        return text
    }

    /// The elements of a list.
    public mutating func list(_ key: String, required: Bool = false) -> [YAMLNode]? {
        guard let value = value(key, required: required) else { return nil }
        guard let elements = value.sequence else {
            diagnostics.report(value, "`\(key)` must be a list, not \(value.described)")
            return nil
        }
        return elements
    }

    /// A list of texts with their places; elements of another type are reported and left out.
    /// - Parameter orOne: whether a single text stands for a list of one.
    public mutating func strings(
        _ key: String, required: Bool = false, orOne: Bool = false
    ) -> [(text: String, node: YAMLNode)]? {
        if orOne, let value = values[key], value.string != nil {
            return stringNode(key).map { [$0] }
        }
        return list(key, required: required)?.compactMap { element in
            string(element, "an element of `\(key)`", isKey: false).map { ($0, element) }
        }
    }

    /// A reader for the mapping under `key`.
    public mutating func mapping(
        _ key: String, _ what: String? = nil, required: Bool = false
    ) -> MappingReader? {
        value(key, required: required).flatMap {
            MappingReader($0, what ?? "`\(key)`", diagnostics)
        }
    }

    /// Reports the value of `key`, or the whole mapping when it has no such key.
    public func report(_ key: String, _ message: String, hint: String = "") {
        diagnostics.report(values[key] ?? node, message, hint: hint)
    }

    /// Reports every key nobody asked for, with the nearest of those asked for.
    public func finish() {
        for key in keys {
            guard let text = key.text, !known.contains(text) else { continue }
            diagnostics.report(
                key, "unknown key \(key.quoted) in \(what)",
                hint: diagnostics.choice(text, valid: known))
        }
    }

    private func string(_ value: YAMLNode, _ name: String, isKey: Bool = true) -> String? {
        if let string = value.string { return string }
        let subject = isKey ? "`\(name)`" : name
        diagnostics.report(
            value, "\(subject) must be text, not \(value.described)",
            hint: value.text.map { $0.isEmpty ? "" : "put it in quotes" } ?? "")
        return nil
    }
}
