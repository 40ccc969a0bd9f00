import HisuiBytes
import HisuiEvent
import HisuiShape

extension SyslogHeader {
    /// Reads the rest of a header by RFC 5424, from behind the version on.
    ///
    /// False, and nothing appended, if any part of it is not as the RFC says; but for the time,
    /// which may be of any kind, and structured data that is none: where the header has a time, the
    /// message begins there. The parts that are `-` are fixed text: a header without a host has
    /// another shape.
    ///
    /// - Parameter isOwn: the header is the one of a device, behind that of a relay.
    @inline(__always)
    mutating func rfc5424(
        _ record: Span<UInt8>, _ start: Int, _ clock: inout HeaderClock, isOwn: Bool,
        _ scratch: inout RowScratch
    ) -> Bool {
        let end = record.count
        var at = start
        var stated: Range<Int>?
        if !isOwn, at + 1 < end, record[at] == 0x2D, record[at + 1] == 0x20 {
            at += 1
        } else if isOwn {
            guard let own = Self.ownTime(record, at) else { return false }
            stated = own
            at = own.upperBound
        } else {
            guard let found = time(record, at, &clock), found.start == at else { return false }
            stated = at..<found.reading.end
            at = found.reading.end
            time = found.reading.time
            if found.reading.yearInferred { flags.insert(.yearInferred) }
        }
        guard let ids = IDs(record, &at), !isOwn || !ids.app.isEmpty,
            let values = data(record, &at, isTimed: stated != nil, ids)
        else {
            if !isOwn { (time, flags) = (.none, []) }
            return false
        }
        if let stated { scratch.append(stated, isOwn ? .text : .time, role: isOwn ? .none : .time) }
        if !ids.host.isEmpty { takeHost(ids.host, isOwn: isOwn, &scratch) }
        if !ids.app.isEmpty { takeApp(record, ids, &scratch) }
        appendIDs(record, ids.process, ids.message, &scratch)
        appendData(record, dataStart..<at, values, &scratch)
        variant.insert(.rfc5424)
        if at < end, dataStart < at { at += 1 }
        // What rsyslog passes on in this form keeps the blank that stood behind the tag of the old
        // one: it is no part of the message.
        if at < end, record[at] == 0x20 { at += 1 }
        // A byte order mark says that the message is UTF-8.
        if at + 3 <= end, record[at] == 0xEF, record[at + 1] == 0xBB, record[at + 2] == 0xBF {
            at += 3
        }
        messageStart = at
        return true
    }

    /// The words between time and structured data; empty those that are `-`.
    private struct IDs {
        let host: Range<Int>
        let app: Range<Int>
        let process: Range<Int>
        let message: Range<Int>

        @inline(__always)
        init?(_ record: Span<UInt8>, _ at: inout Int) {
            guard let host = SyslogHeader.word(record, &at, bytesMax: 255),
                let app = SyslogHeader.word(record, &at, bytesMax: 255),
                let process = SyslogHeader.word(record, &at, bytesMax: 128),
                let message = SyslogHeader.word(record, &at, bytesMax: 64),
                at + 1 < record.count, record[at] == 0x20
            else { return nil }
            at += 1
            (self.host, self.app, self.process, self.message) = (host, app, process, message)
        }
    }

    /// Goes over the structured data, from `dataStart` on; how many values it has.
    ///
    /// What is no structured data is the message, if the header has a time and its process is a
    /// number, or the message begins with a bracket: else it is a sentence.
    @inline(__always)
    private mutating func data(
        _ record: Span<UInt8>, _ at: inout Int, isTimed: Bool, _ ids: IDs
    ) -> Int? {
        let end = record.count
        dataStart = at
        var values = 0
        if record[at] == 0x2D {
            at += 1
            if at == end || record[at] == 0x20 { return 0 }
        } else if record[at] == 0x5B {
            var data = StructuredData(at)
            while data.next(record) != nil { values += 1 }
            at = data.at
            if data.isWhole, at == end || record[at] == 0x20 { return values }
        }
        guard isTimed, record[dataStart] == 0x5B || isNumber(record, ids.process) else {
            return nil
        }
        at = dataStart
        return 0
    }

    /// Takes the program. Some senders write it as in the old header, with the process in brackets.
    @inline(__always)
    private mutating func takeApp(
        _ record: Span<UInt8>, _ ids: IDs, _ scratch: inout RowScratch
    ) {
        program = ids.app
        namesMnemonic = record[ids.app.lowerBound] == 0x25
        let bracket =
            record[ids.app.upperBound - 1] == 0x5D ? bracket(record, in: ids.app) : nil
        guard let bracket else { return scratch.append(ids.app, .word, role: .program) }
        program = ids.app.lowerBound..<bracket
        scratch.append(ids.app.lowerBound..<bracket, .word, role: .program)
        scratch.append(
            bracket + 1..<ids.app.upperBound - 1, .integer,
            role: isNumber(record, ids.process) ? .none : .pid)
    }

    /// Where the bracket of `program[pid]` stands; nil if a word that ends in one is something
    /// else.
    private func bracket(_ record: Span<UInt8>, in app: Range<Int>) -> Int? {
        guard let bracket = app.first(where: { record[$0] == 0x5B }),
            isNumber(record, bracket + 1..<app.upperBound - 1)
        else { return nil }
        let classes = HeaderClass.table
        let table = classes.span
        var bits: UInt8 = 0
        for index in app.lowerBound..<bracket { bits |= table[Int(record[index])] }
        return bits & (HeaderClass.letter | HeaderClass.high) != 0 ? bracket : nil
    }

