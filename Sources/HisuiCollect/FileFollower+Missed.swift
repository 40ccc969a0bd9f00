import HisuiEvent

/// Files that came and went between two looks, or that have another path than they had.
extension FileFollower {
    /// Who reads a file, or has read it to its end.
    func reader(of status: FileStatus, at path: String, except family: FileFamily?) -> FileFamily? {
        families.first { $0 !== family && $0.knows(status, at: path) }
    }

    /// Goes on with files that were renamed from one path to another while nobody looked; what is
    /// nowhere is told.
    func settleMissing(_ family: FileFamily, _ found: Found, _ places: [FileIdentity: String]) {
        var again: [FileIdentity: String]?
        func goOn(_ entry: FilePosition.Entry, _ places: [FileIdentity: String]) -> Bool {
            guard let place = places[entry.identity] else { return false }
            return (familyOf[place] ?? family).goOn(entry, at: place)
        }
        family.settleMissing { entry in
            if goOn(entry, places) { return true }
            // Renamed since the look began.
            let now = again ?? self.places(of: found.paths)
            again = now
            return goOn(entry, now)
        }
    }

    /// Begins with a path at which there is nothing, if files came to it and were rotated away
    /// since the collector began.
    func addLeft(_ path: String, _ found: Found) {
        guard let since = since(path, found) else { return }
        let isMissed = found.rotated[path]?.contains { rotated in
            guard FileStatus.isMade(rotated, since: since), let status = FileStatus(rotated) else {
                return false
            }
            return reader(of: status, at: rotated, except: nil) == nil
        }
        if isMissed ?? false { add(path, nil) }
    }

    /// Adds what was rotated away from a path since the collector began and before the path was
    /// ever seen: nothing of it was read.
    func addMissed(_ family: FileFamily, _ found: Found) {
        guard let since = since(family.path, found) else { return }
        let rotated = found.rotated[family.path] ?? []
        let count = rotated.count { FileStatus.isMade($0, since: since) }
        // What is at the path may have taken the place of another since the look began.
        let birth = FileStatus(family.path)?.identity.birth ?? 0
        if count == 0, birth > 0, birth < age.looked { return }
        if count > Limits.rotatedFilesMax {
            family.reportGap(
                "more than \(Limits.rotatedFilesMax) files were rotated away before they were "
                    + "seen; the oldest are not read")
        }
        family.addMissed(madeSince: since)
    }

    /// Tells of files that fit, and were made, written and removed between two looks.
    func tellPassed(_ gone: [PassingFiles.Gone], _ patterns: [FilePattern]) {
        for file in gone where patterns.contains(where: { $0.covers(file.path) }) {
            let original = RotatedName.original(file.path).flatMap { familyOf[$0] }
            guard let family = familyOf[file.path] ?? original else {
                reportGap(FileFamily.wentUnseen)
                continue
            }
            if family.lastOpened < file.came { family.reportGap(FileFamily.wentUnseen) }
        }
    }

    /// From when on files that fit are new; nil where what is there is passed over.
    private func since(_ path: String, _ found: Found) -> Int64? {
        guard !beginsAtEnd(path), let begun = found.begun[path] else { return nil }
        return min(begun, age.earliest)
    }
}
