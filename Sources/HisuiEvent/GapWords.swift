extension Gap {
    /// The cause in Japanese; nil if it is none that this version tells.
    ///
    /// Causes are stored in English, so that a bundle reads the same everywhere.
    public var japaneseCause: String? {
        for (english, japanese) in Self.words {
            guard let values = Self.values(of: english, in: cause) else { continue }
            return Self.fill(japanese, values)
        }
        return nil
    }

    /// `%` is what varies; the same values stand in the same order in both.
    private static let words: [(english: String, japanese: String)] = [
        (
            "a file was rotated away, emptied or deleted before it was read",
            "読み取る前にファイルがローテーション、切り詰め、または削除された"
        ),
        (
            "a file was made, written and deleted before it was seen",
            "検出前にファイルが作成され、書き込まれ、削除された"
        ),
        (
            "the file was emptied; what was written while it was copied is missing",
            "ファイルが切り詰められた。コピー中に書き込まれた行は失われている"
        ),
        (
            "the file was emptied while it was followed",
            "監視中のファイルが切り詰められた"
        ),
        (
            "a compressed file is damaged, or was not written whole",
            "圧縮ファイルが破損しているか、途中までしか書かれていない"
        ),
        (
            "more than % files were rotated away before they were seen; the oldest are not read",
            "検出前にローテーションされたファイルが % 個を超えた。古いものは読み取らない"
        ),
        (
            "more than % files fit; the rest is not followed",
            "パターンに合うファイルが % 個を超えた。残りは監視しない"
        ),
        (
            "the saved position is damaged; reading the file from its start",
            "保存された読み取り位置が破損している。ファイルを先頭から読み取る"
        ),
        ("cannot open the file: %", "ファイルを開けない: %"),
        ("cannot read the file: %", "ファイルを読み取れない: %"),
        (
            "the saved position is damaged; every file is taken again",
            "保存された読み取り位置が破損している。すべてのファイルを取り込み直す"
        ),
        (
            "% has more than % columns; its lines are text",
            "% の列が % を超えた。行は文字列として扱う"
        ),
        (
            "%: record numbers of the event log are missing",
            "%: イベントログのレコード番号が欠けている"
        ),
        (
            "%: records of the event log are unreadable",
            "%: イベントログの読み取れないレコードがある"
        ),
        (
            "%: % records are damaged; they are stored as far as readable",
            "%: % 件のレコードが破損している。読み取れた部分を保存した"
        ),
        (
            "%: % chunks are damaged; their records are flagged",
            "%: % 個のチャンクが破損している。そのレコードには注記を付けた"
        ),
        (
            "%: the event log ends inside a chunk",
            "%: イベントログがチャンクの途中で終わっている"
        ),
        (
            "%: the head of the event log is damaged",
            "%: イベントログのヘッダーが破損している"
        ),
        (
            "a file went away before it was read to its end",
            "最後まで読み取る前にファイルがなくなった"
        ),
        (
            "more than % files are in the folder; the rest is not taken",
            "フォルダーのファイルが % 個を超えた。残りは取り込まない"
        ),
        (
            "the entry at the saved position is gone, and with it an unknown number",
            "保存された位置の項目がなくなった。同時に失われた件数は不明"
        ),
        ("journal unreadable: %", "ジャーナルを読み取れない: %"),
        ("journal entry damaged", "ジャーナルの項目が破損している"),
        (
            "the saved position is no journal cursor; reading from the first entry",
            "保存された位置がジャーナルのカーソルではない。最初の項目から読み取る"
        ),
        (
            "the saved position lies in the journal's future; going on by time",
            "保存された位置がジャーナルより未来にある。時刻を基に続ける"
        ),
        (
            "the journal file % is passed over: %",
            "ジャーナルファイル % を読み飛ばした: %"
        ),
        (
            "journal entries at the end of a damaged file, or removed from it",
            "破損したファイルの末尾にあった、または削除されたジャーナルの項目"
        ),
        (
            "journal entries removed or damaged before they were read",
            "読み取る前に削除された、または破損したジャーナルの項目"
        ),
        (
            "not connected to auditd: of what it told from % to % some may be missing",
            "auditd に接続していない間（% から %）に通知されたものの一部が失われた可能性がある"
        ),
        (
            "the kernel's audit lost records before they were read",
            "読み取る前にカーネルの監査が記録を破棄した"
        ),
        (
            "the daemon was killed or broke off: of what came from % to % some may be missing",
            "デーモンが強制終了または異常終了した。% から % までに届いたものの一部が失われた可能性がある"
        ),
        (
            "the machine went down: of what came from % to % some may be missing",
            "機器が停止した。% から % までに届いたものの一部が失われた可能性がある"
        ),
        (
            "%: of what came from % to % some may be missing",
            "%: % から % までに届いたものの一部が失われた可能性がある"
        ),
    ]

    /// What stands for each `%` of a template; nil if the text is not of it.
    ///
    /// - Complexity: O(characters of the text and the template).
    private static func values(of template: String, in text: String) -> [Substring]? {
        let pieces = template.split(separator: "%", omittingEmptySubsequences: false)
        guard text.hasPrefix(pieces[0]) else { return nil }
        var rest = text[...].dropFirst(pieces[0].count)
        if pieces.count == 1 { return rest.isEmpty ? [] : nil }
        var values: [Substring] = []
        for piece in pieces.dropFirst().dropLast() {
            guard let found = rest.firstRange(of: piece) else { return nil }
            values.append(rest[..<found.lowerBound])
            rest = rest[found.upperBound...]
        }
        guard let last = pieces.last, rest.hasSuffix(last) else { return nil }
        values.append(rest.dropLast(last.count))
        return values
    }

    private static func fill(_ template: String, _ values: [Substring]) -> String {
        var text = ""
        var next = 0
        for character in template {
            if character == "%", next < values.count {
                text += values[next]
                next += 1
            } else {
                text.append(character)
            }
        }
        return text
    }
}
