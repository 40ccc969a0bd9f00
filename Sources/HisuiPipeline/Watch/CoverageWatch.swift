/// Which share of a source's records some parser rule knows, and whether that fell.
///
/// A device whose new version writes other lines is heard, stored and understood no more: rules of
/// detection are silent then. Shares are parts of `whole`.
struct CoverageWatch: Hashable, Sendable {
    static let whole: Int64 = 10_000
    /// A window ends after so much time with so many records.
    static let windowMillis: Int64 = 300_000
    static let recordsLeast: Int64 = 200
    /// Windows from which on the usual share is known.
    static let windowsLeast: UInt64 = 6
    /// It is told when the share lies so much below the usual one, and that it rose again when it
    /// lies less than half of that below it.
    static let fall: Int64 = 1000

    private(set) var windows: UInt64 = 0
    /// Average over windows, the newest weighs an eighth; while it is told that the share fell, a
    /// 64th: what has changed for good becomes usual.
    private(set) var usual: Int64 = 0
    /// Of the last window.
    private(set) var last: Int64 = 0
    private(set) var isFallen = false
    private var began: Int64
    private var records: Int64 = 0
    private var known: Int64 = 0

    init(
        now: Int64, windows: UInt64 = 0, usual: Int64 = 0, last: Int64 = 0, isFallen: Bool = false
    ) {
        began = now
        self.windows = windows
        self.usual = usual
        self.last = last
        self.isFallen = isFallen
    }

    /// The usual share; nil until it is known.
    var learned: Int64? { windows >= Self.windowsLeast ? usual : nil }

    enum Change: Hashable, Sendable {
        case fell(to: Int64, from: Int64)
        case rose(to: Int64, usual: Int64)
    }

    /// - Parameters:
    ///   - known: how many of the records a parser rule knows.
    ///   - now: `Moment.elapsed`.
    mutating func took(_ records: Int, known: Int, at now: Int64) -> Change? {
        self.records += Int64(records)
        self.known += Int64(known)
        guard now - began >= Self.windowMillis, self.records >= Self.recordsLeast else {
            return nil
        }
        last = self.known * Self.whole / self.records
        (began, self.records, self.known) = (now, 0, 0)
        let isLearned = windows >= Self.windowsLeast
        windows += 1
        if isLearned, !isFallen, last <= usual - Self.fall {
            isFallen = true
            return .fell(to: last, from: usual)
        }
        usual = windows == 1 ? last : usual + (last - usual) / (isFallen ? 64 : 8)
        guard isFallen, last > usual - Self.fall / 2 else { return nil }
        isFallen = false
        return .rose(to: last, usual: usual)
    }
}
