import HisuiBytes

/// The night of the demonstration: the last one that is over in Japan.
struct DemoNight: Sendable {
    /// The midnight in it, nanoseconds UTC: `D 00:00:00` in the files of `ops/demo`.
    let midnight: Int64
    private let zone = TimeZoneRules.tokyo

    /// When the night counts as over: nothing in the files is later than this hour.
    private static let endHour: Int64 = 6

    init(now: Int64) {
        let offset = Int64(zone.offsetSeconds(atUTCNanoseconds: now)) * 1_000_000_000
        let day: Int64 = 86_400_000_000_000
        let local = now + offset - Self.endHour * 3_600_000_000_000
        midnight = (local - local % day) - offset
    }

    /// The beginning of the day before: nothing in the files is earlier.
    var start: Int64 { midnight - 86_400_000_000_000 }
    /// The end of the night.
    var end: Int64 { midnight + Self.endHour * 3_600_000_000_000 }

    /// Appends a time in the form that a mark of a file names; false where it names none.
    func append(_ time: Int64, form: String, to bytes: inout [UInt8]) -> Bool {
        let offset = zone.offsetSeconds(atUTCNanoseconds: time)
        let local = CivilTime(nanoseconds: time + Int64(offset) * 1_000_000_000)
        switch form {
        case "rfc3164":
            bytes += Self.months[local.month - 1].utf8
            bytes += (local.day < 10 ? "  \(local.day) " : " \(local.day) ").utf8
            clock(local, to: &bytes)
        case "rfc5424", "iso":
            TimeText.appendRFC3339(
                nanoseconds: time, offsetSeconds: offset, fractionDigits: 3, to: &bytes)
        case "csv":
            bytes += "\(local.year)/\(two(local.month))/\(two(local.day)) ".utf8
            clock(local, to: &bytes)
        case "date":
            bytes += "\(local.year)\(two(local.month))\(two(local.day))".utf8
        default: return false
        }
        return true
    }

    private func clock(_ local: CivilTime, to bytes: inout [UInt8]) {
        bytes += "\(two(local.hour)):\(two(local.minute)):\(two(local.second))".utf8
    }

    private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
