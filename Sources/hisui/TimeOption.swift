import HisuiBytes
import HisuiEvent
import HisuiQuery

/// Points in time as they are typed: `--since`, `--until`.
enum TimeOption {
    static var help: String {
        say(
            "a time or date (2026-03-31, 2026-03-31 17:15, yesterday), or how long ago: 30m, 7d",
            "時刻・日付（2026-03-31、令和8年3月、昨日、2026-03-31 17:15）、または現在からさかのぼる長さ（30m、24h、7d）")
    }

    /// The time that `text` says; one without zone is of `zone`.
    ///
    /// A day, a month or a year that is named as an end is within it, a time of the clock is not.
    static func resolve(
        _ text: String?, _ option: String, _ zone: TimeZoneRules, now: Timestamp
    ) throws(Failure) -> SpokenTime? {
        guard let text else { return nil }
        if let time = SpokenTime(text, now: now, zone: zone) { return time }
        throw Failure(
            .usage,
            say(
                "\(option) '\(text)' is no time; write \(help)",
                "\(option) '\(text)' は時刻として読めません。指定できるのは\(help)です"))
    }

    /// The stretch from one time up to another, both ends included; nil if none is named.
    static func stretch(
        since: String?, until: String?, _ zone: TimeZoneRules, now: Timestamp
    ) throws(Failure) -> (first: Int64, last: Int64)? {
        if since == nil, until == nil { return nil }
        let first = try resolve(since, "--since", zone, now: now)?.start ?? .min
        let end = try resolve(until, "--until", zone, now: now)?.end ?? .max
        let last = end == .max ? end : end - 1
        guard first <= last else {
            throw Failure(
                .usage, say("--since is later than --until", "--since が --until より後です"))
        }
        return (first, last)
    }
}
