/// A file to which signed notes are appended: checkpoints of a day, the epochs of a zone.
///
/// Notes follow each other, an empty line behind each. Their texts have no empty line, so the file
/// can be divided without reading what they say. The last append may have been cut short by a
/// crash; what it left, less than a note and its empty line, is the *tail*.
public struct NoteFile: Sendable {
    public struct Entry: Hashable, Sendable {
        public var note: SignedNote
        /// Where it stands in the file, with the empty line behind it.
        public var range: Range<Int>
    }

    public private(set) var entries: [Entry] = []
    /// Bytes behind the last note that are the beginning of another one.
    public let tail: Range<Int>

    /// Divides the bytes of a file.
    ///
    /// - Throws: `.damaged` if something stands where a note should that is as long as one, or that
    ///   a note follows: no crash does that.
    /// - Complexity: O(n).
    public init(_ bytes: [UInt8]) throws(ProofError) {
        var start = 0
        while let entry = Self.entry(bytes, from: start) {
            entries.append(entry)
            start = entry.range.upperBound
        }
        tail = start..<bytes.count
        // A text and its signatures, whole, and yet no note; or anything at all before a note.
        var next = start
        var blanks = 0
        while let blank = Self.emptyLine(bytes, from: next) {
            next = blank + 1
            blanks += 1
            if blanks == 2 || Self.entry(bytes, from: next) != nil {
                throw ProofError(.damaged, "what stands at byte \(start) is no note")
            }
        }
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
