import HisuiBytes
import HisuiEvent
public import HisuiFile
import HisuiShape

/// Makes one segment of neighbouring ones of a stream, and lets those go.
///
/// The order of steps, each of which may be the last before a crash:
///
/// 1. the new segment is written under a temporary name, block by block, synced, read back,
///    renamed, and its folder synced; from then on readers ignore those that it covers;
/// 2. it is opened, and everything it tells is compared with what it replaces, read once more;
/// 3. the caller records what replaces what (the act with the digests);
/// 4. the segments that it covers are removed, the oldest first, and their folder is synced.
///
/// What a crash leaves behind step 1, `complete` ends, by steps 2 to 4. Whatever fails before step
/// 4 takes the new segment away again: the others are as they were.
///
/// The caller's process holds the zone's lock, and `Expiry.lock`, under which no deletion was left
/// unfinished. One thread merges a stream at a time; sealing and appending may go on beside it.
public struct SegmentMerger: Sendable {
    private let fileSystem: any FileSystem
    private let stream: Snapshot.Stream
    private let path: String

    public init(fileSystem: any FileSystem, store: String, stream: Snapshot.Stream) {
        self.fileSystem = fileSystem
        self.stream = stream
        path = Filenames.streamPath(store: store, zone: stream.zone, stream: stream.stream)
    }

    /// A segment that replaces others.
    public struct Merged: Hashable, Sendable {
        public var path: String
        public var leaves: Range<UInt64>
        public var rows: Int
        public var bytes: Int
        /// Paths of those it replaces, in order.
        public var replaced: [String]

        fileprivate init(_ segment: SegmentReader, replacing originals: [SegmentReader]) {
            path = segment.path
            leaves = segment.leaves
            rows = segment.rowCount
            bytes = segment.byteCount
            replaced = originals.map(\.path)
        }
    }

    /// Called when a merged segment was found equal to what it replaces: when it returns, the
    /// others go.
    public typealias Record = (Merged) throws(StoreError) -> Void

    /// Merges neighbours.
    ///
    /// - Parameters:
    ///   - run: leaves of segments that follow each other without a hole, as `MergePlan` chose.
    ///   - isStopped: asked often; then nothing is merged, and nothing is left behind.
    /// - Returns: nil if it was stopped.
    /// - Throws: `.notFound` if one of them is not there any more; `.noSpace` unless there is room
    ///   for twice their bytes; `.damaged` with the file that is not what was written; `.limit` for
    ///   what cannot be told by one footer; what the disk refused, or `record`.
    /// - Complexity: O(bytes); holds a block of each side, decompressed.
    public func merge(
        _ run: [Range<UInt64>], isStopped: () -> Bool, record: Record
    ) throws(StoreError) -> Merged? {
        let files = try StreamFiles(path, on: fileSystem)
        var originals: [SegmentReader] = []
        for range in run {
            guard files.segments.contains(range) else {
                throw StoreError(.notFound, "is gone", path: files.path(ofSegment: range))
            }
            originals.append(
                try SegmentReader.open(range, of: stream, files, on: fileSystem))
        }
        let union = try FooterUnion(originals)
        try checkRoom(for: originals, files)
        guard let path = try write(originals, union, files, isStopped) else { return nil }
        do throws(StoreError) {
            let segment = try SegmentReader(fileSystem: fileSystem, path: path)
            guard try compare(segment, originals, isStopped) else {
                withdraw(path, originals, files)
                return nil
            }
            let merged = Merged(segment, replacing: originals)
            try record(merged)
            // A failure here is ended by `complete`.
            try remove(merged.replaced, files)
            return merged
        } catch {
            withdraw(path, originals, files)
            throw error
        }
    }

    /// Ends merges that were cut short: lets go of segments that another one covers, once that was
    /// found to tell the same.
    ///
    /// - Returns: the segments that cover others; nil if it was stopped.
    /// - Throws: `.damaged` if one cannot be read or they differ: then both stay, for somebody to
    ///   look at.
    public func complete(
        isStopped: () -> Bool, record: Record
    ) throws(StoreError) -> [Merged]? {
        let files = try StreamFiles(path, on: fileSystem)
        var done: [Merged] = []
        for range in files.segments {
            let covered = files.covered.filter { $0.overlaps(range) }
            if covered.isEmpty { continue }
            let merged = try SegmentReader.open(range, of: stream, files, on: fileSystem)
            var originals: [SegmentReader] = []
            for range in covered {
                originals.append(
                    try SegmentReader.open(range, of: stream, files, on: fileSystem))
            }
            guard try compare(merged, originals, isStopped) else { return nil }
            // Whoever made it may have been killed before its name was durable.
            try StoreDirectory.sync(fileSystem, [files.segmentFolder])
            done.append(Merged(merged, replacing: originals))
            try record(done[done.count - 1])
            try remove(originals.map(\.path), files)
        }
        return done
    }

    /// A disk that is nearly full is for what arrives.
    private func checkRoom(
        for originals: [SegmentReader], _ files: StreamFiles
    ) throws(StoreError) {
        let needed = originals.reduce(0) { $0 + $1.byteCount } * 2
        let free: Int
        do throws(FileError) {
            free = try fileSystem.freeBytes(files.segmentFolder)
        } catch {
            throw StoreError(file: error)
        }
        guard free >= needed else {
            throw StoreError(
                .noSpace, "\(free) bytes are free, a merge waits for \(needed)",
                path: files.segmentFolder)
        }
    }

