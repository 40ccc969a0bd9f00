import HisuiBytes
public import HisuiEvent

/// Positions of sources for a person to read.
public enum PositionText {
    /// What a position says, a line for each thing it is about; empty if there is none.
    ///
    /// One that this version cannot read is shown as its bytes.
    public static func lines(_ position: [UInt8], of kind: SourceKind) -> [String] {
        if position.isEmpty { return [] }
        switch kind {
        case .file:
            if let files = FilePosition(position.span)?.files { return files.map(line) }
            if let folder = FolderPosition(position.span) {
                return ["\(folder.files.count) files taken"]
            }
            if let beginning = FileBeginning(position.span) {
                return ["begun with \(beginning.patterns.count) patterns"]
            }
        case .journal:
            if let journal = JournalPosition(position.span) {
                let others = journal.writers.count - (journal.entry == nil ? 0 : 1)
                return (journal.entry.map { [line($0)] } ?? [])
                    + (others > 0 ? ["numbers of \(others) other writers"] : [])
            }
        // The number of a batch, by which what was spilled is told from what is stored.
        case .syslogUDP, .syslogUnix: return []
        case .relp: return ["digests of records that may be sent again, \(position.count) bytes"]
        case .http:
            let runs = UploadedEntries(position: position).runs
            if !runs.isEmpty { return runs.map(line) }
        default: break
        }
        return [HexText.text(position)]
    }

    private static func line(_ file: FilePosition.Entry) -> String {
        let (inode, device) = (file.identity.inode, file.identity.device)
        return "byte \(file.offset) of inode \(inode) on device \(device)"
            + (file.isFinished ? ", read to its end" : "")
    }

    private static func line(_ run: UploadedEntries.Run) -> String {
        "entries \(run.first) to \(run.last) of the journal whose writer is \(run.writer.text)"
    }

    private static func line(_ cursor: JournalCursor) -> String {
        "entry \(cursor.number), \(cursor.time.utcText), of the journal whose writer is "
            + cursor.writer.text
    }
}
