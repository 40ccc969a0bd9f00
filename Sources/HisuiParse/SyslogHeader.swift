import HisuiBytes
import HisuiEvent
import HisuiShape

/// The header of a syslog record or of a line of a log file.
///
/// What it may look like, each part where it is in brackets missing in some variant:
///
///     [<PRI>] [Nov 23 01:02:03] [host] [program[pid]:] message       RFC 3164
///     [<PRI>] 2026-11-23T01:02:03.123456+09:00 [host] [program[pid]:] message
///     [<PRI>] 2026 Nov 23 01:02:03 …, Nov 23 2026 01:02:03 …         with a year
///     <PRI>1 time host app procid msgid [structured data] message    RFC 5424
///     <PRI>[: ][seq: ][host: ][seq: ][*]Nov 23 01:02:03.123[ JST]: %FAC-…     Cisco
///     [<PRI>] Nov 23 01:02:03 [host] notice program[pid]: message    F5
///     [<PRI>] Nov 23 01:02:03 host ASM:CEF:0|F5|…
///     Nov 23 01:02:03 [host] [program] message                       metalog
///     @4000000069c3b2a11c4e7d2c program: message                      multilog
///     [<PRI>] Nov 23 01:02:03 relay <PRI>Nov 23 … host program: …    a relay's, and a device's own
///     2026-11-23 01:02:03,123 message                                applications
///     <PRI>message                                                   Yamaha, FortiGate, Palo Alto
///
/// A header never swallows a message: whatever does not look like its part belongs to the message,
/// and a record that begins with none of these is a message as a whole. Slots are appended for the
/// parts that vary (priority, time, host, program, pid), with their roles.
struct SyslogHeader {
    /// From here to the end of the record.
    var messageStart: Int
    var program: Range<Int>?
    /// `Timestamp.none` if the record has none.
    var time: Timestamp = .none
    var flags: RowFlags = []
    /// What the slots' roles do not say; see `Variant`.
    var variant: Variant = []
    /// RFC 5424: where the structured data begins.
    var dataStart = 0
    /// The word that the message begins with may as well be this part of the header: only who knows
    /// the message can tell.
    var mayBeginWith: Beginning?
    /// The program begins with a percent sign, as messages of Cisco's devices do.
    var namesMnemonic = false

    /// No header: a message from `messageStart` on.
    init(messageStart: Int) { self.messageStart = messageStart }

    /// What a message may begin with that is no part of it.
    enum Beginning {
        case host
        /// `[sshd] …`, as metalog writes it.
        case program
    }

    /// Parts that are told from nothing but this.
    struct Variant: OptionSet {
        var rawValue: UInt8

        static let rfc5424 = Variant(rawValue: 1 << 0)
        /// RFC 5424: a MSGID stands in a slot.
        static let messageID = Variant(rawValue: 1 << 1)
        /// RFC 5424: a PROCID that is no number stands in a slot.
        static let processText = Variant(rawValue: 1 << 2)
        /// RFC 5424: there is structured data, a slot for each value.
        static let structuredData = Variant(rawValue: 1 << 3)
        /// RFC 5424: structured data of too many values, one slot for all.
        static let structuredText = Variant(rawValue: 1 << 4)
        static let dataOfAnyKind: Variant = [.structuredData, .structuredText]
        /// Behind a relay's header stands one of the device with its name, which the first slot
        /// without a role is that is a word.
        static let ownHost = Variant(rawValue: 1 << 5)
    }

