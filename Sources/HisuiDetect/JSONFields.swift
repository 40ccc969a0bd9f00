import HisuiBytes
import HisuiEvent

/// Finds the fields that rules ask for in the members of a JSON object.
///
/// Members of objects inside it have dotted names, elements of arrays are several values of one
/// field. Members of the objects named as containers are reached by their last name too, and so is
/// what the elements of a container's list call by name, as XML written as JSON does:
/// `"EventData": {"Data": [{"@Name": "Image", "#text": "…"}]}`.
struct JSONFields {
    /// Fields by the path of a member: which field, and how good the name is.
    private var byPath: [[UInt8]: [(field: Int, rank: Int)]] = [:]
    private let containers: Set<[UInt8]>
    /// What comes before the last name of containers that end with `.*`.
    private let stems: [[UInt8]]
    private let hasKeywords: Bool
    private let entities: Set<Int>
    private var path: [UInt8] = []
    /// Where the names of the open objects end in `path`.
    private var ends: [Int] = []
    /// Of an object that names a value: the name, and the value.
    private var named: (name: ByteRange?, text: ByteRange?) = (nil, nil)

    init(_ set: RuleSet) {
        for (field, names) in set.fieldNames.enumerated() {
            for (rank, name) in names.enumerated() {
                byPath[Array(name.utf8), default: []].append((field, rank))
            }
        }
        containers = Set(set.containers.map { Array($0.utf8) })
        stems = set.containers.filter { $0.hasSuffix(".*") }.map { Array($0.dropLast().utf8) }
        hasKeywords = set.hasKeywords
        entities = Set(set.entities.map(\.field))
    }

    /// Fills in the values of the event in `line`; false where that is no JSON object.
    mutating func read(_ line: Span<UInt8>, into values: inout EventValues) -> Bool {
        path.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        named = (nil, nil)
        do throws(JSONScanner.Failure) {
            var scanner = JSONScanner(line, 0..<line.count, depthMax: Limits.jsonDepthMax)
            guard case .beginObject = try scanner.next() else { return false }
            ends.append(0)
            while true {
                let token = try scanner.next()
                switch token {
                case .key(let name): open(line, name)
                case .beginObject: ends.append(path.count)
                case .endObject:
                    // Back to the object's own name: another element may follow it in an array.
                    path.removeSubrange((ends.popLast() ?? 0)...)
                    takeNamed(&values)
                case .beginArray, .endArray: break
                case .string(let text):
                    let range = values.append { bytes in
                        JSONText.appendUnescaped(line, text.range, to: &bytes)
                    }
                    take(range, isText: true, &values)
                case .number(let place):
                    let range = values.append { bytes in
                        for index in place { bytes.append(line[index]) }
                    }
                    take(range, isText: true, &values)
                case .bool(let value):
                    let range = values.append { $0.append(utf8: value ? "true" : "false") }
                    take(range, isText: false, &values)
                case .null: take(nil, isText: false, &values)
                case .end: return true
                }
            }
        } catch {
            return false
        }
    }

    /// Puts a member's name behind that of the object it is in.
    private mutating func open(_ line: Span<UInt8>, _ name: JSONScanner.Text) {
        closeMember()
        if !path.isEmpty { path.append(0x2E) }
        JSONText.appendUnescaped(line, name.range, to: &path)
    }

    /// Goes back to the name of the innermost open object.
    private mutating func closeMember() {
        path.removeSubrange((ends.last ?? 0)...)
    }

    private mutating func take(_ range: ByteRange?, isText: Bool, _ values: inout EventValues) {
        if isText, hasKeywords, let range { values.addText(range) }
        set(byPath[path], 0, range, &values)
        guard let end = ends.last, end > 0, end < path.count else { return }
        if isContainer(end) {
            set(byPath[Array(path[(end + 1)...])], 1, range, &values)
        } else {
            note(range, end)
        }
    }

    /// Whether the first `end` bytes of the path are those of a container.
    private func isContainer(_ end: Int) -> Bool {
        if containers.contains(Array(path[..<end])) { return true }
        return stems.contains {
            $0.count < end && path.starts(with: $0) && !path[$0.count..<end].contains(0x2E)
        }
    }

    /// Remembers a value called `#text` and its name, `@Name` or `#attributes.Name`.
    private mutating func note(_ range: ByteRange?, _ end: Int) {
        let last = path[(end + 1)...]
        if last.elementsEqual("#text".utf8) {
            named.text = range
        } else if last.elementsEqual("@Name".utf8)
            || last.elementsEqual("Name".utf8) && path[..<end].hasSuffix(".#attributes")
        {
            named.name = range
        }
    }

    /// At the end of an object that named a value: what it names, if its list is in a container.
    private mutating func takeNamed(_ values: inout EventValues) {
        // Attributes are an object inside the one that they are about.
        if path.hasSuffix(".#attributes") { return }
        defer { named = (nil, nil) }
        guard let name = named.name, let text = named.text, let end = path.lastIndex(of: 0x2E),
            isContainer(end)
        else { return }
        set(byPath[Array(values.bytes[name.range])], 1, text, &values)
    }

    /// Sets fields by names that are worse than their rank says by `offset`.
    private func set(
        _ fields: [(field: Int, rank: Int)]?, _ offset: Int, _ range: ByteRange?,
        _ values: inout EventValues
    ) {
        guard let fields else { return }
        // Windows writes a hyphen where nobody is meant; another field may name somebody.
        let isNobody = range.map { $0.count == 1 && values.bytes[$0.range.lowerBound] == 0x2D }
        for (field, rank) in fields where isNobody != true || !entities.contains(field) {
            values.set(field, rank: rank * 2 + offset, range)
        }
    }
}

extension Collection<UInt8> {
    fileprivate func hasSuffix(_ text: StaticString) -> Bool {
        suffix(text.utf8CodeUnitCount).elementsEqual("\(text)".utf8)
    }
}