    private func isNumber(_ record: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where record[index] &- 0x30 > 9 { return false }
        return !range.isEmpty && range.count <= 10
    }

    private mutating func appendIDs(
        _ record: Span<UInt8>, _ process: Range<Int>, _ messageID: Range<Int>,
        _ scratch: inout RowScratch
    ) {
        if !process.isEmpty {
            if isNumber(record, process) {
                scratch.append(process, .integer, role: .pid)
            } else {
                scratch.append(process, .word)
                variant.insert(.processText)
            }
        }
        if !messageID.isEmpty {
            scratch.append(messageID, .word)
            variant.insert(.messageID)
        }
    }

    private mutating func appendData(
        _ record: Span<UInt8>, _ range: Range<Int>, _ values: Int, _ scratch: inout RowScratch
    ) {
        if values > Limits.structuredValuesMax {
            scratch.append(range, .text)
            variant.insert(.structuredText)
        } else if values > 0 {
            var data = StructuredData(range.lowerBound)
            while let parameter = data.next(record) { scratch.append(parameter.value, .text) }
            variant.insert(.structuredData)
        }
    }

    /// The word behind the space at `at`, empty for `-`, nil if there is none.
    fileprivate static func word(
        _ record: Span<UInt8>, _ at: inout Int, bytesMax: Int
    ) -> Range<Int>? {
        guard at < record.count, record[at] == 0x20 else { return nil }
        let start = at + 1
        at = start
        while at < record.count, record[at] > 0x20 { at += 1 }
        guard at > start, at - start <= bytesMax else { return nil }
        if at - start == 1, record[start] == 0x2D { return at..<at }
        return start..<at
    }
}

/// Walks over structured data (RFC 5424 §6.3): `[id name="value" …][id …]`.
struct StructuredData {
    struct Parameter {
        var id: Range<Int>
        var name: Range<Int>
        /// Between the quotes, escapes as they stand.
        var value: Range<Int>
    }

    /// The next byte to be read; once `next` has given nil, the first behind the data.
    private(set) var at: Int
    private var id: Range<Int>?
    private var isBroken = false
    private var elements = 0

    /// At the first bracket.
    init(_ at: Int) { self.at = at }

    /// Whether everything read was well formed; meaningful once `next` has given nil.
    var isWhole: Bool { !isBroken && elements > 0 && id == nil }

    mutating func next(_ record: Span<UInt8>) -> Parameter? {
        let end = record.count
        while !isBroken {
            guard let id else {
                guard at < end, record[at] == 0x5B else { return nil }
                let start = at + 1
                at = start
                skipName(record)
                guard at > start, at < end else { return broken() }
                self.id = start..<at
                continue
            }
            guard at < end else { return broken() }
            if record[at] == 0x5D {
                self.id = nil
                elements += 1
                at += 1
                continue
            }
            guard record[at] == 0x20 else { return broken() }
            let start = at + 1
            at = start
            skipName(record)
            let name = start..<at
            guard !name.isEmpty, at + 1 < end, record[at] == 0x3D, record[at + 1] == 0x22
            else { return broken() }
            at += 2
            let first = at
            while at < end, record[at] != 0x22 {
                at += record[at] == 0x5C && at + 1 < end ? 2 : 1
            }
            guard at < end else { return broken() }
            at += 1
            return Parameter(id: id, name: name, value: first..<at - 1)
        }
        return nil
    }

    /// Appends the values of the data that `message` begins with, and the text behind it as one
    /// more; false, with nothing appended, if it does not begin so.
    static func appendValues(
        of text: Span<UInt8>, _ message: Range<Int>, countMax: Int, to slots: inout [ByteRange]
    ) -> Bool {
        let first = slots.count
        let text = text.extracting(..<message.upperBound)
        var data = StructuredData(message.lowerBound)
        while slots.count - first < countMax, let parameter = data.next(text) {
            slots.append(ByteRange(parameter.value))
        }
        guard slots.count > first, slots.count - first < countMax, data.isWhole,
            data.at == text.count || text[data.at] == 0x20
        else {
            slots.removeSubrange(first...)
            return false
        }
        slots.append(ByteRange(min(data.at + 1, text.count)..<text.count))
        return true
    }

    /// The values under the names of the parameters, and the text behind as `text`.
    static func members(of text: Span<UInt8>, _ range: Range<Int>, first: Int) -> [NamedMember] {
        let text = text.extracting(..<range.upperBound)
        var data = StructuredData(range.lowerBound)
        var members: [NamedMember] = []
        while let parameter = data.next(text) {
            members.append(
                NamedMember(
                    name: String(decodingBytes: text, parameter.name),
                    slot: first + members.count, decoding: .backslashEscapes,
                    nameBytes: parameter.name.count))
        }
        if data.at < text.count {
            members.append(
                NamedMember(name: "text", slot: first + members.count, decoding: .raw))
        }
        return members
    }

    private mutating func broken() -> Parameter? {
        isBroken = true
        return nil
    }

    private mutating func skipName(_ record: Span<UInt8>) {
        while at < record.count {
            switch record[at] {
            case ...0x20, 0x22, 0x3D, 0x5D: return
            default: at += 1
            }
        }
    }
}
