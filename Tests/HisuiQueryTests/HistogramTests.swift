import HisuiBytes
import HisuiEvent
import Testing

@testable import HisuiQuery
@testable import QueryCampaign
@testable import HisuiStore

@Suite struct HistogramTests {
    private func snapshot(_ blocks: [Block]) -> Snapshot {
        var snapshot = Snapshot()
        snapshot.blocks = blocks
        return snapshot
    }

    private func histogram(
        _ query: String, _ blocks: [Block], zone: TimeZoneRules = .utc, stepsMax: Int = 40
    ) throws -> Histogram {
        try Histogram(
            snapshot: snapshot(blocks), query: parsed(query, zone: .utc), timeZone: zone,
            stepsMax: stepsMax)
    }

    private func time(_ text: String) throws -> Int64 {
        try #require(Timestamp(rfc3339: text)).nanoseconds
    }

    /// Lines from 2025-11-23T00:00:00Z on, a second apart.
    private func lines(_ count: Int) -> [String] { (0..<count).map { "h u \($0) x" } }

    @Test func gapsAreBarsOfNothing() throws {
        let blocks = [
            block(lines(3)), block(lines(1), first: 3, start: 5),
            block(lines(2), first: 4, start: 7),
        ]
        let found = try histogram("*", blocks)
        #expect(found.step == .seconds(1))
        #expect(found.bars.map(\.total) == [1, 1, 1, 0, 0, 1, 0, 1, 1])
        #expect(try found.bars[0].start == time("2025-11-23T00:00:00Z"))
        #expect(found.total == 6)
        #expect(found.peak?.start == found.bars[0].start, "the first of equals")
        #expect(found.bars[0].counts == [0, 0, 0, 0, 0, 0, 0, 0, 1], "no severity")
    }

    @Test func theStretchAskedForIsShownWhole() throws {
        let asked = try histogram(
            "_time:[2025-11-22T23:00:00Z, 2025-11-23T01:00:00Z)", [block(lines(3))])
        #expect(asked.step == .seconds(300))
        #expect(asked.bars.count == 24)
        #expect(asked.bars.map(\.total).firstIndex(of: 3) == 12)
        let none = try histogram("nothing", [block(lines(3))])
        #expect(none.bars.isEmpty && none.peak == nil && none.total == 0)
    }

    /// A year of blocks, and the word only in one minute of it.
    @Test func barsAreWhereTheEventsAre() throws {
        let year: Int64 = 365 * 86_400
        let some = block(["h u 1 needle"], first: 1, start: 1_000_000)
        let more = block(["h u 1 needle"], first: 2, start: 1_000_020)
        let found = try histogram(
            "needle", [block(lines(1)), some, more, block(lines(1), first: 3, start: year)])
        #expect(found.step == .seconds(1))
        #expect(found.bars.count == 21)
        #expect(found.bars.first?.total == 1 && found.bars.last?.total == 1)
        // What a pipe has counted away stays away.
        let last = try histogram(
            "* | offset 1", [block(lines(1)), some, more, block(lines(1), first: 3, start: year)])
        #expect(last.total == 3)
    }

    @Test func onlyEventsHaveTimes() throws {
        for query in ["* | stats count()", "* | fields user.name", "* | uniq by (_time)"] {
            #expect(throws: QueryFailure.self, "\(query)") {
                try histogram(query, [block(lines(3))])
            }
        }
        #expect(try histogram("* | limit 2", [block(lines(3))]).total == 2)
    }

    /// Counts agree with those of rows one by one, whatever the blocks.
    @Test(arguments: 1...6) func countsAreExact(seed: UInt64) throws {
        let data = try TestData(seed: seed, blocks: 8, rows: 60, seconds: 400_000)
        let zone = try #require(TimeZoneRules(name: "Asia/Kathmandu"))
        let found = try Histogram(
            snapshot: snapshot(data.blocks), query: parsed("*", zone: .utc), timeZone: zone,
            stepsMax: 20)
        #expect(found.total == UInt64(data.rows.count))
        for (bar, next) in zip(found.bars, found.bars.dropFirst()) {
            let count = data.rows.count { $0.time >= bar.start && $0.time < next.start }
            #expect(bar.total == UInt64(count))
            #expect(bar.start == found.step.start(of: bar.start, zone))
        }
    }

    @Test func stepsFollowTheClockOfTheZone() throws {
        let zone = try #require(TimeZoneRules(name: "America/New_York"))
        // Clocks go forward on 2026-03-08 and back on 2026-11-01.
        let before = try time("2026-03-07T12:00:00-05:00")
        let day = TimeStep.day.start(of: before, zone)
        #expect(try day == time("2026-03-07T00:00:00-05:00"))
        let next = TimeStep.day.next(after: day, zone)
        let third = TimeStep.day.next(after: next, zone)
        #expect(third - next == 23 * 3_600_000_000_000)
        let autumn = try time("2026-11-01T00:00:00-04:00")
        #expect(TimeStep.day.next(after: autumn, zone) - autumn == 25 * 3_600_000_000_000)
        #expect(
            try TimeStep.hours(6).next(after: autumn, zone)
                == time("2026-11-01T06:00:00-05:00"))
        #expect(
            try TimeStep.week.start(of: before, zone) == time("2026-03-02T00:00:00-05:00"))
        #expect(
            try TimeStep.months(3).next(after: time("2026-10-01T00:00:00-04:00"), zone)
                == time("2027-01-01T00:00:00-05:00"))
        let tokyo = try time("2026-03-31T08:17:00+09:00")
        #expect(try TimeStep.day.start(of: tokyo, .tokyo) == time("2026-03-31T00:00:00+09:00"))
        #expect(
            try TimeStep.seconds(1800).start(of: tokyo, .tokyo)
                == time("2026-03-31T08:00:00+09:00"))
    }

    /// Every step goes on, from the first nanosecond there is to the last.
    @Test func stepsGoOn() throws {
        let zone = try #require(TimeZoneRules(name: "America/New_York"))
        for step in TimeStep.all {
            for time in [Int64.min, Int64.min + 1, -1, 0, 1, 1_775_000_000_000_000_000, .max] {
                let start = step.start(of: time, zone)
                #expect(start <= time)
                #expect(step.next(after: start, zone) > start || time == .max, "\(step) \(time)")
            }
            var start = try step.start(of: time("2026-03-05T00:00:00Z"), zone)
            for _ in 0..<200 {
                let next = step.next(after: start, zone)
                if next > 9_000_000_000_000_000_000 { break }
                #expect(step.start(of: next, zone) == next, "\(step)")
                #expect(step.start(of: next - 1, zone) == start, "\(step)")
                start = next
            }
        }
        let all = TimeStep.fitting(.min ... .max, stepsMax: 10)
        #expect(all == .months(1200))
        #expect(TimeStep.fitting(0...0, stepsMax: 10) == .seconds(1))
        #expect(TimeStep.fitting(0...86_400_000_000_000, stepsMax: 40) == .seconds(3600))
    }
}
