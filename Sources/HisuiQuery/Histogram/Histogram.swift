public import HisuiBytes
import HisuiEvent
import HisuiShape
public import HisuiStore

/// How many events of a query there are in each of some stretches of time, by severity.
///
/// The events are counted by `stats`, from the blocks' own tallies where these suffice; no row is
/// made of them. Where the query says no beginning or no end, the first or the last event does.
public struct Histogram: Sendable {
    /// A stretch of time and the events in it.
    public struct Bar: Equatable, Sendable {
        /// Nanoseconds.
        public var start: Int64
        /// By severity (RFC 5424 §6.2.1) from 0 on; last those without any.
        public var counts = [UInt64](repeating: 0, count: severityNames.count)

        public var total: UInt64 { counts.reduce(0, +) }
    }

    /// The fields of the counts, in their order.
    public static let severityNames = [
        "emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug",
        "other",
    ]

    /// How long each bar is.
    public private(set) var step = TimeStep.seconds(1)
    /// One after the other without a gap; none if there is no event.
    public private(set) var bars: [Bar] = []

    /// Counts the events of a query.
    ///
    /// - Parameters:
    ///   - stepsMax: bars at most, at least 10; a step of that length is chosen.
    ///   - timeZone: the zone in which steps begin at round times.
    /// - Throws: `unsuitable` for queries whose result is no events with times.
    public init(
        snapshot: Snapshot, query: Query, options: QueryOptions = QueryOptions(),
        timeZone: TimeZoneRules, stepsMax: Int
    ) throws(QueryFailure) {
        guard query.yieldsEvents else { throw Self.hasNoTimes() }
        let asked = query.timeRange
        guard let stretch = Self.stretch(snapshot, asked) else { return }
        var range = stretch
        step = TimeStep.fitting(range, stepsMax: stepsMax)
        var fine = Self.fineSeconds(step, range, timeZone)
        var counts = try Self.count(query, snapshot, options, fine)
        // Where time is open, the events may lie closer together than the blocks they are in: then
        // they are counted again by a shorter step, and only there.
        while let first = counts.first, let last = counts.last {
            let end = TimeLiteral.added(last.start, fine * 1_000_000_000 - 1)
            if asked.first == .min { range = max(range.lowerBound, first.start)...range.upperBound }
            if asked.last == .max {
                range = range.lowerBound...max(range.lowerBound, min(range.upperBound, end))
            }
            step = TimeStep.fitting(range, stepsMax: stepsMax)
            let finer = Self.fineSeconds(step, range, timeZone)
            if finer >= fine { break }
            fine = finer
            // A pipe that counts rows must see all of them again.
            let some = query.selectsOnly ? query.within(first: first.start, last: end) : query
            counts = try Self.count(some, snapshot, options, fine)
        }
        if counts.isEmpty { return }
        let known = Self.fold(counts, step, timeZone)
        let from = asked.first == .min ? known.first?.start : range.lowerBound
        let to = asked.last == .max ? known.last?.start : range.upperBound
        bars = Self.filled(known, from: from ?? 0, to: to ?? 0, step, timeZone)
    }

    public var total: UInt64 { bars.reduce(0) { $0 + $1.total } }

    /// The first of the bars with the most events.
    public var peak: Bar? {
        bars.max { ($0.total, $1.start) < ($1.total, $0.start) }
    }

    /// Hands on a row for each bar: `_time`, `hits`, and the counts by `severityNames`.
    public func emit(_ take: QueryRunner.Emit) {
        let names = FieldNames()
        let time = names.number(FieldName.time)
        let fields = (["hits"] + Self.severityNames).map(names.number)
        var row = ResultRow(names: names)
        for bar in bars {
            row.removeAll()
            UTCText.append(bar.start, to: &row.bytes)
            row.close(time, .time, from: 0)
            for (field, count) in zip(fields, [bar.total] + bar.counts) {
                let start = row.bytes.count
                row.bytes.appendDecimal(count)
                row.close(field, .integer, from: start)
            }
            if !take(row) { return }
        }
    }

    /// The fields of a row.
    public static let rowFields = [FieldName.time, "hits"] + severityNames
}

