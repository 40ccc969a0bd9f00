import HisuiBytes

/// Acts as the records they are stored as: `docs/format.md`, "Acts".
extension Act {
    /// Names of the fields that every act may have, in their order.
    public static let ownNames = [
        "time", "act", "zone.name", "actor.kind", "actor.user", "actor.uid", "actor.loginuid",
        "actor.sudo_user", "actor.tty", "actor.ssh_client", "actor.pid", "actor.program",
        messageName,
    ]

    /// The last one: it is made anew from the others, and not read back.
    private static let messageName = "message"

    /// Appends the act as one line of JSON, without a line feed; valid UTF-8 for any values.
    /// - Complexity: O(bytes).
    public func append(to out: inout [UInt8]) {
        var writer = Writer(out: out)
        out = []
        writer.add("time", .text(time.utcText))
        writer.add("act", .text(kind.rawValue))
        writer.add("zone.name", zone)
        writer.add("actor.kind", .text(actor.kind.rawValue))
        writer.add("actor.user", actor.user)
        writer.add("actor.uid", actor.uid.map(Int64.init))
        writer.add("actor.loginuid", actor.loginUID.map(Int64.init))
        writer.add("actor.sudo_user", actor.sudoUser)
        writer.add("actor.tty", actor.terminal)
        writer.add("actor.ssh_client", actor.sshClient)
        writer.add("actor.pid", actor.pid.map(Int64.init))
        writer.add("actor.program", actor.program)
        for field in fields { writer.add(field.name, field.value) }
        writer.add(Self.messageName, .text(message))
        out = writer.out
        out.append(UInt8(ascii: "}"))
    }

    private struct Writer {
        var out: [UInt8]
        private var isFirst = true

        init(out: [UInt8]) { self.out = out }

        mutating func add(_ name: String, _ text: String?) {
            if let text { add(name, .text(text)) }
        }

        mutating func add(_ name: String, _ integer: Int64?) {
            if let integer { add(name, .integer(integer)) }
        }

        mutating func add(_ name: String, _ value: Value) {
            out.append(isFirst ? UInt8(ascii: "{") : UInt8(ascii: ","))
            isFirst = false
            JSONText.appendString(name, to: &out)
            out.append(UInt8(ascii: ":"))
            switch value {
            case .text(let text): JSONText.appendString(text, to: &out)
            case .integer(let integer): out.appendDecimal(integer)
            case .boolean(let boolean): out.append(utf8: boolean ? "true" : "false")
            case .list(let list):
                out.append(UInt8(ascii: "["))
                for (number, text) in list.enumerated() {
                    if number > 0 { out.append(UInt8(ascii: ",")) }
                    JSONText.appendString(text, to: &out)
                }
                out.append(UInt8(ascii: "]"))
            }
        }
    }
}

/// Why a record is no act that this version can read.
public struct ActFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence without its full stop.
    public var what: String

    init(_ what: String) { self.what = what }

    public var description: String { what }
}

extension Act {
    /// Reads a record of the acts' stream; any bytes at all.
    ///
    /// - Throws: what is wrong, for a record that is no flat JSON object, has a name twice or a
    ///   value that no act has, or lacks time, kind or actor.
    /// - Complexity: O(bytes), plus O(fields²) of at most `Limits.actFieldsMax`.
    public init(decoding record: Span<UInt8>) throws(ActFailure) {
        guard record.count <= Limits.recordBytesMax else {
            throw ActFailure("\(record.count) bytes; an act has at most \(Limits.recordBytesMax)")
        }
        var fields = try Self.fields(record)
        func take(_ name: String) -> Value? {
            guard let index = fields.firstIndex(where: { $0.name == name }) else { return nil }
            return fields.remove(at: index).value
        }
        func text(_ name: String) throws(ActFailure) -> String? {
            switch take(name) {
            case nil: return nil
            case .text(let text): return text
            default: throw ActFailure("'\(name)' is no text")
            }
        }
        func integer<T: FixedWidthInteger>(_ name: String) throws(ActFailure) -> T? {
            switch take(name) {
            case nil: return nil
            case .integer(let integer):
                if let value = T(exactly: integer) { return value }
                throw ActFailure("'\(name)' is out of range")
            default: throw ActFailure("'\(name)' is no integer")
            }
        }
        guard let time = try text("time").flatMap(Self.time) else {
            throw ActFailure("no 'time' that can be read")
        }
        let kindText = try text("act") ?? ""
        guard let kind = Kind(rawValue: kindText) else {
            throw ActFailure("'act' is no kind that this version knows")
        }
        let zone = try text("zone.name")
        guard let actorKind = try text("actor.kind").flatMap(Actor.Kind.init) else {
            throw ActFailure("no 'actor.kind' that this version knows")
        }
        var actor = Actor(actorKind)
        actor.user = try text("actor.user")
        actor.uid = try integer("actor.uid")
        actor.loginUID = try integer("actor.loginuid")
        actor.sudoUser = try text("actor.sudo_user")
        actor.terminal = try text("actor.tty")
        actor.sshClient = try text("actor.ssh_client")
        actor.pid = try integer("actor.pid")
        actor.program = try text("actor.program")
        _ = take(Self.messageName)
        self.init(kind, time: time, zone: zone, actor: actor, fields: fields)
    }

