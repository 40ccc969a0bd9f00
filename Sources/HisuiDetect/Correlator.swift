/// Joins matches of rules into findings of correlations, by the events' own time.
///
/// Everything is held until `finish()` and then gone through in the order of (time, number of the
/// event), so the order of arrival changes nothing. A window is closed at both ends: events exactly
/// a timespan apart are within it.
struct Correlator {
    private struct Match {
        var time: Int64
        var feed: Rule.Feed
        var group: [[UInt8]]
        var evidence: Evidence
    }

    /// The events behind a correlation that holds; grows while it does.
    private final class Run {
        var evidence: [Evidence] = []
    }

    /// One event, or the first so many of a run.
    private enum Origin {
        case event(Evidence)
        case run(Run, Int)
    }

    private struct Entry {
        var time: Int64
        var stage: Int
        /// The event's number; nil for a run.
        var event: UInt64?
        var origin: Origin
    }

    private struct Group {
        var window: [Entry] = []
        var first = 0
        /// Of event_count: the finding that is growing.
        var run: Run?
        /// Of temporal_ordered: for each stage, the latest time at which a chain up to it began.
        /// Of temporal: for each stage, when it was last seen.
        var times: [Int64?] = []
    }

    private let rules: [Rule]
    private let entityNames: [String]
    private var matches: [Match] = []
    private var groups: [[[[UInt8]]: Group]]
    private var groupsBeforeSweep = 4096
    private var found: [(time: Int64, number: UInt64, finding: Finding)] = []

    init(_ rules: [Rule], entities: [String]) {
        self.rules = rules
        entityNames = entities
        groups = [[[[UInt8]]: Group]](repeating: [:], count: rules.count)
    }

    mutating func add(_ feed: Rule.Feed, time: Int64, group: [[UInt8]], _ evidence: Evidence) {
        matches.append(Match(time: time, feed: feed, group: group, evidence: evidence))
    }

    /// Goes through all matches and appends the findings in order of the time that completed them.
    mutating func finish(into findings: inout [Finding]) {
        // Later stages first: one event is never two steps of a sequence.
        matches.sort {
            ($0.time, $0.evidence.number, $0.feed.correlation, $1.feed.stage)
                < ($1.time, $1.evidence.number, $1.feed.correlation, $0.feed.stage)
        }
        for match in matches {
            let entry = Entry(
                time: match.time, stage: match.feed.stage, event: match.evidence.number,
                origin: .event(match.evidence))
            take(entry, match.feed.correlation, match.group)
        }
        matches.removeAll()
        for (number, groups) in groups.enumerated() {
            for (_, group) in groups { close(group, number) }
        }
        groups = groups.map { _ in [:] }
        found.sort {
            ($0.time, $0.number, $0.finding.ruleID) < ($1.time, $1.number, $1.finding.ruleID)
        }
        findings += found.map(\.finding)
        found.removeAll()
    }

    private mutating func take(_ entry: Entry, _ number: Int, _ key: [[UInt8]]) {
        guard case .correlation(let correlation) = rules[number].body else { return }
        var group = groups[number].removeValue(forKey: key) ?? Group()
        let horizon = entry.time.subtractingReportingOverflow(correlation.timespanNanoseconds)
        let oldest = horizon.overflow ? Int64.min : horizon.partialValue
        while group.first < group.window.count, group.window[group.first].time < oldest {
            group.first += 1
        }
        if group.first > 64, group.first * 2 > group.window.count {
            group.window.removeFirst(group.first)
            group.first = 0
        }
        var completed: Origin?
        switch correlation.kind {
        case .eventCount(let least): completed = count(entry, least, number, &group)
        case .temporal, .temporalOrdered:
            completed = order(entry, correlation, oldest, number, &group)
        }
        groups[number][key] = group
        sweep(oldest, number)
        guard let completed else { return }
        for feed in rules[number].feeds {
            let next = Entry(
                time: entry.time, stage: feed.stage, event: nil, origin: completed)
            take(next, feed.correlation, feed.key.map { key[$0] })
        }
    }

