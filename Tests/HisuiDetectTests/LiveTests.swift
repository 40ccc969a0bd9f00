import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiDetect

/// The detector as the daemon runs it: for ever, bounded, and the same again after a crash.
@Suite struct LiveTests {
    @Test func batchesAndSavedStatesChangeNothing() throws {
        for _ in 0..<20 {
            let seed = UInt64.random(in: 0...UInt64.max)
            var random = SeededRandom(seed: seed)
            let events = Live.random(120, &random)
            let whole = try Live.found(events).map(\.key).sorted()
            #expect(Set(whole).count == whole.count, "seed \(seed): something was found twice")
            for cut in stride(from: 0, through: events.count, by: 7) {
                var detector = Live.detector()
                var findings: [Finding] = []
                try Live.feed(events, to: cut, &detector, &findings, &random)
                var bytes: [UInt8] = []
                detector.encodeState(into: &bytes)
                var next = Live.detector()
                try next.decodeState(bytes.span)
                try Live.feed(events, from: cut, &next, &findings, &random)
                next.finish(into: &findings)
                #expect(findings.map(\.key).sorted() == whole, "seed \(seed), cut \(cut)")
            }
        }
    }

    @Test func eventsInOrderGiveWhatFilesGive() throws {
        for _ in 0..<40 {
            let seed = UInt64.random(in: 0...UInt64.max)
            var random = SeededRandom(seed: seed)
            var events = Live.random(150, &random)
            for index in events.indices { events[index].time = events[index].received }
            let live = try Live.found(events).filter { $0.state == .final }
            let (set, _) = compile(Live.rules)
            var detector = Detector(set)
            var files: [Finding] = []
            detector.take(
                try Live.batch(events[...]), shapes: Live.table, first: 0, into: &files)
            detector.finish(into: &files)
            func keys(_ findings: [Finding]) -> [String] {
                findings.map { "\($0.ruleID) \($0.events.map(\.index)) \($0.eventCount)" }.sorted()
            }
            #expect(keys(live) == keys(files), "seed \(seed)")
        }
    }

