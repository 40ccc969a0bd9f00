/// A date and time of day as a calendar and a clock show it, in no zone in particular.
///
/// The Gregorian calendar is used for all years, also those before it began. The second may be 60,
/// as clocks show it in a leap second; as a count of seconds that is the first of the next minute.
public struct CivilTime: Hashable, Sendable {
    public var year: Int
    /// 1 to 12.
    public var month: Int
    /// 1 to 31.
    public var day: Int
    /// 0 to 23.
    public var hour: Int
    /// 0 to 59.
    public var minute: Int
    /// 0 to 60.
    public var second: Int
    /// 0 to 999,999,999.
    public var nanosecond: Int

    @inlinable
    public init(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0,
        nanosecond: Int = 0
    ) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
        self.nanosecond = nanosecond
    }

    /// The time that a clock in UTC shows `nanoseconds` after 1970-01-01T00:00:00Z.
    public init(nanoseconds: Int64) {
        let (days, ofDay) = nanoseconds.floorDivided(by: 86_400_000_000_000)
        self.init(days: Int(days))
        let (secondOfDay, nano) = Int(ofDay).quotientAndRemainder(dividingBy: 1_000_000_000)
        hour = secondOfDay / 3600
        minute = secondOfDay / 60 % 60
        second = secondOfDay % 60
        nanosecond = nano
    }

    /// Midnight of the day that lies `days` after 1970-01-01.
    public init(days: Int) {
        // Eras of 400 years of 146,097 days that begin on the first of March, so that the day that
        // may be missing is the last of a year.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        self.init(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// Days from 1970-01-01 to a date, which must exist.
    public static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Seconds from 1970-01-01T00:00:00 to this time on the same clock, the fraction left out.
    public var seconds: Int64 {
        Int64(
            CivilTime.days(year: year, month: month, day: day) * 86_400
                + hour * 3600 + minute * 60 + second)
    }

    /// Nanoseconds since the epoch if this is a time in UTC; nil if 64 bits cannot hold them (the
    /// years 1678 to 2261 fit).
    public var nanoseconds: Int64? { nanoseconds(offsetSeconds: 0) }

    /// Nanoseconds since the epoch if this is the time of a clock `offsetSeconds` ahead of UTC; nil
    /// if 64 bits cannot hold them.
    public func nanoseconds(offsetSeconds: Int) -> Int64? {
        let whole = seconds - Int64(offsetSeconds)
        // The lowest second is only partly inside the range and left out: nobody misses 1677.
        guard whole >= -9_223_372_036, whole < 9_223_372_036 else { return nil }
        return whole &* 1_000_000_000 &+ Int64(nanosecond)
    }

    /// Whether all parts are in range and the day exists.
    ///
    /// Second 60 is taken in any minute: zones with odd offsets and clocks that drift show it
    /// anywhere.
    public var isValid: Bool {
        guard month >= 1, month <= 12, day >= 1 else { return false }
        return day <= CivilTime.daysInMonth(month, year: year) && hour >= 0 && hour <= 23
            && minute >= 0 && minute <= 59 && second >= 0 && second <= 60 && nanosecond >= 0
            && nanosecond <= 999_999_999
    }

    public static func isLeap(year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// How many days `month`, 1 to 12, has.
    public static func daysInMonth(_ month: Int, year: Int) -> Int {
        switch month {
        case 2: isLeap(year: year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Day of the week: 0 is Sunday.
    public var weekday: Int {
        let days = CivilTime.days(year: year, month: month, day: day)
        return ((days + 4) % 7 + 7) % 7
    }
}

extension Int64 {
    /// Quotient rounded down and the remainder, which is never negative.
    ///
    /// `divisor` is positive.
    @inlinable
    public func floorDivided(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