    private static func time(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        guard let found = TimeText.rfc3339(bytes.span, 0..<bytes.count),
            found.end == bytes.count, found.value.offsetSeconds == 0,
            let nanoseconds = found.value.nanoseconds(zone: .utc, received: 0)
        else { return nil }
        return Timestamp(nanoseconds: nanoseconds)
    }

    /// The members of a flat object in their order.
    private static func fields(_ record: Span<UInt8>) throws(ActFailure) -> [Field] {
        var scanner = JSONScanner(record, 0..<record.count, depthMax: 2)
        var fields: [Field] = []
        var names: Set<String> = []
        guard try next(&scanner) == .beginObject else { throw ActFailure("no JSON object") }
        while case .key(let key) = try next(&scanner) {
            let name = text(record, key)
            guard names.insert(name).inserted else { throw ActFailure("a name stands twice") }
            guard fields.count < Limits.actFieldsMax else {
                throw ActFailure("more than \(Limits.actFieldsMax) fields")
            }
            fields.append((name, try value(record, &scanner)))
        }
        guard try next(&scanner) == .end else { throw ActFailure("more than one object") }
        return fields
    }

    private static func value(
        _ record: Span<UInt8>, _ scanner: inout JSONScanner
    ) throws(ActFailure) -> Value {
        switch try next(&scanner) {
        case .string(let string): return .text(text(record, string))
        case .bool(let boolean): return .boolean(boolean)
        case .number(let range):
            let digits = String(decoding: range.map { record[$0] }, as: UTF8.self)
            guard let integer = Int64(digits) else { throw ActFailure("a number is no integer") }
            return .integer(integer)
        case .beginArray:
            var list: [String] = []
            while case .string(let string) = try next(&scanner) {
                guard list.count < Limits.actListMax else {
                    throw ActFailure("a list of more than \(Limits.actListMax) values")
                }
                list.append(text(record, string))
            }
            // Whatever ended the loop, the list ends before the next member only if it was `]`.
            guard scanner.depth == 1 else { throw ActFailure("a list of other things than texts") }
            return .list(list)
        default: throw ActFailure("a value that no act has")
        }
    }

    private static func next(
        _ scanner: inout JSONScanner
    ) throws(ActFailure) -> JSONScanner.Token {
        do throws(JSONScanner.Failure) {
            return try scanner.next()
        } catch {
            throw ActFailure(error.description)
        }
    }

    private static func text(_ record: Span<UInt8>, _ text: JSONScanner.Text) -> String {
        var bytes: [UInt8] = []
        JSONText.appendUnescaped(record, text.range, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Act {
    /// The kind of a record as Hisui writes it, without reading the rest; nil where only decoding
    /// can tell.
    public static func kind(ofRecord record: Span<UInt8>) -> Kind? {
        var scanner = JSONScanner(record, 0..<record.count, depthMax: 2)
        guard (try? scanner.next()) == .beginObject, case .key? = try? scanner.next(),
            case .string? = try? scanner.next(), case .key(let key)? = try? scanner.next(),
            text(record, key) == "act", case .string(let kind)? = try? scanner.next()
        else { return nil }
        return Kind(rawValue: text(record, kind))
    }
}
