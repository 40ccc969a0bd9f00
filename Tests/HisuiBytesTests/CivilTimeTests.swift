import Glibc
import HisuiBytes
import Testing

@Suite struct CivilTimeTests {
    @Test func everyDayFrom1900To2200() {
        let first = CivilTime.days(year: 1900, month: 1, day: 1)
        let last = CivilTime.days(year: 2200, month: 12, day: 31)
        #expect(last - first + 1 == 301 * 365 + 73)
        // The calendar, counted forward by its rules alone.
        var (year, month, day, weekday) = (1900, 1, 1, 1)
        var failures = 0
        for days in first...last {
            let date = CivilTime(days: days)
            if date != CivilTime(year: year, month: month, day: day)
                || CivilTime.days(year: year, month: month, day: day) != days
                || date.weekday != weekday || !date.isValid
                || CivilTime(nanoseconds: date.nanoseconds ?? .min) != date
            {
                failures += 1
            }
            weekday = (weekday + 1) % 7
            day += 1
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            if day > lengths[month - 1] {
                (month, day) = (month + 1, 1)
                if month > 12 { (year, month) = (year + 1, 1) }
            }
        }
        #expect(failures == 0)
    }

    @Test func agreesWithTheCLibrary() {
        var random = Randomness()
        var seconds: [Int] = [0, -1, 1, 951_782_400, -9_223_372_036, 9_223_372_035]
        for _ in 0..<20_000 {
            seconds.append(Int.random(in: -9_223_372_036...9_223_372_035, using: &random))
        }
        for second in seconds {
            let nano = Int.random(in: 0...999_999_999, using: &random)
            let time = CivilTime(nanoseconds: Int64(second) * 1_000_000_000 + Int64(nano))
            let (expected, weekday) = reference(second, nano)
            #expect(time == expected)
            #expect(time.weekday == weekday)
            #expect(time.nanoseconds == Int64(second) * 1_000_000_000 + Int64(nano))
        }
    }

    private func reference(_ seconds: Int, _ nano: Int) -> (CivilTime, weekday: Int) {
        var seconds = seconds
        var broken = unsafe tm()
        _ = unsafe gmtime_r(&seconds, &broken)  // Safe: both live for the call.
        let time = unsafe CivilTime(
            year: Int(broken.tm_year) + 1900, month: Int(broken.tm_mon) + 1,
            day: Int(broken.tm_mday), hour: Int(broken.tm_hour), minute: Int(broken.tm_min),
            second: Int(broken.tm_sec), nanosecond: nano)
        return (time, unsafe Int(broken.tm_wday))
    }

    @Test func theEndsOfTheRange() {
        #expect(CivilTime(nanoseconds: .max).year == 2262)
        #expect(CivilTime(nanoseconds: .min).year == 1677)
        #expect(CivilTime(year: 2262, month: 4, day: 12).nanoseconds == nil)
        #expect(CivilTime(year: 1677, month: 9, day: 21).nanoseconds == nil)
        #expect(CivilTime(year: 9999, month: 12, day: 31).nanoseconds == nil)
        #expect(CivilTime(year: 1, month: 1, day: 1).nanoseconds == nil)
        #expect(CivilTime(year: 2262, month: 4, day: 11).nanoseconds != nil)
        #expect(CivilTime(year: 1677, month: 9, day: 22).nanoseconds != nil)
    }

    @Test func validity() {
        func valid(_ month: Int, _ day: Int, _ year: Int = 2026) -> Bool {
            CivilTime(year: year, month: month, day: day).isValid
        }
        #expect(valid(2, 29, 2024) && !valid(2, 29, 2026) && !valid(2, 29, 1900))
        #expect(valid(2, 29, 2000) && valid(12, 31) && !valid(4, 31) && !valid(0, 1))
        #expect(!valid(13, 1) && !valid(1, 0) && !valid(1, 32))
        var time = CivilTime(year: 2026, month: 1, day: 1, hour: 23, minute: 59, second: 60)
        #expect(time.isValid)
        #expect(time.nanoseconds == CivilTime(year: 2026, month: 1, day: 2).nanoseconds)
        time.second = 61
        #expect(!time.isValid)
        time = CivilTime(year: 2026, month: 1, day: 1, hour: 24)
        #expect(!time.isValid)
        time = CivilTime(year: 2026, month: 1, day: 1, minute: 60)
        #expect(!time.isValid)
    }
}