    /// Reads the header and appends its slots.
    ///
    /// - Complexity: O(length of the header).
    @inline(__always)
    static func scan(
        _ record: Span<UInt8>, clock: inout HeaderClock, into scratch: inout RowScratch
    ) -> SyslogHeader {
        var header = SyslogHeader(messageStart: 0)
        guard record.count > 0 else { return header }
        var hasPriority = false
        if record[0] == 0x3C, let end = priorityEnd(record) {
            hasPriority = true
            scratch.append(1..<end - 1, .integer, role: .priority)
            header.messageStart = end
            if end + 1 < record.count, record[end] == 0x31, record[end + 1] == 0x20,
                header.rfc5424(record, end + 2, &clock, isOwn: false, &scratch)
            {
                return header
            }
        }
        header.bsd(record, hasPriority: hasPriority, &clock, &scratch)
        return header
    }

    /// The index after `<PRI>`, whose bracket stands at `start`.
    @inline(__always)
    static func priorityEnd(_ record: Span<UInt8>, _ start: Int = 0) -> Int? {
        var value = 0
        var at = start + 1
        while at < record.count, at < start + 5 {
            let byte = record[at]
            if byte == 0x3E { return at > start + 1 && value <= 191 ? at + 1 : nil }
            guard byte &- 0x30 <= 9 else { return nil }
            value = value * 10 + Int(byte &- 0x30)
            at += 1
        }
        return nil
    }

    // MARK: - RFC 3164 and what is like it

    @inline(__always)
    private mutating func bsd(
        _ record: Span<UInt8>, hasPriority: Bool, _ clock: inout HeaderClock,
        _ scratch: inout RowScratch
    ) {
        let end = record.count
        var at = messageStart
        guard at < end else { return }
        if hasPriority, record[at] == 0x20, at + 1 < end { at += 1 }
        guard let found = time(record, at, &clock) else {
            if hasPriority {
                headerWithoutTime(record, &clock, &scratch)
                if time == .none { takeDeviceTime(record, &clock) }
            }
            return
        }
        take(
            found, record, isApplicationLog: found.isSpaced && !hasPriority, &clock, &scratch)
    }

    struct FoundTime {
        var reading: HeaderClock.Reading
        /// Where it begins, Cisco's mark left out.
        var start: Int
        /// A date, a space and a time.
        var isSpaced: Bool
    }

    /// Takes the time as a slot and goes on to what follows it.
    @inline(__always)
    private mutating func take(
        _ found: FoundTime, _ record: Span<UInt8>, isApplicationLog: Bool,
        _ clock: inout HeaderClock, _ scratch: inout RowScratch
    ) {
        scratch.append(
            found.start..<found.reading.end, record[found.start] == 0x40 ? .word : .time,
            role: .time)
        time = found.reading.time
        if found.reading.yearInferred { flags.insert(.yearInferred) }
        messageStart = found.reading.end
        if messageStart < record.count {
            hostAndTag(record, &clock, isApplicationLog: isApplicationLog, &scratch)
        }
    }

    /// A time at `at` of whichever kind, if a blank, a colon or nothing follows it.
    @inline(__always)
    func time(
        _ record: Span<UInt8>, _ at: Int, _ clock: inout HeaderClock
    ) -> FoundTime? {
        let end = record.count
        guard at < end else { return nil }
        let byte = record[at]
        var reading: HeaderClock.Reading?
        var start = at
        var isSpaced = false
        if byte &- 0x30 <= 9 {
            guard end - at >= 19 else { return nil }
            if record[at + 4] == 0x20 {
                reading = clock.yearFirst(record, at, end)
            } else {
                reading = clock.iso(record, at, end)
                isSpaced = record[at + 10] == 0x20
            }
        } else if byte == 0x40 {
            reading = clock.tai64n(record, at, end)
        } else if byte == 0x2A || byte == 0x2E {
            start = at + 1
            reading = clock.bsd(record, start, end)
        } else {
            switch byte | 0x20 {
            // The first letters of the months.
            case 0x6A, 0x66, 0x6D, 0x61, 0x73, 0x6F, 0x6E, 0x64:
                reading = clock.bsd(record, at, end)
            default: return nil
            }
        }
        guard let reading else { return nil }
        if reading.end < end {
            let after = record[reading.end]
            guard after == 0x20 || after == 0x09 || after == 0x3A else { return nil }
        }
        return FoundTime(reading: reading, start: start, isSpaced: isSpaced)
    }