    @Test func disorderWithinTheLatenessIsPutRight() throws {
        for _ in 0..<40 {
            let seed = UInt64.random(in: 0...UInt64.max)
            var random = SeededRandom(seed: seed)
            var events = Live.random(100, &random)
            for index in events.indices {
                events[index].time =
                    events[index].received - Double.random(in: 0...1.7, using: &random)
            }
            let shuffled = try Live.found(events)
            let order = events.indices.sorted { events[$0].time < events[$1].time }
            var sorted = order.map { events[$0] }
            for index in sorted.indices { sorted[index].received = sorted[index].time }
            let straight = try Live.found(sorted)
            func keys(_ findings: [Finding], _ number: (Int) -> Int) -> [String] {
                findings.filter { $0.state == .final }.map {
                    "\($0.ruleID) \($0.events.map { number(Int($0.index)) }.sorted())"
                }.sorted()
            }
            #expect(
                keys(shuffled) { $0 } == keys(straight) { order[$0] }, "seed \(seed)")
        }
    }

    @Test func whatMayHaveComeBeforeIsNotCountedAgain() throws {
        let events = (0..<5).map { LiveEvent("f", Double($0)) }
        var batch = try Live.batch(events[...])
        for index in 2..<5 { batch.rows[index].flags = .maybeDuplicate }
        var detector = Live.detector()
        var findings: [Finding] = []
        detector.take(batch, shapes: Live.table, place: "z/default", first: 0, into: &findings)
        detector.finish(into: &findings)
        #expect(findings.filter { $0.ruleID == "c" }.isEmpty)
        for index in 2..<5 { batch.rows[index].flags = [] }
        detector.take(batch, shapes: Live.table, place: "z/default", first: 5, into: &findings)
        detector.finish(into: &findings)
        #expect(findings.filter { $0.ruleID == "c" && $0.state == .final }.map(\.eventCount) == [5])
    }

    @Test func aCountIsOpenAtOnceAndFinalWhenItEnds() throws {
        var detector = Live.detector()
        var random = SeededRandom(seed: 1)
        var findings: [Finding] = []
        let events = (0..<5).map { LiveEvent("f", Double($0)) }
        try Live.feed(events, &detector, &findings, &random)
        detector.tick(now: Live.nanoseconds(8), into: &findings)
        #expect(findings.map(\.state) == [.open])
        detector.tick(now: Live.nanoseconds(30), into: &findings)
        let count = findings.filter { $0.ruleID == "c" }
        #expect(count.map(\.state) == [.open, .final])
        #expect(count.map(\.eventCount) == [3, 5])
        #expect(Set(count.map(\.id)).count == 1)
        #expect(count.map(\.followsOpen) == [false, true])
        #expect(count[1].firstTime == Live.nanoseconds(0))
        #expect(count[1].lastTime == Live.nanoseconds(4))
        #expect(count[1].events.map(\.text) == (0..<5).map { "z/default/\($0)" })
    }

    @Test func aLateEventJoinsItsWindowOrIsCounted() throws {
        // A third event far later in arrival, in the middle of the window by its time.
        let text = CorrelationTests.count
        let joins = [
            LiveEvent("f", 0), LiveEvent("f", 6), LiveEvent("o", 9),
            LiveEvent("f", 3, received: 9.5), LiveEvent("o", 20),
        ]
        let found = try Live.found(joins, text)
        #expect(found.filter { $0.state == .final }.map { $0.events.map(\.index) } == [[0, 1, 3]])
        var detector = Live.detector(text)
        var random = SeededRandom(seed: 1)
        var findings: [Finding] = []
        let late = [
            LiveEvent("f", 0), LiveEvent("f", 9), LiveEvent("f", 12), LiveEvent("o", 15),
            LiveEvent("f", 1, received: 15.5), LiveEvent("o", 20),
        ]
        try Live.feed(late, &detector, &findings, &random)
        #expect(findings.isEmpty)
        #expect(detector.counts.late == 1)
        let sequence = [
            LiveEvent("u", 8), LiveEvent("o", 12), LiveEvent("s", 5, received: 12.5),
            LiveEvent("o", 20),
        ]
        let ordered = try Live.found(sequence).filter { $0.ruleID == "seq" }
        #expect(ordered.map { $0.events.map(\.index) } == [[0, 2]])
    }

    @Test func aClockThatRunsAheadIsHeld() throws {
        // A day in the future, and the rest of the attack with the right time.
        let events = [
            LiveEvent("f", 86_400, received: 1), LiveEvent("f", 2), LiveEvent("f", 3),
            LiveEvent("f", 4), LiveEvent("o", 60),
        ]
        let found = try Live.found(events, CorrelationTests.count).filter { $0.state == .final }
        #expect(found.map { $0.events.map(\.index) } == [[0, 1, 2, 3]])
    }

    @Test func theMachinesClockMayBeSetBack() throws {
        var events = (0..<3).map { LiveEvent("f", 100_000 + Double($0)) }
        events += (0..<3).map { LiveEvent("f", Double($0)) }
        events.append(LiveEvent("o", 30))
        let found = try Live.found(events, CorrelationTests.count).filter { $0.state == .final }
        #expect(found.map { $0.events.map(\.index) } == [[0, 1, 2], [3, 4, 5]])
    }

    @Test func whatIsRememberedIsBounded() throws {
        var random = SeededRandom(seed: 1)
        let flood = (0..<5000).map { LiveEvent("f", Double($0) / 100) }
        let found = try Live.found(flood, CorrelationTests.count).filter { $0.state == .final }
        #expect(found.map(\.eventCount) == [5000])
        #expect(found.map(\.events.count) == [Limits.findingEventsMax])
        // An unfinished sequence that goes on and on.
        var detector = Live.detector()
        var findings: [Finding] = []
        try Live.feed(
            (0..<3000).map { LiveEvent("s", Double($0) / 1000) } + [LiveEvent("o", 9)],
            &detector, &findings, &random)
        #expect(detector.correlator.entryCount < 3 * Limits.correlationWindowMax)
        #expect(detector.counts.cut > 0)
        try Live.feed([LiveEvent("u", 9.5), LiveEvent("o", 20)], &detector, &findings, &random)
        #expect(findings.contains { $0.ruleID == "seq" })
        // Groups that nothing comes for.
        var idle = Live.detector(CorrelationTests.count)
        try Live.feed(
            (0..<2000).map { LiveEvent("f", Double($0), host: "h\($0)") }, &idle, &findings,
            &random)
        #expect(idle.correlator.groupCount < 30)
        #expect(idle.correlator.groupCount == idle.correlator.groups.reduce(0) { $0 + $1.count })
    }

    @Test func tooManyGroupsMakeRoom() throws {
        var correlator = Live.detector(CorrelationTests.count).correlator
        var bounds = Correlator.Bounds.live
        bounds.groupsMax = 64
        bounds.pendingMax = 500
        correlator = Correlator(
            correlator.rules, entities: correlator.entityNames, bounds: bounds)
        correlator.places = ["z/default"]
        let feed = try #require(correlator.rules.first { !$0.feeds.isEmpty }?.feeds.first)
        for number in 0..<2000 {
            correlator.advance(to: Int64(number))
            correlator.add(
                feed, time: Int64(number), group: [[UInt8(number & 255), UInt8(number >> 8)]],
                Evidence(
                    event: EventNumber(place: 0, index: UInt64(number)),
                    entities: correlator.entityNames.map { _ in nil }))
            #expect(correlator.groupCount <= 64)
            #expect(correlator.pending.count <= 500)
        }
        #expect(correlator.counts.evicted > 0 && correlator.counts.early > 0)
        let entries = correlator.groups.reduce(0) { $1.values.reduce($0) { $0 + $1.window.count } }
        #expect(correlator.entryCount == entries)
    }

    @Test func aStateThatIsNoneIsRefused() throws {
        var random = SeededRandom(seed: 3)
        var detector = Live.detector()
        var findings: [Finding] = []
        try Live.feed(Live.random(60, &random), &detector, &findings, &random)
        var bytes: [UInt8] = []
        detector.encodeState(into: &bytes)
        for count in 0..<bytes.count {
            var other = Live.detector()
            #expect(throws: DetectorStateError.self) {
                try other.decodeState(bytes.span.extracting(0..<count))
            }
        }
        // Whatever the bytes are, the program goes on.
        for _ in 0..<2000 {
            var changed = bytes
            let place = Int.random(in: bytes.indices, using: &random)
            changed[place] = UInt8.random(in: 0...255, using: &random)
            var other = Live.detector()
            do throws(DetectorStateError) {
                try other.decodeState(changed.span)
            } catch {
                continue
            }
            try Live.feed([LiveEvent("f", 50), LiveEvent("o", 99)], &other, &findings, &random)
            other.finish(into: &findings)
        }
    }
}
