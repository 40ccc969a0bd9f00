import HisuiEvent

/// Files that are renamed from one followed path to another: each has one reader at a time.
extension FileFamily {
    /// Goes on with the file at the path where another family is, if it left that one's path.
    ///
    /// A link to what the other one still has is left to it, and so is a name of its rotated files.
    func takeOver(_ status: FileStatus, from reader: FileFamily) {
        guard let file = reader.giveAway(status, to: path) else { return }
        file.path = path
        file.leftPath = nil
        finished.removeAll { $0.identity == file.identity }
        open(file)
        // This one first: who is killed in between is told of a gap, and reads nothing twice.
        handOver(positionOnly: true)
        reader.handOver(positionOnly: true)
    }

    /// Gives up a file, after what it holds was read for this source.
    private func giveAway(_ status: FileStatus, to other: String) -> FollowedFile? {
        guard mayGive(status, to: other) else { return nil }
        if let file = files.first(where: { $0.identity == status.identity }) {
            drain(file)
            files.removeAll { $0 === file }
            return file
        }
        guard let i = lastRead(status, at: other), let file = reopen(other, finished[i]),
            file.identity == status.identity
        else { return nil }
        finished.remove(at: i)
        looked[status.identity] = nil
        return file
    }

    private func mayGive(_ status: FileStatus, to other: String) -> Bool {
        RotatedName.original(other) != path && FileStatus(path)?.identity != status.identity
    }

    /// Whether a file that was read to its end has grown under a path that is not this one's.
    func hasLeft(_ status: FileStatus, for other: String) -> Bool {
        !RotatedName.isCompressed(other) && mayGive(status, to: other)
            && grown(status, at: other) != nil
    }

    private func drain(_ file: FollowedFile) {
        for _ in 0..<Self.turnsMax {
            guard !isRefused, case .read = file.advance() else { break }
            use(file)
            file.take(into: &batch)
            if file.isFull(batch) { handOver() }
        }
        handOver()
    }

    // MARK: While nobody looked

    /// Tells of files that went away, but for those that somebody goes on with.
    func settleMissing(_ isFound: (FilePosition.Entry) -> Bool) {
        let entries = missing
        missing = []
        for entry in entries where !isFound(entry) { reportGap(Self.wentAway) }
    }

    /// Goes on with a file of which a position tells, this path's or another's.
    ///
    /// - Returns: false if what is at the place is another one.
    func goOn(_ entry: FilePosition.Entry, at place: String) -> Bool {
        guard let file = reopen(place, entry), file.identity == entry.identity else {
            return false
        }
        if files.contains(where: { $0.identity == file.identity }) { return true }
        finished.removeAll { $0.identity == file.identity }
        if place == path {
            open(file)
            // Before the position that tells of it no more.
            handOver(positionOnly: true)
        } else {
            file.leftPath = Clock.monotonicMilliseconds()
            files.insert(file, at: 0)
            isDirty = true
        }
        return true
    }
}
