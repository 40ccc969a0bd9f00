import HisuiBytes
import HisuiEvent
import HisuiShape

/// Goes over a record of the Linux audit system and gives its parts in order.
///
///     [node=H ]type=T msg=audit(SECONDS.MILLIS:SERIAL): [text ]name=value … [GS NAME=value …]
///
/// as auditd writes it to files and sends it to plug-ins and to syslog. Values are plain, in
/// quotes, in braces, or hexadecimal digits where they hold what may not stand in quotes;
/// `msg='…'` holds more of them. What is no `name=value` belongs to the value before it, or is
/// text.
///
/// Reads each byte a few times at most, takes nothing for granted, allocates nothing.
struct AuditText {
    /// A part of a record.
    struct Part {
        enum Kind {
            /// What stands before the first `name=value`.
            case preamble
            case member
            /// Text without a name behind a quoted value, or behind what is taken apart.
            case rest
        }

        var kind: Kind
        /// Of a member.
        var name: Range<Int>
        /// Without its quotes.
        var value: Range<Int>
        var isQuoted: Bool
    }

    /// The machine, if the record names it.
    private(set) var node: Range<Int>?
    private(set) var type: Range<Int>
    private(set) var time: Range<Int>
    private(set) var serial: Range<Int>
    private var at: Int
    private let end: Int
    /// End of the members inside `msg='…'`, at its last quote; 0 outside.
    private var nestedEnd = 0
    private var count = 0

    /// Members that are taken apart; what follows is one value without a name.
    static let membersMax = 96
    /// Values of one record at most: those of the header, and the one that follows.
    static let valuesMax = membersMax + 5
    private static let nameBytesMax = 64

    /// - Returns: nil if the message is no audit record.
    init?(_ text: Span<UInt8>, _ message: Range<Int>) {
        var cursor = Cursor(at: message.lowerBound, end: message.upperBound)
        if cursor.skip("node=", text) {
            node = cursor.word(until: 0x20, text)
            guard node != nil else { return nil }
        }
        guard cursor.skip("type=", text), let type = cursor.word(until: 0x20, text) else {
            return nil
        }
        guard cursor.skip("msg=audit(", text), let seconds = cursor.number(until: 0x2E, text),
            let fraction = cursor.number(until: 0x3A, text),
            let serial = cursor.number(until: 0x29, text), cursor.skip(":", text)
        else { return nil }
        self.type = type
        time = seconds.lowerBound..<fraction.upperBound
        self.serial = serial
        at = cursor.at
        end = cursor.end
    }

    /// Reads what journald writes of a record: `T [text ]name=value …`; time and number, which
    /// stand in other fields of the entry, are empty here.
    ///
    /// - Returns: nil if the message is no such text.
    init?(journal text: Span<UInt8>, _ message: Range<Int>) {
        var cursor = Cursor(at: message.lowerBound, end: message.upperBound)
        guard let type = cursor.word(until: 0x20, text) else { return nil }
        self.type = type
        time = type.upperBound..<type.upperBound
        serial = time
        at = cursor.at
        end = cursor.end
    }

    /// The next part; nil at the end.
    mutating func next(_ text: Span<UInt8>) -> Part? {
        while true {
            let limit = nestedEnd > 0 ? nestedEnd : end
            while at < limit, isBetween(text[at]) { at += 1 }
            if at >= limit {
                guard nestedEnd > 0 else { return nil }
                at = nestedEnd + 1
                nestedEnd = 0
                continue
            }
            count += 1
            if count > AuditText.membersMax {
                defer { at = end }
                nestedEnd = 0
                return Part(kind: .rest, name: at..<at, value: at..<end, isQuoted: false)
            }
            guard let name = name(text, limit) else { return loose(text, limit) }
            at = name.upperBound + 1
            if opensNested(text, name) { continue }
            return member(name, text, limit)
        }
    }

    /// Blanks, the group separator before what auditd resolved, and punctuation of old messages.
    @inline(__always)
    private func isBetween(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x1D || byte == 0x28 || byte == 0x2C || byte == 0x29
    }

    /// The name of a member that begins here.
    private func name(_ text: Span<UInt8>, _ limit: Int) -> Range<Int>? {
        var stop = at
        while stop < limit, stop - at <= AuditText.nameBytesMax {
            switch text[stop] {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D, 0x2E, 0x5B, 0x5D: stop += 1
            case 0x3D: return stop > at ? at..<stop : nil
            default: return nil
            }
        }
        return nil
    }

    /// Enters `msg='…'`; its last quote ends it, or the end of what is not resolved.
    private mutating func opensNested(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
        guard nestedEnd == 0, name.count == 3, at < end, text[at] == 0x27,
            ByteSearch.equal(text, name, AuditText.nested.span)
        else { return false }
        var stop = ByteSearch.first(of: 0x1D, in: text, at..<end) ?? end
        while stop > at + 1, text[stop - 1] != 0x27 { stop -= 1 }
        guard stop > at + 1 else { return false }
        nestedEnd = stop - 1
        at += 1
        return true
    }

    private static let nested = Array("msg".utf8)

    private mutating func member(
        _ name: Range<Int>, _ text: Span<UInt8>, _ limit: Int
    ) -> Part {
        if at < limit, let close = closing(text[at]) {
            let start = close == 0x7D ? at : at + 1
            if let stop = ByteSearch.first(of: close, in: text, at + 1..<limit) {
                at = stop + 1
                return Part(
                    kind: .member, name: name, value: start..<(close == 0x7D ? at : stop),
                    isQuoted: close != 0x7D)
            }
        }
        let start = at
        skipWord(text, limit)
        var stop = at
        // Words that are no members belong to the value: `op=adding user`.
        while at < limit, text[at] == 0x20 {
            while at < limit, text[at] == 0x20 { at += 1 }
            guard at < limit, !isBetween(text[at]), closing(text[at]) == nil,
                self.name(text, limit) == nil
            else { break }
            skipWord(text, limit)
            stop = at
        }
        while stop > start, text[stop - 1] == 0x2C || text[stop - 1] == 0x29 { stop -= 1 }
        return Part(kind: .member, name: name, value: start..<stop, isQuoted: false)
    }

