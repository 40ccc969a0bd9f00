/// When files were looked for, by the clock that they are dated with.
struct FileAge {
    /// The look at work.
    private(set) var looked: Int64 = 0
    /// The look before; none if there was none. If the clock was put back since, when that was by
    /// the clock as it is now.
    private(set) var before: Int64 = .max
    /// The earliest time that a file made since the first look can have, where the clock was put
    /// back meanwhile.
    private(set) var earliest: Int64 = .max
    private var monotonic: Int64 = 0

    /// Begins a look.
    ///
    /// - Parameters:
    ///   - milliseconds: of a clock that only goes forward.
    ///   - now: of the clock that files are dated with, in nanoseconds since 1970.
    mutating func look(_ milliseconds: Int64, _ now: Int64 = FileStatus.clock()) {
        if monotonic > 0 {
            let ago = now - (milliseconds - monotonic) * 1_000_000
            before = min(looked, ago)
            if now < looked { earliest = min(earliest, ago) }
        }
        monotonic = milliseconds
        looked = now
    }
}
