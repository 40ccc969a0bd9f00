import HisuiBytes
import HisuiEvent

/// Finds the fields that rules ask for in the members of a JSON object.
///
/// Members of objects inside it have dotted names, elements of arrays are several values of one
/// field. Members of the objects named as containers are reached by their last name too, and so is
/// what the elements of a container's list call by name, as XML written as JSON does:
/// `"EventData": {"Data": [{"@Name": "Image", "#text": "…"}]}`.
struct JSONFields {
    /// Names of members, and the fields whose values they may have.
    private let names: NameTable
    private let containers: NameTable
    /// What comes before the last name of containers that end with `.*`.
    private let stems: [[UInt8]]
    private let entities: Set<Int>
    private var path: [UInt8] = []
    private var objects: [OpenObject] = []
    /// The strings and numbers of the last object.
    private var texts: [Text] = []
    /// Of an object that names a value: the name, and the value.
    private var named: (name: Text?, value: Value?) = (nil, nil)

    private struct Text {
        var range: Range<Int>
        var hasEscapes: Bool
    }

    private struct OpenObject {
        /// Where its name ends in `path`.
        var end: Int
        var isContainer: Bool
    }

    init(_ set: RuleSet) {
        var fields: [[UInt8]: [NameTable.Meaning]] = [:]
        for (field, names) in set.fieldNames.enumerated() {
            for (rank, name) in names.enumerated() {
                fields[Array(name.utf8), default: []]
                    .append(NameTable.Meaning(field: field, rank: rank))
            }
        }
        names = NameTable(fields)
        containers = NameTable(
            Dictionary(uniqueKeysWithValues: Set(set.containers).map { (Array($0.utf8), []) }))
        stems = set.containers.filter { $0.hasSuffix(".*") }.map { Array($0.dropLast().utf8) }
        entities = Set(set.entities.map(\.field))
    }

    /// Fills in the values of the event in `line`; false where that is no JSON object.
    ///
    /// - Complexity: O(bytes).
    mutating func read(_ line: Span<UInt8>, into values: inout EventValues) -> Bool {
        path.removeAll(keepingCapacity: true)
        objects.removeAll(keepingCapacity: true)
        texts.removeAll(keepingCapacity: true)
        named = (nil, nil)
        do throws(JSONScanner.Failure) {
            var scanner = JSONScanner(line, 0..<line.count, depthMax: Limits.jsonDepthMax)
            guard case .beginObject = try scanner.next() else { return false }
            objects.append(OpenObject(end: 0, isContainer: false))
            while true {
                switch try scanner.next() {
                case .key(let name): open(line, name)
                case .beginObject:
                    objects.append(OpenObject(end: path.count, isContainer: isContainer()))
                case .endObject:
                    // Back to the object's own name: another element may follow it in an array.
                    if let end = objects.popLast()?.end { path.removeSubrange(end...) }
                    takeNamed(line, &values)
                case .beginArray, .endArray: break
                case .string(let string):
                    let text = Text(range: string.range, hasEscapes: string.hasEscapes)
                    texts.append(text)
                    take(.text(text), line, &values)
                case .number(let place):
                    let text = Text(range: place, hasEscapes: false)
                    texts.append(text)
                    take(.text(text), line, &values)
                case .bool(let value): take(.bool(value), line, &values)
                case .null: take(.null, line, &values)
                case .end: return true
                }
            }
        } catch {
            return false
        }
    }

    /// Adds the strings and numbers of the line that was read last to the event's text.
    func addTexts(_ line: Span<UInt8>, to values: inout EventValues) {
        for text in texts { values.addText(values.append { Self.append(text, line, to: &$0) }) }
    }

    /// Puts a member's name behind that of the object it is in.
    private mutating func open(_ line: Span<UInt8>, _ name: JSONScanner.Text) {
        let end = objects.last?.end ?? 0
        if path.count > end { path.removeSubrange(end...) }
        if end > 0 { path.append(0x2E) }
        Self.append(
            Text(range: name.range, hasEscapes: name.hasEscapes), line, to: &path)
    }

    private static func append(
        _ text: Text, _ line: Span<UInt8>, to bytes: inout [UInt8]
    ) {
        if text.hasEscapes {
            JSONText.appendUnescaped(line, text.range, to: &bytes)
        } else {
            bytes.append(line, text.range)
        }
    }

    private enum Value {
        case text(Text)
        case bool(Bool)
        case null
    }

    /// Whether the members of the object that is called as the path says are reached by their last
    /// name.
    private func isContainer() -> Bool {
        if containers.find(path.span) != nil { return true }
        return stems.contains {
            $0.count < path.count && path.starts(with: $0) && !path[$0.count...].contains(0x2E)
        }
    }

