import HisuiBytes
import HisuiShape

/// The records of one event, taken apart, and the values that are made from them.
///
/// Keeps its memory from event to event.
struct JoinedRecords {
    private struct Record {
        var type: Range<Int>
        var audit: AuditText
        /// In `parts`.
        var parts: Range<Int>
    }

    private var text: [UInt8] = []
    private var records: [Record] = []
    private var parts: [AuditText.Part] = []

    /// Takes the records of an event: `members` of `text`, in the order in which they came.
    mutating func take(_ text: [UInt8], _ members: [Range<Int>]) {
        self.text = text
        records.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
        for member in members {
            guard var audit = AuditText(text.span, member) else { continue }
            let first = parts.count
            while let part = audit.next(text.span) {
                if part.kind == .member, !AuditText.isNothing(text.span, part.value) {
                    parts.append(part)
                }
            }
            records.append(Record(type: audit.type, audit: audit, parts: first..<parts.count))
        }
    }

    /// Records of that type.
    func count(of type: [UInt8]) -> Int { records.count { isSame($0.type, type) } }

    /// The number that the first record of `type` has as `name`.
    func number(_ name: [UInt8], of type: [UInt8]) -> Int? {
        guard let found = member(name, of: type) else { return nil }
        return decimal(found.part.value)
    }

    /// Appends a value; false, with nothing appended, if the event has none.
    func append(_ name: JoinedName, to out: inout [UInt8]) -> Bool {
        switch name.value {
        case .member(let member):
            guard let found = self.member(member, of: name.type) else { return false }
            append(found.part, of: found.record, to: &out)
            return true
        case .arguments:
            return name.type == Self.execve ? appendArguments(to: &out) : appendTitle(to: &out)
        case .call: return appendCall(to: &out)
        case .access: return appendAccess(to: &out)
        case .path(let kind): return appendPath(kind, to: &out)
        case .objectMember(let member):
            guard let record = object(nil), let part = part(member, of: record) else {
                return false
            }
            append(part, of: record, to: &out)
            return true
        case .addressIP, .addressPort, .addressPath: return appendAddress(name.value, to: &out)
        }
    }

    // MARK: Members

    private func member(
        _ name: [UInt8], of type: [UInt8]
    ) -> (record: Record, part: AuditText.Part)? {
        for record in records where isSame(record.type, type) {
            if let part = part(name, of: record) { return (record, part) }
        }
        return nil
    }

    private func part(_ name: [UInt8], of record: Record) -> AuditText.Part? {
        for index in record.parts where isSame(parts[index].name, name) { return parts[index] }
        return nil
    }

    private func isSame(_ range: Range<Int>, _ text: [UInt8]) -> Bool {
        ByteSearch.equal(self.text.span, range, text.span)
    }

    private func append(_ part: AuditText.Part, of record: Record, to out: inout [UInt8]) {
        record.audit.decoding(of: part, text.span)
            .append(text.span, ByteRange(part.value), to: &out)
    }

    private func decimal(_ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count <= 9 else { return nil }
        var value = 0
        for index in range {
            guard text[index] &- 0x30 <= 9 else { return nil }
            value = value * 10 + Int(text[index] &- 0x30)
        }
        return value
    }

    // MARK: Command lines

    private func appendArguments(to out: inout [UInt8]) -> Bool {
        var isFirst = true
        for record in records where isSame(record.type, Self.execve) {
            for index in record.parts where AuditText.isArgument(text.span, parts[index].name) {
                let name = parts[index].name
                let piece = ByteSearch.first(of: 0x5B, in: text.span, name)
                // `a3[1]` goes on where `a3[0]` ended.
                let goesOn = piece.map { $0 + 1 < name.upperBound && text[$0 + 1] != 0x30 } ?? false
                if !isFirst, !goesOn { out.append(0x20) }
                isFirst = false
                append(parts[index], of: record, to: &out)
            }
        }
        return !isFirst
    }

    private func appendTitle(to out: inout [UInt8]) -> Bool {
        guard let found = member(Self.proctitle, of: Self.title) else { return false }
        let start = out.count
        append(found.part, of: found.record, to: &out)
        while out.count > start, out.last == 0 { out.removeLast() }
        for index in start..<out.count where out[index] == 0 { out[index] = 0x20 }
        return true
    }

    private func appendCall(to out: inout [UInt8]) -> Bool {
        if let named = member(Self.call, of: Self.syscall) {
            append(named.part, of: named.record, to: &out)
            return true
        }
        guard let number = number(Array("syscall".utf8), of: Self.syscall),
            let arch = member(Array("arch".utf8), of: Self.syscall),
            let name = AuditSystemCalls.name(
                number, arch: String(decodingBytes: text.span, arch.part.value))
        else { return false }
        out.append(utf8: name)
        return true
    }

