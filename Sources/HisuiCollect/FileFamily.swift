import Glibc
import HisuiBytes
import HisuiEvent

/// The files that have followed each other at one path: one source.
///
/// At most one file is at the path; those that were there before are read to their end first, and
/// kept open for a while, because their writers may not have noticed the rotation yet.
final class FileFamily {
    let source: Source
    let path: String
    /// Oldest first; the last one is, or was last, at the path.
    var files: [FollowedFile] = []
    /// Files that were read to the end and are still there: not to be read again.
    var finished: [FilePosition.Entry] = []
    /// Finished files that were compared by contents, as they were then: to read a compressed one
    /// is work.
    var looked: [FileIdentity: FileStatus] = [:]
    /// Copies of what the file at the path held when they were seen, oldest first.
    var copies: [FilePosition.Entry] = []
    /// Files of which the position tells, which are not under the names of this path.
    var missing: [FilePosition.Entry] = []
    /// Who else reads a file, or has read it to its end, that has a path now.
    var readerElsewhere: (FileStatus, String) -> FileFamily? = { _, _ in nil }
    /// There may be something to read.
    var isDirty = true

    var batch: RecordBatch
    /// The file whose records it has.
    private var batchFile: FollowedFile?
    private let sink: any RecordSink
    private let graceMilliseconds: Int64
    let rules: CutRules
    /// `errno` of the last failure that was reported.
    private var reported: Int32 = 0
    private(set) var isRefused = false
    /// When the last of the files that are closed was opened.
    private var lastOpenedOfClosed: Int64 = 0

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
        guard
            finished.contains(where: {
                // Nothing was read of an empty one: its number is all it would be known by.
                $0.identity == identity && ($0.offset > 0 || status.size == 0)
                    && reopen(path, $0)?.identity == identity
            })
        else { return false }
        looked[identity] = status
        return true
    }

    /// Which of the finished files a file is: of several that had its number, one after the other,
    /// the one of which most was read that it still has.
    func lastRead(_ status: FileStatus, at path: String) -> Int? {
        finished.indices.filter { finished[$0].identity == status.identity }
            .sorted { finished[$0].offset > finished[$1].offset }
            .first { reopen(path, finished[$0])?.identity == status.identity }
    }

    /// The same of a file that has grown since it was read to its end, and is not open.
    func grown(_ status: FileStatus, at path: String) -> Int? {
        // An empty one that had its number before may be all that is finished of it.
        if files.contains(where: { $0.identity == status.identity }) { return nil }
        let mayHave = finished.contains {
            $0.identity == status.identity && $0.offset < status.size
        }
        guard mayHave, let index = lastRead(status, at: path) else { return nil }
        return finished[index].offset < status.size ? index : nil
    }

    /// When, in milliseconds, a file was last opened.
    var lastOpened: Int64 { files.reduce(lastOpenedOfClosed) { max($0, $1.opened) } }

    /// When lines that wait for others of their record have waited long enough; nil if none wait.
    var flushTime: Int64? { files.compactMap(\.flushTime).min() }

    // MARK: Beginning

    /// Takes up reading where a position says, or at the start or end of a file never seen.
    func begin(_ saved: [UInt8]?, atEnd: Bool) {
        guard let saved else {
            return open(
                atEnd
                    ? FollowedFile.openAtEnd(path, rules) : FollowedFile(path: path, rules: rules))
        }
        guard let position = FilePosition(saved.span) else {
            reportGap("the saved position is damaged; reading the file from its start")
            return open(FollowedFile(path: path, rules: rules))
        }
        resume(position)
    }

    /// Says where reading begins, before anything is read: so that the next start goes on from
    /// there, and knows the files if they are rotated until then, whatever is stored of them.
    func tellBeginning() {
        if !files.isEmpty { handOver(positionOnly: true) }
    }

    func open(_ file: FollowedFile?) {
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

    /// Closes files that left the path, were read to the end and have not grown for a while.
    private func closeLeft(_ now: Int64) {
        while let i = files.firstIndex(where: { file in
            guard let left = file.leftPath else { return false }
            return now - left >= graceMilliseconds || files.count > Limits.rotatedFilesMax
        }) {
            let file = files.remove(at: i)
            lastOpenedOfClosed = max(lastOpenedOfClosed, file.opened)
            use(file)
            file.finish(into: &batch)
            if file.isCut { reportGap("a compressed file is damaged, or was not written whole") }
            var entry = file.position
            entry.isFinished = true
            finished.append(entry)
            finished = Self.mostTelling(finished, Limits.rotatedFilesMax - files.count)
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
            if file.isUnproven, file.size > 0, provesCopy(file) { continue }
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

    /// Makes the batch one for records of the file: a batch is of one file, in one encoding.
    func use(_ file: FollowedFile) {
        if !batch.entries.isEmpty {
            if batchFile === file, batch.encoding == file.encoding { return }
            handOver()
        }
        batchFile = file
        batch.encoding = file.encoding
        batch.columns = file.columns
    }

    private func fail(_ error: Int32) {
        if error == reported { return }
        reported = error
        reportGap("cannot read the file: \(CollectError.message(error))")
    }

    // MARK: Handing over

    func reportGap(_ cause: String) {
        batch.gaps.append(Gap(source: source.id, detected: Clock.now(), count: nil, cause: cause))
        batch.account.gaps += 1
    }

    func handOver(positionOnly: Bool = false) {
        if isRefused || !positionOnly && batch.isEmpty { return }
        let max = Limits.rotatedFilesMax + 1
        let open = files.suffix(max).map(\.position)
        let copied = copies.suffix(max - open.count)
        let read = Self.mostTelling(finished, max - open.count - copied.count)
        batch.position = FilePosition(files: read + copied + open).encoded
        var full = RecordBatch(source: source)
        swap(&full, &batch)
        if !sink.put(full) { isRefused = true }
    }

    /// At most `max` of the finished files: without an empty one nothing is read twice, without one
    /// that had contents those are.
    static func mostTelling(_ entries: [FilePosition.Entry], _ max: Int) -> [FilePosition.Entry] {
        var surplus = entries.count - Swift.max(0, max)
        if surplus <= 0 { return entries }
        var kept: [FilePosition.Entry] = []
        for entry in entries {
            if entry.offset == 0, surplus > 0 {
                surplus -= 1
            } else {
                kept.append(entry)
            }
        }
        return Array(kept.dropFirst(surplus))
    }

    static let turnsMax = 32
}
