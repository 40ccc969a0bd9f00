public import HisuiEvent
public import HisuiPolicy
public import HisuiStore

/// What could go of a store by its retention classes, and why no more.
public struct RetentionPlan: Sendable {
    /// Ordered by zone and stream.
    public internal(set) var items: [Item] = []

    /// A stream.
    public struct Item: Sendable {
        public var zone: String
        public var stream: String
        /// As the configuration calls it.
        public var className: String
        /// Nil if there is no such class.
        public var retention: RetentionClass?
        /// When the oldest record was received; nil where there is none.
        public var oldest: Timestamp?
        /// Segments whose term is over, the oldest first.
        public var due: [Expiry.Segment] = []
        /// Why nothing, or no more, is deleted; empty if everything due is.
        public var reasons: [Reason] = []

        public var records: UInt64 { due.reduce(0) { $0 + $1.records } }
        public var bytes: Int { due.reduce(0) { $0 + $1.bytes } }
        /// Whether `apply` deletes what is due.
        public var isDeleted: Bool { !due.isEmpty && !reasons.contains { $0.isForbidding } }
    }

    /// Why records stay.
    public enum Reason: Hashable, Sendable {
        /// The store's zone is not the configuration's own: another configuration decides.
        case otherZone
        /// The configuration has no such stream.
        case unknownStream
        case unknownClass
        /// Nobody has approved the class.
        case notApproved
        /// It is approved from a later day on.
        case approvedLater(Day)
        case forever
        /// No term is over; the oldest segment's ends then, if ever.
        case nothingDue(next: Timestamp?)
        /// The clock is not believed; the newest time that the store knows.
        case clock(newest: Timestamp?)
        /// The clock leapt lately, and is believed only so far.
        case leap(believed: Timestamp)
        /// A file is in the way.
        case obstacle(StoreError)

        /// Whether nothing at all is deleted for it.
        var isForbidding: Bool {
            switch self {
            case .otherZone, .unknownStream, .unknownClass, .notApproved, .approvedLater,
                .forever, .clock:
                true
            case .nothingDue, .leap, .obstacle: false
            }
        }
    }

    public var records: UInt64 { items.reduce(0) { $0 + ($1.isDeleted ? $1.records : 0) } }
    public var bytes: Int { items.reduce(0) { $0 + ($1.isDeleted ? $1.bytes : 0) } }
    public var segments: Int { items.reduce(0) { $0 + ($1.isDeleted ? $1.due.count : 0) } }
}
