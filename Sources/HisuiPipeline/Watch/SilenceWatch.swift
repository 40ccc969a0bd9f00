import HisuiEvent

/// How often one source speaks, as it taught itself, and whether it speaks now.
///
///     ─records──records─────records──records──────────────────────│
///              gap      longest gap          one and a half times it: silence
///
/// The interval of a source is the longest gap between two arrivals of the last one to two weeks,
/// and at least a minute. When nothing came for one and a half times that, it is silent: whoever
/// looks each second tells of it before twice the interval is over. A silence that was told
/// teaches at most four times the interval, so that one long failure does not make the next one
/// unseen for a week. Times are `Moment.elapsed`: no clock that is put changes them, and what
/// passes while the daemon cannot store counts for nobody (`skip`).
///
/// Complexity: O(1) each.
struct SilenceWatch: Hashable, Sendable {
    /// A gap below this says nothing about a source: no alarm comes faster.
    static let intervalLeast: Int64 = 60_000
    /// Gaps, and time since the first arrival, from which a source is known.
    static let gapsLeast: UInt64 = 32
    static let observedLeast: Int64 = 600_000
    private static let window: Int64 = 7 * 86_400_000
    /// How much a silence that was told may teach.
    private static let growthMax: Int64 = 4
    /// After a start of the daemon, the time in which senders find it again.
    static let reconnectMillis: Int64 = 120_000

    /// Gaps seen, and for how long arrivals were watched.
    private(set) var gaps: UInt64 = 0
    private(set) var observed: Int64 = 0
    /// The longest gap of this window and of the one before, and how much of this one is over.
    private(set) var longest: Int64 = 0
    private(set) var longestBefore: Int64 = 0
    private(set) var windowed: Int64 = 0
    /// Whether it was told that nothing comes.
    private(set) var isSilent = false
    /// When something came last, or when watching began.
    private(set) var last: Int64

    /// - Parameter now: when watching begins.
    init(now: Int64) { last = now }

    /// What a state file remembers.
    ///
    /// - Parameter waited: for how long nothing had come when it was written. A source that speaks
    ///   once a day would never be missed if each start of the daemon forgot it; one that speaks
    ///   each second is given time to connect again.
    init(
        now: Int64, waited: Int64, gaps: UInt64, observed: Int64, longest: Int64,
        longestBefore: Int64, windowed: Int64, isSilent: Bool
    ) {
        self.init(now: now - (isSilent ? waited : max(0, waited - Self.reconnectMillis)))
        self.gaps = gaps
        self.observed = observed
        self.longest = longest
        self.longestBefore = longestBefore
        self.windowed = windowed
        self.isSilent = isSilent
    }

    /// The learned interval in milliseconds; nil for a source that is not known yet.
    var interval: Int64? {
        guard gaps >= Self.gapsLeast, observed >= Self.observedLeast else { return nil }
        return atLeast
    }

    private var atLeast: Int64 { max(longest, longestBefore, Self.intervalLeast) }

    /// Something came.
    ///
    /// - Returns: for how long nothing had come, if that had been told.
    mutating func arrived(at now: Int64) -> Int64? {
        let gap = max(0, now - last)
        last = max(last, now)
        let silent = isSilent ? gap : nil
        let lesson = isSilent ? min(gap, atLeast * Self.growthMax) : gap
        isSilent = false
        gaps += gap > 0 ? 1 : 0
        observed += gap
        windowed += gap
        if windowed >= Self.window {
            (longestBefore, longest, windowed) = (longest, 0, 0)
        }
        longest = max(longest, lesson)
        return silent
    }

    /// Time passes that is not the source's: nothing could be stored.
    mutating func skip(_ milliseconds: Int64) { last += milliseconds }

    /// How long a silence has to last until it is told; nil: it never is.
    private func limit(_ wanted: Silence) -> Int64? {
        switch wanted {
        case .never: nil
        case .after(let milliseconds): milliseconds
        case .learned: interval.map { $0 + $0 / 2 }
        }
    }

    /// Whether it has to be told now that nothing comes; then it counts as told.
    mutating func fellSilent(by now: Int64, _ wanted: Silence) -> Bool {
        guard !isSilent, let limit = limit(wanted), now - last >= limit else { return false }
        isSilent = true
        return true
    }
}

/// When the silence of a source is told.
enum Silence: Hashable, Sendable {
    case never
    /// By what the source taught.
    case learned
    /// After so many milliseconds, as the configuration says.
    case after(Int64)
}
