import HisuiBytes
public import HisuiShape

/// The fields an event can have, and the words of its classification: `parsers/schema.yaml`.
///
/// A name or word that is not in it is a mistake in the definition that uses it.
public struct Schema: Sendable {
    public struct Field: Sendable {
        public var name: String
        public var type: Shape.FieldType
        /// One line each, for people.
        public var english: String
        public var japanese: String
        /// Somebody who can choose its value can pass as another, or hide.
        public var isSecurity: Bool
        /// All values a constant may have; empty for any.
        public var values: [String]
    }

    /// An OCSF class and activity.
    public struct Class: Hashable, Sendable {
        public var classUID: Int
        public var activityID: Int
        public var typeUID: Int { classUID * 100 + activityID }
    }

    /// A documented value of `event.action`.
    public struct Action: Sendable {
        public var name: String
        public var english: String
        public var japanese: String
    }

    /// In the order of the file.
    public private(set) var fields: [Field]
    public private(set) var classes: [String: Class]
    public private(set) var actions: [Action]
    /// Which members of a JSON object mean what in every record.
    let objects: ObjectNames
    private var numbers: [String: Int]

    init(
        fields: [Field], classes: [String: Class], actions: [Action],
        objects: ObjectNames = ObjectNames()
    ) {
        self.objects = objects
        self.fields = fields
        self.classes = classes
        self.actions = actions
        numbers = Dictionary(
            fields.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The field called `name`.
    public subscript(name: String) -> Field? { numbers[name].map { fields[$0] } }

    /// Type of the field called `name`; nil if there is none.
    public func type(of name: String) -> Shape.FieldType? { self[name]?.type }

    public func isSecurity(_ name: String?) -> Bool {
        name.flatMap { self[$0] }?.isSecurity ?? false
    }

    /// What to tell somebody who wrote a field that does not exist.
    func hint(for name: String) -> String {
        if let near = NearestName.suggestion(for: name, in: fields.map(\.name)) {
            return "did you mean `\(near)`?"
        }
        return "the fields are listed in schema.yaml; write `_` for what is not to be kept"
    }
}

extension Shape.FieldType {
    /// As written in schema.yaml.
    var name: String { "\(self)" }

    /// As a message says it.
    var described: String {
        switch self {
        case .keyword: "a keyword"
        case .text: "a text"
        case .integer: "a whole number"
        case .time: "a time"
        case .ip: "an IP address"
        case .boolean: "a truth value"
        }
    }
}
