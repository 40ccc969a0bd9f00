import HisuiBytes
import HisuiEvent
import HisuiQuery

/// Points in time as they are typed: `--since`, `--until`.
enum TimeOption {
    static var help: String {
        say(
            "a time or date (RFC 3339), or how long ago: 30m, 24h, 7d",
            "時刻・日付（RFC 3339）、または現在からさかのぼる長さ（30m、24h、7d）")
    }

    /// The moment that `text` says; a time without zone is one of `zone`.
    static func resolve(
        _ text: String?, _ option: String, _ zone: TimeZoneRules, now: Timestamp
    ) throws(Failure) -> Timestamp? {
        guard let text else { return nil }
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: ":"), UInt8(ascii: "."),
                UInt8(ascii: "+"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        // The same reader as that of `_time:` in a query: a time first, then a duration.
        for filter in ["_time:>=" + text, "_time:" + text] where isPlain && !text.isEmpty {
            if let query = try? Query.parse(filter, now: now, timeZone: zone),
                query.timeRange.first != .min
            {
                return Timestamp(nanoseconds: query.timeRange.first)
            }
        }
        throw Failure(
            .usage,
            say(
                "\(option) '\(text)' is no time; write \(help)",
                "\(option) '\(text)' は時刻として読めません。指定できるのは\(help)です"))
    }
}