    /// Counts an event; gives the run if there are enough.
    private mutating func count(
        _ entry: Entry, _ least: Int, _ number: Int, _ group: inout Group
    ) -> Origin? {
        // An event that satisfies several of the rules is one event. Asked of the number and not
        // of `origin`, on which the optimiser of Swift 6.3.1 stops.
        if let event = entry.event, group.first < group.window.count,
            group.window[group.window.count - 1].event == event
        {
            return nil
        }
        group.window.append(entry)
        guard group.window.count - group.first >= least else {
            close(group, number)
            group.run = nil
            return nil
        }
        let run = group.run ?? Run()
        if group.run == nil {
            run.evidence = Correlator.evidence(of: group.window[group.first...])
            group.run = run
            if rules[number].isFinding, let last = run.evidence.map(\.number).max() {
                starts[ObjectIdentifier(run)] = (entry.time, last)
            }
        } else {
            run.evidence += Correlator.evidence(of: [entry])
        }
        return .run(run, run.evidence.count)
    }

    /// When runs that are findings began to be.
    private var starts: [ObjectIdentifier: (time: Int64, number: UInt64)] = [:]

    private mutating func close(_ group: Group, _ number: Int) {
        guard let run = group.run, let start = starts.removeValue(forKey: ObjectIdentifier(run))
        else { return }
        add(run.evidence, start.time, start.number, number)
    }

    /// Takes an event into a sequence; gives the events behind it if it is complete.
    private mutating func order(
        _ entry: Entry, _ correlation: Correlation, _ oldest: Int64, _ number: Int,
        _ group: inout Group
    ) -> Origin? {
        if group.times.isEmpty {
            group.times = [Int64?](repeating: nil, count: correlation.stages)
        }
        let stage = entry.stage
        if correlation.kind == .temporal || stage == 0 {
            group.times[stage] = entry.time
        } else if let start = group.times[stage - 1], start >= oldest {
            group.times[stage] = max(group.times[stage] ?? start, start)
        }
        group.window.append(entry)
        let isComplete: Bool
        if correlation.kind == .temporal {
            isComplete = group.times.allSatisfy { ($0 ?? .min) >= oldest && $0 != nil }
        } else {
            isComplete =
                stage == correlation.stages - 1
                && (group.times[stage].map { $0 >= oldest } ?? false)
        }
        guard isComplete else { return nil }
        let run = Run()
        var entries = group.window[group.first...]
        if correlation.kind == .temporalOrdered { entries = entries.drop { $0.stage != 0 } }
        run.evidence = Correlator.evidence(of: entries)
        group = Group()
        if rules[number].isFinding, let last = run.evidence.map(\.number).max() {
            add(run.evidence, entry.time, last, number)
        }
        return .run(run, run.evidence.count)
    }

    private mutating func add(
        _ evidence: [Evidence], _ time: Int64, _ number: UInt64, _ rule: Int
    ) {
        found.append((time, number, Finding(rules[rule], evidence, entities: entityNames)))
    }

    /// The events behind entries; of a run, which grew from entry to entry, all of the longest.
    private static func evidence(of entries: ArraySlice<Entry>) -> [Evidence] {
        var longest: [ObjectIdentifier: (run: Run, count: Int)] = [:]
        var evidence: [Evidence] = []
        for entry in entries {
            switch entry.origin {
            case .event(let one): evidence.append(one)
            case .run(let run, let count):
                let known = longest[ObjectIdentifier(run)]?.count ?? 0
                longest[ObjectIdentifier(run)] = (run, max(known, count))
            }
        }
        for (run, count) in longest.values { evidence += run.evidence.prefix(count) }
        return evidence
    }

    /// Forgets groups whose last event is older than any window, when there are many.
    private mutating func sweep(_ oldest: Int64, _ number: Int) {
        guard groups[number].count > groupsBeforeSweep else { return }
        for (key, group) in groups[number] {
            guard let last = group.window.last, last.time >= oldest else {
                close(group, number)
                groups[number].removeValue(forKey: key)
                continue
            }
        }
        groupsBeforeSweep = max(4096, groups[number].count * 2)
    }
}
