import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiPolicy
import HisuiStore
import Logging

/// Merges the small segments of a zone, one run of neighbours after the other.
///
///     what the acts know of the files ─▶ the same? ─▶ merged, compared ─▶ act ─▶ the others go
///
/// A file that is not the one that was sealed is never merged: the alteration would vanish in the
/// new file, with the one that proves it.
///
/// The caller's process holds the zone's lock. For each merge the lock of deletions is held, and
/// deletions that were cut short are ended first. Owned by one thread.
struct ZoneMerger {
    private let fileSystem: any FileSystem
    private let store: String
    private let zone: String
    private let day: @Sendable (Timestamp) -> Int
    private let acts: SegmentActs
    private let log: Logger
    private var known: KnownSegments
    private var catalogs: [Snapshot.Stream: MergeCatalog] = [:]
    private var told: StoreError?

    /// - Parameter calendar: by which terms of retention end: what is merged ends together.
    init(
        fileSystem: any FileSystem = RealFileSystem(), store: String, zone: String,
        calendar: RetentionCalendar, actor: Actor, log: Logger
    ) throws(StoreError) {
        self.fileSystem = fileSystem
        self.store = store
        self.zone = zone
        self.log = log
        day = { time in
            let day = calendar.day(of: time)
            return CivilTime.days(year: day.year, month: day.month, day: day.day)
        }
        acts = SegmentActs(fileSystem: fileSystem, store: store, actor: actor)
        known = try KnownSegments(fileSystem: fileSystem, store: store, zone: zone)
    }

    /// Merges what there is to merge now, in all streams of the zone.
    ///
    /// What fails is told, once, and stays as it was: the next call tries again.
    ///
    /// - Parameter isStopped: asked often, also while blocks are copied.
    /// - Returns: how many segments went into others.
    mutating func run(isStopped: () -> Bool) -> Int {
        let expiry = Expiry(fileSystem: fileSystem, store: store)
        var count = 0
        var failure: StoreError?
        do throws(StoreError) {
            for stream in try expiry.streams() where stream.zone == zone {
                do throws(StoreError) {
                    while !isStopped(), let merged = try step(stream, expiry, isStopped) {
                        count += merged
                    }
                } catch {
                    failure = error
                }
            }
        } catch {
            failure = error
        }
        tell(failure)
        return count
    }

    /// One merge, or the end of those that were cut short.
    ///
    /// - Returns: how many segments went; nil if there is nothing to do.
    private mutating func step(
        _ stream: Snapshot.Stream, _ expiry: Expiry, _ isStopped: () -> Bool
    ) throws(StoreError) -> Int? {
        let lock = try expiry.lock()
        defer { lock.release() }
        try expiry.completeDeletions(zone: zone)
        let merger = SegmentMerger(fileSystem: fileSystem, store: store, stream: stream)
        guard let ended = try end(merger, stream, isStopped) else { return nil }
        if ended > 0 { return ended }
        guard let run = try next(stream) else { return nil }
        try known.refresh()
        do throws(StoreError) {
            let files = try checked(run, stream)
            let merged = try merger.merge(run, isStopped: isStopped) {
                (merged) throws(StoreError) in
                try record(merged, files, stream)
            }
            guard let merged else { return nil }
            log.info("merged \(run.count) segments into \(Path.name(of: merged.path))")
            return run.count
        } catch {
            try leaveAlone(run, error, stream)
            return 0
        }
    }

    /// Ends merges that were cut short; nil if it was stopped.
    private mutating func end(
        _ merger: SegmentMerger, _ stream: Snapshot.Stream, _ isStopped: () -> Bool
    ) throws(StoreError) -> Int? {
        let ended = try merger.complete(isStopped: isStopped) { (merged) throws(StoreError) in
            try known.refresh()
            let originals = merged.replaced.compactMap { Filenames.segmentRange(Path.name(of: $0)) }
            try record(merged, try checked(originals, stream), stream)
        }
        guard let ended else { return nil }
        for merged in ended {
            log.notice("ended the merge into \(Path.name(of: merged.path)) that was cut short")
        }
        return ended.reduce(0) { $0 + $1.replaced.count }
    }

    /// The leaves of the segments to merge next.
    private mutating func next(_ stream: Snapshot.Stream) throws(StoreError) -> [Range<UInt64>]? {
        var catalog =
            catalogs[stream]
            ?? MergeCatalog(fileSystem: fileSystem, store: store, stream: stream, day: day)
        let (segments, damages) = try catalog.segments()
        catalogs[stream] = catalog
        for damage in damages { log.error("a segment is left out of merges: \(damage)") }
        return MergePlan.next(in: segments).map { segments[$0].map(\.leaves) }
    }

    /// The files of these leaves with their digests, which are those that the acts know.
    private func checked(
        _ run: [Range<UInt64>], _ stream: Snapshot.Stream
    ) throws(StoreError) -> [SegmentAct.File] {
        var files: [SegmentAct.File] = []
        for leaves in run {
            let path = path(leaves, stream)
            guard let file = try acts.file(path) else { continue }
            if let digest = known.digest(leaves, of: stream), digest != file.digest {
                throw StoreError(
                    .damaged, "is not the file that was sealed: its SHA-256 is another one",
                    path: path, advice: "run `hisui verify`")
            }
            files.append(file)
        }
        return files
    }

    /// Records what replaces what, unless an earlier run did before it was cut short.
    private func record(
        _ merged: SegmentMerger.Merged, _ originals: [SegmentAct.File], _ stream: Snapshot.Stream
    ) throws(StoreError) {
        guard let file = try acts.file(merged.path) else { return }
        if let digest = known.digest(merged.leaves, of: stream), digest == file.digest { return }
        try acts.record([SegmentAct(stream: stream, file: file, replaced: originals)])
    }

    /// Leaves out what no second attempt would merge; throws what may be over then.
    private mutating func leaveAlone(
        _ run: [Range<UInt64>], _ error: StoreError, _ stream: Snapshot.Stream
    ) throws(StoreError) {
        guard error.code == .damaged || error.code == .limit else { throw error }
        let culprits = run.filter { path($0, stream) == error.path }
        for leaves in culprits.isEmpty ? run : culprits { catalogs[stream]?.setApart(leaves) }
        if error.code == .damaged { log.critical("a segment is left out of merges: \(error)") }
    }

    private func path(_ leaves: Range<UInt64>, _ stream: Snapshot.Stream) -> String {
        let folder = Filenames.streamPath(store: store, zone: stream.zone, stream: stream.stream)
        return Path.join(Path.join(folder, Filenames.segments), Filenames.segment(leaves))
    }

    private mutating func tell(_ error: StoreError?) {
        // Whoever deletes now is done soon; what went meanwhile is looked at again.
        if error?.code == .locked || error?.code == .notFound || error == told { return }
        told = error
        if let error { log.warning("segments could not be merged, and are tried again: \(error)") }
    }
}
