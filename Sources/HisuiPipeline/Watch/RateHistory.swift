public import HisuiEvent

/// How many records came of a source in each of the last hours, by the wall clock.
///
/// A clock that is put back by more than an hour, or that was years ahead for a while, begins a new
/// history: what was counted under hours that have not come yet says nothing.
public struct RateHistory: Hashable, Sendable {
    /// Hours that are kept, the newest included.
    public static let hours = 24
    private static let hourNanos: Int64 = 3_600_000_000_000

    /// The newest hour, since 1970.
    private(set) var hour: Int64
    /// Of each hour, the newest last.
    private(set) var counts: [UInt64]

    /// - Parameter counts: of `hours` hours; nil: nothing came.
    init(hour: Int64 = .min, counts: [UInt64]? = nil) {
        self.hour = hour
        self.counts = counts ?? [UInt64](repeating: 0, count: Self.hours)
        precondition(self.counts.count == Self.hours, "a count for each hour")
    }

    /// - Complexity: O(hours).
    mutating func took(_ records: Int, at now: Timestamp) {
        let counts = counts(at: now)
        let isBack = hour != .min && Self.hour(of: now) == hour - 1
        self = RateHistory(hour: isBack ? hour : Self.hour(of: now), counts: counts)
        self.counts[Self.hours - 1] += UInt64(records)
    }

    /// The counts of the last hours, the one of `now` last; all zero where the history lies in the
    /// future of `now`.
    public func counts(at now: Timestamp) -> [UInt64] {
        let passed = Self.hour(of: now).subtractingReportingOverflow(hour)
        // A clock corrected over the edge of an hour stays in the hour it was in.
        if !passed.overflow, passed.partialValue == -1 { return counts }
        guard !passed.overflow, 0..<Int64(Self.hours) ~= passed.partialValue else {
            return [UInt64](repeating: 0, count: Self.hours)
        }
        let gone = Int(passed.partialValue)
        return counts.dropFirst(gone) + [UInt64](repeating: 0, count: gone)
    }

    private static func hour(of time: Timestamp) -> Int64 {
        let whole = time.nanoseconds / hourNanos
        return time.nanoseconds % hourNanos < 0 ? whole - 1 : whole
    }
}