    /// What may stand behind the priority instead of a time: what Cisco's devices put before
    /// theirs, or a program with its number.
    private mutating func headerWithoutTime(
        _ record: Span<UInt8>, _ clock: inout HeaderClock, _ scratch: inout RowScratch
    ) {
        if let own = ownPrefix(record, messageStart, isOwn: false, &scratch) {
            if own.isTime, let found = time(record, own.next, &clock) {
                take(found, record, isApplicationLog: false, &clock, &scratch)
            } else {
                messageStart = own.next
            }
            return
        }
        if let tag = Tag(record, messageStart), tag.hasPID {
            take(tag, &scratch)
        } else {
            skipBlank(record)
        }
    }

    /// What follows the time, which `messageStart` is the end of.
    ///
    /// - Parameter isOwn: the header is the one of a device, behind that of a relay.
    @inline(__always)
    mutating func hostAndTag(
        _ record: Span<UInt8>, _ clock: inout HeaderClock, isApplicationLog: Bool,
        isOwn: Bool = false, _ scratch: inout RowScratch
    ) {
        let end = record.count
        if record[messageStart] == 0x3A {
            // Cisco: the time ends with a colon.
            takeColon(record, messageStart, &scratch)
            return
        }
        var first = Token.skipBlanks(record, messageStart)
        guard first < end else { return }
        if record[first] == 0x3C, takeLabel(record, first, &scratch) {
            first = Token.skipBlanks(record, messageStart)
            guard first < end else { return }
        }
        let token = Token(record, first)
        if let tag = Tag(record, token) {
            if token.mayBeZone, takeZone(record, token, &clock, &scratch) { return }
            if !isApplicationLog || tag.hasPID {
                take(tag, &scratch)
            } else {
                skipBlank(record)
            }
            return
        }
        if !isApplicationLog, !isOwn, token.isBracketed(record) { mayBeginWith = .program }
        let second = Token.skipBlanks(record, token.end)
        if second < end, token.isHost(record) || token.isHostOfSlot(record) {
            let next = Token(record, second)
            if let tag = Tag(record, next), !isApplicationLog || tag.hasPID {
                if !isOwn, !tag.hasPID, Self.mayBeTime(record, tag.end),
                    takeOwnHeader(record, behind: token, second, &clock, &scratch)
                {
                    return
                }
                if tag.hasPID, token.isLevel(record) {
                    scratch.append(token.range, .word)
                } else {
                    takeHost(token.range, isOwn: isOwn, &scratch)
                }
                take(tag, &scratch)
                return
            }
            if !isApplicationLog,
                takeHostAlone(record, token, next, isOwn: isOwn, &clock, &scratch)
            {
                return
            }
        } else if token.end - token.start == 1, record[token.start] == 0x3A {
            takeColon(record, token.start, &scratch)
            return
        } else if token.bits & HeaderClass.colon != 0, token.mayBeZone,
            takeZone(record, token, &clock, &scratch)
        {
            return
        }
        skipBlank(record)
    }

    @inline(__always)
    mutating func takeHost(
        _ range: Range<Int>, isOwn: Bool, _ scratch: inout RowScratch
    ) {
        if isOwn {
            scratch.append(range, .word)
            variant.insert(.ownHost)
        } else {
            scratch.append(range, .word, role: .host)
        }
    }

    /// Facility and level in angle brackets, at `at`.
    @inline(never)
    private mutating func takeLabel(
        _ record: Span<UInt8>, _ at: Int, _ scratch: inout RowScratch
    ) -> Bool {
        let token = Token(record, at)
        guard token.isLabel(record) else { return false }
        scratch.append(token.range, .word)
        messageStart = token.end
        return true
    }

