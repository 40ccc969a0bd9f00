import CLinux
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
    /// Finished files that were compared by contents, as they were then: to read a compressed one
    /// is work.
    private var looked: [FileIdentity: FileStatus] = [:]
    /// Rotated files that are copies of what the file at the path still holds: copytruncate is
    /// between copy and cut. That file is read, and they are not, unless it is emptied first.
    private var copies: Set<FileIdentity> = []
    /// There may be something to read.
    var isDirty = true

    private var batch: RecordBatch
    private let sink: any RecordSink
    private let graceMilliseconds: Int64
    private let rules: CutRules
    /// `errno` of the last failure that was reported.
    private var reported: Int32 = 0
    private(set) var isRefused = false

    init(
        source: Source, path: String, sink: any RecordSink, graceMilliseconds: Int64,
        rules: CutRules
    ) {
        self.source = source
        self.path = path
        self.sink = sink
        self.graceMilliseconds = graceMilliseconds
        self.rules = rules
        batch = RecordBatch(source: source)
    }

    /// Whether this family reads the file at a path, or has read it to its end.
    ///
    /// A file that was read is known by its contents too: numbers of files are used again.
    func knows(_ status: FileStatus, at path: String) -> Bool {
        let identity = status.identity
        if files.contains(where: { $0.identity == identity }) { return true }
        if looked[identity] == status { return true }
        guard finished.contains(where: { $0.identity == identity && reopen(path, $0) != nil })
        else { return false }
        looked[identity] = status
        return true
    }

    /// When lines that wait for others of their record have waited long enough; nil if none wait.
    var flushTime: Int64? { files.compactMap(\.flushTime).min() }

    // MARK: Beginning

    /// Takes up reading where a position says, or at the start or end of a file never seen.
    func begin(_ saved: [UInt8]?, atEnd: Bool) {
        guard let saved else {
            open(
                atEnd
                    ? FollowedFile.openAtEnd(path, rules) : FollowedFile(path: path, rules: rules))
            // So that the next start does not skip what comes from now on.
            if atEnd, !files.isEmpty { handOver(positionOnly: true) }
            return
        }
        guard let position = FilePosition(saved.span) else {
            reportGap("the saved position is damaged; reading the file from its start")
            return open(FollowedFile(path: path, rules: rules))
        }
        resume(position)
    }

    private func resume(_ position: FilePosition) {
        let candidates = [path] + rotatedPaths()
        finished = position.files.filter(\.isFinished)
        var unread = 0
        for entry in position.files where !entry.isFinished {
            let same = candidates.filter { FileStatus($0)?.identity == entry.identity }
            // By identity first; by contents alone for a file that was copied or compressed. One of
            // which nothing was read has none to be known by.
            let others = entry.offset == 0 ? [] : candidates
            let file = (same + others).lazy.compactMap { self.reopen($0, entry) }
                .first { !self.isTaken($0) }
            guard let file else {
                if entry.offset == 0 { unread += 1 } else { reportGap(Self.wentAway) }
                continue
            }
            // A file made since has the number of the old one by chance.
            if same.contains(path), file.path != path,
                FileStatus.birth(path) <= file.modified
            {
                reportGap("the file was emptied; what was written while it was copied is missing")
            }
            if file.path != path { file.leftPath = Clock.monotonicMilliseconds() }
            files.append(file)
        }
        let added = addMissed(Clock.monotonicMilliseconds())
        for _ in added..<max(added, unread) { reportGap(Self.wentAway) }
        let now = FileStatus(path)?.identity
        if let i = files.firstIndex(where: { $0.identity == now }) {
            files.append(files.remove(at: i))
        }
    }

    private static let wentAway =
        "a file was rotated away, emptied or deleted before it was read"

    /// Adds whole files that came and went while nobody looked: those younger than the ones known.
    ///
    /// - Returns: how many.
    @discardableResult
    private func addMissed(_ now: Int64) -> Int {
        let rotated = rotatedPaths().compactMap { path in FileStatus(path).map { (path, $0) } }
        let known = rotated.filter { path, status in knows(status, at: path) }
        guard let newest = (files.map(\.modified) + known.map(\.1.modified)).max() else {
            return 0
        }
        var added = 0
        for (other, status) in rotated {
            let mayBeMissed = status.modified >= newest || copies.contains(status.identity)
            guard mayBeMissed, !knows(status, at: other), !adopt(other, status),
                let file = FollowedFile(path: other, rules: rules), !isCopy(file)
            else { continue }
            file.leftPath = now
            files.append(file)
            added += 1
        }
        return added
    }

    /// Whether a rotated file is a copy of what is at the path, or of what was read of it before it
    /// was emptied: then whoever notices that finds the copy by what was read.
    private func isCopy(_ other: FollowedFile) -> Bool {
        let whole = other.whole
        if whole.offset > 0, let present = reopen(path, whole), present.identity != other.identity {
            copies.insert(other.identity)
            return true
        }
        copies.remove(other.identity)
        return files.contains { file in
            file.leftPath == nil && file.position.offset > 0
                && reopen(other.path, file.position) != nil
        }
    }

    /// Whether a compressed file is one that is known under another name, or is not finished.
    ///
    /// If it is, its own number is known from now on.
    private func adopt(_ other: String, _ status: FileStatus) -> Bool {
        guard let plain = RotatedName.uncompressed(other) else { return false }
        // The program that compresses removes what it has read when it is done.
        if FileStatus(plain) != nil { return true }
        let known = finished + files.map(\.position) + files.map(\.whole)
        guard var entry = known.first(where: { $0.offset > 0 && reopen(other, $0) != nil }) else {
            return false
        }
        entry.identity = status.identity
        entry.isFinished = true
        finished.append(entry)
        looked[status.identity] = status
        return true
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
        guard let file = FollowedFile(path: rotated, rules: rules),
            !isTaken(file), !isCopy(file)
        else { return }
        file.leftPath = Clock.monotonicMilliseconds()
        let younger = files.firstIndex { $0.leftPath == nil || $0.modified > file.modified }
        files.insert(file, at: younger ?? files.count)
    }

    private func isTaken(_ file: FollowedFile) -> Bool {
        FileStatus(file.path).map { knows($0, at: file.path) } ?? true
    }

    private func reopen(_ path: String, _ entry: FilePosition.Entry) -> FollowedFile? {
        FollowedFile.reopen(path, entry, rules)
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
        let isUnknown = status.map { !knows($0, at: path) } ?? true
        if isUnknown || !copies.isEmpty, !files.isEmpty { addMissed(now) }
        if let status {
            if let back = files.first(where: { $0.identity == status.identity }) {
                back.leftPath = nil
            } else if !knows(status, at: path) {
                finished.removeAll { $0.identity == status.identity }
                open(FollowedFile(path: path, rules: rules))
            }
        }
        if !finished.isEmpty { lookAfterFinished(now, keep: keep) }
    }

    /// Forgets files that are gone, and reads on in those that have grown after all.
    private func lookAfterFinished(_ now: Int64, keep: (FileIdentity) -> Bool) {
        var siblings: Set<FileIdentity> = []
        for other in rotatedPaths() {
            guard let status = FileStatus(other) else { continue }
            siblings.insert(status.identity)
            if RotatedName.isCompressed(other) {
                if !knows(status, at: other) { _ = adopt(other, status) }
            } else if let index = finished.firstIndex(where: {
                $0.identity == status.identity && $0.offset < status.size
            }), let file = reopen(other, finished[index]) {
                finished.remove(at: index)
                file.leftPath = now
                files.insert(file, at: 0)
                isDirty = true
            }
        }
        finished.removeAll { !keep($0.identity) && !siblings.contains($0.identity) }
        let left = Set(finished.map(\.identity))
        looked = looked.filter { left.contains($0.key) }
        if finished.count > Limits.rotatedFilesMax {
            finished.removeFirst(finished.count - Limits.rotatedFilesMax)
        }
    }

    /// Closes files that left the path, were read to the end and have not grown for a while.
    private func closeLeft(_ now: Int64) {
        while let i = files.firstIndex(where: { file in
            guard let left = file.leftPath else { return false }
            return now - left >= graceMilliseconds || files.count > Limits.rotatedFilesMax
        }) {
            let file = files.remove(at: i)
            use(file)
            file.finish(into: &batch)
            if file.isCut { reportGap("a compressed file is damaged, or was not written whole") }
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
                switch file.advance() {
                case .read:
                    grew = true
                    use(file)
                    file.take(into: &batch)
                    if file.isFull(batch) { handOver() }
                    if isRefused { return }
                    turns += 1
                    if turns >= Self.turnsMax {
                        isDirty = true
                        handOver()
                        return
                    }
                case .end: break reading
                case .truncated:
                    if restart(file) {
                        isDirty = true
                        return
                    }
                case .failed(let error):
                    fail(error)
                    break reading
                }
            }
            if grew, file.leftPath != nil { file.leftPath = now }
            if let time = file.flushTime, time <= now {
                use(file)
                file.flush(into: &batch)
            }
        }
        closeLeft(now)
        handOver()
    }

    /// Makes the batch one for records of the file: a batch is in one encoding.
    private func use(_ file: FollowedFile) {
        if batch.encoding == file.encoding { return }
        if !batch.entries.isEmpty { handOver() }
        batch.encoding = file.encoding
    }

    /// Begins a file again that was emptied (copytruncate).
    ///
    /// Lines written between copy and truncation are lost; those that are in the copy and were not
    /// read yet are taken from there. Copy and file are one position, so that no crash parts them.
    ///
    /// - Returns: whether there is a copy, which is to be read first.
    private func restart(_ file: FollowedFile) -> Bool {
        let entry = file.position
        reportGap("the file was emptied while it was followed")
        let copy = rotatedPaths().reversed().lazy
            .compactMap { self.reopen($0, entry) }
            .first { $0.identity != file.identity && !self.isTaken($0) }
        guard let copy, entry.tail.count > 0, let place = files.firstIndex(where: { $0 === file })
        else {
            use(file)
            file.finish(.framingError, into: &batch)
            file.restart()
            return false
        }
        copy.leftPath = Clock.monotonicMilliseconds()
        files.insert(copy, at: place)
        file.restart()
        return true
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

    func handOver(positionOnly: Bool = false) {
        if isRefused || !positionOnly && batch.isEmpty { return }
        let open = files.suffix(Limits.rotatedFilesMax + 1).map(\.position)
        let entries = finished.suffix(Limits.rotatedFilesMax + 1 - open.count)
        batch.position = FilePosition(files: entries + open).encoded
        var full = RecordBatch(source: source)
        swap(&full, &batch)
        if !sink.put(full) { isRefused = true }
    }

    private static let turnsMax = 32
}

/// What the file system says of a path, through symbolic links.
struct FileStatus: Hashable {
    var identity: FileIdentity
    /// Nanoseconds since 1970.
    var modified: Int64
    var size: UInt64

    /// Nil if there is nothing.
    init?(_ path: String) {
        var status = stat()
        // Safe: the path is passed as a terminated copy; the call writes one structure.
        guard unsafe stat(path, &status) == 0 else { return nil }
        identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        modified = Self.nanoseconds(status.st_mtim)
        size = UInt64(max(0, status.st_size))
    }

    /// When the file was made, in nanoseconds since 1970; 0 if that is not known.
    static func birth(_ path: String) -> Int64 {
        // Safe: the path is passed as a terminated copy.
        unsafe hisui_birth(path)
    }

    static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    static func names(in directory: String) -> [String] {
        (try? RealFileSystem().list(directory.isEmpty ? "/" : directory)) ?? []
    }
}
