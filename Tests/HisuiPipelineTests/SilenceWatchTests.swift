import Testing

@testable import HisuiPipeline

/// When a source counts as silent, by a clock that the test turns.
@Suite struct SilenceWatchTests {
    private static let hour: Int64 = 3_600_000
    private static let day = 24 * hour

    /// A source that spoke every `every` milliseconds for `time`, and when it did last.
    private static func taught(
        every: Int64, for time: Int64 = hour
    ) -> (watch: SilenceWatch, last: Int64) {
        var watch = SilenceWatch(now: 0)
        var now: Int64 = 0
        while now < time {
            now += every
            let found = watch.arrived(at: now)
            #expect(found == nil)
        }
        return (watch, now)
    }

    /// When silence is told by one look a second, after the last arrival.
    private static func told(_ watch: SilenceWatch, after last: Int64, _ wanted: Silence) -> Int64?
    {
        var watch = watch
        for now in stride(from: last, to: last + 10 * day, by: 1000)
        where watch.fellSilent(by: now, wanted) {
            return now - last
        }
        return nil
    }

    @Test(arguments: [100, 1000, 61_000, 300_000, 1_200_000] as [Int64])
    func silenceIsToldWithinTwiceTheLearnedInterval(every: Int64) throws {
        let (watch, last) = Self.taught(every: every, for: max(Self.hour, 40 * every))
        let interval = try #require(watch.interval)
        #expect(interval == max(every, SilenceWatch.intervalLeast))
        let told = try #require(Self.told(watch, after: last, .learned))
        #expect(told > interval)
        #expect(told <= 2 * interval)
    }

    @Test func theLongestGapIsLearned() {
        var (watch, now) = Self.taught(every: 1000)
        now += 500_000
        let first = watch.arrived(at: now)
        #expect(first == nil)
        #expect(watch.interval == 500_000)
        // It is forgotten when it is two windows old.
        for _ in 0..<16 * 24 * 60 {
            now += 60_000
            let second = watch.arrived(at: now)
            #expect(second == nil)
        }
        #expect(watch.interval == 60_000)
    }

    @Test func aSourceThatIsNotKnownYetIsNotCalledSilent() {
        let (few, last) = Self.taught(every: 60_000, for: 31 * 60_000)
        #expect(few.interval == nil)
        #expect(Self.told(few, after: last, .learned) == nil)
        let (short, end) = Self.taught(every: 10, for: 5000)
        #expect(Self.told(short, after: end, .learned) == nil)
    }

    @Test func silenceIsToldOnceAndItsEndWithItsLength() {
        var (watch, last) = Self.taught(every: 1000)
        let first = watch.fellSilent(by: last + 90_000, .learned)
        #expect(first)
        #expect(watch.isSilent)
        let second = watch.fellSilent(by: last + 1_000_000, .learned)
        #expect(!second)
        let third = watch.arrived(at: last + 2_000_000)
        #expect(third == 2_000_000)
        #expect(!watch.isSilent)
        last += 2_000_000
        let fourth = watch.arrived(at: last + 1000)
        #expect(fourth == nil)
    }

    @Test func aLongFailureTeachesNoMoreThanFourTimesTheInterval() {
        var (watch, last) = Self.taught(every: 1000)
        let first = watch.fellSilent(by: last + 3 * Self.day, .learned)
        #expect(first)
        let second = watch.arrived(at: last + 3 * Self.day)
        #expect(second == 3 * Self.day)
        #expect(watch.interval == 4 * SilenceWatch.intervalLeast)
        last += 3 * Self.day
        #expect(Self.told(watch, after: last, .learned) == 6 * SilenceWatch.intervalLeast)
    }

    @Test func whatTheConfigurationSaysGoesBeforeWhatWasLearned() {
        let (watch, last) = Self.taught(every: 1000)
        #expect(Self.told(watch, after: last, .after(5000)) == 5000)
        #expect(Self.told(watch, after: last, .never) == nil)
        #expect(Self.told(SilenceWatch(now: 0), after: 0, .after(7000)) == 7000)
    }

    @Test func timeInWhichNothingCouldBeStoredIsNobodysSilence() {
        var (watch, last) = Self.taught(every: 1000)
        watch.skip(10 * Self.hour)
        last += 10 * Self.hour
        let first = watch.fellSilent(by: last + 89_999, .learned)
        #expect(!first)
        let second = watch.fellSilent(by: last + 90_000, .learned)
        #expect(second)
    }

    @Test func aClockThatGoesBackIsNoNegativeGap() {
        var (watch, last) = Self.taught(every: 1000)
        let found = watch.arrived(at: last - 5000)
        #expect(found == nil)
        #expect(watch.interval == SilenceWatch.intervalLeast)
    }
}