    /// What the flags of open(2) say: O_WRONLY and O_RDWR are the two lowest bits everywhere.
    private func appendAccess(to out: inout [UInt8]) -> Bool {
        var call: [UInt8] = []
        guard appendCall(to: &call) else { return false }
        let flags: UInt64?
        switch String(decoding: call, as: UTF8.self) {
        case "open": flags = hexadecimal("a1")
        case "openat": flags = hexadecimal("a2")
        // Its flags stand in a structure, which has a record of its own; they are octal there.
        case "openat2":
            flags = member(Array("oflag".utf8), of: Array("OPENAT2".utf8)).flatMap {
                UInt64(String(decodingBytes: text.span, $0.part.value), radix: 8)
            }
        case "creat": flags = 1
        default: flags = nil
        }
        guard let flags else { return false }
        out.append(utf8: flags & 3 == 0 ? "read" : "write")
        return true
    }

    private func hexadecimal(_ name: String) -> UInt64? {
        member(Array(name.utf8), of: Self.syscall).flatMap {
            UInt64(String(decodingBytes: text.span, $0.part.value), radix: 16)
        }
    }

    // MARK: Paths

    /// The record of the object of that kind; nil: the one that the event is about.
    private func object(_ kind: [UInt8]?) -> Record? {
        var best: (record: Record, rank: Int)?
        for record in records where isSame(record.type, Self.path) {
            let type = (part(Self.nameType, of: record) ?? part(Self.oldType, of: record))?.value
            if let kind {
                if let type, isSame(type, kind) { return record }
                continue
            }
            let rank = type.flatMap { type in Self.ranks.firstIndex { isSame(type, $0) } }
            // Parents are what the object is in.
            let own = rank ?? (type == nil ? Self.ranks.count : Self.ranks.count + 1)
            if best.map({ own < $0.rank }) ?? true { best = (record, own) }
        }
        return best?.record
    }

    private func appendPath(_ kind: [UInt8]?, to out: inout [UInt8]) -> Bool {
        guard let record = object(kind), let part = part(Self.name, of: record) else {
            return false
        }
        var name: [UInt8] = []
        append(part, of: record, to: &name)
        if name.first != 0x2F, let folder = member(Self.cwd, of: Self.folder) {
            if name.starts(with: [0x2E, 0x2F]) { name.removeFirst(2) }
            append(folder.part, of: folder.record, to: &out)
            if out.last != 0x2F { out.append(0x2F) }
        }
        out += name
        return true
    }

    // MARK: Addresses

    /// The bytes of a `struct sockaddr`: family in the machine's order, which is little-endian on
    /// all that matter, port in that of the network.
    private func appendAddress(_ value: JoinedName.Value, to out: inout [UInt8]) -> Bool {
        guard let found = member(Self.saddr, of: Self.address) else { return false }
        var bytes: [UInt8] = []
        Shape.Decoding.hexBytes.append(text.span, ByteRange(found.part.value), to: &bytes)
        guard bytes.count >= 2, bytes[1] == 0 else { return false }
        let isInternet = bytes[0] == 2 && bytes.count >= 8 || bytes[0] == 10 && bytes.count >= 24
        switch value {
        case .addressPort where isInternet:
            out.appendDecimal(Int(bytes[2]) << 8 | Int(bytes[3]))
        case .addressIP where isInternet:
            func number(_ range: Range<Int>) -> UInt64 {
                bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
            }
            let address =
                bytes[0] == 2
                ? IPAddress(v4: UInt32(number(4..<8)))
                : IPAddress(v6High: number(8..<16), low: number(16..<24))
            address.appendText(to: &out)
        case .addressPath where bytes[0] == 1 && bytes.count > 2 && bytes[2] != 0:
            out += bytes[2...].prefix { $0 != 0 }
        default: return false
        }
        return true
    }

    private static let execve = Array("EXECVE".utf8)
    private static let title = Array("PROCTITLE".utf8)
    private static let proctitle = Array("proctitle".utf8)
    private static let syscall = Array("SYSCALL".utf8)
    private static let call = Array("SYSCALL".utf8)
    private static let path = Array("PATH".utf8)
    private static let name = Array("name".utf8)
    private static let nameType = Array("nametype".utf8)
    /// As the kernel of RHEL 7 calls it.
    private static let oldType = Array("objtype".utf8)
    private static let folder = Array("CWD".utf8)
    private static let cwd = Array("cwd".utf8)
    private static let address = Array("SOCKADDR".utf8)
    private static let saddr = Array("saddr".utf8)
    /// Kinds of objects that events are about, the most particular first.
    private static let ranks = ["CREATE", "DELETE", "NORMAL", "UNKNOWN"].map { Array($0.utf8) }
}
