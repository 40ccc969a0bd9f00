import HisuiFile
import HisuiStore

// Which sealed files there should be.
extension StreamVerifier {
    /// Compares the names of segments with what the acts know of sealing and merging.
    ///
    /// That the files of a merge are gone is as it should be: the act of the merge names them, and
    /// their records are looked for in the file that is there. But where acts name files for some
    /// records, no other file may hold these: what was understood of them would be another one's.
    mutating func checkSegmentNames(_ listed: [Range<UInt64>]) throws(EvidenceError) {
        checkMerges()
        let strange = { (history: StoreHistory, name: Snapshot.Stream) in
            listed.filter {
                history.segments[name]?[$0] == nil && history.namesFiles(of: name, within: $0)
            }
        }
        guard !strange(context.history, files.name).isEmpty else {
            return noteCovered(listed)
        }
        // Merged since the acts were read.
        context.history = try context.newHistory()
        for range in strange(context.history, files.name) where namesTold.insert(range).inserted {
            tell(range, listed)
        }
        noteCovered(listed)
    }

    /// A file whose records have other files, as acts say.
    private mutating func tell(_ range: Range<UInt64>, _ listed: [Range<UInt64>]) {
        let file = Path.join(
            Path.join(files.path, Filenames.segments), Filenames.segment(range))
        // Written by a merge that was cut short before its act: what it was made of is there.
        let made = listed.filter { $0 != range && range.contains($0.lowerBound) }
        var end = range.lowerBound
        for part in made where part.lowerBound <= end { end = max(end, part.upperBound) }
        if context.mayGrow, end >= range.upperBound {
            note(
                "\(file): a merge that is under way, or was when the writer ended",
                "\(file): 統合の途中のファイルです")
            return
        }
        problem(
            .added, file, indices: range,
            "no act tells of this file; acts name others for its records",
            "操作記録にないファイルです（同じ原文について別のファイルが記録されています）")
    }

    /// Files that another one covers: the merge that made it has not ended.
    private mutating func noteCovered(_ listed: [Range<UInt64>]) {
        var end: UInt64 = 0
        for range in listed {
            if range.upperBound > end {
                end = range.upperBound
                continue
            }
            guard namesTold.insert(range).inserted else { continue }
            let file = Path.join(
                Path.join(files.path, Filenames.segments), Filenames.segment(range))
            let isKnown = context.history.segments[files.name]?[range] != nil
            if isKnown || context.mayGrow {
                note(
                    "\(file): merged into another file, and not removed yet",
                    "\(file): 統合済みで、削除待ちのファイルです")
            } else {
                problem(
                    .added, file, indices: range,
                    "another file holds its records, and no act tells of this one",
                    "別のファイルと原文が重複し、操作記録にもないファイルです")
            }
        }
    }

    /// A file that was altered before it was merged.
    private mutating func checkMerges() {
        for merge in context.history.laundered[files.name] ?? []
        where namesTold.insert(merge.leaves).inserted {
            problem(
                .changed, "\(Filenames.acts): \(merge.act)", indices: merge.leaves,
                "what was merged was not the file that had been sealed: its SHA-256 is another one",
                "統合前のファイルが確定時のものと異なります（SHA-256 が操作記録の値と不一致）")
        }
    }
}
