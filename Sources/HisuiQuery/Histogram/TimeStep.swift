import HisuiBytes

/// A round stretch of time as a clock on the wall shows it: five minutes, an hour, a week.
///
/// Stretches of up to an hour are as long as they say; longer ones follow the calendar of a time
/// zone, so that a day on which the clocks are put forward has 23 hours.
public enum TimeStep: Hashable, Sendable {
    /// Seconds that divide an hour.
    case seconds(Int)
    /// Hours that divide a day.
    case hours(Int)
    case day
    /// From Monday on.
    case week
    /// Months; of more than one the first is January of a year that their number divides.
    case months(Int)

    /// All steps from the shortest to the longest.
    static let all: [TimeStep] =
        [1, 5, 10, 30, 60, 300, 600, 1800, 3600].map { .seconds($0) }
        + [3, 6, 12].map { .hours($0) } + [.day, .week]
        + [1, 3, 12, 120, 1200].map { .months($0) }

    /// About how many seconds it lasts.
    var usualSeconds: Int64 {
        switch self {
        case .seconds(let count): Int64(count)
        case .hours(let count): Int64(count) * 3600
        case .day: 86_400
        case .week: 604_800
        case .months(let count): Int64(count) * 2_629_746
        }
    }

    /// The shortest step of which no more than `stepsMax` are needed for a stretch of time.
    ///
    /// - Parameter stepsMax: at least 10.
    static func fitting(_ range: ClosedRange<Int64>, stepsMax: Int) -> TimeStep {
        // Half a step at either end may lie outside.
        let seconds = Double(range.upperBound) / 1e9 - Double(range.lowerBound) / 1e9
        return all.first { seconds / Double($0.usualSeconds) + 2 <= Double(stepsMax) }
            ?? all[all.count - 1]
    }

    /// The beginning of the step that `time` lies in.
    ///
    /// - Parameter time: nanoseconds, as the result.
    func start(of time: Int64, _ zone: TimeZoneRules) -> Int64 {
        let offset = Int64(zone.offsetSeconds(atUTCNanoseconds: time)) * 1_000_000_000
        let local = TimeLiteral.added(time, offset)
        if case .seconds(let count) = self {
            let step = Int64(count) * 1_000_000_000
            return TimeLiteral.added(time, -local.floorDivided(by: step).remainder)
        }
        return min(time, zone.utcNanoseconds(local: floor(CivilTime(nanoseconds: local))) ?? time)
    }

    /// The beginning of the step after the one that begins at `start`.
    func next(after start: Int64, _ zone: TimeZoneRules) -> Int64 {
        let usual = TimeLiteral.added(start, usualSeconds * 1_000_000_000)
        if case .seconds = self { return self.start(of: usual, zone) }
        let offset = Int64(zone.offsetSeconds(atUTCNanoseconds: start)) * 1_000_000_000
        let begun = floor(CivilTime(nanoseconds: TimeLiteral.added(start, offset)))
        let next = zone.utcNanoseconds(local: following(begun)) ?? usual
        return next > start ? next : usual
    }

    /// The beginning of the step on the clock and the calendar.
    private func floor(_ civil: CivilTime) -> CivilTime {
        let days = CivilTime.days(year: civil.year, month: civil.month, day: civil.day)
        switch self {
        case .seconds: return civil
        case .hours(let count):
            return CivilTime(
                year: civil.year, month: civil.month, day: civil.day,
                hour: civil.hour / count * count)
        case .day: return CivilTime(days: days)
        case .week:
            // The first day of 1970 was a Thursday.
            return CivilTime(days: days - Int(Int64(days + 3).floorDivided(by: 7).remainder))
        case .months(let count):
            let months = civil.year * 12 + civil.month - 1
            return Self.month(months / count * count)
        }
    }

    /// The beginning of the step after the one that begins at `civil`.
    private func following(_ civil: CivilTime) -> CivilTime {
        let days = CivilTime.days(year: civil.year, month: civil.month, day: civil.day)
        switch self {
        case .seconds: return civil
        case .hours(let count):
            if civil.hour + count >= 24 { return CivilTime(days: days + 1) }
            var civil = civil
            civil.hour += count
            return civil
        case .day: return CivilTime(days: days + 1)
        case .week: return CivilTime(days: days + 7)
        case .months(let count): return Self.month(civil.year * 12 + civil.month - 1 + count)
        }
    }

    private static func month(_ number: Int) -> CivilTime {
        CivilTime(year: number / 12, month: number % 12 + 1, day: 1)
    }
}
