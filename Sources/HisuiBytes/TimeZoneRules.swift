/// What a zone's clocks show: offsets from UTC and when they change.
///
/// A zone is a table of instants and of the offset that holds from each of them on. The rule by
/// which a zone file continues after its last entry is written out into the table when the zone is
/// read, up to the end of 64-bit nanoseconds (2262), so every look-up is one binary search, and
/// none at all for a zone that never changes. A value is small, immutable and safe to share.
public struct TimeZoneRules: Sendable {
    /// The name given to `init`, such as `Asia/Tokyo`.
    public let name: String
    /// Seconds UTC from which the offset of the same index in `offsets` holds; ascending.
    let changes: [Int64]
    let offsets: [Int32]
    /// The offset before the first change.
    let firstOffset: Int32

    /// UTC itself.
    public static let utc = TimeZoneRules(name: "UTC", fixedOffsetSeconds: 0)
    /// Japan: UTC+09:00.
    ///
    /// Summer time was last kept in 1951 and is left out.
    public static let tokyo = TimeZoneRules(name: "Asia/Tokyo", fixedOffsetSeconds: 9 * 3600)

    /// A zone of one offset.
    public init(name: String, fixedOffsetSeconds: Int) {
        self.init(name: name, changes: [], offsets: [], firstOffset: Int32(fixedOffsetSeconds))
    }

    init(name: String, changes: [Int64], offsets: [Int32], firstOffset: Int32) {
        self.name = name
        self.changes = changes
        self.offsets = offsets
        self.firstOffset = firstOffset
    }

    /// Seconds that clocks of the zone are ahead of UTC at an instant.
    ///
    /// - Complexity: O(log n) in the number of changes, at most about 700.
    public func offsetSeconds(atUTCNanoseconds nanoseconds: Int64) -> Int {
        if changes.isEmpty { return Int(firstOffset) }
        return offset(atUTCSeconds: nanoseconds.floorDivided(by: 1_000_000_000).quotient)
    }

    /// The instant at which clocks of the zone show `local`, or nil if 64 bits cannot hold it.
    ///
    /// Where clocks go back, a time shows twice: the first is taken. Where they go forward, a time
    /// never shows: it is read with the offset before the change, as if the clock had not been put
    /// forward yet. In both cases that is the offset of the earlier side.
    public func utcNanoseconds(local: CivilTime) -> Int64? {
        if changes.isEmpty { return local.nanoseconds(offsetSeconds: Int(firstOffset)) }
        let seconds = local.seconds
        // No offset is as large as a day, and no zone changes twice within two days.
        let before = offset(atUTCSeconds: seconds - 86_400)
        let after = offset(atUTCSeconds: seconds + 86_400)
        if before != after, offset(atUTCSeconds: seconds - Int64(before)) != before,
            offset(atUTCSeconds: seconds - Int64(after)) == after
        {
            return local.nanoseconds(offsetSeconds: after)
        }
        return local.nanoseconds(offsetSeconds: before)
    }

    func offset(atUTCSeconds seconds: Int64) -> Int {
        var low = 0
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return Int(low == 0 ? firstOffset : offsets[low - 1])
    }
}
