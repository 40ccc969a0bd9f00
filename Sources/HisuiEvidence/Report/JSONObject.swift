import HisuiBytes

/// Writes one JSON object, members in the order in which they are added.
///
/// Bundles are compared byte for byte, so nothing here depends on an order of hashing.
struct JSONObject {
    private var bytes: [UInt8] = [0x7B]

    init() {}

    mutating func add(_ name: String, _ value: String) {
        key(name)
        JSONText.appendString(value, to: &bytes)
    }

    mutating func add(_ name: String, _ value: String?) {
        if let value { add(name, value) }
    }

    mutating func add(_ name: String, _ value: Int) {
        key(name)
        bytes.appendDecimal(value)
    }

    mutating func add(_ name: String, _ value: UInt64) {
        key(name)
        bytes.appendDecimal(value)
    }

    mutating func add(_ name: String, _ value: Int64) {
        key(name)
        bytes.appendDecimal(value)
    }

    mutating func add(_ name: String, _ value: Bool) {
        key(name)
        bytes.append(utf8: value ? "true" : "false")
    }

    mutating func add(_ name: String, _ values: [String]) {
        key(name)
        bytes.append(0x5B)
        for (number, value) in values.enumerated() {
            if number > 0 { bytes.append(0x2C) }
            JSONText.appendString(value, to: &bytes)
        }
        bytes.append(0x5D)
    }

    mutating func add(_ name: String, _ object: JSONObject) {
        key(name)
        bytes += object.bytes
        bytes.append(0x7D)
    }

    mutating func add(_ name: String, _ objects: [JSONObject]) {
        key(name)
        bytes.append(0x5B)
        for (number, object) in objects.enumerated() {
            if number > 0 { bytes.append(0x2C) }
            bytes += object.bytes
            bytes.append(0x7D)
        }
        bytes.append(0x5D)
    }

    /// The object and a line feed.
    var line: [UInt8] { bytes + [0x7D, 0x0A] }

    private mutating func key(_ name: String) {
        if bytes.count > 1 { bytes.append(0x2C) }
        JSONText.appendString(name, to: &bytes)
        bytes.append(0x3A)
    }
}

/// A value of a JSON object that is read back.
public enum JSONMember: Hashable, Sendable {
    case text(String)
    case integer(Int64)
    case boolean(Bool)
    case list([String])
    /// An object, or a value of another kind: the bytes as they stand.
    case other([UInt8])

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    var list: [String]? { if case .list(let values) = self { values } else { nil } }
}

extension JSONMember {
    /// Reads an object from outside: its members by name.
    ///
    /// - Returns: nil if `bytes` are no JSON object or a name occurs twice.
    public static func object(_ bytes: [UInt8]) -> [String: JSONMember]? {
        var scanner = JSONScanner(bytes.span, 0..<bytes.count, depthMax: 16)
        var members: [String: JSONMember] = [:]
        do {
            guard try scanner.next() == .beginObject else { return nil }
            while case .key(let name) = try scanner.next() {
                let start = scanner.position
                let token = try scanner.next()
                let member: JSONMember
                switch token {
                case .string(let text): member = .text(unescaped(text, bytes))
                case .bool(let value): member = .boolean(value)
                case .number(let range):
                    if let value = DecimalText.parse(bytes.span, range) {
                        member = .integer(value)
                    } else {
                        member = .other(Array(bytes[range]))
                    }
                case .null: member = .other(Array("null".utf8))
                case .beginArray:
                    var items: [String]? = []
                    let depth = scanner.depth - 1
                    while scanner.depth > depth {
                        switch try scanner.next() {
                        case .string(let text): items?.append(unescaped(text, bytes))
                        case .endArray: break
                        default: items = nil
                        }
                    }
                    let all = Array(bytes[start..<scanner.position])
                    member = items.map { .list($0) } ?? .other(all)
                case .beginObject:
                    let depth = scanner.depth - 1
                    while scanner.depth > depth { _ = try scanner.next() }
                    member = .other(Array(bytes[start..<scanner.position]))
                default: return nil
                }
                let key = unescaped(name, bytes)
                guard members.updateValue(member, forKey: key) == nil else { return nil }
            }
            guard try scanner.next() == .end else { return nil }
        } catch {
            return nil
        }
        return members
    }

    private static func unescaped(_ text: JSONScanner.Text, _ bytes: [UInt8]) -> String {
        if !text.hasEscapes { return String(decoding: bytes[text.range], as: UTF8.self) }
        var out: [UInt8] = []
        JSONText.appendUnescaped(bytes.span, text.range, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}
