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
    /// - Throws: `.damaged` if something stands where a note should and a note follows: no crash
    ///   does that.
    /// - Complexity: O(n).
    public init(_ bytes: [UInt8]) throws(ProofError) {
        var start = 0
        while let entry = Self.entry(bytes, from: start) {
            entries.append(entry)
            start = entry.range.upperBound
        }
        tail = start..<bytes.count
        var next = start
        var blanks = 0
        while let blank = Self.emptyLine(bytes, from: next) {
            next = blank + 1
            blanks += 1
            if Self.entry(bytes, from: next) != nil {
                throw ProofError(.damaged, "what stands at byte \(start) is no note")
            }
        }
        tailMayBeWhole = blanks >= 2
    }

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
