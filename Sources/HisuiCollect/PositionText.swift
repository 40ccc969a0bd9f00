import HisuiBytes
public import HisuiEvent

/// Positions of sources for a person to read.
public enum PositionText {
    /// What a position says, a line for each thing it is about; empty if there is none.
    ///
    /// One that this version cannot read is shown as its bytes.
    ///
    /// - Parameter say: chooses between English and Japanese.
    public static func lines(
        _ position: [UInt8], of kind: SourceKind,
        _ say: (_ english: String, _ japanese: String) -> String = { english, _ in english }
    ) -> [String] {
        if position.isEmpty { return [] }
        switch kind {
        case .file:
            if let files = FilePosition(position.span)?.files { return files.map { line($0, say) } }
            if let folder = FolderPosition(position.span) {
                let count = folder.files.count
                return [say("\(count) files taken", "取り込み済みファイル \(count) 個")]
            }
            if let beginning = FileBeginning(position.span) {
                let count = beginning.patterns.count
                return [say("begun with \(count) patterns", "\(count) 個のパターンで開始")]
            }
        case .journal:
            if let journal = JournalPosition(position.span) {
                let others = journal.writers.count - (journal.entry == nil ? 0 : 1)
                let numbers = say("numbers of \(others) other writers", "ほか \(others) の書き手の番号")
                return (journal.entry.map { [line($0, say)] } ?? [])
                    + (others > 0 ? [numbers] : [])
            }
        case .audit:
            if let audit = AuditPosition(position.span) { return lines(audit, say) }
        // The number of a batch, by which what was spilled is told from what is stored.
        case .syslogUDP, .syslogUnix: return []
        case .relp:
            let count = position.count
            return [
                say(
                    "digests of records that may be sent again, \(count) bytes",
                    "再送されうる原文の要約 \(count) バイト")
            ]
        case .http:
            let runs = UploadedEntries(position: position).runs
            if !runs.isEmpty { return runs.map { line($0, say) } }
        default: break
        }
        return [HexText.text(position)]
    }

    private static func line(
        _ file: FilePosition.Entry, _ say: (String, String) -> String
    ) -> String {
        let (inode, device) = (file.identity.inode, file.identity.device)
        let place = say(
            "byte \(file.offset) of inode \(inode) on device \(device)",
            "\(file.offset) バイト目（inode \(inode)、デバイス \(device)）")
        return file.isFinished ? place + say(", read to its end", "、末尾まで読み取り済み") : place
    }

    private static func lines(
        _ audit: AuditPosition, _ say: (String, String) -> String
    ) -> [String] {
        var lines: [String] = []
        if audit.seen != .none {
            let time = audit.seen.utcText
            lines.append(say("listened to auditd until \(time)", "auditd を \(time) まで受信"))
        }
        switch audit.losses {
        case .unknown: break
        case .counted(_, let lost):
            lines.append(
                say(
                    "lost by the kernel since it was started, or its count set to 0: \(lost)",
                    "カーネルが破棄した件数（起動または計数の初期化以降）: \(lost)"))
        case .refused(let error):
            let why = CollectError.message(error)
            lines.append(
                say(
                    "not known how many records the kernel lost: it does not say (\(why))",
                    "カーネルが破棄した件数は不明（取得できない: \(why)）"))
        }
        return lines
    }

    private static func line(
        _ run: UploadedEntries.Run, _ say: (String, String) -> String
    ) -> String {
        say(
            "entries \(run.first) to \(run.last) of the journal whose writer is "
                + run.writer.text,
            "項目 \(run.first)～\(run.last)（書き手 \(run.writer.text)）")
    }

    private static func line(
        _ cursor: JournalCursor, _ say: (String, String) -> String
    ) -> String {
        let (number, time, writer) = (cursor.number, cursor.time.utcText, cursor.writer.text)
        return say(
            "entry \(number), \(time), of the journal whose writer is \(writer)",
            "項目 \(number)、\(time)（書き手 \(writer)）")
    }
}
