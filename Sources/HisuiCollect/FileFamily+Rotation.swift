import Glibc
import HisuiEvent

/// Files that took each other's place, while running and while nobody looked.
extension FileFamily {
    // MARK: What a position tells of

    /// Finds the files that a position tells of, and those that came since.
    ///
    /// While a rotation renames one file after the other, some are seen twice and others not at
    /// all; what was found then does not count, and is looked for again.
    func resume(_ position: FilePosition) {
        whileSteady(attempts: Self.attemptsAtStart) {
            files = []
            copies = []
            missing = []
            looked = [:]
            batch = RecordBatch(source: source)
            find(position)
        }
        let now = FileStatus(path)?.identity
        if let i = files.firstIndex(where: { $0.identity == now }) {
            files.append(files.remove(at: i))
        }
    }

    private func find(_ position: FilePosition) {
        let candidates = [path] + rotatedPaths()
        let now = Clock.monotonicMilliseconds()
        finished = position.files.filter(\.isFinished)
        copies = position.files.filter(\.isCopy)
        let open = position.files.filter { !$0.isFinished && !$0.isCopy }
        // Those first that contents can tell: a number may be used again.
        var found: [Int: FollowedFile] = [:]
        for (number, entry) in open.enumerated() where entry.offset > 0 {
            found[number] = take(entry, of: candidates)
            if found[number] == nil {
                missing.append(entry)
                settleCopies(of: entry)
            }
        }
        var unread = 0
        for (number, entry) in open.enumerated() where entry.offset == 0 {
            found[number] = takeUnread(entry, of: candidates)
            if found[number] == nil { unread += 1 }
        }
        files = found.sorted { $0.key < $1.key }.map(\.value)
        for file in files where file.path != path { file.leftPath = now }
        unread -= findMissed(now)
        if unread > 0 { unread -= emptyCompressed() }
        for _ in 0..<max(0, unread) { reportGap(Self.wentAway) }
    }

    /// How many rotated files were compressed while they were empty: of such a file nothing was
    /// read and nothing is missing, and its number went with it.
    private func emptyCompressed() -> Int {
        rotatedPaths().lazy
            .filter { RotatedName.uncompressed($0).map { FileStatus($0) == nil } ?? false }
            .compactMap { FollowedFile(path: $0, rules: self.rules) }
            .count(where: \.isEmptyForEver)
    }

    /// The file that an entry tells of: by number first, by contents alone if it was copied or
    /// compressed. A compressed one may be known to be this very file, when that was still read.
    private func take(
        _ entry: FilePosition.Entry, of candidates: [String]
    ) -> FollowedFile? {
        let same = candidates.filter { FileStatus($0)?.identity == entry.identity }
        let file = (same + candidates).lazy.compactMap { self.reopen($0, entry) }
            .first { !self.isOpen($0.identity) }
        guard let file else { return nil }
        // A file made since has the number of the old one by chance.
        if same.contains(path), file.path != path,
            FileStatus(path)?.identity.birth ?? 0 <= file.modified
        {
            reportGap("the file was emptied; what was written while it was copied is missing")
        }
        finished.removeAll { $0.identity == file.identity }
        copies.removeAll { $0.identity == file.identity }
        files.append(file)
        return file
    }

    /// A file of which nothing was read has nothing to be known by but its number.
    private func takeUnread(
        _ entry: FilePosition.Entry, of candidates: [String]
    ) -> FollowedFile? {
        let file = candidates.lazy
            .filter { !RotatedName.isCompressed($0) }
            .filter { FileStatus($0)?.identity == entry.identity }
            .compactMap { self.reopen($0, entry) }
            .first { !self.isTaken($0) }
        if let file {
            file.isUnproven = file.path != path
            files.append(file)
        }
        return file
    }

    private func isOpen(_ identity: FileIdentity) -> Bool {
        files.contains { $0.identity == identity }
    }

    static let wentAway =
        "a file was rotated away, emptied or deleted before it was read"

