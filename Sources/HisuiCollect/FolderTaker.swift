import Glibc
import HisuiBytes
import HisuiEvent

/// Takes complete files of a folder, one after the other, for a `FolderCollector`.
final class FolderTaker {
    let source: Source
    private let sink: any RecordSink
    private let contents: FolderContents
    let stop: StopSignal
    private var position = FolderPosition()
    /// Files that were looked at, as they were then.
    private var looked: [String: FileStatus] = [:]
    /// Files that could not be read, and why: told once.
    private var unreadable: [String: Int32] = [:]
    private var hasReportedTooMany = false
    /// Told with the next batch.
    private var gaps: [Gap] = []

    init(
        source: Source, saved: [UInt8]?, sink: any RecordSink, contents: FolderContents,
        stop: StopSignal
    ) {
        self.source = source
        self.sink = sink
        self.contents = contents
        self.stop = stop
        guard let saved else { return }
        if let position = FolderPosition(saved.span) {
            self.position = position
        } else {
            reportGap("the saved position is damaged; every file is taken again")
        }
    }

    /// Takes what is complete.
    ///
    /// - Parameter present: all files in the folder.
    /// - Returns: false if the pipeline is stopping.
    func take(_ complete: [(path: String, status: FileStatus)], present: [String]) -> Bool {
        looked = looked.filter { present.contains($0.key) }
        let names = Set(present.map(Self.name(path:)))
        for (path, status) in complete where looked[path] != status {
            if stop.isRaised { return true }
            position.makeRoom(names)
            guard position.files.count < Limits.folderFilesMax || isKnown(path, status) else {
                reportTooMany()
                continue
            }
            guard take(path, status) else { return false }
        }
        // One that was renamed meanwhile is found by what it contains.
        if present.allSatisfy({ looked[$0] != nil }), !tellVanished() { return false }
        return gaps.isEmpty || put(RecordBatch(source: source))
    }

    static func name(path: String) -> UInt32 {
        let name = path.utf8.lastIndex(of: 0x2F).map { path[path.index(after: $0)...] } ?? path[...]
        return FolderPosition.hash(String(name))
    }

    /// Whether the file is one that was taken, and nobody has touched it since.
    private func isKnown(_ path: String, _ status: FileStatus) -> Bool {
        let name = Self.name(path: path)
        let modified = UInt64(max(0, status.modified / 1_000_000_000))
        return position.files.contains {
            $0.name == name && $0.bytes == status.size && $0.modified == modified && !$0.isOpen
        }
    }

    private func take(_ path: String, _ status: FileStatus) -> Bool {
        if isKnown(path, status) {
            looked[path] = status
            return true
        }
        let name = Self.name(path: path)
        let earlier = position.files.last { $0.name == name && !$0.isOpen }
        let lengths = Set([earlier?.bytes].compactMap { $0 })
        guard let digest = FileDigest(path, lengths: lengths, until: stop) else {
            let error = errno
            if error == EINTR || error == ENOENT || unreadable[path] == error { return true }
            unreadable[path] = error
            var note = FileNote(.failed, source: source.id, path: path)
            note.cause = CollectError.message(error)
            return tell(note)
        }
        unreadable[path] = nil
        guard let after = FileStatus(path), after == status else { return true }
        looked[path] = status
        var entry = FolderPosition.Entry()
        entry.name = name
        entry.digest = digest.short
        entry.bytes = digest.size
        entry.modified = UInt64(max(0, status.modified / 1_000_000_000))
        if let same = taken(digest.short, name) {
            if !same.isOpen { return tellDuplicate(path, digest, same, entry) }
            entry = same
            entry.name = name
            position.remove(same)
            return read(path, digest, entry, outcome: .taken)
        }
        if case .tables = contents, let earlier, digest.size > earlier.bytes,
            digest.prefixes[earlier.bytes] == earlier.digest
        {
            entry.rows = earlier.rows
            entry.offset = earlier.offset
            entry.isUnterminated = earlier.isUnterminated
            entry.isDiscarding = earlier.isDiscarding
            position.remove(earlier)
            return read(path, digest, entry, outcome: .grown)
        }
        return read(path, digest, entry, outcome: .taken)
    }

    /// The file with these contents that was taken: the one of that name if there are several, so
    /// that a file that was only touched is not told as a copy of its copy.
    func taken(_ digest: UInt64, _ name: UInt32) -> FolderPosition.Entry? {
        position.files.last { $0.digest == digest && $0.name == name }
            ?? position.files.last { $0.digest == digest }
    }

    private func read(
        _ path: String, _ digest: FileDigest, _ start: FolderPosition.Entry,
        outcome: FileNote.Outcome
    ) -> Bool {
        switch contents {
        case .tables(let table, let encoding):
            readTable(path, digest, start, outcome: outcome, table, encoding)
        case .mail(let rule): readMail(path, digest, start, rule)
        }
    }

