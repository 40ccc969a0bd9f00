import Glibc
import HisuiDetect
import HisuiEvent

/// Gives events to correlations, and to nothing else, and keeps the time.
///
///     Correlating [MEASURE [EVENTS]]
///
/// A row for each measure: its name, events, groups at the end, findings, events for each second of
/// the processor (those of user and system together), and the peak of the process's memory in MiB.
/// The peak is of the whole process so far: run one measure alone to have its own. An event is told
/// of with its group, value and one entity, which are made while the time is kept; events follow
/// one another by 50 µs, and the daemon's bounds hold but for the number of groups.
@main
enum Correlating {
    private struct Measure: Sendable {
        var name: String
        var correlation: String
        var rules = ["a"]
        var events = 1_000_000
        var groups: Int
        /// The value of an event by its number.
        var value: (@Sendable (Int) -> [UInt8])?
    }

    private static let measures: [Measure] = [
        Measure(name: "count-1", correlation: count, groups: 1),
        Measure(name: "count-1000", correlation: count, groups: 1000),
        Measure(name: "count-50000", correlation: count, groups: 50_000),
        Measure(name: "count-1000000", correlation: count, groups: 1_000_000),
        Measure(
            name: "values-1800",
            correlation: "type: value_count, rules: [a], group-by: [h], timespan: 10m, "
                + "condition: { field: v, gte: 1801 }",
            groups: 1, value: { number($0 % 1800) }),
        Measure(
            name: "sum-1000",
            correlation: "type: value_sum, rules: [a], group-by: [h], timespan: 10s, "
                + "condition: { field: v, gt: 1000000000 }",
            groups: 1000, value: { number($0 * 7919 % 100_000) }),
        Measure(
            name: "percentile-1000",
            correlation: "type: value_percentile, rules: [a], group-by: [h], timespan: 10s, "
                + "condition: { field: v, percentile: 95, gt: 1000000 }",
            groups: 1000, value: { number($0 * 7919 % 100_000) }),
        Measure(
            name: "ordered-1000",
            correlation: "type: temporal_ordered, rules: [a, b, c], group-by: [h], timespan: 1s",
            rules: ["a", "b", "a", "a", "b", "c", "a"], groups: 1000),
    ]

    private static let count =
        "type: event_count, rules: [a], group-by: [h], timespan: 1h, condition: { gte: 5 }"

    static func main() {
        let arguments = CommandLine.arguments
        let wanted = measures.filter { arguments.count < 2 || $0.name == arguments[1] }
        if wanted.isEmpty {
            print("usage: Correlating [MEASURE [EVENTS]]")
            exit(2)
        }
        for var measure in wanted {
            if arguments.count > 2 { measure.events = Int(arguments[2]) ?? measure.events }
            run(measure)
        }
    }

    private static func run(_ measure: Measure) {
        var correlations = CorrelationMeasure(rules(measure), groups: measure.groups)
        var findings = 0
        let before = processorMicros()
        for index in 0..<measure.events {
            let key = number(index % measure.groups)
            correlations.add(
                measure.rules[index / measure.groups % measure.rules.count], index: UInt64(index),
                time: 1_700_000_000_000_000_000 + Int64(index) * 50_000, group: [key],
                value: measure.value.map { [$0(index)] } ?? [], user: key)
            if index & 4095 == 0 { findings += correlations.take().count }
        }
        let spent = processorMicros() - before
        let groups = correlations.groups
        findings += correlations.take().count
        let rate = measure.events * 1_000_000 / max(1, spent)
        print(
            "\(measure.name) \(measure.events) \(groups) \(findings) \(rate) \(peakMebibytes())"
                + (correlations.counts.isZero ? "" : " \(correlations.counts)"))
    }

    private static func rules(_ measure: Measure) -> RuleSet {
        let single = ["a", "b", "c"].map { name in
            """
            title: \(name)
            id: \(name)
            logsource: { product: linux }
            detection: { selection: { k: \(name) }, condition: selection }
            """
        }
        let correlation = "title: X\nid: x\ncorrelation: { \(measure.correlation) }"
        let text = (single + [correlation]).joined(separator: "\n---\n")
        var sources = LogSources()
        for problem in sources.add(Array("entities: { user.name: [u] }".utf8), file: "sources") {
            print(problem)
        }
        let (set, refused) = RuleSet.compile(
            files: [("bench.yaml", Array(text.utf8))], sources: sources)
        for diagnostic in refused { print(diagnostic) }
        if !refused.isEmpty { exit(1) }
        return set
    }

    private static func number(_ number: Int) -> [UInt8] { Array("\(number)".utf8) }

    private static func processorMicros() -> Int {
        var time = timespec()
        // Safe: the pointer is used during the call only.
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1000
    }

    private static func peakMebibytes() -> Int {
        var usage = rusage()
        // Safe: the pointer is used during the call only.
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss / 1024
    }
}
