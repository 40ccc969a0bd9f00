import HisuiBytes
import HisuiEvent
import HisuiShape

/// What devices write themselves in front of their messages, and the relay's header before that:
///
///     30: sw1: 6340004: *Nov 27 12:00:00.123 JST: %LINK-3-UPDOWN: …            IOS
///     : 2026 Nov 27 10:00:00 JST: %…                                         NX-OS
///     3525: RP/0/RSP0/CPU0:Nov 27 10:00:00.123 JST: config[65539]: %MGBL-…   IOS XR
///     sw1: *spamApTask1: Nov 27 10:00:00: %CAPWAP-…                          AireOS
///     30: 3d04h: %SYS-…                                                      since the start
///     Nov 27 10:00:00 relay <166>Nov 27 10:00:01 fw1 : %ASA-…                a relay's before it
///     Nov 27 10:00:00 relay 1 2026-11-27T01:00:01Z esx1 Hostd 9 - - …
///
/// Host and time of a relay's header stay those of the record: whoever can send to the relay
/// writes what he likes behind it. The device's own time is a slot without a name, its own host
/// `log.syslog.hostname`. A header is looked for only in place of the program, never in a message.
extension SyslogHeader {
    /// More slots than any header has; a layout tells so many apart.
    private static let slotsMax = 9

    /// Reads the device's own header, behind that of a relay whose name is `host`.
    ///
    /// False, and nothing changed, if there is none.
    @inline(never)
    mutating func takeOwnHeader(
        _ record: Span<UInt8>, behind host: Token, _ start: Int, _ clock: inout HeaderClock,
        _ scratch: inout RowScratch
    ) -> Bool {
        let before = scratch.slots.count
        let saved = self
        scratch.append(host.range, .word, role: .host)
        if readOwnHeader(record, start, &clock, &scratch), scratch.slots.count <= Self.slotsMax {
            return true
        }
        self = saved
        scratch.truncate(to: before)
        return false
    }

    private mutating func readOwnHeader(
        _ record: Span<UInt8>, _ start: Int, _ clock: inout HeaderClock,
        _ scratch: inout RowScratch
    ) -> Bool {
        let end = record.count
        var at = start
        var hasPriority = false
        if record[at] == 0x3C, let after = Self.priorityEnd(record, at) {
            hasPriority = true
            let isFirst = scratch.kinds[0].role != .priority
            scratch.append(at + 1..<after - 1, .integer, role: isFirst ? .priority : .none)
            at = after
        }
        if at + 1 < end, record[at] == 0x31, record[at + 1] == 0x20,
            rfc5424(record, at + 2, &clock, isOwn: true, &scratch)
        {
            return true
        }
        if let prefix = ownPrefix(record, at, isOwn: true, &scratch) {
            at = prefix.next
            if !prefix.isTime {
                messageStart = at
                return true
            }
        }
        guard let time = Self.ownTime(record, at) else {
            guard hasPriority else { return false }
            messageStart = at
            if let tag = Tag(record, at), tag.hasPID {
                take(tag, &scratch)
            } else {
                skipBlank(record)
            }
            return true
        }
        return takeOwnTime(time, record, hasPriority: hasPriority, &clock, &scratch)
    }

    /// Takes the device's time and what follows it, if that is a header's.
    private mutating func takeOwnTime(
        _ own: Range<Int>, _ record: Span<UInt8>, hasPriority: Bool,
        _ clock: inout HeaderClock, _ scratch: inout RowScratch
    ) -> Bool {
        scratch.append(own, .text)
        messageStart = own.upperBound
        guard messageStart < record.count else { return hasPriority }
        let isCisco = Self.ciscoMessage(record, behind: messageStart)
        hostAndTag(record, &clock, isApplicationLog: false, isOwn: true, &scratch)
        if hasPriority || isCisco { return true }
        // Without a priority it may be a message that begins with its time.
        if record[own.lowerBound] &- 0x30 > 9 {
            return program != nil || variant.contains(.ownHost)
        }
        return program != nil && record[own.lowerBound + 10] != 0x20
    }

    // MARK: - In front of the device's time

    /// What is in front of a device's time or message.
    struct OwnPrefix {
        /// Where the time or the message begins.
        var next: Int
        /// It is a time.
        var isTime: Bool
    }

