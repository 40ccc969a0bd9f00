import HisuiEvent

/// What is wrong with an event log, counted: it is read nonetheless.
struct EventLogFaults: Hashable, Sendable {
    /// Record numbers that do not occur, between those that do.
    var missing: UInt64 = 0
    /// Records that were not rendered to their end; what could be is stored and flagged.
    var damagedRecords: UInt64 = 0
    /// Records of which nothing could be rendered: not stored.
    var lostRecords: UInt64 = 0
    /// Chunks with a wrong checksum, a broken head, or bytes among their records that are none.
    var damagedChunks: UInt64 = 0
    /// The file ends inside a chunk.
    var isCut = false
    /// The file's head has a wrong checksum or an unknown version.
    var isHeadDamaged = false

    var isEmpty: Bool { self == EventLogFaults() }

    mutating func add(_ other: EventLogFaults) {
        missing &+= other.missing
        damagedRecords += other.damagedRecords
        lostRecords += other.lostRecords
        damagedChunks += other.damagedChunks
        isCut = isCut || other.isCut
        isHeadDamaged = isHeadDamaged || other.isHeadDamaged
    }

    /// The gaps they are, of a file, in the words of `GapWords`.
    ///
    /// - Parameter found: when.
    func gaps(of source: Source, path: String, found: Timestamp) -> [Gap] {
        var gaps: [Gap] = []
        func tell(_ count: UInt64?, _ what: String) {
            gaps.append(
                Gap(source: source.id, detected: found, count: count, cause: "\(path): \(what)"))
        }
        if missing > 0 { tell(missing, "record numbers of the event log are missing") }
        if lostRecords > 0 { tell(lostRecords, "records of the event log are unreadable") }
        if damagedRecords > 0 {
            tell(nil, "\(damagedRecords) records are damaged; they are stored as far as readable")
        }
        if damagedChunks > 0 {
            tell(nil, "\(damagedChunks) chunks are damaged; their records are flagged")
        }
        if isCut { tell(nil, "the event log ends inside a chunk") }
        if isHeadDamaged { tell(nil, "the head of the event log is damaged") }
        return gaps
    }
}
