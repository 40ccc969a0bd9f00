import HisuiBytes
public import HisuiEvent
public import HisuiFile

/// An act and the number of its leaf.
public struct StoredAct: Hashable, Sendable {
    public var index: UInt64
    public var act: Act

    public init(index: UInt64, act: Act) {
        self.index = index
        self.act = act
    }
}

/// What a reading of the acts gave.
public struct ActList: Sendable {
    /// A record of the acts' stream that could not be read as an act.
    public struct Failure: Hashable, Sendable {
        public var index: UInt64
        /// One sentence without its full stop.
        public var what: String
    }

    /// In order of their index.
    public internal(set) var acts: [StoredAct] = []
    /// Records that are no act this version can read; in order of their index.
    public internal(set) var failures: [Failure] = []
    /// Files that are damaged or missing: their acts are not here.
    public internal(set) var problems: [StoreError] = []
    /// One past the last act of the store: where to go on.
    public internal(set) var nextIndex: UInt64 = 0

    public init() {}
}

/// Reads the store's acts; takes no lock and changes nothing.
///
/// Keeps what it opened, so the next reading costs what is new. May be used from several threads.
public final class ActReader: Sendable {
    private let reader: StoreReader

    /// - Throws: `.notAStore` if `store` is no store, `.system` if it cannot be read.
    public init(
        fileSystem: any FileSystem = RealFileSystem(), store: String
    ) throws(StoreError) {
        reader = try StoreReader(fileSystem: fileSystem, path: store)
    }

    /// Reads acts. A record that is no act is told in `failures`, whatever its kind would be.
    ///
    /// - Parameters:
    ///   - index: the first one wanted.
    ///   - kinds: only these; all if nil.
    ///   - since: only acts of this time or later; an act carries the time at which it happened.
    ///   - until: only acts before this time.
    /// - Throws: what the system refused; a damaged file is in `problems`.
    /// - Complexity: O(bytes of the acts from `index` on); only those wanted are decoded.
    public func acts(
        from index: UInt64 = 0, kinds: Set<Act.Kind>? = nil, since: Timestamp? = nil,
        until: Timestamp? = nil
    ) throws(StoreError) -> ActList {
        let snapshot = try reader.snapshot(acts: true, after: [.acts: index])
        var list = ActList()
        list.problems = snapshot.problems
        list.nextIndex = snapshot.nextIndices[.acts] ?? index
        let least = since?.nanoseconds ?? .min
        let end = until?.nanoseconds ?? .max
        var record: [UInt8] = []
        for block in snapshot.blocks
        where block.timeRange.upperBound.nanoseconds >= least
            && block.timeRange.lowerBound.nanoseconds < end
        {
            do throws(StoreError) {
                let times = try block.times()
                for row in 0..<block.count where times[row] >= least && times[row] < end {
                    let number = block.firstIndex + UInt64(row)
                    if number < index { continue }
                    record.removeAll(keepingCapacity: true)
                    try block.appendRecord(row: row, to: &record)
                    list.take(record.span, number, kinds)
                }
            } catch {
                guard error.code == .damaged else { throw error }
                list.problems.append(error)
            }
            block.dropCaches()
        }
        return list
    }
}

extension ActList {
    fileprivate mutating func take(
        _ record: Span<UInt8>, _ index: UInt64, _ kinds: Set<Act.Kind>?
    ) {
        if let kinds, let kind = Act.kind(ofRecord: record), !kinds.contains(kind) { return }
        do throws(ActFailure) {
            acts.append(StoredAct(index: index, act: try Act(decoding: record)))
        } catch {
            failures.append(Failure(index: index, what: error.what))
        }
    }
}