    /// Reads numbers, a host, a task or a node in front of a time, or of Cisco's `%FAC-…`; appends
    /// them as slots.
    ///
    /// Nil, and nothing changed, if there is nothing of this.
    @inline(never)
    mutating func ownPrefix(
        _ record: Span<UInt8>, _ from: Int, isOwn: Bool, _ scratch: inout RowScratch
    ) -> OwnPrefix? {
        let before = scratch.slots.count
        let savedVariant = variant
        var parts = OwnParts()
        var at = from
        while true {
            at = Token.skipBlanks(record, at)
            if at < record.count, record[at] == 0x3A {
                at = Token.skipBlanks(record, at + 1)
            }
            if at > from, let time = Self.ownTime(record, at) {
                let end = time.upperBound
                guard
                    !parts.hasHost || Self.ciscoMessage(record, behind: end)
                        || parts.numbers > 0 && Self.endsCiscoTime(record, end) != nil
                else { break }
                return OwnPrefix(next: at, isTime: true)
            }
            if at > from, Self.isCiscoMessage(record, at) {
                return OwnPrefix(next: at, isTime: false)
            }
            if let uptime = Self.uptime(record, at) {
                scratch.append(uptime, .text)
                return OwnPrefix(next: uptime.upperBound + 2, isTime: false)
            }
            guard let after = takeOwnPart(record, at, isOwn: isOwn, &parts, &scratch)
            else { break }
            at = after
        }
        variant = savedVariant
        scratch.truncate(to: before)
        return nil
    }

    /// Parts found so far.
    private struct OwnParts {
        var numbers = 0
        var hasHost = false
        var hasTask = false

        var count: Int { numbers + (hasHost ? 1 : 0) + (hasTask ? 1 : 0) }
    }

    /// Takes one part, and says where the next one begins.
    private mutating func takeOwnPart(
        _ record: Span<UInt8>, _ at: Int, isOwn: Bool, _ parts: inout OwnParts,
        _ scratch: inout RowScratch
    ) -> Int? {
        guard at < record.count else { return nil }
        let token = Token(record, at)
        guard token.end - at >= 2, !parts.hasTask else { return nil }
        guard token.bits & HeaderClass.colon != 0 else {
            return takeHostAndNode(record, token, isOwn: isOwn, &parts, &scratch)
        }
        guard token.end < record.count, record[token.end - 1] == 0x3A,
            record[token.end] == 0x20
        else { return takeNode(record, token, &parts, &scratch) }
        let text = Token(record.extracting(..<(token.end - 1)), at)
        if text.isNumber(record), parts.numbers < 2 {
            parts.numbers += 1
            scratch.append(text.range, .integer)
        } else if record[at] == 0x2A, text.common & HeaderClass.program != 0 {
            parts.hasTask = true
            scratch.append(text.range, .word)
        } else if !parts.hasHost, !text.isNumber(record), text.isHost(record) {
            parts.hasHost = true
            takeHost(text.range, isOwn: isOwn, &scratch)
        } else {
            return nil
        }
        return token.end
    }

    /// `router1 RP/0/RSP0/CPU0:`, behind a number.
    private mutating func takeHostAndNode(
        _ record: Span<UInt8>, _ host: Token, isOwn: Bool, _ parts: inout OwnParts,
        _ scratch: inout RowScratch
    ) -> Int? {
        let start = Token.skipBlanks(record, host.end)
        guard parts.numbers > 0, !parts.hasHost, start < record.count, host.isHost(record),
            !host.isNumber(record)
        else { return nil }
        takeHost(host.range, isOwn: isOwn, &scratch)
        parts.hasHost = true
        return takeNode(record, Token(record, start), &parts, &scratch)
    }

    /// `RP/0/RSP0/CPU0:`, which the time follows without a blank.
    private mutating func takeNode(
        _ record: Span<UInt8>, _ token: Token, _ parts: inout OwnParts,
        _ scratch: inout RowScratch
    ) -> Int? {
        var colon = token.start
        var hasSlash = false
        while colon < token.end, record[colon] != 0x3A {
            if record[colon] == 0x2F { hasSlash = true }
            colon += 1
        }
        guard hasSlash, colon < token.end, Self.ownTime(record, colon + 1) != nil else {
            return nil
        }
        parts.hasTask = true
        scratch.append(token.start..<colon, .word)
        return colon + 1
    }

    // MARK: - Parts

    /// A device's time, its mark left out; nil if there is none at `at`.
    static func ownTime(_ record: Span<UInt8>, _ at: Int) -> Range<Int>? {
        let end = record.count
        guard at < end else { return nil }
        let start = record[at] == 0x2A || record[at] == 0x2E ? at + 1 : at
        guard let found = TimeText.header(record, start..<end) else { return nil }
        if found.end < end {
            let after = record[found.end]
            guard after == 0x20 || after == 0x09 || after == 0x3A else { return nil }
        }
        return start..<found.end
    }

