/// A file to which signed notes are appended: checkpoints of a day, the epochs of a zone.
///
/// Notes follow each other, an empty line behind each. Their texts have no empty line, so the file
/// can be divided without reading what they say. The last append may have been cut short by a
/// crash; what it left is the *tail*: any bytes that are no note, since a disk may write the
/// sectors of one append in any order. Notes are synced one by one, so nothing follows a tail.
public struct NoteFile: Sendable {
    public struct Entry: Hashable, Sendable {
        public var note: SignedNote
        /// Where it stands in the file, with the empty line behind it.
        public var range: Range<Int>
    }

    public private(set) var entries: [Entry] = []
    /// Bytes behind the last note.
    public let tail: Range<Int>
    /// Whether the tail has the empty lines of a whole note: one that was cut short by a crash, or
    /// one that was changed afterwards. Who verifies cannot tell, and tells of it.
    public private(set) var tailMayBeWhole = false

    /// Divides the bytes of a file.
    ///
    /// - Parameter origin: the first line of the file's notes, where it is known. A note of another
    ///   log behind them is what an unfinished append shows of old blocks of the disk.
    /// - Throws: `.damaged` if something stands where a note should and a note follows, or if more
    ///   than one is of another log: no crash does that.
    /// - Complexity: O(n).
    public init(_ bytes: [UInt8], origin: String? = nil) throws(ProofError) {
        func isOwn(_ entry: Entry) -> Bool {
            origin.map { entry.note.text.hasPrefix($0 + "\n") } ?? true
        }
        var start = 0
        while let entry = Self.entry(bytes, from: start), isOwn(entry) {
            entries.append(entry)
            start = entry.range.upperBound
        }
        tail = start..<bytes.count
        var next = start
        var blanks = 0
        var strangers = 0
        while true {
            if let entry = Self.entry(bytes, from: next) {
                strangers += 1
                if strangers > 1 || isOwn(entry) {
                    throw ProofError(.damaged, "what stands at byte \(start) is no note")
                }
            }
            guard let blank = Self.emptyLine(bytes, from: next) else { break }
            next = blank + 1
            blanks += 1
        }
        tailMayBeWhole = blanks >= 2
    }

    /// Whether the first bytes of a file are a note.
    ///
    /// - Complexity: O(length of the note), or O(n) if there is none.
    static func beginsWithNote(_ bytes: [UInt8]) -> Bool { entry(bytes, from: 0) != nil }

    /// What is appended for `note`.
    public static func encoded(_ note: SignedNote) -> [UInt8] {
        note.encoded + [SignedNote.lineFeed]
    }

    private static func entry(_ bytes: [UInt8], from start: Int) -> Entry? {
        guard let blank = emptyLine(bytes, from: start) else { return nil }
        // The signatures end with the next empty line.
        guard let end = emptyLine(bytes, from: blank + 1) else { return nil }
        do throws(ProofError) {
            let note = try SignedNote(parsing: bytes[start..<end])
            return Entry(note: note, range: start..<end + 1)
        } catch {
            return nil
        }
    }

    /// Index of the line feed that makes up the first empty line behind a line that begins at or
    /// after `start`.
    private static func emptyLine(_ bytes: [UInt8], from start: Int) -> Int? {
        var index = start + 1
        while index < bytes.count {
            if bytes[index] == SignedNote.lineFeed, bytes[index - 1] == SignedNote.lineFeed {
                return index
            }
            index += 1
        }
        return nil
    }
}