    /// Reads a file from where its entry stands, and tells that it was taken.
    private func readTable(
        _ path: String, _ digest: FileDigest, _ start: FolderPosition.Entry,
        outcome: FileNote.Outcome, _ table: TableRule, _ encoding: TextEncoding
    ) -> Bool {
        var entry = start
        entry.isOpen = true
        var note = FileNote(outcome, source: source.id, path: path)
        note.digest = digest.bytes
        note.bytes = digest.size
        do throws(CollectError) {
            var file = try FileImport(
                path: path, name: source.id, encoding: encoding, table: table)
            if entry.offset > 0 { try file.goOn(after: entry) }
            let oddBefore = entry.oddRows
            note.columns = file.table.map { $0.isNamed ? $0.columns : [] } ?? []
            if file.table == nil, !file.isEventLog {
                reportGap("\(path) has more than \(Limits.columnsMax) columns; its lines are text")
            }
            noteHeader(&note)
            while let batch = try file.next() {
                if let standing = file.standing {
                    entry.offset = standing.offset
                    entry.isUnterminated = standing.isUnterminated
                    entry.isDiscarding = standing.isDiscarding
                }
                entry.rows += UInt64(batch.entries.count)
                entry.oddRows = oddBefore + file.oddRows
                note.rows += UInt64(batch.entries.count)
                position.set(entry)
                guard put(own(batch, path)) else { return false }
                if stop.isRaised { return true }
            }
            note.oddRows = file.oddRows
        } catch {
            note.outcome = .failed
            note.cause = "\(error)"
        }
        entry.isOpen = false
        position.set(entry)
        // Begun by an earlier run.
        if note.outcome == .taken {
            note.rows = entry.rows
            note.oddRows = entry.oddRows
        }
        return tell(note)
    }

    /// The batch as one of this source: of lines or events, from this file.
    func own(_ read: borrowing RecordBatch, _ path: String) -> RecordBatch {
        var batch = RecordBatch(source: source)
        batch.bytes = read.bytes
        batch.entries = read.entries
        for index in batch.entries.indices { batch.entries[index].sender = 1 }
        batch.senders = ["", path]
        batch.latestPossible = read.latestPossible
        batch.encoding = read.encoding
        batch.table = read.table
        batch.gaps = read.gaps
        batch.account = read.account
        return batch
    }

    func noteHeader(_ note: inout FileNote) {
        if note.columns.isEmpty { return }
        let header = FolderPosition.hash(note.columns.joined(separator: "\n"))
        note.hasOtherColumns = position.header != 0 && position.header != header
        position.header = header
    }

    /// Notes how far a file has been taken.
    func set(_ entry: FolderPosition.Entry) { position.set(entry) }

    // MARK: - Telling

    private func tellDuplicate(
        _ path: String, _ digest: FileDigest, _ same: FolderPosition.Entry,
        _ entry: FolderPosition.Entry
    ) -> Bool {
        var known = entry
        known.rows = same.rows
        known.offset = same.offset
        known.isUnterminated = same.isUnterminated
        known.isDiscarding = same.isDiscarding
        position.set(known)
        // Touched and not changed: nobody delivered it twice.
        if same.name == entry.name { return put(RecordBatch(source: source)) }
        var note = FileNote(.duplicate, source: source.id, path: path)
        note.digest = digest.bytes
        note.bytes = digest.size
        note.rows = same.rows
        var batch = RecordBatch(source: source)
        batch.account.deduplicated = same.rows
        batch.notes = [note]
        return put(batch)
    }

    func tell(_ note: FileNote) -> Bool {
        var batch = RecordBatch(source: source)
        batch.notes = [note]
        return put(batch)
    }

    /// Tells of files that were being read when the last run ended, and are gone.
    private func tellVanished() -> Bool {
        for entry in position.files where entry.isOpen {
            position.remove(entry)
            reportGap("a file went away before it was read to its end")
            var note = FileNote(.vanished, source: source.id, path: "")
            note.rows = entry.rows
            note.bytes = entry.bytes
            guard tell(note) else { return false }
        }
        return true
    }

    private func reportTooMany() {
        if hasReportedTooMany { return }
        hasReportedTooMany = true
        reportGap(
            "more than \(Limits.folderFilesMax) files are in the folder; the rest is not taken")
    }

    private func reportGap(_ cause: String) {
        gaps.append(Gap(source: source.id, detected: Clock.now(), count: nil, cause: cause))
    }

    func put(_ batch: consuming RecordBatch) -> Bool {
        batch.position = position.encoded
        batch.gaps += gaps
        batch.account.gaps += UInt64(gaps.count)
        gaps = []
        return sink.put(batch)
    }
}