    /// Whether a time may begin here, at a glance.
    @inline(__always)
    static func mayBeTime(_ record: Span<UInt8>, _ at: Int) -> Bool {
        guard record.count - at > 15 else { return false }
        switch record[at] {
        case UInt8(ascii: "*"), UInt8(ascii: "."): return true
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return record[at + 4] == 0x20 || record[at + 4] == UInt8(ascii: "-")
                || record[at + 2] == 0x3A
        default: return record[at + 3] == 0x20 && record[at] &- 0x41 <= 25
        }
    }

    /// Whether `: %FAC-…`, ` : %FAC-…` or ` JST: %FAC-…` stands here, behind a time; with the
    /// process that IOS XR writes before it, or without.
    private static func ciscoMessage(_ record: Span<UInt8>, behind start: Int) -> Bool {
        guard var at = endsCiscoTime(record, start) else { return false }
        if let tag = Tag(record, at), tag.hasPID { at = tag.end }
        return isCiscoMessage(record, at)
    }

    /// What follows the colon that ends a time of Cisco at `start`, behind a zone or without; nil
    /// if none does.
    private static func endsCiscoTime(_ record: Span<UInt8>, _ start: Int) -> Int? {
        let zone = Token.skipBlanks(record, start)
        let at = zoneEnd(record, zone)
        guard at < record.count, record[at] == 0x3A, at == zone || zone > start else { return nil }
        return Token.skipBlanks(record, at + 1)
    }

    /// Where the name of a zone ends that begins at `start`: `JST`, or what an operator has called
    /// it, `UTC+1` or `UTC+07:30`; `start` if there is none.
    static func zoneEnd(_ record: Span<UInt8>, _ start: Int) -> Int {
        var at = start
        while at < record.count, record[at] &- 0x41 <= 25 { at += 1 }
        guard at - start >= 2, at - start <= 5 else { return start }
        guard at < record.count, record[at] == 0x2B || record[at] == 0x2D else { return at }
        at += 1
        let digits = at
        while at < record.count, record[at] &- 0x30 <= 9 { at += 1 }
        guard at > digits, at - digits <= 4 else { return start }
        if at + 2 < record.count, record[at] == 0x3A, record[at + 1] &- 0x30 <= 9,
            record[at + 2] &- 0x30 <= 9
        {
            at += 3
        }
        return at
    }

    /// Whether the word is `%FACILITY-5-MNEMONIC`, and nothing else.
    static func isMnemonic(_ record: Span<UInt8>, _ word: Range<Int>) -> Bool {
        isCiscoMessage(record.extracting(..<word.upperBound), word.lowerBound)
            && word.dropFirst().allSatisfy {
                LetterMask.isLetter(record[$0]) || record[$0] == 0x2D || record[$0] == 0x5F
            }
    }

    /// Whether `%FACILITY-5-MNEMONIC` begins here, or `%ASA-auth-5-…`.
    private static func isCiscoMessage(_ record: Span<UInt8>, _ start: Int) -> Bool {
        guard start < record.count, record[start] == 0x25 else { return false }
        var at = start + 1
        let limit = min(record.count - 2, start + 64)
        while at < limit {
            switch record[at] {
            case 0x2D where at > start + 1 && record[at + 1] <= 0x37 && record[at + 1] >= 0x30:
                if record[at + 2] == 0x2D { return true }
            case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x5F, 0x2D: break
            default: return false
            }
            at += 1
        }
        return false
    }

    /// `00:01:01`, `3d04h` or `1 2` in place of a time, and `: %FAC-…` behind it.
    private static func uptime(_ record: Span<UInt8>, _ start: Int) -> Range<Int>? {
        var at = start
        var isNumber = true
        var hasBlank = false
        while at < record.count {
            switch record[at] {
            case 0x30...0x39: break
            case 0x20 where isNumber && !hasBlank && at > start: hasBlank = true
            case 0x3A where at + 1 < record.count && record[at + 1] == 0x20:
                guard at > start, hasBlank || !isNumber, record[start] &- 0x30 <= 9,
                    isCiscoMessage(record, at + 2)
                else { return nil }
                return start..<at
            case 0x3A, 0x2E, 0x64, 0x68, 0x77, 0x79: isNumber = false
            default: return nil
            }
            at += 1
        }
        return nil
    }
}
