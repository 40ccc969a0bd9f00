/// A JSON value, read and written in the plainest way.
enum NaiveJSON: Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    indirect case array([NaiveJSON])
    indirect case object([(key: String, value: NaiveJSON)])

    /// On one line.
    var text: String {
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .number(let text): return text
        case .string(let text): return Self.quoted(text)
        case .array(let values): return "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            let texts = members.map { "\(Self.quoted($0.key)):\($0.value.text)" }
            return "{" + texts.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\" + String(scalar)
            case "\0"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// All values of a text that holds several, one after the other.
    static func documents(_ text: String) -> [NaiveJSON] {
        var rest = Array(text.unicodeScalars)[...]
        if rest.first == "\u{FEFF}" { rest.removeFirst() }
        var all: [NaiveJSON] = []
        while true {
            skip(&rest)
            if rest.isEmpty { return all }
            all.append(read(&rest))
        }
    }

    private static func skip(_ rest: inout ArraySlice<Unicode.Scalar>) {
        while let next = rest.first, [" ", "\n", "\r", "\t", ",", ":"].contains(next) {
            rest.removeFirst()
        }
    }

    private static func read(_ rest: inout ArraySlice<Unicode.Scalar>) -> NaiveJSON {
        skip(&rest)
        switch rest.first {
        case "{":
            rest.removeFirst()
            var members: [(key: String, value: NaiveJSON)] = []
            while true {
                skip(&rest)
                if rest.first == "}" || rest.isEmpty { break }
                let key = readString(&rest)
                members.append((key, read(&rest)))
            }
            rest = rest.dropFirst()
            return .object(members)
        case "[":
            rest.removeFirst()
            var values: [NaiveJSON] = []
            while true {
                skip(&rest)
                if rest.first == "]" || rest.isEmpty { break }
                values.append(read(&rest))
            }
            rest = rest.dropFirst()
            return .array(values)
        case "\"": return .string(readString(&rest))
        default:
            var word = ""
            while let next = rest.first, ![",", "}", "]", " ", "\n", "\r"].contains(next) {
                word.unicodeScalars.append(next)
                rest.removeFirst()
            }
            return word == "null"
                ? .null
                : ["true", "false"].contains(word)
                    ? .bool(word == "true") : .number(word)
        }
    }

    private static func readString(_ rest: inout ArraySlice<Unicode.Scalar>) -> String {
        var units: [UInt16] = []
        rest.removeFirst()
        while let next = rest.popFirst(), next != "\"" {
            guard next == "\\", let escaped = rest.popFirst() else {
                units += Array(String(next).utf16)
                continue
            }
            switch escaped {
            case "n": units.append(10)
            case "r": units.append(13)
            case "t": units.append(9)
            case "b": units.append(8)
            case "f": units.append(12)
            case "u":
                let digits = String(String.UnicodeScalarView(rest.prefix(4)))
                rest = rest.dropFirst(4)
                units.append(UInt16(digits, radix: 16) ?? 0)
            default: units += Array(String(escaped).utf16)
            }
        }
        return String(decoding: units, as: UTF16.self)
    }
}

/// An event as rules see it: values by the paths of its members, and the texts that words are
/// looked for in.
struct NaiveEvent {
    /// Nil is null.
    var values: [String: [String?]] = [:]
    var texts: [String] = []

    /// A row of text, with the record.
    init(row: [String: String], record: String) {
        for (name, value) in row { values[name] = [value] }
        texts = [record]
    }

    /// - Parameter containers: objects whose members are known by their last name too; these
    ///   stand under `inside ` and that name.
    init(_ json: NaiveJSON, containers: [String]) { add(json, "", "", containers) }

    private mutating func add(
        _ json: NaiveJSON, _ path: String, _ parent: String, _ containers: [String]
    ) {
        switch json {
        case .object(let members):
            for (key, value) in members {
                let inner = path.isEmpty ? key : "\(path).\(key)"
                add(value, inner, path, containers)
            }
            addNamed(members, parent, containers)
        case .array(let elements):
            for element in elements { add(element, path, parent, containers) }
        case .null: set(nil, path, parent, containers)
        case .bool(let value): set(value ? "true" : "false", path, parent, containers)
        case .number(let text), .string(let text):
            texts.append(text)
            set(text, path, parent, containers)
        }
    }

    /// `{"@Name": "Image", "#text": "C:\\x"}` in a container: a member called `Image`.
    private mutating func addNamed(
        _ members: [(key: String, value: NaiveJSON)], _ parent: String, _ containers: [String]
    ) {
        guard Self.isContainer(parent, containers) else { return }
        var name: String?
        var text: String?
        for (key, value) in members {
            if key == "@Name", case .string(let given) = value { name = given }
            if key == "#attributes", case .object(let attributes) = value,
                case .string(let given)? = attributes.first(where: { $0.key == "Name" })?.value
            {
                name = given
            }
            if key == "#text" {
                if case .string(let given) = value { text = given }
                if case .number(let given) = value { text = given }
            }
        }
        if let name, let text { addInside(name, text) }
    }

    private mutating func set(
        _ value: String?, _ path: String, _ parent: String, _ containers: [String]
    ) {
        values[path, default: []].append(value)
        guard !parent.isEmpty, Self.isContainer(parent, containers) else { return }
        addInside(String(path.dropFirst(parent.count + 1)), value)
    }

    /// A member of a container, known without the spaces of its name, too.
    private mutating func addInside(_ name: String, _ value: String?) {
        values["inside " + name, default: []].append(value)
        let spaceless = name.filter { $0 != " " }
        if spaceless != name { values["inside " + spaceless, default: []].append(value) }
    }

    private static func isContainer(_ path: String, _ containers: [String]) -> Bool {
        containers.contains { container in
            guard container.hasSuffix(".*") else { return container == path }
            let stem = container.dropLast()
            return path.hasPrefix(stem) && !path.dropFirst(stem.count).contains(".")
        }
    }

    /// The values of a field that may have one of several names, the first that is there: nil if
    /// none is, empty if it is null.
    func field(_ names: [String]) -> [String]? {
        for name in names {
            for key in [name, "inside " + name] {
                if let found = values[key] { return found.compactMap { $0 } }
            }
        }
        return nil
    }
}