    private mutating func take(_ value: Value, _ line: Span<UInt8>, _ values: inout EventValues) {
        let own = names.find(path.span)
        var inner: NameTable.Meanings?
        if let object = objects.last, object.end > 0, object.end < path.count {
            if object.isContainer {
                inner = names.find(path.span.extracting((object.end + 1)...))
                setSpaceless(path[(object.end + 1)...], value, line, &values)
            } else {
                note(value, object.end)
            }
        }
        set(own, inner, value, line, &values)
    }

    /// Sets what a container's member is called without spaces, as rules write names of events of
    /// Windows (Sigma's specification, "Field Usage").
    private func setSpaceless(
        _ name: ArraySlice<UInt8>, _ value: Value, _ line: Span<UInt8>,
        _ values: inout EventValues
    ) {
        guard name.contains(0x20) else { return }
        let spaceless = name.filter { $0 != 0x20 }
        set(nil, names.find(spaceless.span), value, line, &values)
    }

    /// Remembers a value called `#text`, or its name, `@Name` or `#attributes.Name`.
    private mutating func note(_ value: Value, _ end: Int) {
        let last = path[(end + 1)...]
        if last.elementsEqual("#text".utf8) {
            named.value = value
        } else if last.elementsEqual("@Name".utf8)
            || last.elementsEqual("Name".utf8) && path[..<end].hasSuffix(".#attributes")
        {
            if case .text(let text) = value { named.name = text }
        }
    }

    /// At the end of an object that named a value: what it names, if its list is in a container.
    private mutating func takeNamed(_ line: Span<UInt8>, _ values: inout EventValues) {
        guard named.name != nil || named.value != nil else { return }
        // Attributes are an object inside the one that they are about.
        if path[...].hasSuffix(".#attributes") { return }
        defer { named = (nil, nil) }
        guard let name = named.name, let value = named.value,
            objects.last?.isContainer ?? false
        else { return }
        var bytes: [UInt8] = []
        Self.append(name, line, to: &bytes)
        set(nil, names.find(bytes.span), value, line, &values)
        setSpaceless(bytes[...], value, line, &values)
    }

    /// Sets the fields that a value may be of: by its whole name, and by its last one.
    private func set(
        _ own: NameTable.Meanings?, _ inner: NameTable.Meanings?, _ value: Value,
        _ line: Span<UInt8>, _ values: inout EventValues
    ) {
        if own == nil, inner == nil { return }
        let range: ByteRange? =
            switch value {
            case .text(let text): values.append { Self.append(text, line, to: &$0) }
            case .bool(let value): values.append { $0.append(utf8: value ? "true" : "false") }
            case .null: nil
            }
        // Windows writes a hyphen where nobody is meant; another field may name somebody.
        let isNobody = range.map { $0.count == 1 && values.bytes[$0.range.lowerBound] == 0x2D }
        for (meanings, offset) in [(own, 0), (inner, 1)] {
            guard let meanings else { continue }
            for place in meanings {
                let meaning = names.meanings[place]
                if isNobody == true, entities.contains(meaning.field) { continue }
                values.set(meaning.field, rank: meaning.rank * 2 + offset, range)
            }
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate func hasSuffix(_ text: StaticString) -> Bool {
        suffix(text.utf8CodeUnitCount).elementsEqual("\(text)".utf8)
    }
}

/// Names and what they mean to rules: a table that is made once and only read then.
struct NameTable {
    struct Meaning {
        var field: Int
        /// How good the name is for the field; 0 is the best.
        var rank: Int
    }

    /// Places in `meanings`.
    typealias Meanings = Range<Int>

    private struct Name {
        /// Where it is in `texts`.
        var text: Range<Int>
        var meanings: Range<Int>
    }

    private(set) var meanings: [Meaning] = []
    private var names: [Name] = []
    private var texts: [UInt8] = []
    private let buckets: Buckets

    init(_ given: [[UInt8]: [Meaning]]) {
        var keys: [UInt64: [([UInt8], [Meaning])]] = [:]
        for (name, fields) in given {
            keys[Hash64.of(name.span), default: []].append((name, fields))
        }
        var ranges: [(UInt64, Range<Int>)] = []
        for (key, list) in keys {
            let first = names.count
            for (name, fields) in list {
                names.append(
                    Name(
                        text: texts.count..<texts.count + name.count,
                        meanings: meanings.count..<meanings.count + fields.count))
                texts += name
                meanings += fields
            }
            ranges.append((key, first..<names.count))
        }
        buckets = ranges.isEmpty ? Buckets() : Buckets(ranges)
    }

    /// What `name` means; nil where it is not in the table.
    func find(_ name: Span<UInt8>) -> Meanings? {
        guard let range = buckets[Hash64.of(name)] else { return nil }
        for place in range where ByteSearch.equal(texts.span, names[place].text, name) {
            return names[place].meanings
        }
        return nil
    }
}
