public import HisuiBytes
public import HisuiEvent

extension Query {
    /// The time that a person wrote as queries have it: `2026-11-23`, `2026-11-23T09:00+09:00`,
    /// `now-1h`; a day, an hour or an instant, from its first to its last nanosecond.
    ///
    /// - Returns: nil if the text is no time.
    public static func time(
        _ text: String, now: Timestamp, timeZone: TimeZoneRules
    ) -> ClosedRange<Timestamp>? {
        TimeLiteral.range(Array(text.utf8), now: now.nanoseconds, zone: timeZone).map {
            Timestamp(nanoseconds: $0.lowerBound)...Timestamp(nanoseconds: $0.upperBound)
        }
    }
}
