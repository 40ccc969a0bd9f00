/// Why records offered by a source were not stored. The raw value is stored; never renumber, and
/// stay below 16.
public enum DropReason: UInt8, Sendable, CaseIterable {
    /// The kernel's socket buffer was full (UDP, Unix datagram).
    case kernelBuffer = 1
    /// The queue towards the store was full and the source cannot be told to wait.
    case queueFull = 2
    /// Longer than the limit for one record; the part within the limit was stored instead is
    /// *not* this case: that record is stored and flagged `truncated`.
    case tooLong = 3
    /// Refused by a quota of the sender.
    case quota = 4
    /// Removed before it was read (journal vacuumed, file truncated), where the count is known.
    case lostBeforeRead = 5
    /// The store took nothing, and the spill ring was full, or its disk failed, too.
    case spillFull = 7

    /// The name in configuration, output and bundles.
    public var name: String {
        switch self {
        case .kernelBuffer: "kernel-buffer"
        case .queueFull: "queue-full"
        case .tooLong: "too-long"
        case .quota: "quota"
        case .lostBeforeRead: "lost-before-read"
        case .spillFull: "spill-full"
        }
    }
}

/// From the first moment of something to the last, both included.
public struct MomentSpan: Hashable, Sendable {
    public var first: Timestamp
    public var last: Timestamp

    public init(_ first: Timestamp, _ last: Timestamp) {
        self.first = min(first, last)
        self.last = max(first, last)
    }

    /// Makes it reach over `other`, too.
    public mutating func cover(_ other: MomentSpan) {
        first = min(first, other.first)
        last = max(last, other.last)
    }
}

/// The accounting of one source: always `offered = stored + deduplicated + dropped`.
///
/// Counts are totals since the source was first seen; they are written into the write-ahead log
/// together with the records they count, so that a crash cannot part them. What a source offered
/// is not kept but derived, so the equation cannot be wrong by arithmetic, only by a count that
/// was never made; tests compare `offered` with what really was sent.
public struct Account: Hashable, Sendable {
    public var stored: UInt64 = 0
    public var deduplicated: UInt64 = 0
    /// Dropped records by `DropReason`, indexed by its raw value; slot 0 is unused.
    public var droppedByReason: [UInt64] = []
    /// When records were dropped, by reason: what was dropped came within it. Nothing for drops of
    /// which no moment is known.
    public private(set) var dropSpans: [DropReason: MomentSpan] = [:]
    /// Breaks in the positions of the source: how many, and how many records they span where that
    /// is known.
    public var gaps: UInt64 = 0

    public init() {}

    public var dropped: UInt64 { droppedByReason.reduce(0, +) }
    public var offered: UInt64 { stored + deduplicated + dropped }

    public subscript(reason: DropReason) -> UInt64 {
        get {
            let i = Int(reason.rawValue)
            return i < droppedByReason.count ? droppedByReason[i] : 0
        }
        set {
            let i = Int(reason.rawValue)
            while droppedByReason.count <= i { droppedByReason.append(0) }
            droppedByReason[i] = newValue
        }
    }

    /// Counts records as dropped that came, or may have come, within `span`.
    public mutating func drop(_ reason: DropReason, _ count: UInt64, within span: MomentSpan) {
        guard count > 0 else { return }
        self[reason] += count
        cover(reason, span)
    }

    /// Notes when records were dropped that are counted already.
    public mutating func cover(_ reason: DropReason, _ span: MomentSpan) {
        dropSpans[reason, default: span].cover(span)
    }

    /// Adds the counts of `other`, a difference, to these totals.
    public mutating func add(_ other: Account) {
        stored += other.stored
        deduplicated += other.deduplicated
        gaps += other.gaps
        for reason in DropReason.allCases where other[reason] != 0 { self[reason] += other[reason] }
        for (reason, span) in other.dropSpans { cover(reason, span) }
    }

    public var isZero: Bool { offered == 0 && gaps == 0 }
}

/// A break in the continuity of a source's positions, as a sentence and a count.
public struct Gap: Hashable, Sendable {
    public var source: String
    public var detected: Timestamp
    /// How many records are missing, where the source can tell.
    public var count: UInt64?
    /// In English, for the record; e.g. "journal vacuumed before it was read".
    public var cause: String

    public init(source: String, detected: Timestamp, count: UInt64?, cause: String) {
        self.source = source
        self.detected = detected
        self.count = count
        self.cause = cause
    }
}
