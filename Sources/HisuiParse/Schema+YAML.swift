import HisuiBytes
import HisuiShape
public import HisuiYAML

extension Schema {
    /// Reads `schema.yaml`.
    ///
    /// - Returns: nil and the reasons when anything is wrong with it.
    public static func load(
        _ bytes: [UInt8], file: String
    ) -> (schema: Schema?, diagnostics: [Diagnostic]) {
        let log = Diagnostics { NearestName.suggestion(for: $0, in: $1) }
        do {
            let root = try YAMLDocument.parseSingle(bytes, file: file)
            let schema = read(root, log)
            return (log.isEmpty ? schema : nil, log.sorted)
        } catch {
            return (nil, [error.diagnostic])
        }
    }

    private static func read(_ root: YAMLNode, _ log: Diagnostics) -> Schema? {
        guard var reader = MappingReader(root, "schema", log) else { return nil }
        _ = reader.string("schema", required: true)
        _ = reader.int("version", in: 1...1_000_000, required: true)
        _ = reader.string("based_on")
        let fields = reader.mapping("fields", "fields", required: true)
        let actions = reader.mapping("actions", "actions", required: true)
        let classes = reader.mapping("classes", "classes", required: true)
        var objects = ObjectNames()
        if var names = reader.mapping("objects") {
            objects.times = names.strings("times")?.map(\.text) ?? []
            objects.utcTimes = names.strings("utc_times")?.map(\.text) ?? []
            objects.columnTimes =
                names.strings("column_times")?.map { given in
                    given.text.split(separator: "+").map(String.init)
                } ?? []
            objects.messages = names.strings("messages")?.map(\.text) ?? []
            names.finish()
        }
        reader.finish()
        return Schema(
            fields: fields.map { field($0.node, log) } ?? [],
            classes: classes.map { `class`($0.node, log) } ?? [:],
            actions: actions.map { action($0.node, log) } ?? [], objects: objects)
    }

    private static func field(_ node: YAMLNode, _ log: Diagnostics) -> [Field] {
        (node.mapping ?? []).compactMap { key, value in
            guard var reader = MappingReader(value, "field \(key.quoted)", log) else { return nil }
            let types = Shape.FieldType.allCases
            let type = reader.choice("type", of: types.map(\.name), required: true)
            let english = reader.string("en", required: true)
            let japanese = reader.string("ja", required: true)
            let isSecurity = reader.bool("security") ?? false
            let values = reader.strings("values")?.map(\.text) ?? []
            reader.finish()
            return Field(
                name: key.text ?? "", type: types.first { $0.name == type } ?? .keyword,
                english: english ?? "", japanese: japanese ?? "", isSecurity: isSecurity,
                values: values)
        }
    }

    private static func action(_ node: YAMLNode, _ log: Diagnostics) -> [Action] {
        (node.mapping ?? []).compactMap { key, value in
            guard var reader = MappingReader(value, "action \(key.quoted)", log) else { return nil }
            let english = reader.string("en", required: true)
            let japanese = reader.string("ja", required: true)
            reader.finish()
            return Action(
                name: key.text ?? "", english: english ?? "", japanese: japanese ?? "")
        }
    }

    /// `authentication: { uid: 3002, activities: { logon: 1, … } }` to `authentication/logon` and
    /// so on.
    private static func `class`(_ node: YAMLNode, _ log: Diagnostics) -> [String: Class] {
        var classes: [String: Class] = [:]
        for (key, value) in node.mapping ?? [] {
            guard var reader = MappingReader(value, "class \(key.quoted)", log) else { continue }
            let uid = reader.int("uid", in: 0...1_000_000, required: true)
            var activities = reader.mapping("activities", required: true)
            reader.finish()
            for name in activities?.presentKeys.compactMap(\.text) ?? [] {
                guard let activity = activities?.int(name, in: 0...99) else { continue }
                classes["\(key.text ?? "")/\(name)"] = Class(
                    classUID: uid ?? 0, activityID: activity)
            }
        }
        return classes
    }
}
