import HisuiEvent
import HisuiFile
import Testing

@testable import HisuiPipeline

/// Many sources together, and what of them is remembered.
@Suite struct ZoneWatchTests {
    private static func moment(_ elapsed: Int64) -> Moment {
        Moment(wall: Timestamp(nanoseconds: elapsed * 1_000_000), elapsed: elapsed)
    }

    private static func seen(_ count: Int = 1, at elapsed: Int64) -> Seen {
        Seen(
            records: count, known: count, timed: count, lead: -3,
            received: Timestamp(nanoseconds: elapsed * 1_000_000),
            event: Timestamp(nanoseconds: (elapsed - 7) * 1_000_000))
    }

    /// A zone in which `a` and `b` spoke each second for an hour.
    private static func taught() -> ZoneWatch {
        var watch = ZoneWatch(at: moment(0))
        for second in 1...3600 {
            let now = Int64(second) * 1000
            let seen = Self.seen(at: now)
            let noticed = watch.look(
                moment(now), seen: ["a": seen, "b": seen], isHeldUp: false,
                wanted: { _ in .learned })
            #expect(noticed.isEmpty)
        }
        return watch
    }

    @Test func oneSourceFallsSilentAndSpeaksAgain() {
        var watch = Self.taught()
        var noticed: [Noticed] = []
        for second in 3601...3800 {
            let now = Int64(second) * 1000
            var seen = ["a": Self.seen(at: now)]
            if second >= 3750 { seen["b"] = Self.seen(at: now) }
            noticed += watch.look(
                Self.moment(now), seen: seen, isHeldUp: false, wanted: { _ in .learned })
            #expect(watch.silentCount == (3690..<3750 ~= second ? 1 : 0))
        }
        #expect(
            noticed == [
                .fellSilent(
                    source: "b", last: Timestamp(nanoseconds: 3_600_000_000_000),
                    milliseconds: 90_000, interval: 60_000),
                .speaksAgain(source: "b", milliseconds: 150_000),
            ])
    }

    @Test func aStoreThatRefusesMakesNoSourceSilent() {
        var watch = Self.taught()
        for second in 3601...10_000 {
            let noticed = watch.look(
                Self.moment(Int64(second) * 1000), seen: [:], isHeldUp: true,
                wanted: { _ in .learned })
            #expect(noticed.isEmpty)
        }
        let noticed = watch.look(
            Self.moment(10_001_000), seen: ["a": Self.seen(at: 10_001_000)], isHeldUp: false,
            wanted: { _ in .learned })
        #expect(noticed.isEmpty)
    }

    @Test func whatIsCollectedNoMoreIsNotCalledSilent() {
        var watch = Self.taught()
        let noticed = watch.look(
            Self.moment(90_000_000), seen: [:], isHeldUp: false,
            wanted: { $0 == "a" ? .learned : nil })
        #expect(noticed.count == 1)
        // It is forgotten, so that nobody has to look at it for ever.
        #expect(watch.entries.keys.sorted() == ["a"])
    }

    @Test func aSourceThatIsExpectedIsMissedEvenIfItNeverSpoke() {
        var watch = ZoneWatch(at: Self.moment(0))
        var noticed: [Noticed] = []
        for second in 1...120 {
            noticed += watch.look(
                Self.moment(Int64(second) * 1000), seen: [:], expected: ["app"], isHeldUp: false,
                wanted: { _ in .after(30_000) })
        }
        #expect(
            noticed == [
                .fellSilent(source: "app", last: .none, milliseconds: 30_000, interval: nil)
            ])
    }

    @Test func aPutClockMakesNoSourceSilent() {
        var watch = Self.taught()
        let put = Moment(wall: Timestamp(nanoseconds: 90_000_000_000_000), elapsed: 3_601_000)
        let noticed = watch.look(
            put, seen: [:], isHeldUp: false, wanted: { _ in .learned })
        #expect(noticed.count == 1)
        guard case .clockStep(let step)? = noticed.first else { return #expect(Bool(false)) }
        #expect(step.milliseconds == 86_399_000)
    }

    @Test func noMoreSourcesAreWatchedThanTheLimit() {
        var watch = ZoneWatch(at: Self.moment(0))
        var seen: [String: Seen] = [:]
        for number in 0..<Limits.watchedSourcesMax + 10 {
            seen["s\(number)"] = Self.seen(at: 1000)
        }
        _ = watch.look(Self.moment(1000), seen: seen, isHeldUp: false, wanted: { _ in .learned })
        #expect(watch.entries.count == Limits.watchedSourcesMax)
        #expect(watch.isFull)
        #expect(WatchState.encoded(watch.entries, at: 0).count < Limits.watchStateBytesMax)
    }

    @Test func inventedAddressesDriveOutNoSourceThatIsKnown() {
        var watch = Self.taught()
        var now: Int64 = 3_601_000
        for round in 0..<3 {
            var seen: [String: Seen] = [:]
            for number in 0..<Limits.watchedSourcesMax {
                seen["forged-\(round)-\(number)"] = Self.seen(at: now)
            }
            _ = watch.look(Self.moment(now), seen: seen, isHeldUp: false, wanted: { _ in .learned })
            now += 1000
        }
        #expect(watch.entries.count == Limits.watchedSourcesMax)
        #expect(watch.entries["a"]?.silence.interval == 60_000)
        #expect(watch.entries["b"]?.silence.interval == 60_000)
        _ = watch.look(
            Self.moment(now), seen: ["new": Self.seen(at: now)], isHeldUp: false,
            wanted: { _ in .learned })
        #expect(watch.entries["new"] != nil)
    }

    // MARK: - The state file

    @Test func whatWasLearnedIsThereAfterARestart() throws {
        var watch = Self.taught()
        _ = watch.look(
            Self.moment(3_700_000), seen: ["a": Self.seen(500, at: 3_700_000)], isHeldUp: false,
            wanted: { _ in .learned })
        #expect(watch.entries["b"]?.silence.isSilent == true)
        let disk = SimulatedFileSystem()
        try WatchState.write(watch.entries, at: 3_710_000, disk, store: "/s", zone: "z")
        let later = Self.moment(50_000)
        let read = try WatchState.read(disk, store: "/s", zone: "z", at: later)
        // Time in which no daemon ran is not the source's, and it may take time to connect again.
        #expect(read["a"]?.silence.last == 50_000)
        #expect(read["b"]?.silence.last == 50_000 - 110_000)
        #expect(read["a"]?.received == watch.entries["a"]?.received)
        #expect(read["a"]?.event == watch.entries["a"]?.event)
        #expect(read["a"]?.rate == watch.entries["a"]?.rate)
        #expect(read["a"]?.coverage.windows == watch.entries["a"]?.coverage.windows)
        #expect(read["a"]?.offset.offset == -3)
        #expect(read["a"]?.silence.interval == watch.entries["a"]?.silence.interval)
        #expect(read["b"]?.silence.isSilent == true)
        let known = WatchState.known(disk, store: "/s", zone: "z")
        #expect(known["a"]?.isSilent == false)
        #expect(known["b"]?.isSilent == true)
        #expect(known["b"]?.intervalMillis == 60_000)
        #expect(known["a"]?.offsetMillis == -3)
        #expect(known["a"]?.coverage == CoverageWatch.whole)
        #expect(known["a"]?.lagMillis == 4)
        #expect(known["a"]?.rate.counts(at: Self.moment(3_700_000).wall).suffix(2) == [3599, 501])
    }

    @Test func startsOfTheDaemonDoNotMakeARareSourceUnseen() throws {
        let day: Int64 = 86_400_000
        var watch = ZoneWatch(at: Self.moment(0))
        for number in 1...40 {
            _ = watch.look(
                Self.moment(Int64(number) * day), seen: ["daily": Self.seen(at: 0)],
                isHeldUp: false, wanted: { _ in .learned })
        }
        // The daemon is started anew every twelve hours, and nothing comes any more.
        var now = 40 * day
        var told: Int64?
        while told == nil, now < 50 * day {
            now += day / 2
            let noticed = watch.look(
                Self.moment(now), seen: [:], isHeldUp: false, wanted: { _ in .learned })
            if case .fellSilent? = noticed.first { told = now - 40 * day }
            let bytes = WatchState.encoded(watch.entries, at: now)
            let moment = Self.moment(now)
            watch = ZoneWatch(at: moment, remembering: try WatchState.decode(bytes, at: moment))
        }
        #expect(told == 2 * day)
    }

    @Test func filesOfOneConfiguredSourceAreFoundUnderIt() {
        let known = [
            "web": WatchState.Known(isSilent: true), "fw/192.0.2.1": .init(isSilent: false),
        ]
        #expect(WatchState.of("web:/var/log/web.log", in: known)?.isSilent == true)
        #expect(WatchState.of("fw/192.0.2.1", in: known)?.isSilent == false)
        #expect(WatchState.of("fw/192.0.2.10", in: known) == nil)
    }

    @Test func aStateThatIsDamagedIsRefusedWhole() throws {
        let bytes = WatchState.encoded(Self.taught().entries, at: 3_600_000)
        for count in 0..<bytes.count {
            #expect(throws: WatchState.Failure.self) {
                try WatchState.decode(Array(bytes[..<count]), at: Self.moment(0))
            }
        }
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 0x10
            #expect(throws: WatchState.Failure.self) {
                try WatchState.decode(changed, at: Self.moment(0))
            }
        }
        #expect(throws: WatchState.Failure.self) {
            try WatchState.decode(bytes + [0], at: Self.moment(0))
        }
    }
}
