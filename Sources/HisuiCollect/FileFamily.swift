import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile

/// The files that have followed each other at one path: one source.
///
/// At most one file is at the path; those that were there before are read to their end first, and
/// kept open for a while, because their writers may not have noticed the rotation yet.
final class FileFamily {
    let source: Source
    let path: String
    /// Oldest first; the last one is, or was last, at the path.
    private(set) var files: [FollowedFile] = []
    /// Files that were read to the end and are still there: not to be read again.
    private(set) var finished: [FilePosition.Entry] = []
    /// There may be something to read.
    var isDirty = true

    private var batch: RecordBatch
    private let sink: any RecordSink
    private let graceMilliseconds: Int64
    /// `errno` of the last failure that was reported.
    private var reported: Int32 = 0
    private(set) var isRefused = false

    init(source: Source, path: String, sink: any RecordSink, graceMilliseconds: Int64) {
        self.source = source
        self.path = path
        self.sink = sink
        self.graceMilliseconds = graceMilliseconds
        batch = RecordBatch(source: source)
    }

    /// Whether this family reads the file, or has read it to its end.
    func knows(_ identity: FileIdentity) -> Bool {
        files.contains { $0.identity == identity } || finished.contains { $0.identity == identity }
    }

    // MARK: Beginning

    /// Takes up reading where a position says, or at the start or end of a file never seen.
    func begin(_ saved: [UInt8]?, atEnd: Bool) {
        guard let saved else {
            open(atEnd ? FollowedFile.openAtEnd(path) : FollowedFile(path: path))
            // So that the next start does not skip what comes from now on.
            if atEnd, !files.isEmpty { handOver(positionOnly: true) }
            return
        }
        guard let position = FilePosition(saved.span) else {
            reportGap("the saved position is damaged; reading the file from its start")
            return open(FollowedFile(path: path))
        }
        resume(position)
    }

    private func resume(_ position: FilePosition) {
        let candidates = [path] + rotatedPaths()
        for entry in position.files {
            if entry.isFinished {
                finished.append(entry)
                continue
            }
            let same = candidates.filter { FileStatus($0)?.identity == entry.identity }
            // By identity first; by contents alone for a file that was copied.
            guard
                let file = (same + candidates).lazy.compactMap({ FollowedFile.reopen($0, entry) })
                    .first(where: { !self.knows($0.identity) })
            else {
                reportGap("a file was rotated away, emptied or deleted before it was read")
                continue
            }
            if file.path != path { file.leftPath = Clock.monotonicMilliseconds() }
            files.append(file)
        }
        if !files.isEmpty { addMissed(Clock.monotonicMilliseconds()) }
        let now = FileStatus(path)?.identity
        if let i = files.firstIndex(where: { $0.identity == now }) {
            files.append(files.remove(at: i))
        }
    }

    /// Adds whole files that came and went while nobody looked: those younger than the ones known.
    private func addMissed(_ now: Int64) {
        let newest = files.map(\.modified).max() ?? .max
        for other in rotatedPaths() {
            guard let status = FileStatus(other), status.modified >= newest,
                !knows(status.identity), let file = FollowedFile(path: other)
            else { continue }
            file.leftPath = now
            files.append(file)
        }
    }