    /// A host without a program right behind it.
    @inline(never)
    private mutating func takeHostAlone(
        _ record: Span<UInt8>, _ token: Token, _ next: Token, isOwn: Bool,
        _ clock: inout HeaderClock, _ scratch: inout RowScratch
    ) -> Bool {
        if !isOwn, takeOwnHeader(record, behind: token, next.start, &clock, &scratch) {
            return true
        }
        // F5: `host notice tmm[123]: …`; BusyBox: `host user.notice root: …`.
        let third = Token.skipBlanks(record, next.end)
        let isDotted = next.isFacilityAndLevel(record)
        if third < record.count, isDotted || next.isLevel(record), let tag = Tag(record, third),
            isDotted || tag.hasPID
        {
            takeHost(token.range, isOwn: isOwn, &scratch)
            scratch.append(next.range, .word)
            take(tag, &scratch)
            return true
        }
        if let tag = next.tagBeforeCEF(record) {
            takeHost(token.range, isOwn: isOwn, &scratch)
            take(tag, &scratch)
            return true
        }
        // Cisco: `host %FAC-…` and `host : %FAC-…`.
        var message = next.start
        if message + 1 < record.count, record[message] == 0x3A, record[message + 1] == 0x20 {
            message += 2
        }
        let isCisco = message < record.count && record[message] == 0x25
        guard
            isCisco || token.isSurelyHost(record) || Self.isDeviceMessage(record, next.start)
                || record[next.start] == UInt8(ascii: "[") && !token.isLevel(record)
        else {
            if !isOwn, !token.isLevel(record) { mayBeginWith = .host }
            return false
        }
        takeHost(token.range, isOwn: isOwn, &scratch)
        if !isOwn, next.isBracketed(record) { mayBeginWith = .program }
        if isCisco {
            messageStart = message
        } else {
            messageStart = token.end
            skipBlank(record)
        }
        return true
    }

    /// The colon that ends a time of Cisco, at `at`, and what IOS XR has behind it: the process.
    private mutating func takeColon(
        _ record: Span<UInt8>, _ at: Int, _ scratch: inout RowScratch
    ) {
        messageStart = at + 1
        skipBlank(record)
        if let tag = Tag(record, messageStart), tag.hasPID, tag.end < record.count,
            record[tag.end] == 0x25
        {
            take(tag, &scratch)
        }
    }

    /// ` JST: %FAC-…` behind a time of Cisco, which is then that zone's.
    @inline(never)
    private mutating func takeZone(
        _ record: Span<UInt8>, _ token: Token, _ clock: inout HeaderClock,
        _ scratch: inout RowScratch
    ) -> Bool {
        let colon = token.end - 1
        guard record[colon] == 0x3A, Self.zoneEnd(record, token.start) == colon else {
            return false
        }
        let after = colon + 2
        guard after < record.count else { return false }
        if record[after] != 0x25 {
            guard let tag = Tag(record, after), tag.hasPID, tag.end < record.count,
                record[tag.end] == 0x25
            else { return false }
        }
        if time != .none, let slot = scratch.slots.last, scratch.kinds.last?.role == .time,
            let offset = ZoneName.offsetSeconds(record, token.start..<colon)
        {
            time = clock.time(record, slot.range, offsetSeconds: offset) ?? time
        }
        takeColon(record, colon, &scratch)
        return true
    }

    @inline(__always)
    mutating func take(_ tag: Tag, _ scratch: inout RowScratch) {
        scratch.append(tag.program, .word, role: .program)
        program = tag.program
        if tag.hasPID { scratch.append(tag.pid, .integer, role: .pid) }
        messageStart = tag.end
    }

    /// One blank belongs to the header; more are the message's.
    @inline(__always)
    mutating func skipBlank(_ record: Span<UInt8>) {
        if messageStart < record.count,
            record[messageStart] == 0x20 || record[messageStart] == 0x09
        {
            messageStart += 1
        }
    }
}
