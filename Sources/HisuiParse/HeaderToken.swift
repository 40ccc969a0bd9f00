import HisuiBytes
import HisuiEvent

/// A run of bytes up to a blank, as a header is made of.
struct Token {
    let start: Int
    let end: Int
    /// Classes that occur in it; those in `common` are of all its bytes.
    let bits: UInt8
    let common: UInt8

    var range: Range<Int> { start..<end }

    @inline(__always)
    init(_ record: Span<UInt8>, _ start: Int) {
        let classes = HeaderClass.table
        let table = classes.span
        var at = start
        var bits: UInt8 = 0
        var common: UInt8 = 0xFF
        // A longer one is no part of any header.
        let limit = min(record.count, start + Limits.syslogHostBytesMax + 2)
        while at < limit {
            let byte = record[at]
            if byte == 0x20 || byte == 0x09 { break }
            bits |= table[Int(byte)]
            common &= table[Int(byte)]
            at += 1
        }
        self.start = start
        end = at
        self.bits = bits
        self.common = common
    }

    @inline(__always)
    static func skipBlanks(_ record: Span<UInt8>, _ from: Int) -> Int {
        var at = from
        while at < record.count, record[at] == 0x20 || record[at] == 0x09 { at += 1 }
        return at
    }

    func isNumber(_ record: Span<UInt8>) -> Bool {
        if end == start || end - start > 20 { return false }
        for index in start..<end where record[index] &- 0x30 > 9 { return false }
        return true
    }

    /// Whether this may be a host: a name or an address.
    @inline(__always)
    func isHost(_ record: Span<UInt8>) -> Bool {
        guard end > start, end - start <= Limits.syslogHostBytesMax else { return false }
        if bits & HeaderClass.colon != 0 {
            return record[start] != 0x25 && IPAddress.parse(record, address(record)) != nil
        }
        guard common & HeaderClass.host != 0 else { return false }
        let first = record[start]
        return first != 0x25 && first != 0x2D && first != 0x2E
    }

    /// Whether it is a host even where nothing else speaks for it.
    func isSurelyHost(_ record: Span<UInt8>) -> Bool {
        guard isHost(record) else { return false }
        if bits & HeaderClass.colon != 0 { return true }
        if IPAddress.parse(record, range) != nil { return true }
        if bits & HeaderClass.letter != 0 {
            if bits & (HeaderClass.joiner | HeaderClass.digit) != 0 {
                let last = record[end - 1]
                return last != 0x2E && last != 0x2D
            }
            return isLocalhost(record)
        }
        return false
    }

    /// Whether it is `slot1/` and a host: F5 names the blade so.
    @inline(never)
    func isHostOfSlot(_ record: Span<UInt8>) -> Bool {
        guard end - start > 6, Self.begins(Self.slot, record, start),
            record[start + 4] &- 0x30 <= 9
        else { return false }
        let slash = record[start + 5] == 0x2F ? start + 5 : start + 6
        return record[slash] == 0x2F
            && Token(record.extracting(..<end), slash + 1).isHost(record)
    }

    /// `ASM:` right before `CEF:`, as F5 writes it.
    @inline(never)
    func tagBeforeCEF(_ record: Span<UInt8>) -> Tag? {
        var colon = start
        while colon < end, record[colon] != 0x3A { colon += 1 }
        guard Self.begins(Self.cef, record, colon + 1) else { return nil }
        return Tag(record, Token(record.extracting(..<(colon + 1)), start))
    }

    private static let localhost = [UInt8]("localhost".utf8)
    private static let slot = [UInt8]("slot".utf8)
    private static let cef = [UInt8]("CEF:".utf8)

    private static func begins(_ text: [UInt8], _ record: Span<UInt8>, _ at: Int) -> Bool {
        at + text.count <= record.count
            && ByteSearch.equal(record, at..<at + text.count, text.span)
    }

    /// Whether it is the name of a program in brackets, as metalog writes it: `[sshd]`.
    @inline(__always)
    func isBracketed(_ record: Span<UInt8>) -> Bool {
        bits & HeaderClass.bracket != 0 && record[start] == UInt8(ascii: "[")
            && isProgramInBrackets(record)
    }

    @inline(never)
    private func isProgramInBrackets(_ record: Span<UInt8>) -> Bool {
        guard end - start >= 3, end - start <= Limits.syslogProgramBytesMax + 2, end < record.count,
            record[end - 1] == UInt8(ascii: "]"), bits & HeaderClass.letter != 0
        else { return false }
        let inner = Token(record.extracting(..<(end - 1)), start + 1)
        return inner.end == end - 1 && inner.common & HeaderClass.program != 0
    }

    /// Whether it may be the name of a zone and a colon, by its length.
    @inline(__always)
    var mayBeZone: Bool { end - start >= 3 && end - start <= 11 }