    /// Rotated files of this path, oldest first.
    func rotatedPaths() -> [String] {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return [] }
        let directory = String(path[..<slash])
        return FileStatus.names(in: directory).map { "\(directory)/\($0)" }
            .filter { RotatedName.original($0) == path }
            .compactMap { name in FileStatus(name).map { (name, $0.modified) } }
            .sorted { $0.1 < $1.1 }
            .suffix(Limits.rotatedFilesMax)
            .map(\.0)
    }

    /// Reads a rotated file from its start, before everything else.
    func prepend(_ rotated: String) {
        guard let file = FollowedFile(path: rotated), !knows(file.identity) else { return }
        file.leftPath = Clock.monotonicMilliseconds()
        let younger = files.firstIndex { $0.leftPath == nil || $0.modified > file.modified }
        files.insert(file, at: younger ?? files.count)
    }

    private func open(_ file: FollowedFile?) {
        guard let file else {
            let error = errno
            if error != ENOENT && error != reported {
                reportGap("cannot open the file: \(CollectError.message(error))")
                reported = error
            }
            return
        }
        reported = 0
        files.append(file)
        isDirty = true
    }

    // MARK: Rotation

    /// Compares what is at the path with what is open.
    ///
    /// - Parameter keep: whether a file fits a pattern under its new name, and has to be
    ///   remembered after it is closed.
    func rescan(_ now: Int64, keep: (FileIdentity) -> Bool) {
        let status = FileStatus(path)
        for file in files where file.leftPath == nil && file.identity != status?.identity {
            file.leftPath = now
            isDirty = true
        }
        if status.map({ !knows($0.identity) }) ?? true, !files.isEmpty { addMissed(now) }
        if let identity = status?.identity {
            if let back = files.first(where: { $0.identity == identity }) {
                back.leftPath = nil
            } else if !finished.contains(where: { $0.identity == identity }) {
                open(FollowedFile(path: path))
            }
        }
        if !finished.isEmpty {
            let siblings = Set(rotatedPaths().compactMap { FileStatus($0)?.identity })
            finished.removeAll { !keep($0.identity) && !siblings.contains($0.identity) }
        }
    }

    /// Closes files that left the path, were read to the end and have not grown for a while.
    private func closeLeft(_ now: Int64) {
        while let i = files.firstIndex(where: { file in
            guard let left = file.leftPath else { return false }
            return now - left >= graceMilliseconds || files.count > Limits.rotatedFilesMax
        }) {
            let file = files.remove(at: i)
            file.finish(into: &batch)
            var entry = file.position
            entry.isFinished = true
            if finished.count + files.count >= Limits.rotatedFilesMax { finished.removeFirst() }
            finished.append(entry)
            handOver(positionOnly: true)
        }
    }

    // MARK: Reading

    /// Reads what the files hold, oldest first, up to a bound; `isDirty` stays set if there is
    /// more.
    func read(_ now: Int64) {
        isDirty = false
        var turns = 0
        for file in Array(files) {
            var grew = false
            reading: while true {
                switch file.read(into: &batch) {
                case .read:
                    grew = true
                    if LineCutter.isFull(batch) { handOver() }
                    if isRefused { return }
                    turns += 1
                    if turns >= Self.turnsMax {
                        isDirty = true
                        handOver()
                        return
                    }
                case .end: break reading
                case .truncated: restart(file)
                case .failed(let error):
                    fail(error)
                    break reading
                }
            }
            if grew, file.leftPath != nil { file.leftPath = now }
        }
        closeLeft(now)
        handOver()
    }

    /// Begins a file again that was emptied (copytruncate).
    ///
    /// Lines written between copy and truncation are lost; those that are in the copy and were not
    /// read yet are taken from there.
    private func restart(_ file: FollowedFile) {
        let entry = file.position
        file.finish(.framingError, into: &batch)
        reportGap("the file was emptied while it was followed")
        let copy = rotatedPaths().reversed().lazy
            .compactMap { FollowedFile.reopen($0, entry) }
            .first { $0.identity != file.identity && !self.knows($0.identity) }
        if let copy, entry.tail.count > 0 {
            while case .read = copy.read(into: &batch), !isRefused {
                if LineCutter.isFull(batch) { handOver(withoutPosition: true) }
            }
            copy.finish(into: &batch)
        }
        file.restart()
    }

    private func fail(_ error: Int32) {
        if error == reported { return }
        reported = error
        reportGap("cannot read the file: \(CollectError.message(error))")
    }

    // MARK: Handing over

    private func reportGap(_ cause: String) {
        batch.gaps.append(Gap(source: source.id, detected: Clock.now(), count: nil, cause: cause))
        batch.account.gaps += 1
    }

    func handOver(positionOnly: Bool = false, withoutPosition: Bool = false) {
        if isRefused || !positionOnly && batch.isEmpty { return }
        if !withoutPosition {
            let entries = finished.suffix(Limits.rotatedFilesMax + 1 - files.count)
            batch.position = FilePosition(files: entries + files.map(\.position)).encoded
        }
        var full = RecordBatch(source: source)
        swap(&full, &batch)
        if !sink.put(full) { isRefused = true }
    }

    private static let turnsMax = 32
}

/// What the file system says of a path, through symbolic links.
struct FileStatus {
    var identity: FileIdentity
    /// Nanoseconds since 1970.
    var modified: Int64

    /// Nil if there is nothing.
    init?(_ path: String) {
        var status = stat()
        // Safe: the path is passed as a terminated copy; the call writes one structure.
        guard unsafe stat(path, &status) == 0 else { return nil }
        identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        modified = Self.nanoseconds(status.st_mtim)
    }

    static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    static func names(in directory: String) -> [String] {
        (try? RealFileSystem().list(directory.isEmpty ? "/" : directory)) ?? []
    }
}
