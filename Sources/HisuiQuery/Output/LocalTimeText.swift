import HisuiBytes

/// Times for a person: local, without zone, and with milliseconds where asked.
enum LocalTimeText {
    static func append(
        _ nanoseconds: Int64, _ zone: TimeZoneRules, milliseconds: Bool, to out: inout [UInt8]
    ) {
        let offset = zone.offsetSeconds(atUTCNanoseconds: nanoseconds)
        let start = out.count
        TimeText.appendRFC3339(
            nanoseconds: nanoseconds, offsetSeconds: offset, fractionDigits: milliseconds ? 3 : 0,
            to: &out)
        out.removeSubrange((start + (milliseconds ? 23 : 19))...)
        out[start + 10] = 0x20
    }
}