// Counting.
extension Histogram {
    /// The time asked for, its open ends those of the blocks in it; nil if nothing is there.
    private static func stretch(
        _ snapshot: Snapshot, _ asked: (first: Int64, last: Int64)
    ) -> ClosedRange<Int64>? {
        var held: ClosedRange<Int64>?
        for block in snapshot.blocks {
            let first = block.timeRange.lowerBound.nanoseconds
            let last = block.timeRange.upperBound.nanoseconds
            guard last >= asked.first, first <= asked.last else { continue }
            held = min(first, held?.lowerBound ?? first)...max(last, held?.upperBound ?? last)
        }
        guard let held else { return nil }
        let first = asked.first == .min ? held.lowerBound : asked.first
        let last = asked.last == .max ? held.upperBound : asked.last
        return first...max(first, last)
    }

    /// The seconds by which events are counted: as many as a step of up to a quarter of an hour
    /// has, by which blocks have counted their shapes; what all offsets of zones are made of, so
    /// that longer steps are put together of them. By whole hours where that is as good.
    private static func fineSeconds(
        _ step: TimeStep, _ range: ClosedRange<Int64>, _ zone: TimeZoneRules
    ) -> Int64 {
        switch step {
        case .seconds(let count): return Int64(min(count, 900))
        case .hours: return 900
        case .day, .week, .months:
            var time = step.start(of: range.lowerBound, zone)
            while zone.offsetSeconds(atUTCNanoseconds: time) % 3600 == 0 {
                if time > range.upperBound { return 3600 }
                time = step.next(after: time, zone)
            }
            return 900
        }
    }

    /// The events by stretches of `seconds` counted from 1970, in order of time.
    private static func count(
        _ query: Query, _ snapshot: Snapshot, _ options: QueryOptions, _ seconds: Int64
    ) throws(QueryFailure) -> [Bar] {
        var query = query
        let by = "_time:\(seconds)s, log.syslog.severity.code"
        do throws(QueryError) {
            query.pipes += try Query.parse(
                "* | stats by (\(by)) count() hits", now: Timestamp(nanoseconds: 0),
                timeZone: .utc
            ).pipes
        } catch {
            preconditionFailure("a query of our own: \(error)")
        }
        var options = options
        options.fields = nil
        var bars: [Bar] = []
        var isWhole = true
        try QueryRunner(snapshot: snapshot, query: query, options: options).run { row in
            guard let index = row.index(of: FieldName.time),
                let time = TimeLiteral.complete(row.bytes.span.extracting(row.range(at: index)))
            else {
                isWhole = false
                return false
            }
            if bars.last?.start != time { bars.append(Bar(start: time)) }
            let hits = row.text("hits").flatMap { UInt64($0) } ?? 0
            let code = row.text("log.syslog.severity.code").flatMap { Int($0) } ?? 8
            bars[bars.count - 1].counts[(0...7).contains(code) ? code : 8] += hits
            return true
        }
        guard isWhole else { throw hasNoTimes() }
        return bars
    }

    private static func hasNoTimes() -> QueryFailure {
        QueryFailure(
            .unsuitable,
            "a histogram is of events and their times; this query gives something else")
    }

    /// Bars of `step`, those with events, in order of time.
    private static func fold(_ fine: [Bar], _ step: TimeStep, _ zone: TimeZoneRules) -> [Bar] {
        var bars: [Bar] = []
        for bar in fine {
            let start = step.start(of: bar.start, zone)
            if bars.last?.start != start { bars.append(Bar(start: start)) }
            for (severity, count) in bar.counts.enumerated() {
                bars[bars.count - 1].counts[severity] += count
            }
        }
        return bars
    }

    /// The same with bars of nothing in the gaps.
    private static func filled(
        _ known: [Bar], from: Int64, to: Int64, _ step: TimeStep, _ zone: TimeZoneRules
    ) -> [Bar] {
        var bars: [Bar] = []
        var rest = known[...]
        var start = min(step.start(of: from, zone), known.first?.start ?? .max)
        while start <= to || !rest.isEmpty {
            let next = step.next(after: start, zone)
            var bar = Bar(start: start)
            while let first = rest.first, first.start < next {
                for (severity, count) in first.counts.enumerated() {
                    bar.counts[severity] += count
                }
                rest = rest.dropFirst()
            }
            bars.append(bar)
            // Behind the last nanosecond that there is.
            guard next > start else { break }
            start = next
        }
        return bars
    }
}