    private mutating func skipWord(_ text: Span<UInt8>, _ limit: Int) {
        while at < limit, text[at] != 0x20, text[at] != 0x1D { at += 1 }
    }

    @inline(__always)
    private func closing(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x22: 0x22
        case 0x27: 0x27
        case 0x7B: 0x7D
        default: nil
        }
    }

    /// Words without a name.
    private mutating func loose(_ text: Span<UInt8>, _ limit: Int) -> Part {
        let kind = count == 1 ? Part.Kind.preamble : .rest
        let start = at
        var stop = at
        repeat {
            skipWord(text, limit)
            stop = at
            while at < limit, text[at] == 0x20 { at += 1 }
        } while at < limit && text[at] != 0x1D && name(text, limit) == nil
        return Part(kind: kind, name: start..<start, value: start..<stop, isQuoted: false)
    }
}

/// Reads the beginning of a record.
private struct Cursor {
    var at: Int
    let end: Int

    mutating func skip(_ prefix: StaticString, _ text: Span<UInt8>) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard end - at >= count else { return false }
        for index in 0..<count {
            // Safe: the index is below the length of the literal, which lives for ever.
            guard unsafe text[at + index] == prefix.utf8Start[index] else { return false }
        }
        at += count
        return true
    }

    /// What stands before `stop`, not empty and without blanks; goes behind it.
    mutating func word(until stop: UInt8, _ text: Span<UInt8>) -> Range<Int>? {
        take(until: stop, text) { $0 > 0x20 }
    }

    /// Digits before `stop`, at most 18.
    mutating func number(until stop: UInt8, _ text: Span<UInt8>) -> Range<Int>? {
        take(until: stop, text) { $0 &- 0x30 <= 9 }.flatMap { $0.count <= 18 ? $0 : nil }
    }

    private mutating func take(
        until stop: UInt8, _ text: Span<UInt8>, where fits: (UInt8) -> Bool
    ) -> Range<Int>? {
        let start = at
        while at < end, text[at] != stop, fits(text[at]) { at += 1 }
        guard at > start, at < end, text[at] == stop else { return nil }
        at += 1
        return start..<at - 1
    }
}

// Values.
extension AuditText {
    /// Calls `body` with every value that becomes a slot, in order.
    @inline(__always)
    mutating func forEachValue(_ text: Span<UInt8>, _ body: (Range<Int>) -> Void) {
        if let node { body(node) }
        body(type)
        if !time.isEmpty {
            body(time)
            body(serial)
        }
        while let part = next(text) {
            if !AuditText.isNothing(text, part.value) { body(part.value) }
        }
    }

    /// The values of `forEachValue` that have names.
    func members(_ text: Span<UInt8>, first: Int) -> [NamedMember] {
        var audit = self
        var members: [NamedMember] = []
        var slot = first
        func add(_ name: String, _ decoding: Shape.Decoding = .raw) {
            members.append(NamedMember(name: name, slot: slot, decoding: decoding))
            slot += 1
        }
        if node != nil { add("node") }
        add("type")
        if !time.isEmpty {
            add("audit.time")
            add("audit.serial")
        }
        while let part = audit.next(text) {
            if AuditText.isNothing(text, part.value) { continue }
            switch part.kind {
            case .preamble: add("preamble")
            case .member:
                add(String(decodingBytes: text, part.name), decoding(of: part, text))
            case .rest: slot += 1
            }
        }
        return members
    }

    /// Whether a value says that there is none: it is fixed text, and no member.
    static func isNothing(_ text: Span<UInt8>, _ value: Range<Int>) -> Bool {
        switch value.count {
        case 1: text[value.lowerBound] == 0x3F
        case 5: ByteSearch.equal(text, value, unset.span)
        case 6:
            ByteSearch.equal(text, value, null.span) || ByteSearch.equal(text, value, none.span)
        case 10: ByteSearch.equal(text, value, noID.span)
        default: false
        }
    }

    private static let unset = Array("unset".utf8)
    private static let null = Array("(null)".utf8)
    private static let none = Array("(none)".utf8)
    private static let noID = Array("4294967295".utf8)

    /// How a value is read: what may hold any bytes is hexadecimal where it is not in quotes.
    func decoding(of part: Part, _ text: Span<UInt8>) -> Shape.Decoding {
        if part.isQuoted || part.kind != .member { return .raw }
        if AuditText.isArgument(text, part.name) {
            return ByteSearch.equal(text, type, AuditText.execve.span) ? .hexBytes : .raw
        }
        let isEncoded = AuditText.encoded.contains { ByteSearch.equal(text, part.name, $0.span) }
        return isEncoded ? .hexBytes : .raw
    }

    /// Whether a name is that of an argument, or of a piece of one: `a0`, `a12`, `a3[1]`.
    static func isArgument(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
        guard name.count > 1, text[name.lowerBound] == 0x61 else { return false }
        return name.dropFirst().allSatisfy {
            text[$0] &- 0x30 <= 9 || text[$0] == 0x5B || text[$0] == 0x5D
        }
    }

    private static let execve = Array("EXECVE".utf8)
    private static let encoded = [
        "acct", "cmd", "comm", "cwd", "data", "dir", "exe", "file", "key", "name", "new-disk",
        "ocomm", "old-disk", "path", "proctitle", "watch",
    ].map { Array($0.utf8) }
}
