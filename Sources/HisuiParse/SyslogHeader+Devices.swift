import HisuiBytes
import HisuiEvent

/// Times of devices that send a priority and then no header, but say in the message when it was:
///
///     <189>date=2026-11-23 time=01:02:03 devname="fw1" … tz="+0900" …       FortiGate
///     <14>1,2026/11/23 01:02:03,012801000000,TRAFFIC,end,…                  Palo Alto
///
/// Nothing is taken away from the message: its fields stay what they are.
extension SyslogHeader {
    /// Takes the time that the message begins with, if it begins so.
    mutating func takeDeviceTime(_ record: Span<UInt8>, _ clock: inout HeaderClock) {
        let start = messageStart
        guard record.count - start >= 30 else { return }
        var text: [UInt8]
        if record[start] == UInt8(ascii: "d") {
            guard Self.has(Self.dateKey, record, start),
                Self.has(Self.timeKey, record, start + 15)
            else { return }
            text = Self.copy(record, start + 5..<start + 15)
            text.append(0x20)
            text += Self.copy(record, start + 21..<start + 29)
            text += Self.zone(record, start + 29)
        } else {
            guard record[start] &- 0x30 <= 9, record[start + 1] == UInt8(ascii: ","),
                record[start + 6] == UInt8(ascii: "/"), record[start + 9] == UInt8(ascii: "/"),
                record[start + 21] == UInt8(ascii: ",")
            else { return }
            text = Self.copy(record, start + 2..<start + 21)
            text[4] = UInt8(ascii: "-")
            text[7] = UInt8(ascii: "-")
        }
        let end = text.count
        guard let reading = clock.iso(text.span, 0, end), reading.end == end else { return }
        time = reading.time
    }

    /// `+09:00` of a ` tz="+0900"` not far behind the time; nothing where there is none.
    private static func zone(_ record: Span<UInt8>, _ start: Int) -> [UInt8] {
        var at = start
        let limit = min(record.count - 11, start + zoneWithin)
        while at < limit {
            if record[at] == 0x20, has(zoneKey, record, at) {
                let sign = record[at + 5]
                guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
                    record[at + 10] == UInt8(ascii: "\"")
                else { return [] }
                return copy(record, at + 5..<at + 8) + [UInt8(ascii: ":")]
                    + copy(record, at + 8..<at + 10)
            }
            at += 1
        }
        return []
    }

    /// A device puts its zone among its first fields.
    private static let zoneWithin = 512

    /// Whether a message of a device begins here, which sends no program: so what stands before it
    /// is its host, whatever that looks like.
    static func isDeviceMessage(_ record: Span<UInt8>, _ start: Int) -> Bool {
        switch record[start] {
        case UInt8(ascii: "d"): has(dateKey, record, start) && has(timeKey, record, start + 15)
        case UInt8(ascii: "C"): has(cef, record, start)
        case UInt8(ascii: "L"): has(leef, record, start)
        case UInt8(ascii: "M"): has(snare, record, start)
        default: false
        }
    }

    private static let cef = [UInt8]("CEF:".utf8)
    private static let leef = [UInt8]("LEEF:".utf8)
    private static let snare = [UInt8]("MSWinEventLog\t".utf8)

    private static func has(_ text: [UInt8], _ record: Span<UInt8>, _ at: Int) -> Bool {
        at + text.count <= record.count
            && ByteSearch.equal(record, at..<at + text.count, text.span)
    }

    private static let dateKey = [UInt8]("date=".utf8)
    private static let timeKey = [UInt8](" time=".utf8)
    private static let zoneKey = [UInt8](" tz=\"".utf8)

    private static func copy(_ record: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        range.map { record[$0] }
    }
}
