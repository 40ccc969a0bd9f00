/// Turns times of one clock into instants, fast where many follow each other.
///
/// The same as `TimeText.Value.nanoseconds(zone:received:)` for every input; it only remembers the
/// last date, the day of the last receipt and the offset around them, which hold for nearly every
/// record after. Owned by one thread.
public struct TimeResolver: Sendable {
    /// The zone of times that do not say theirs.
    public let zone: TimeZoneRules
    /// The last date, and its days since 1970.
    private var date = (year: 1970, month: 1, day: 1)
    private var days = 0
    /// The day of the last receipt, by the clock of `zone`, and what the calendar said.
    private var receivedDay = Int64.min
    private var receivedYear = 0
    private var receivedMonth = 0
    /// Seconds UTC between which the offset of `zone` is known not to change, and the offset.
    private var steady = Int64(0)..<Int64(0)
    private var offset = 0

    public init(zone: TimeZoneRules) {
        self.zone = zone
    }

    /// Nanoseconds UTC of a time as read.
    ///
    /// - Parameter received: when the record was taken, nanoseconds UTC; rules a missing year.
    /// - Returns: nil if 64 bits cannot hold the time, or there is no such day in any year near.
    public mutating func nanoseconds(_ value: TimeText.Value, received: Int64) -> Int64? {
        var civil = value.civil
        if civil.year == 0 {
            guard let year = year(civil, received, value.offsetSeconds) else { return nil }
            civil.year = year
        }
        if (civil.year, civil.month, civil.day) != date {
            date = (civil.year, civil.month, civil.day)
            days = CivilTime.days(year: civil.year, month: civil.month, day: civil.day)
        }
        let ofDay = civil.hour * 3600 + civil.minute * 60 + civil.second
        let local = Int64(days * 86_400 + ofDay)
        let seconds: Int64
        if let stated = value.offsetSeconds {
            seconds = local - Int64(stated)
        } else if steady.contains(local - Int64(offset)) {
            seconds = local - Int64(offset)
        } else {
            guard let found = zone.utcNanoseconds(local: civil) else { return nil }
            remember(around: found.floorDivided(by: 1_000_000_000).quotient)
            return found
        }
        guard seconds >= -9_223_372_036, seconds < 9_223_372_036 else { return nil }
        return seconds &* 1_000_000_000 &+ Int64(civil.nanosecond)
    }

    private mutating func year(_ time: CivilTime, _ received: Int64, _ stated: Int?) -> Int? {
        let seconds = received.floorDivided(by: 1_000_000_000).quotient
        if stated == nil, !steady.contains(seconds) { remember(around: seconds) }
        let ahead = stated ?? offset
        let day = (seconds + Int64(ahead)).floorDivided(by: 86_400).quotient
        if day != receivedDay {
            let now = CivilTime(days: Int(day))
            (receivedDay, receivedYear, receivedMonth) = (day, now.year, now.month)
        }
        if abs(receivedMonth - time.month) <= 4, time.month != 2 || time.day != 29 {
            return receivedYear
        }
        return TimeText.nearestYear(
            to: time, receivedNanoseconds: received, offsetSeconds: ahead)
    }

    /// Learns how long the offset at an instant holds.
    ///
    /// Two days are kept away from every change, so that inside no local time shows twice or never.
    private mutating func remember(around seconds: Int64) {
        let span = zone.steadySeconds(around: seconds)
        offset = zone.offset(atUTCSeconds: seconds)
        let low = span.lowerBound.addingReportingOverflow(172_800)
        let high = span.upperBound.subtractingReportingOverflow(172_800)
        let from = low.overflow || span.lowerBound == .min ? .min : low.partialValue
        let to = high.overflow || span.upperBound == .max ? .max : high.partialValue
        steady = from < to && from <= seconds && seconds < to ? from..<to : 0..<0
    }
}

extension TimeZoneRules {
    /// Seconds UTC around an instant in which the offset is the same.
    func steadySeconds(around seconds: Int64) -> Range<Int64> {
        let next = changes.firstIndex { $0 > seconds } ?? changes.count
        let from = next == 0 ? .min : changes[next - 1]
        let to = next == changes.count ? .max : changes[next]
        return from..<max(to, from)
    }
}
