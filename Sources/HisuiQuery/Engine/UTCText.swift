import HisuiBytes

/// Times as `_time` shows them: RFC 3339 in UTC, with as many groups of three digits after the
/// second as the time needs.
enum UTCText {
    static func append(_ nanoseconds: Int64, to out: inout [UInt8]) {
        let digits: Int
        if nanoseconds % 1_000_000_000 == 0 {
            digits = 0
        } else if nanoseconds % 1_000_000 == 0 {
            digits = 3
        } else {
            digits = nanoseconds % 1000 == 0 ? 6 : 9
        }
        TimeText.appendRFC3339(
            nanoseconds: nanoseconds, offsetSeconds: 0, fractionDigits: digits, to: &out)
    }
}