    /// Whether it is a level of syslog, which some devices write before the program.
    @inline(__always)
    func isLevel(_ record: Span<UInt8>) -> Bool {
        guard common & HeaderClass.letter != 0, end - start >= 3, end - start <= 9 else {
            return false
        }
        return isNamedLevel(record)
    }

    @inline(never)
    private func isNamedLevel(_ record: Span<UInt8>) -> Bool {
        Self.names(Self.levels, record, start..<end)
    }

    /// Whether it is a facility and a level, `auth.info`, as BusyBox writes before the program.
    @inline(__always)
    func isFacilityAndLevel(_ record: Span<UInt8>) -> Bool {
        bits & HeaderClass.joiner != 0 && end - start <= Limits.syslogHostBytesMax
            && Self.isFacilityAndLevel(record, start..<end)
    }

    /// Whether it is that in angle brackets, by name or by number: `<auth.info>`, `<4.6>`, as
    /// FreeBSD's syslogd writes behind the time if it is asked to (`-v`, `-vv`).
    @inline(never)
    func isLabel(_ record: Span<UInt8>) -> Bool {
        guard end - start >= 5, record[start] == UInt8(ascii: "<"),
            record[end - 1] == UInt8(ascii: ">")
        else { return false }
        return Self.isFacilityAndLevel(record, start + 1..<end - 1)
    }

    @inline(never)
    private static func isFacilityAndLevel(_ record: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard let dot = range.first(where: { record[$0] == UInt8(ascii: ".") }) else {
            return false
        }
        let (facility, level) = (range.lowerBound..<dot, dot + 1..<range.upperBound)
        if facility.isEmpty || level.isEmpty { return false }
        if facility.count <= 2, level.count == 1 {
            return (facility.lowerBound..<range.upperBound).allSatisfy {
                record[$0] &- 0x30 <= 9 || $0 == dot
            }
        }
        return names(levels, record, level) && names(facilities, record, facility)
    }

    private static func names(
        _ names: [[UInt8]], _ record: Span<UInt8>, _ range: Range<Int>
    ) -> Bool {
        names.contains { name in
            name.count == range.count
                && name.indices.allSatisfy { index in
                    record[range.lowerBound + index] | 0x20 == name[index]
                }
        }
    }

    private static let levels: [[UInt8]] = [
        "emerg", "alert", "crit", "critical", "err", "error", "warn", "warning", "notice", "info",
        "debug", "emergency",
    ].map { Array($0.utf8) }

    private static let facilities: [[UInt8]] =
        ([
            "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
            "authpriv", "ftp", "ntp", "security", "console",
        ] + (0...7).map { "local\($0)" }).map { Array($0.utf8) }

    private func isLocalhost(_ record: Span<UInt8>) -> Bool {
        end - start == Self.localhost.count && Self.begins(Self.localhost, record, start)
    }

    /// The address without the zone behind `%`.
    private func address(_ record: Span<UInt8>) -> Range<Int> {
        for index in range where record[index] == 0x25 { return start..<index }
        return range
    }
}

/// `program:` or `program[pid]:`.
struct Tag {
    let program: Range<Int>
    /// Empty if there is none.
    let pid: Range<Int>
    /// Index of the message's first byte.
    let end: Int

    var hasPID: Bool { !pid.isEmpty }

    @inline(__always)
    init?(_ record: Span<UInt8>, _ start: Int) {
        self.init(record, Token(record, start))
    }

    /// The tag that the token begins with, or is.
    @inline(__always)
    init?(_ record: Span<UInt8>, _ token: Token) {
        // Nearly all words end here.
        guard token.bits & (HeaderClass.colon | HeaderClass.bracket) != 0,
            token.end - token.start >= 2
        else { return nil }
        let classes = HeaderClass.table
        let table = classes.span
        let start = token.start
        var at = start
        var bits: UInt8 = 0
        let limit = min(token.end, start + Limits.syslogProgramBytesMax + 1)
        while at < limit {
            let next = table[Int(record[at])]
            if next & HeaderClass.program == 0 { break }
            bits |= next
            at += 1
        }
        guard at > start, at < limit, bits & (HeaderClass.letter | HeaderClass.high) != 0
        else { return nil }
        program = start..<at
        if record[at] == 0x3A {
            guard at + 1 == token.end else { return nil }
            pid = at..<at
        } else {
            guard record[at] == 0x5B else { return nil }
            at += 1
            let first = at
            while at < token.end, record[at] &- 0x30 <= 9 { at += 1 }
            guard at > first, at - first <= 10, at + 1 < token.end, record[at] == 0x5D,
                record[at + 1] == 0x3A
            else { return nil }
            pid = first..<at
            at += 1
        }
        at += 1
        if at < record.count, record[at] == 0x20 || record[at] == 0x09 { at += 1 }
        end = at
    }
}
