import HisuiBytes
import HisuiEvent

/// What an import remembers of a file: that what it contains up to an offset is stored.
///
/// It is a statement about contents, not names: *a file began with these bytes, and they gave so
/// many records*. So it holds for the file whatever it is called later, compressed or not, and a
/// file that grows makes a longer statement. Two hashes of the contents tell files apart: that of
/// the first 4 KiB finds the statements that may be about a file, that of everything up to the
/// offset decides.
public struct ImportedFile: Hashable, Sendable {
    /// Hash of the file's folder, and its name without what rotation and compression add: needed
    /// where the contents are too short to tell files apart.
    public var place: UInt32
    /// Hash of the first 4 KiB of the contents, or of those before the offset where it is smaller.
    public var head: UInt64
    /// Hash of the contents before the offset.
    public var content: UInt64
    /// Bytes of the contents, decompressed, that were taken; at least 1.
    public var offset: UInt64
    /// Records they gave; at least 1.
    public var records: UInt64
    /// The offset lies in a line that was cut at the limit; its rest is to be skipped.
    public var isDiscarding = false
    /// The last record ended with the file, without a line feed.
    public var isUnterminated = false

    /// How much of the beginning of a file makes it known.
    static let headBytes = 4096

    /// Whether the contents before the offset are enough to know a file that has grown since under
    /// any name. Shorter ones may be what many files begin with: the names of columns, a banner.
    var isTelling: Bool { offset >= UInt64(Self.headBytes) }
}

/// The position of an import's source: all files that were imported under its id.
///
///     version   u8 = 1
///     count     varint
///     count ×   oldest first
///       flags     u8: bit 0 the rest of a cut line is still to be skipped
///                     bit 1 the last record had no line feed
///       place     u32
///       head      u64
///       content   u64
///       offset    varint
///       records   varint
///
/// Integers are little-endian; see `ImportedFile`. Anything else is refused as a whole.
public struct ImportPosition: Hashable, Sendable {
    public private(set) var files: [ImportedFile]

    public init() { files = [] }

    /// Adds a file, or replaces what was known of it.
    ///
    /// Beyond `Limits.importedFilesMax` the oldest is forgotten.
    ///
    /// - Returns: whether one was forgotten.
    /// - Complexity: O(1) if the replaced one is the last, O(files) otherwise.
    public mutating func set(_ file: ImportedFile, replacing old: ImportedFile?) -> Bool {
        if let old, let index = files.lastIndex(of: old) {
            files[index] = file
            return false
        }
        files.append(file)
        guard files.count > Limits.importedFilesMax else { return false }
        files.removeFirst()
        return true
    }

    public var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.appendVarint(UInt64(files.count))
        for file in files {
            bytes.append((file.isDiscarding ? 1 : 0) | (file.isUnterminated ? 2 : 0))
            bytes.appendLittleEndian(file.place)
            bytes.appendLittleEndian(file.head)
            bytes.appendLittleEndian(file.content)
            bytes.appendVarint(file.offset)
            bytes.appendVarint(file.records)
        }
        return bytes
    }

    /// Reads a position; nil if it is none.
    public init?(_ bytes: Span<UInt8>) {
        files = []
        do throws(ByteReader.Short) {
            var reader = ByteReader(bytes)
            guard try reader.u8() == Self.version else { return nil }
            let count = try reader.count(ofSize: 23)
            guard count <= Limits.importedFilesMax else { return nil }
            files.reserveCapacity(count)
            for _ in 0..<count {
                let flags = try reader.u8()
                let file = ImportedFile(
                    place: try reader.u32(), head: try reader.u64(), content: try reader.u64(),
                    offset: try reader.varint(), records: try reader.varint(),
                    isDiscarding: flags & 1 != 0, isUnterminated: flags & 2 != 0)
                guard flags <= 3, file.offset > 0, file.offset <= UInt64(Int64.max),
                    file.records > 0, file.records <= file.offset
                else { return nil }
                files.append(file)
            }
            guard reader.remaining == 0 else { return nil }
        } catch {
            return nil
        }
    }

    private static let version: UInt8 = 1
}

/// Finds what is known of a file by how it begins.
public struct KnownFiles: Sendable {
    /// A statement, and the source it was made for.
    public struct Entry: Hashable, Sendable {
        public var file: ImportedFile
        public var source: String
    }

    private var byHead: [UInt64: [Entry]] = [:]
    /// Offsets below 4 KiB that occur: the head has as many bytes then.
    private var shortOffsets: Set<Int> = []

    public init() {}

    public mutating func add(_ file: ImportedFile, source: String) {
        let entry = Entry(file: file, source: source)
        // The same contents under several names, and no more than that.
        if byHead[file.head]?.contains(where: { $0.file == file }) ?? false { return }
        byHead[file.head, default: []].append(entry)
        if !file.isTelling { shortOffsets.insert(Int(file.offset)) }
    }

    public mutating func add(_ position: ImportPosition, source: String) {
        for file in position.files { add(file, source: source) }
    }

    /// Statements that may be about a file which begins like this, by offset.
    ///
    /// - Parameter head: the first 4 KiB of its contents, or all of them.
    /// - Complexity: O(4 KiB for each different offset below 4 KiB).
    func candidates(_ head: Span<UInt8>) -> [Entry] {
        var found: [Entry] = []
        for offset in shortOffsets where offset <= head.count {
            let hash = PrefixHash.of(head.extracting(0..<offset))
            found += (byHead[hash] ?? []).filter { $0.file.offset == UInt64(offset) }
        }
        if head.count == ImportedFile.headBytes {
            found += (byHead[PrefixHash.of(head)] ?? []).filter { $0.file.isTelling }
        }
        return found.sorted { $0.file.offset < $1.file.offset }
    }
}
