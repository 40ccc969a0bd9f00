import HisuiBytes
import HisuiEvent

/// Reads the times of headers and says when that was.
///
/// A header's time may lack the year, the zone or both. The zone is the one configured. The year:
/// - live: the one that puts the time nearest to its receipt;
/// - of a file of which the latest possible time is known: the last one that does not lie after
///   it (a day of skew is granted). Inside one file time does not jump a year: where that would
///   happen, the year next to the record before is taken.
///
/// Records come in bunches of the same second, so the second read last is remembered by its bytes.
struct HeaderClock {
    struct Reading {
        /// Index after the time.
        var end: Int
        /// Nanoseconds UTC; `Timestamp.none` if 64 bits cannot hold them.
        var time: Timestamp
        var yearInferred = false
    }

    private static let day: Int64 = 86_400_000_000_000
    private static let halfYear = 182 * day

    let zone: TimeZoneRules
    private var received: Int64 = 0
    private var latest: Timestamp = .none
    /// Time of the record before, inside one file.
    private(set) var last: Timestamp = .none

    // The last times read, as bytes: 15 of RFC 3164, 19 of ISO 8601.
    private var bsdWords: (UInt64, UInt64) = (0, 0)
    private var bsdTime: Timestamp = .none
    private var isoWords: (UInt64, UInt64, UInt64) = (0, 0, 0)
    /// Nanoseconds since the epoch on the record's own clock.
    private var isoLocal: Int64 = 0
    private var isoIsKnown = false
    private var isoZoneOffset: Int64?

    init(zone: TimeZoneRules) { self.zone = zone }

    /// Begins with the records of a batch.
    mutating func begin(received: Timestamp, latest: Timestamp, last: Timestamp) {
        self.received = received.nanoseconds
        self.latest = latest
        self.last = last
        bsdTime = .none
        isoIsKnown = false
    }

    /// A time of RFC 3164 at `at`, with or without a year.
    @inline(__always)
    mutating func bsd(_ record: Span<UInt8>, _ at: Int, _ end: Int) -> Reading? {
        if end - at > 15, bsdTime != .none, record[at + 15] == 0x20,
            record.word(at) == bsdWords.0, record.word(at + 7) == bsdWords.1,
            TimeText.yearBehind(record, at + 15..<end) == nil
        {
            return Reading(end: at + 15, time: bsdTime, yearInferred: true)
        }
        return readBSD(record, at, end)
    }

    @inline(never)
    private mutating func readBSD(_ record: Span<UInt8>, _ at: Int, _ end: Int) -> Reading? {
        guard let found = TimeText.monthFirstHeader(record, at..<end) else { return nil }
        guard found.value.hasYear else {
            let time = withYear(found.value, zone)
            if found.end == at + 15, found.value.fractionDigits == 0, latest == .none {
                bsdWords = (record.word(at), record.word(at + 7))
                bsdTime = time
            }
            return Reading(end: found.end, time: time, yearInferred: true)
        }
        return Reading(end: found.end, time: instant(found.value, zone))
    }

    /// `2026 Nov 23 01:02:03` at `at`.
    mutating func yearFirst(_ record: Span<UInt8>, _ at: Int, _ end: Int) -> Reading? {
        guard let found = TimeText.yearFirst(record, at..<end) else { return nil }
        return Reading(end: found.end, time: instant(found.value, zone))
    }

    /// A time of the ISO 8601 family at `at`.
    @inline(__always)
    mutating func iso(_ record: Span<UInt8>, _ at: Int, _ end: Int) -> Reading? {
        guard end - at >= 19 else { return nil }
        if isoIsKnown, record.word(at) == isoWords.0, record.word(at + 8) == isoWords.1,
            record.word(at + 11) == isoWords.2, let reading = restOfISO(record, at + 19, end)
        {
            return reading
        }
        return readISO(record, at, end)
    }

    @inline(never)
    private mutating func readISO(_ record: Span<UInt8>, _ at: Int, _ end: Int) -> Reading? {
        guard let found = TimeText.rfc3339(record, at..<end) else { return nil }
        var whole = found.value.civil
        whole.nanosecond = 0
        isoIsKnown = false
        if let local = whole.nanoseconds, local > .min / 2, local < .max / 2 {
            isoWords = (record.word(at), record.word(at + 8), record.word(at + 11))
            isoLocal = local
            isoIsKnown = true
            isoZoneOffset = zone.utcNanoseconds(local: whole).map { local - $0 }
        }
        return Reading(end: found.end, time: instant(found.value, zone))
    }

    /// A TAI64N label at `at`, as multilog writes it before a line: `@`, 16 hexadecimal digits of
    /// seconds, 8 of nanoseconds.
    ///
    /// Seconds are counted as libtai does without a table of leap seconds, ten ahead of those since
    /// 1970: so what tai64nlocal shows is the clock of the machine.
    mutating func tai64n(_ record: Span<UInt8>, _ at: Int, _ end: Int) -> Reading? {
        guard end - at >= 25, record[at + 1] == UInt8(ascii: "4") else { return nil }
        var seconds: UInt64 = 0
        var nanoseconds: UInt64 = 0
        for index in at + 1..<at + 25 {
            guard let digit = HexText.digit(record[index]) else { return nil }
            if index < at + 17 {
                seconds = seconds << 4 | UInt64(digit)
            } else {
                nanoseconds = nanoseconds << 4 | UInt64(digit)
            }
        }
        let epoch: UInt64 = 1 << 62 + 10
        guard nanoseconds < 1_000_000_000, seconds >= epoch,
            seconds - epoch < UInt64(Int64.max / 1_000_000_000)
        else { return nil }
        last = Timestamp(
            nanoseconds: Int64(seconds - epoch) * 1_000_000_000 + Int64(nanoseconds))
        return Reading(end: at + 25, time: last)
    }

