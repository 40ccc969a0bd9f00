import HisuiEvent
import Testing

@testable import HisuiPipeline

/// The machine's clock, and those of senders.
@Suite struct ClockWatchTests {
    private static func moment(_ elapsed: Int64, wall: Int64) -> Moment {
        Moment(wall: Timestamp(nanoseconds: wall * 1_000_000), elapsed: elapsed)
    }

    @Test(arguments: [3_600_000, -3_600_000, 1000, -1000] as [Int64])
    func aStepIsToldOnceWithItsSize(step: Int64) {
        var watch = ClockWatch(Self.moment(0, wall: 1_000_000))
        let first = watch.look(Self.moment(1000, wall: 1_001_000))
        #expect(first == nil)
        let after = 1_002_000 + step
        let second = watch.look(Self.moment(2000, wall: after))
        #expect(
            second
                == ClockWatch.Step(
                    milliseconds: step, before: Timestamp(nanoseconds: 1_002_000_000_000),
                    after: Timestamp(nanoseconds: after * 1_000_000)))
        let third = watch.look(Self.moment(3000, wall: after + 1000))
        #expect(third == nil)
    }

    @Test func aClockThatIsSlewedOrAMachineThatSleptIsNoStep() {
        var watch = ClockWatch(Self.moment(0, wall: 0))
        var wall: Int64 = 0
        for second in 1...10_000 {
            wall += 1001
            let first = watch.look(Self.moment(Int64(second) * 1000, wall: wall))
            #expect(first == nil)
        }
        wall += 8 * 3_600_000
        let second = watch.look(Self.moment(10_000_000 + 8 * 3_600_000, wall: wall))
        #expect(second == nil)
    }

    @Test func timesAtTheEdgesOfTheirRangeAreNoStep() {
        var watch = ClockWatch(Self.moment(0, wall: 0))
        let last = Moment(wall: Timestamp(nanoseconds: .min), elapsed: .max)
        let first = watch.look(last)
        #expect(first == nil)
        let second = watch.look(Self.moment(0, wall: 0))
        #expect(second == nil)
    }

    // MARK: - Senders

    private static func offset(
        _ watch: inout OffsetWatch, leads: [Int64], from start: Int64 = 0
    ) -> [OffsetWatch.Change] {
        leads.enumerated().compactMap { number, lead in
            watch.took(1, lead: lead, at: start + Int64(number + 1) * 15_000)
        }
    }

    @Test(arguments: [90_000, -90_000, 9 * 3_600_000] as [Int64])
    func aClockThatDiffersIsToldOnce(by difference: Int64) {
        var watch = OffsetWatch(now: 0)
        let first = Self.offset(&watch, leads: Array(repeating: difference, count: 60))
        #expect(first == [.differs(difference)])
        #expect(watch.offset == difference)
        let second = Self.offset(
            &watch, leads: Array(repeating: 100, count: 60), from: 900_000)
        #expect(second == [.agrees(100)])
    }

    @Test func recordsThatWaitedDoNotMakeAClockDiffer() {
        var watch = OffsetWatch(now: 0)
        // An hour late each, but for one in ten that comes at once.
        let leads = (0..<200).map { $0 % 10 == 0 ? Int64(-20) : -3_600_000 }
        let found = Self.offset(&watch, leads: leads)
        #expect(found.isEmpty)
        #expect(watch.offset == -20)
    }

    @Test func aClockThatIsAMinuteWrongIsNotToldAgainAndAgain() {
        var watch = OffsetWatch(now: 0)
        let leads = (0..<400).map { $0 / 20 % 2 == 0 ? Int64(61_000) : 59_000 }
        let found = Self.offset(&watch, leads: leads)
        #expect(found == [.differs(61_000)])
        let later = Self.offset(
            &watch, leads: Array(repeating: 30_000, count: 40), from: 7_000_000)
        #expect(later == [.agrees(30_000)])
    }

    @Test func aDifferenceThatGrowsIsToldAnew() {
        var watch = OffsetWatch(now: 0)
        let leads = (0..<80).map { $0 < 40 ? Int64(70_000) : 200_000 }
        let found = Self.offset(&watch, leads: leads)
        #expect(found == [.differs(70_000), .differs(200_000)])
    }

    @Test func oneForgedTimeInAWindowDoesNotMakeAClockDiffer() {
        var watch = OffsetWatch(now: 0)
        let leads = (0..<200).map { $0 % 20 == 7 ? Int64(3_600_000) : -20 }
        let found = Self.offset(&watch, leads: leads)
        #expect(found.isEmpty)
        #expect(watch.offset == -20)
    }

    @Test func twoLooksAreTooFewToSayAnything() {
        var watch = OffsetWatch(now: 0)
        let first = watch.took(500, lead: 3_600_000, at: 200_000)
        let second = watch.took(500, lead: -20, at: 400_000)
        #expect(first == nil && second == nil && watch.offset == nil)
        let third = watch.took(500, lead: -30, at: 500_000)
        #expect(third == nil && watch.offset == -20)
    }

    @Test func fewRecordsSayNothing() {
        var watch = OffsetWatch(now: 0)
        for number in 1...19 {
            let found = watch.took(1, lead: 900_000, at: Int64(number) * 3_600_000)
            #expect(found == nil)
        }
        #expect(watch.offset == nil)
    }
}
