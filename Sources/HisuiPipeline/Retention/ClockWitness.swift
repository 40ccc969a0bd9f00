public import HisuiEvent

/// Whether the machine's clock may be believed when it says that a term is over.
///
/// A clock that was put forward by years would let everything go at once. What the store
/// received, and when its trees were signed, tells where the clock stood: a series of times that
/// has no reason to leap. So the clock is not believed
///
/// - when the newest of these times differs from it by more than a day: nothing runs that would
///   show where it stands, or it was put back;
/// - as far as it leapt: where two of these times that follow each other lie more than a day apart
///   and the later one is younger than a week, the difference is taken off. A machine that stood
///   still for a month deletes a month late, for a week; one whose clock was put forward has a week
///   in which somebody may notice.
public enum ClockWitness {
    public enum Verdict: Hashable, Sendable {
        /// Terms that ended by that time are over.
        case believed(Timestamp)
        /// Newest time of the store; nil where it has none.
        case doubted(newest: Timestamp?)
    }

    private static let day: Int64 = 86_400_000_000_000
    /// Beyond this, and where the store's newest time differs more from the clock: no belief.
    static let tolerance = day
    /// How long a leap is not believed.
    static let probation = 7 * day

    /// - Parameters:
    ///   - now: what the clock says.
    ///   - times: receive times and times of checkpoints, in any order.
    /// - Complexity: O(n log n).
    public static func ask(_ now: Timestamp, _ times: [Timestamp]) -> Verdict {
        let known = times.filter { $0 != .none }.sorted()
        guard let newest = known.last else { return .doubted(newest: nil) }
        guard abs(difference(now, newest)) <= tolerance else { return .doubted(newest: newest) }
        var leaps: Int64 = 0
        for (earlier, later) in zip(known, known.dropFirst()) {
            let step = difference(later, earlier)
            // A time in the future is no younger than now.
            guard step > tolerance, difference(now, later) < probation else { continue }
            leaps = leaps.addingReportingOverflow(step).partialValue
        }
        return .believed(Timestamp(nanoseconds: max(now.nanoseconds - max(leaps, 0), .min + 1)))
    }

    /// Saturating.
    private static func difference(_ a: Timestamp, _ b: Timestamp) -> Int64 {
        let (result, over) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
        return over ? (a > b ? .max : .min + 1) : result
    }
}
