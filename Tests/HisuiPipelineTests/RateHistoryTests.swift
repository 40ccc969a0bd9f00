import HisuiEvent
import Testing

@testable import HisuiPipeline

/// Records by hour of the wall clock.
@Suite struct RateHistoryTests {
    private static func hour(_ number: Int, minute: Int = 0) -> Timestamp {
        Timestamp(nanoseconds: Int64(number * 60 + minute) * 60_000_000_000)
    }

    /// Ten records in hour 100, and three in the next one.
    private static func taught() -> RateHistory {
        var rate = RateHistory()
        rate.took(4, at: hour(100))
        rate.took(6, at: hour(100, minute: 59))
        rate.took(3, at: hour(101))
        return rate
    }

    @Test func hoursGoByAndAreForgotten() {
        let rate = Self.taught()
        #expect(rate.counts(at: Self.hour(101)) == [UInt64](repeating: 0, count: 22) + [10, 3])
        #expect(rate.counts(at: Self.hour(123)).prefix(3) == [10, 3, 0])
        #expect(rate.counts(at: Self.hour(124)).prefix(2) == [3, 0])
        #expect(rate.counts(at: Self.hour(125)) == [UInt64](repeating: 0, count: 24))
        #expect(RateHistory().counts(at: Self.hour(5)) == [UInt64](repeating: 0, count: 24))
    }

    @Test func aClockThatIsCorrectedOverTheEdgeOfAnHourLosesNothing() {
        var rate = Self.taught()
        rate.took(2, at: Self.hour(100, minute: 59))
        #expect(rate.counts(at: Self.hour(101)).suffix(2) == [10, 5])
    }

    @Test func aClockThatWasFarAheadBeginsANewHistory() {
        var rate = Self.taught()
        rate.took(1, at: Self.hour(900_000))
        rate.took(7, at: Self.hour(102))
        #expect(rate.counts(at: Self.hour(102)) == [UInt64](repeating: 0, count: 23) + [7])
        var early = RateHistory()
        early.took(1, at: Timestamp(nanoseconds: -1))
        #expect(early.counts(at: Self.hour(0)).suffix(2) == [1, 0])
        early.took(1, at: Timestamp(nanoseconds: .min))
        #expect(early.counts(at: Timestamp(nanoseconds: .min)).last == 1)
    }
}
