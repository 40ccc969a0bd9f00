import HisuiEvent

/// Which fields of a row somebody further on looks at.
struct FieldNeeds: Hashable, Sendable {
    /// Every field a row has, but the record, which counts only by name.
    var all: Bool
    var names: Set<String>

    static let everything = FieldNeeds(all: true, names: [])
    static let nothing = FieldNeeds(all: false, names: [])

    init(all: Bool, names: Set<String>) {
        self.all = all
        self.names = names
    }

    init(_ names: some Sequence<String>) { self.init(all: false, names: Set(names)) }

    func contains(_ name: String) -> Bool {
        names.contains(name) || (all && name != FieldName.record)
    }

    func adding(_ more: some Sequence<String>) -> FieldNeeds {
        FieldNeeds(all: all, names: names.union(more))
    }

    /// What two who look at a row need together.
    func union(_ other: FieldNeeds) -> FieldNeeds {
        FieldNeeds(all: all || other.all, names: names.union(other.names))
    }

    func removing(_ name: String) -> FieldNeeds {
        FieldNeeds(all: all, names: names.subtracting([name]))
    }
}

/// A field by its name, or all fields whose names begin alike (`http.*`).
struct FieldPattern: Hashable, Sendable {
    var name: String
    var isPrefix: Bool

    func matches(_ other: String) -> Bool { isPrefix ? other.hasPrefix(name) : other == name }

    func print(to out: inout String) {
        if !(isPrefix && name.isEmpty) { Quoting.append(name, to: &out) }
        if isPrefix { out += "*" }
    }
}

extension Parser {
    /// Takes patterns of field names parted by commas.
    mutating func fieldPatterns() throws(QueryError) -> [FieldPattern] {
        var patterns: [FieldPattern] = []
        repeat {
            guard patterns.count < Limits.queryFieldsMax else {
                throw QueryError(
                    .limit, "more than \(Limits.queryFieldsMax) fields", at: current.start,
                    in: text)
            }
            patterns.append(try fieldPattern())
        } while take(",")
        return patterns
    }

    mutating func fieldPattern() throws(QueryError) -> FieldPattern {
        if take("*") { return FieldPattern(name: "", isPrefix: true) }
        let name = current.text
        let canonical = try fieldName()
        guard current.isMark("*"), !current.spaceBefore else {
            return FieldPattern(name: canonical, isPrefix: false)
        }
        advance()
        return FieldPattern(name: name, isPrefix: true)
    }
}
