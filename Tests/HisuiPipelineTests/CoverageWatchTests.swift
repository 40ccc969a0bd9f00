import Testing

@testable import HisuiPipeline

/// The share of records that parser rules know.
@Suite struct CoverageWatchTests {
    /// One window of 1,000 records, so many of which are known, and what changed.
    private static func window(
        _ watch: inout CoverageWatch, _ known: Int, _ now: inout Int64
    ) -> CoverageWatch.Change? {
        now += CoverageWatch.windowMillis
        return watch.took(1000, known: known, at: now)
    }

    private static func usual(_ known: Int) -> (watch: CoverageWatch, now: Int64) {
        var (watch, now) = (CoverageWatch(now: 0), Int64(0))
        for _ in 0..<20 { #expect(window(&watch, known, &now) == nil) }
        return (watch, now)
    }

    @Test func aFallIsToldOnceAndItsEndToo() {
        var (watch, now) = Self.usual(990)
        #expect(watch.learned == 9900)
        let first = Self.window(&watch, 850, &now)
        #expect(first == .fell(to: 8500, from: 9900))
        #expect(watch.isFallen)
        let second = Self.window(&watch, 840, &now)
        #expect(second == nil)
        let third = Self.window(&watch, 930, &now)
        #expect(third == nil)
        let rose = Self.window(&watch, 985, &now)
        #expect(rose == .rose(to: 9850, usual: watch.usual))
        #expect(!watch.isFallen)
    }

    @Test func aSmallFallIsUsual() {
        var (watch, now) = Self.usual(990)
        let first = Self.window(&watch, 900, &now)
        #expect(first == nil)
        let second = Self.window(&watch, 890, &now)
        #expect(second == nil)
    }

    @Test func whatFellForGoodBecomesUsual() {
        var (watch, now) = Self.usual(990)
        var changes: [CoverageWatch.Change] = []
        for _ in 0..<400 {
            if let change = Self.window(&watch, 500, &now) { changes.append(change) }
        }
        #expect(changes.count == 2)
        #expect(changes.first == .fell(to: 5000, from: 9900))
        #expect(!watch.isFallen)
    }

    @Test func nothingIsToldBeforeTheUsualShareIsKnown() {
        var (watch, now) = (CoverageWatch(now: 0), Int64(0))
        for known in [1000, 1000, 0, 1000, 0, 0] {
            let found = Self.window(&watch, known, &now)
            #expect(found == nil)
        }
    }

    @Test func fewRecordsWaitForMore() {
        var watch = CoverageWatch(now: 0)
        for number in 1...19 {
            let found = watch.took(10, known: 10, at: Int64(number) * 3_600_000)
            #expect(found == nil)
            #expect(watch.windows == 0)
        }
        _ = watch.took(10, known: 10, at: 20 * 3_600_000)
        #expect(watch.windows == 1)
        #expect(watch.last == CoverageWatch.whole)
    }
}
