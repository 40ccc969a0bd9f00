import HisuiEvent

/// By how much the clock of one sender differs from the machine's own.
///
/// A record takes time to arrive, and an old one may have waited for hours; none arrives before it
/// was sent. So the *greatest* difference of event time and receive time within some minutes is
/// the sender's clock, less the shortest way: what waited does not disturb it. A forged time in the
/// future is greater still: of the greatest ones of each look a twentieth does not count, and one
/// at least.
struct OffsetWatch: Hashable, Sendable {
    /// A window ends after so much time with so many records.
    static let windowMillis: Int64 = 300_000
    static let recordsLeast = 20
    static let looksLeast = 3
    /// One look in so many may show times that are forged.
    private static let forgedShare = 20
    /// Leads that are kept: enough for the looks of a window.
    private static let keptMax = 16
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
    /// The greatest leads of the window's looks, falling; `keptMax` at most.
    private var greatest: [Int64] = []
    private var looks = 0
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
        if records > 0 { add(lead) }
        self.records += records
        guard now - began >= Self.windowMillis, self.records >= Self.recordsLeast,
            looks >= Self.looksLeast
        else { return nil }
        let found = greatest[min(max(1, looks / Self.forgedShare), greatest.count - 1)]
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

    private mutating func add(_ lead: Int64) {
        looks += 1
        let place = greatest.firstIndex { $0 < lead } ?? greatest.count
        greatest.insert(lead, at: place)
        if greatest.count > Self.keptMax { greatest.removeLast() }
    }
}