    /// Fraction and zone behind the second that was read last; nil for unusual ones.
    @inline(__always)
    private mutating func restOfISO(_ record: Span<UInt8>, _ from: Int, _ end: Int) -> Reading? {
        var at = from
        var nanoseconds: Int64 = 0
        if at + 1 < end, record[at] == 0x2E || record[at] == 0x2C, record[at + 1] &- 0x30 <= 9 {
            at += 1
            var scale: Int64 = 100_000_000
            while at < end {
                let digit = record[at] &- 0x30
                if digit > 9 { break }
                nanoseconds &+= Int64(digit) &* scale
                scale /= 10
                at += 1
            }
        }
        var offset = isoZoneOffset ?? 0
        if at < end, record[at] == 0x5A {
            offset = 0
            at += 1
        } else if at < end, record[at] == 0x2B || record[at] == 0x2D {
            guard end - at >= 6, record[at + 3] == 0x3A else { return nil }
            let (a, b) = (record[at + 1] &- 0x30, record[at + 2] &- 0x30)
            let (c, d) = (record[at + 4] &- 0x30, record[at + 5] &- 0x30)
            guard a <= 2, b <= 9, a < 2 || b <= 3, c <= 5, d <= 9 else { return nil }
            let minutes = (Int64(a) * 10 + Int64(b)) * 60 + Int64(c) * 10 + Int64(d)
            offset = (record[at] == 0x2D ? -minutes : minutes) * 60_000_000_000
            at += 6
        } else if at < end, record[at] == 0x7A || isoZoneOffset == nil {
            return nil
        }
        let time = Timestamp(nanoseconds: isoLocal &+ nanoseconds &- offset)
        if latest != .none { last = time }
        return Reading(end: at, time: time)
    }

    /// The instant of a time that a message states.
    ///
    /// - Parameter stated: the zone of times that name none, where the parser knows it better.
    mutating func time(_ value: TimeText.Value, zone stated: TimeZoneRules?) -> Timestamp {
        let zone = stated ?? zone
        return value.hasYear ? instant(value, zone) : withYear(value, zone)
    }

    /// The instant of a time of a header, once it is known how far ahead of UTC its clock is.
    mutating func time(
        _ record: Span<UInt8>, _ range: Range<Int>, offsetSeconds: Int
    ) -> Timestamp? {
        guard var value = TimeText.header(record, range)?.value else { return nil }
        value.offsetSeconds = offsetSeconds
        return time(value, zone: nil)
    }

    /// The instant of a time with a year.
    private mutating func instant(_ value: TimeText.Value, _ zone: TimeZoneRules) -> Timestamp {
        guard let time = value.nanoseconds(zone: zone, received: received) else { return .none }
        last = Timestamp(nanoseconds: time)
        return last
    }

    // MARK: - The year

    private mutating func withYear(_ value: TimeText.Value, _ zone: TimeZoneRules) -> Timestamp {
        guard latest != .none else {
            return value.nanoseconds(zone: zone, received: received)
                .map(Timestamp.init(nanoseconds:)) ?? .none
        }
        guard var time = lastNotAfter(latest.nanoseconds &+ HeaderClock.day, value, zone) else {
            return .none
        }
        if last != .none {
            let ahead = time &- last.nanoseconds
            if ahead < -HeaderClock.halfYear {
                // A step back by a year: the file goes on, a little past its latest time.
                if let next = value.nanoseconds(zone: zone, received: last.nanoseconds),
                    next < latest.nanoseconds &+ 31 * HeaderClock.day
                {
                    time = next
                }
            } else if ahead > HeaderClock.halfYear,
                let before = value.nanoseconds(zone: zone, received: last.nanoseconds),
                before <= last.nanoseconds, last.nanoseconds &- before <= 2 * HeaderClock.day
            {
                // 31 December among the first lines of January.
                time = before
            }
        }
        last = Timestamp(nanoseconds: time)
        return last
    }

    /// The time in the last year in which it is not after `limit`.
    private func lastNotAfter(
        _ limit: Int64, _ value: TimeText.Value, _ zone: TimeZoneRules
    ) -> Int64? {
        var civil = value.civil
        let year = CivilTime(nanoseconds: limit).year + 1
        // Nine years: 29 February may have to go back over 1900.
        for candidate in stride(from: year, through: year - 9, by: -1) {
            civil.year = candidate
            let instant =
                value.offsetSeconds.map { civil.nanoseconds(offsetSeconds: $0) }
                ?? zone.utcNanoseconds(local: civil)
            guard civil.isValid, let time = instant else { continue }
            if time <= limit { return time }
        }
        return nil
    }
}

extension Span<UInt8> {
    /// Eight bytes from `at` on, which must lie inside the span.
    @inline(__always)
    func word(_ at: Int) -> UInt64 {
        // Safe: the load checks its bounds, and any bytes are a number.
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
    }
}
