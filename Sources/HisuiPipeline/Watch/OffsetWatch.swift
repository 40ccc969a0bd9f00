import HisuiEvent

/// By how much the clock of one sender differs from the machine's own.
///
/// A record takes time to arrive, and an old one may have waited for hours; none arrives before it
/// was sent. So the *greatest* difference of event time and receive time within some minutes is
/// the sender's clock, less the shortest way: what waited does not disturb it.
struct OffsetWatch: Hashable, Sendable {
    /// A window ends after so much time with so many records.
    static let windowMillis: Int64 = 300_000
    static let recordsLeast = 20
    /// Beyond this it is told; a change by as much is told anew.
    static let toldMillis: Int64 = 60_000
    /// Within this the clocks agree again: between the two nothing is told, or a clock that is a
    /// minute wrong would be told every five minutes.
    static let agreedMillis: Int64 = 30_000

    /// The sender's clock less ours in milliseconds, when it was last known.
    private(set) var offset: Int64?
    /// What was told last; nil while the clocks agree.
    private(set) var told: Int64?
    private var began: Int64
    private var greatest = Int64.min
    private var records = 0

    init(now: Int64, offset: Int64? = nil, told: Int64? = nil) {
        began = now
        self.offset = offset
        self.told = told
    }

    enum Change: Hashable, Sendable {
        /// The clocks differ by so much, or by another amount than told before.
        case differs(Int64)
        case agrees(Int64)
    }

    /// - Parameters:
    ///   - lead: the greatest difference, event less receipt, of so many records, in milliseconds.
    ///   - now: `Moment.elapsed`.
    mutating func took(_ records: Int, lead: Int64, at now: Int64) -> Change? {
        self.records += records
        greatest = max(greatest, lead)
        guard now - began >= Self.windowMillis, self.records >= Self.recordsLeast else {
            return nil
        }
        let found = greatest
        self = OffsetWatch(now: now, offset: found, told: told)
        guard let before = told else {
            guard found.magnitude > UInt64(Self.toldMillis) else { return nil }
            told = found
            return .differs(found)
        }
        if found.magnitude <= UInt64(Self.agreedMillis) {
            told = nil
            return .agrees(found)
        }
        let change = found.subtractingReportingOverflow(before)
        if !change.overflow, change.partialValue.magnitude <= UInt64(Self.toldMillis) {
            return nil
        }
        told = found
        return .differs(found)
    }
}
