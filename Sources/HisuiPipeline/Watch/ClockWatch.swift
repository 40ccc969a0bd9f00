import HisuiEvent

/// Whether the machine's wall clock was put.
///
/// Time servers let a clock run faster or slower, by half a millisecond in a second; what is more
/// than a second within one look was put, by whomever.
struct ClockWatch: Hashable, Sendable {
    static let stepMillis: Int64 = 1000

    private var last: Moment

    init(_ now: Moment) { last = now }

    struct Step: Hashable, Sendable {
        /// Forward, or back where negative, in milliseconds.
        var milliseconds: Int64
        /// What the clock would have said, and what it says.
        var before: Timestamp
        var after: Timestamp
    }

    mutating func look(_ now: Moment) -> Step? {
        defer { last = now }
        return Self.step(from: last, to: now)
    }

    /// Whether the clock was put between two moments of one run of the machine.
    static func step(from last: Moment, to now: Moment) -> Step? {
        let between = now.elapsed.subtractingReportingOverflow(last.elapsed)
        let passed = between.partialValue.multipliedReportingOverflow(by: 1_000_000)
        let expected = last.wall.nanoseconds.addingReportingOverflow(passed.partialValue)
        let found = now.wall.nanoseconds.subtractingReportingOverflow(expected.partialValue)
        if between.overflow || passed.overflow || expected.overflow || found.overflow { return nil }
        let step = found.partialValue / 1_000_000
        guard step.magnitude >= UInt64(stepMillis) else { return nil }
        return Step(
            milliseconds: step, before: Timestamp(nanoseconds: expected.partialValue),
            after: now.wall)
    }
}