    // MARK: Step 1

    private func write(
        _ originals: [SegmentReader], _ union: FooterUnion, _ files: StreamFiles,
        _ isStopped: () -> Bool
    ) throws(StoreError) -> String? {
        let first = union.leaves.lowerBound
        do throws(StoreError) {
            var writer = try SegmentWriter(
                fileSystem: fileSystem, directory: files.segmentFolder, zone: stream.zone,
                stream: stream.stream, firstIndex: first)
            guard try copy(originals, to: &writer, isStopped) else {
                writer.abandon()
                return nil
            }
            return try writer.finish(
                leaves: union.leaves, states: union.states, gaps: union.gaps,
                definitions: union.definitions)
        } catch {
            // It may have got its name before its folder failed to be synced.
            let path = files.path(ofSegment: union.leaves)
            let temporary = files.path(ofSegment: first..<first) + temporarySuffix
            for path in [path, temporary] { try? fileSystem.removeIfPresent(path) }
            throw error
        }
    }

    /// Copies rows, block by block; false if it was stopped.
    private func copy(
        _ originals: [SegmentReader], to writer: inout SegmentWriter, _ isStopped: () -> Bool
    ) throws(StoreError) -> Bool {
        let table = ShapeTable()
        var builder = BlockBuilder(
            zone: stream.zone, stream: stream.stream, firstIndex: originals[0].leaves.lowerBound)
        for block in originals.lazy.flatMap(\.blocks) {
            // Lost leaves lie between blocks.
            if block.firstIndex > builder.firstIndex + UInt64(builder.count) {
                if builder.count > 0 { try writer.append(&builder) }
                builder.startNext(at: block.firstIndex)
            }
            var rows = try BlockRows(block, from: block.firstIndex, shapes: table)
            while var batch = try rows.next(before: block.endIndex) {
                if isStopped() { return false }
                Self.dropUnusedSenders(&batch)
                var taken = 0
                while taken < batch.rows.count {
                    taken = builder.append(batch, from: taken, shapes: table)
                    if builder.isFull { try writer.append(&builder) }
                }
            }
            block.dropCaches()
        }
        if builder.count > 0 { try writer.append(&builder) }
        return true
    }

    /// Leaves a batch only the senders of its rows: a block has those of all its segment.
    private static func dropUnusedSenders(_ batch: inout RowBatch) {
        var numbers: [UInt32: UInt32] = [:]
        var senders: [String] = []
        for row in batch.rows.indices {
            let sender = batch.rows[row].sender
            let number = numbers[sender] ?? UInt32(senders.count)
            if number == senders.count {
                numbers[sender] = number
                senders.append(batch.senders[Int(sender)])
            }
            batch.rows[row].sender = number
        }
        batch.senders = senders
    }

    // MARK: Steps 2 to 4

    private func compare(
        _ merged: SegmentReader, _ originals: [SegmentReader], _ isStopped: () -> Bool
    ) throws(StoreError) -> Bool {
        var comparison = MergeComparison(merged)
        for original in originals {
            guard try comparison.compare(with: original, isStopped: isStopped) else {
                return false
            }
        }
        return true
    }

    /// Takes a new segment away again, if all that it was to replace is there.
    ///
    /// Where that fails too, `complete` looks at it again.
    private func withdraw(_ path: String, _ originals: [SegmentReader], _ files: StreamFiles) {
        let areThere = originals.allSatisfy { (try? fileSystem.exists($0.path)) ?? false }
        if areThere { try? remove([path], files) }
    }

    private func remove(_ paths: [String], _ files: StreamFiles) throws(StoreError) {
        do throws(FileError) {
            for path in paths { try fileSystem.removeIfPresent(path) }
            try fileSystem.syncDirectory(files.segmentFolder)
        } catch {
            throw StoreError(file: error)
        }
    }
}

/// What the footer of a merged segment says beside its rows.
private struct FooterUnion {
    var leaves: Range<UInt64>
    var states: [SourceState] = []
    var gaps: [Gap] = []
    var definitions: [[UInt8]] = []

    /// - Throws: `.limit` if two of the states are of different sources with the same id: which one
    ///   is the newer could not be told any more.
    init(_ segments: [SegmentReader]) throws(StoreError) {
        precondition(!segments.isEmpty, "something to merge")
        leaves = segments[0].leaves.lowerBound..<segments[segments.count - 1].leaves.upperBound
        var end = leaves.lowerBound
        var places: [String: Int] = [:]
        for segment in segments {
            precondition(segment.leaves.lowerBound == end, "neighbours without a hole")
            end = segment.leaves.upperBound
            gaps += segment.gaps
            for digest in segment.definitions where !definitions.contains(digest) {
                definitions.append(digest)
            }
            for state in segment.sourceStates {
                guard let place = places[state.source.id] else {
                    places[state.source.id] = states.count
                    states.append(state)
                    continue
                }
                guard states[place].source == state.source else {
                    throw StoreError(
                        .limit, "the source \(state.source.id) was another one before",
                        path: segment.path, section: "sources")
                }
                states[place] = state
            }
        }
    }
}