    static let wentUnseen = "a file was made, written and deleted before it was seen"

    // MARK: While a rotation is at work

    /// Does something with the rotated files, again and again until none of them was renamed, made
    /// or removed meanwhile, or a rotation that never ends has taken long enough.
    func whileSteady(attempts: Int = attemptsMax, _ body: () -> Void) {
        var before = names()
        for attempt in 1...attempts {
            body()
            let after = names()
            if after == before || attempt == attempts { return }
            before = after
            usleep(Self.unsteadyMicroseconds)
        }
    }

    /// Which file has which name now, the one at the path among them.
    private func names() -> [String: FileIdentity] {
        var names: [String: FileIdentity] = [:]
        for name in rotatedPaths() + [path] { names[name] = FileStatus(name)?.identity }
        return names
    }

    /// A rotation renames some dozens of files in a millisecond; compressing one makes one name.
    private static let attemptsMax = 100
    /// Where reading begins it may take some seconds: a machine that starts is slow.
    private static let attemptsAtStart = 1000
    private static let unsteadyMicroseconds: UInt32 = 5000

    // MARK: Files that were missed

    private func addMissed(_ now: Int64, since: Int64) {
        let before = (files, finished, copies, looked)
        whileSteady {
            (files, finished, copies, looked) = before
            _ = findMissed(now, since: since)
        }
    }

    /// Adds the rotated files of a path that was never seen, those that were made since a time:
    /// before all else, oldest first.
    func addMissed(madeSince since: Int64) {
        let (filesBefore, copiesBefore) = (files, copies)
        whileSteady {
            files = filesBefore
            copies = copiesBefore
            for rotated in rotatedPaths() where FileStatus.isMade(rotated, since: since) {
                prepend(rotated)
            }
        }
    }

    /// Adds whole files that came and went while nobody looked: those younger than the ones known,
    /// or made since a time, though one that left the path before them is still written to.
    ///
    /// - Returns: how many.
    private func findMissed(_ now: Int64, since: Int64 = .max) -> Int {
        let rotated = rotatedPaths().compactMap { path in FileStatus(path).map { (path, $0) } }
        // One of which nothing was read may be another than the one that had its number: that says
        // nothing of what is older than it.
        let known = rotated.filter { path, status in
            status.size > 0 && !isOpen(status.identity) && knows(status, at: path)
        }
        let sure = files.filter { $0.offset > 0 }.map(\.modified) + known.map(\.1.modified)
        // Where nothing is open any more only the look before tells what is new.
        let times = sure.isEmpty ? files.map(\.modified) : sure
        let newest = (since == .max || !files.isEmpty ? times.max() : nil) ?? .max
        var added = 0
        for (other, status) in rotated {
            let mayBeMissed =
                status.modified >= newest || FileStatus.isMade(other, since: since)
                || copies.contains { $0.identity == status.identity }
            guard mayBeMissed, !knows(status, at: other), !adopt(other, status),
                readerElsewhere(status, other) == nil,
                let file = FollowedFile(path: other, rules: rules),
                file.identity == status.identity, !file.isEmptyForEver, !isCopy(file)
            else { continue }
            file.leftPath = now
            file.isUnproven = file.size == 0
            files.append(file)
            added += 1
        }
        return added
    }

