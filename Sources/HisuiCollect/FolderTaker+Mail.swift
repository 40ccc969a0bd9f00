import CLinux
import Glibc
import HisuiBytes
import HisuiEvent
import HisuiFile

/// Messages of mail: the message is a record, or several, and each attachment that is a table is
/// taken as a file of the folder would be.
///
/// A message is read from its start again after an interruption; of what it gives, as many records
/// as its entry has rows are passed over.
extension FolderTaker {
    /// Reads a message from where its entry stands, and tells that it was taken.
    func readMail(
        _ path: String, _ digest: FileDigest, _ start: FolderPosition.Entry, _ rule: MailRule
    ) -> Bool {
        var note = FileNote(.taken, source: source.id, path: path)
        note.digest = digest.bytes
        note.bytes = digest.size
        let (bytes, cause) = Self.bytes(of: path, digest)
        guard let bytes else {
            note.outcome = .failed
            note.cause = cause
            return tell(note)
        }
        let message = MailMessage(bytes)
        var taken = TakenMail(path: path, toSkip: start.rows, entry: start)
        taken.entry.isOpen = true
        guard put(MailRecord.records(of: message), of: &taken) else { return false }
        for attachment in message.attachments where rule.isTable(attachment) {
            if stop.isRaised { return true }
            guard readAttachment(attachment, of: message, &taken, rule) else { return false }
        }
        if stop.isRaised { return true }
        taken.entry.isOpen = false
        set(taken.entry)
        note.rows = taken.messageRows
        return tell(note)
    }

    /// How far a message has been taken.
    struct TakenMail {
        let path: String
        /// Records that an earlier run has taken.
        var toSkip: UInt64
        var entry: FolderPosition.Entry
        /// Records of the message itself.
        var messageRows: UInt64 = 0

        /// - Returns: how many of the next `count` records are to be left away.
        mutating func skip(_ count: Int) -> Int {
            let skipped = min(UInt64(count), toSkip)
            toSkip -= skipped
            entry.rows += UInt64(count) - skipped
            return Int(skipped)
        }
    }

    private func put(_ records: [[UInt8]], of taken: inout TakenMail) -> Bool {
        taken.messageRows = UInt64(records.count)
        var batch = RecordBatch(source: source)
        batch.encoding = .utf8
        batch.senders = ["", taken.path]
        let received = Clock.now()
        for record in records where taken.skip(1) == 0 {
            batch.append(record.span, received: received, sender: 1)
            guard LineCutter.isFull(batch) else { continue }
            set(taken.entry)
            guard put(batch) else { return false }
            batch.bytes = []
            batch.entries = []
        }
        set(taken.entry)
        return batch.entries.isEmpty || put(batch)
    }

    private func readAttachment(
        _ attachment: MailMessage.Attachment, of message: MailMessage, _ taken: inout TakenMail,
        _ rule: MailRule
    ) -> Bool {
        let content = message.content(of: attachment)
        let path = taken.path + "/" + String(decoding: attachment.name, as: UTF8.self)
        var note = FileNote(.taken, source: source.id, path: path)
        note.digest = SHA256.of(content.span)
        note.bytes = UInt64(content.count)
        var known = FolderPosition.Entry()
        known.name = Self.name(path: path)
        known.digest = FileDigest.short(note.digest)
        known.bytes = note.bytes
        if let same = self.taken(known.digest, known.name) {
            if same.name == known.name, taken.toSkip > 0 || same.rows == 0 {
                // By an earlier run, which did not come to the message's end.
                _ = taken.skip(Int(clamping: same.rows))
                return true
            }
            note.outcome = .duplicate
            note.rows = same.rows
            var batch = RecordBatch(source: source)
            batch.account.deduplicated = same.rows
            batch.notes = [note]
            return put(batch)
        }
        do throws(CollectError) {
            var file = try FileImport(
                path: path, descriptor: Self.descriptor(of: content, path),
                name: source.id,
                encoding: TextEncoding(name: attachment.charset) ?? rule.encoding,
                table: rule.table)
            note.columns = file.table.map { $0.isNamed ? $0.columns : [] } ?? []
            noteHeader(&note)
            while let batch = try file.next() {
                note.rows += UInt64(batch.entries.count)
                var own = own(batch, path)
                own.entries.removeFirst(taken.skip(own.entries.count))
                set(taken.entry)
                guard own.entries.isEmpty && own.gaps.isEmpty || put(own) else { return false }
                if stop.isRaised { return true }
            }
            note.oddRows = file.oddRows
        } catch {
            note.outcome = .failed
            note.cause = "\(error)"
        }
        known.rows = note.rows
        set(known)
        return tell(note)
    }

    /// The bytes of a message whose digest was taken, or why they cannot be had.
    private static func bytes(
        of path: String, _ digest: FileDigest
    ) -> (bytes: [UInt8]?, cause: String) {
        guard digest.size <= UInt64(Limits.mailBytesMax) else {
            return (nil, "more than \(Limits.mailBytesMax >> 20) MiB")
        }
        do throws(FileError) {
            let bytes = try RealFileSystem().bytes(path, from: 0, count: Int(digest.size))
            guard SHA256.of(bytes.span) == digest.bytes else {
                return (nil, "it changed while it was read")
            }
            return (bytes, "")
        } catch {
            return (nil, "\(error)")
        }
    }

    /// A file without a name that contains `content`.
    private static func descriptor(
        of content: [UInt8], _ path: String
    ) throws(CollectError) -> Int32 {
        let descriptor = hisui_memory_file()
        var written = 0
        while descriptor >= 0, written < content.count {
            let count = unsafe content.withUnsafeBytes { buffer in
                // Safe: the call reads at most what is left of the buffer.
                unsafe write(
                    descriptor, buffer.baseAddress.map { unsafe $0 + written },
                    buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            written += count
        }
        guard descriptor >= 0, written == content.count, lseek(descriptor, 0, SEEK_SET) == 0 else {
            let error = errno
            if descriptor >= 0 { close(descriptor) }
            throw CollectError(.cannotRead, operation: "unpack", place: path, errno: error)
        }
        return descriptor
    }
}
