/// How much one sender may send in a second, on the average; bursts of two seconds are let through.
public struct SenderQuota: Hashable, Sendable {
    /// 0: without limit.
    public var recordsPerSecond: Int
    /// 0: without limit.
    public var bytesPerSecond: Int

    public init(recordsPerSecond: Int = 0, bytesPerSecond: Int = 0) {
        self.recordsPerSecond = recordsPerSecond
        self.bytesPerSecond = bytesPerSecond
    }

    var isLimited: Bool { recordsPerSecond > 0 || bytesPerSecond > 0 }
}

/// What a sender has left of its quota: two buckets that fill with time.
///
/// A stream is asked after the fact, and may go into debt: it waits until that is paid. A datagram
/// is asked before it is taken.
struct QuotaBucket {
    private let quota: SenderQuota
    private var records: Double
    private var bytes: Double
    private var filled: Int64

    private static let burstSeconds = 2.0

    /// - Parameter now: monotonic milliseconds.
    init(_ quota: SenderQuota, now: Int64) {
        self.quota = quota
        records = Double(quota.recordsPerSecond) * Self.burstSeconds
        bytes = Double(quota.bytesPerSecond) * Self.burstSeconds
        filled = now
    }

    /// Takes one record of `count` bytes if the quota has room for it.
    mutating func admits(bytes count: Int, now: Int64) -> Bool {
        fill(now)
        if quota.recordsPerSecond > 0, records < 1 { return false }
        // A record longer than the bucket passes when that is full, or it never would.
        let room = min(Double(count), Double(quota.bytesPerSecond) * Self.burstSeconds)
        if quota.bytesPerSecond > 0, bytes < room { return false }
        charge(records: 1, bytes: count)
        return true
    }

    /// Takes what has already been read.
    ///
    /// - Returns: milliseconds to wait before more is read; 0: none.
    mutating func take(records count: Int, bytes byteCount: Int, now: Int64) -> Int64 {
        fill(now)
        charge(records: count, bytes: byteCount)
        var wait = 0.0
        if quota.recordsPerSecond > 0, records < 0 {
            wait = -records / Double(quota.recordsPerSecond)
        }
        if quota.bytesPerSecond > 0, bytes < 0 {
            wait = max(wait, -bytes / Double(quota.bytesPerSecond))
        }
        return wait > 0 ? Int64(wait * 1000) + 1 : 0
    }

    private mutating func charge(records count: Int, bytes byteCount: Int) {
        if quota.recordsPerSecond > 0 { records -= Double(count) }
        if quota.bytesPerSecond > 0 { bytes -= Double(byteCount) }
    }

    private mutating func fill(_ now: Int64) {
        let seconds = Double(max(0, now - filled)) / 1000
        filled = now
        let perSecond = (Double(quota.recordsPerSecond), Double(quota.bytesPerSecond))
        records = min(records + perSecond.0 * seconds, perSecond.0 * Self.burstSeconds)
        bytes = min(bytes + perSecond.1 * seconds, perSecond.1 * Self.burstSeconds)
    }
}
