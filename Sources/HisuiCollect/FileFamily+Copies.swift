import HisuiEvent

/// Rotated files that are copies of what another file holds, or held until it was emptied:
/// `copytruncate`.
///
/// Between copy and cut both are there: the file at the path is read, and its copy is not. What was
/// read of the file was read of the copy too, even if that was more than the copy got; what was cut
/// before it was read is read from the copy.
extension FileFamily {
    /// Whether a rotated file is a copy of what another one holds, or of what was read of one.
    func isCopy(_ other: FollowedFile) -> Bool {
        var whole = other.whole
        if whole.offset > 0, isHeld(whole) {
            whole.isCopy = true
            copies.removeAll { $0.identity == whole.identity }
            copies.append(whole)
            if copies.count > Self.copiesMax { copies.removeFirst() }
            return true
        }
        // Emptied, which nobody noticed yet: whoever does finds the copy by what was read.
        return files.contains {
            let read = $0.position
            guard $0.leftPath == nil, read.offset > 0 else { return false }
            return reopen(other.path, read) != nil
                || !$0.holds(read) && isShorterCopy(other, of: read)
                || copies.contains {
                    max($0.offset, whole.offset) <= read.offset && other.holds($0)
                }
        }
    }

    /// Whether a rotated file that was empty when it was found is a copy, now that it is not; it is
    /// followed no more then.
    func provesCopy(_ file: FollowedFile) -> Bool {
        file.isUnproven = false
        guard isCopy(file) else { return false }
        files.removeAll { $0 === file }
        return true
    }

    /// Whether an open file, or the one at the path, has what another one has.
    private func isHeld(_ whole: FilePosition.Entry) -> Bool {
        files.contains { $0.identity != whole.identity && $0.holds(whole) }
            || reopen(path, whole).map { $0.identity != whole.identity } ?? false
    }

    /// Whether a rotated file that nobody saw before its original was emptied can only be the copy:
    /// it begins like what was read, with a whole fingerprint of the first bytes, and has less.
    private func isShorterCopy(_ other: FollowedFile, of read: FilePosition.Entry) -> Bool {
        Int(read.head.count) == Fingerprint.headMax && other.size <= read.offset
            && other.holds(Self.beginning(of: read))
    }

    private static func beginning(of read: FilePosition.Entry) -> FilePosition.Entry {
        var entry = FilePosition.Entry()
        entry.head = read.head
        entry.offset = UInt64(read.head.count)
        return entry
    }

    /// Begins a file again that was emptied.
    ///
    /// Lines written between copy and truncation are lost; those that are in the copy and were not
    /// read yet are taken from there. Copy and file are one position, so that no crash parts them.
    ///
    /// - Returns: whether there is a copy, which is to be read first.
    func restart(_ file: FollowedFile) -> Bool {
        let entry = file.position
        reportGap("the file was emptied while it was followed")
        var copy: FollowedFile?
        whileSteady {
            copy = rotatedPaths().reversed().lazy
                .compactMap { self.reopen($0, entry) }
                .first { $0.identity != file.identity && !self.isTaken($0) }
        }
        let place = entry.tail.count > 0 ? files.firstIndex { $0 === file } : nil
        if let copy, let place {
            copy.leftPath = Clock.monotonicMilliseconds()
            files.insert(copy, at: place)
        } else {
            use(file)
            file.finish(.framingError, into: &batch)
        }
        file.restart()
        settleCopies(of: entry)
        return copy != nil && place != nil
    }

    /// Finishes the copies of a file that is not there any more as it was read: those that have
    /// nothing that was not.
    func settleCopies(of read: FilePosition.Entry) {
        var done: [FilePosition.Entry] = []
        whileSteady {
            let candidates = rotatedPaths()
            // Of a compressed one, what it had when it was seen.
            done = copies.compactMap { copy in
                candidates.lazy.compactMap { self.reopen($0, copy) }.first?.whole
            }
            let beginning = Self.beginning(of: read)
            done += candidates.compactMap { self.reopen($0, beginning) }
                .filter { self.isShorterCopy($0, of: read) && !self.isTaken($0) }
                .map(\.whole)
        }
        for var whole in done
        where whole.offset <= read.offset
            && !files.contains(where: { $0.identity == whole.identity })
        {
            whole.isFinished = true
            finished.append(whole)
        }
        copies = []
    }

    /// One path has one copy at a time; some more, so that nobody's backups take its place.
    private static let copiesMax = 4
}