    /// Whether a compressed file is one that is known under another name, or is not finished.
    ///
    /// If it is, its own number is known from now on.
    private func adopt(_ other: String, _ status: FileStatus) -> Bool {
        guard let plain = RotatedName.uncompressed(other) else { return false }
        // The program that compresses removes what it has read when it is done.
        if FileStatus(plain) != nil { return true }
        let known = finished + files.map(\.position) + files.map(\.whole)
        guard
            var entry = known.first(where: {
                $0.offset > 0 && reopen(other, $0)?.identity == status.identity
            })
        else {
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
        // The program that compresses removes what it has read when it is done.
        if let plain = RotatedName.uncompressed(rotated), FileStatus(plain) != nil { return }
        guard let file = FollowedFile(path: rotated, rules: rules),
            let status = FileStatus(rotated), status.identity == file.identity,
            !knows(status, at: rotated), readerElsewhere(status, rotated) == nil,
            !file.isEmptyForEver, !isCopy(file)
        else { return }
        file.leftPath = Clock.monotonicMilliseconds()
        file.isUnproven = file.size == 0
        let younger = files.firstIndex { $0.leftPath == nil || $0.modified > file.modified }
        files.insert(file, at: younger ?? files.count)
    }

    func isTaken(_ file: FollowedFile) -> Bool {
        FileStatus(file.path).map { knows($0, at: file.path) } ?? true
    }

    func reopen(_ path: String, _ entry: FilePosition.Entry) -> FollowedFile? {
        FollowedFile.reopen(path, entry, rules)
    }

    // MARK: Rotation

    /// Compares what is at the path with what is open.
    ///
    /// - Parameters:
    ///   - since: the look before, as files are dated.
    ///   - hasRotated: whether there were rotated files of this path a moment ago.
    ///   - keep: whether a file fits a pattern under its new name, and has to be remembered after
    ///     it is closed.
    func rescan(
        _ now: Int64, since: Int64, _ hasRotated: Bool, keep: (FileIdentity) -> Bool
    ) {
        // A file that left the path between two calls of the system is found at the next attempt.
        for _ in 1...Self.attemptsMax where compare(now, since: since, hasRotated) { break }
        if !finished.isEmpty { lookAfterFinished(now, keep: keep) }
    }

    /// - Returns: whether what was at the path stayed there meanwhile.
    private func compare(_ now: Int64, since: Int64, _ hasRotated: Bool) -> Bool {
        let status = FileStatus(path)
        for file in files where file.leftPath == nil && file.identity != status?.identity {
            file.leftPath = now
            isDirty = true
        }
        let isUnknown = status.map { !knows($0, at: path) } ?? true
        if isUnknown || !copies.isEmpty, !files.isEmpty || status != nil || hasRotated {
            addMissed(now, since: since)
        }
        if let status {
            if let back = files.first(where: { $0.identity == status.identity }) {
                back.leftPath = nil
            } else if let index = lastRead(status, at: path), finished[index].offset > 0,
                goOn(finished[index], at: path)
            {
                // It came back.
            } else if !knows(status, at: path) {
                return openNew(status)
            }
        }
        return true
    }

    /// - Returns: whether what was at the path stayed there meanwhile.
    private func openNew(_ status: FileStatus) -> Bool {
        if let reader = readerElsewhere(status, path) {
            takeOver(status, from: reader)
            return true
        }
        let file = FollowedFile(path: path, rules: rules)
        if let file, file.identity != status.identity { return false }
        finished.removeAll { $0.identity == status.identity }
        open(file)
        return true
    }

    /// Forgets files that are gone, and reads on in those that have grown after all.
    private func lookAfterFinished(_ now: Int64, keep: (FileIdentity) -> Bool) {
        let before = names()
        for other in rotatedPaths() {
            guard let status = FileStatus(other) else { continue }
            if RotatedName.isCompressed(other) {
                if !knows(status, at: other) { _ = adopt(other, status) }
            } else if let index = grown(status, at: other),
                let file = reopen(other, finished[index]), file.identity == status.identity
            {
                finished.remove(at: index)
                file.leftPath = now
                files.insert(file, at: 0)
                isDirty = true
            }
        }
        // One that is being renamed is seen under neither name.
        guard names() == before else { return }
        let siblings = Set(before.values)
        finished.removeAll { !keep($0.identity) && !siblings.contains($0.identity) }
        let left = Set(finished.map(\.identity))
        looked = looked.filter { left.contains($0.key) }
        finished = Self.mostTelling(finished, Limits.rotatedFilesMax)
    }
}
