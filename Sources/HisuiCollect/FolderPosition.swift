import HisuiBytes
import HisuiEvent

/// Which files of a folder were taken, and how far the one at hand has been read; the position of a
/// `FolderCollector`.
///
///     version   u8 = 1
///     header    u32: hash of the column names of the last file; 0 before there was one
///     count     varint, at most `Limits.folderFilesMax`; oldest first
///     count ×
///       flags      u8: bit 0 not read to its end
///                      bit 1 the last record had no line end
///                      bit 2 the rest of a line that was cut is to be skipped
///       name       u32: hash of the name
///       digest     u64: the first bytes of the file's SHA-256
///       bytes      varint: of the file
///       modified   varint: seconds since 1970
///       rows       varint: records taken
///       oddRows    varint: those of them that have not as many values as there are columns
///       offset     varint: of its contents, decompressed, behind the last record taken
///
/// Integers are little-endian. Anything else is refused as a whole.
package struct FolderPosition: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        var name: UInt32 = 0
        var digest: UInt64 = 0
        var bytes: UInt64 = 0
        var modified: UInt64 = 0
        var rows: UInt64 = 0
        var oddRows: UInt64 = 0
        var offset: UInt64 = 0
        var isOpen = false
        var isUnterminated = false
        var isDiscarding = false
    }

    var header: UInt32 = 0
    package private(set) var files: [Entry] = []

    init() {}

    static func hash(_ text: String) -> UInt32 {
        let bytes = Array(text.utf8)
        return UInt32(truncatingIfNeeded: Hash64.of(bytes.span))
    }

    /// Adds a file, or what is known now of the one whose digest and name it has.
    ///
    /// - Complexity: O(files).
    mutating func set(_ entry: Entry) {
        if let index = files.firstIndex(where: {
            $0.digest == entry.digest && $0.name == entry.name
        }) {
            files[index] = entry
        } else {
            files.append(entry)
        }
    }

    /// Forgets a file.
    mutating func remove(_ entry: Entry) { files.removeAll { $0 == entry } }

    /// Forgets the oldest files that are gone or have been written anew, where there are too many.
    ///
    /// - Parameter names: hashes of the names that are in the folder.
    mutating func makeRoom(_ names: Set<UInt32>) {
        while files.count >= Limits.folderFilesMax,
            let index = files.indices.first(where: { index in
                let file = files[index]
                return !file.isOpen
                    && (!names.contains(file.name)
                        || files[(index + 1)...].contains { $0.name == file.name })
            })
        {
            files.remove(at: index)
        }
    }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.appendLittleEndian(header)
        bytes.appendVarint(UInt64(files.count))
        for file in files {
            bytes.append(
                (file.isOpen ? 1 : 0) | (file.isUnterminated ? 2 : 0) | (file.isDiscarding ? 4 : 0))
            bytes.appendLittleEndian(file.name)
            bytes.appendLittleEndian(file.digest)
            bytes.appendVarint(file.bytes)
            bytes.appendVarint(file.modified)
            bytes.appendVarint(file.rows)
            bytes.appendVarint(file.oddRows)
            bytes.appendVarint(file.offset)
        }
        return bytes
    }

    /// Reads a position; nil if it is none.
    package init?(_ bytes: Span<UInt8>) {
        do throws(ByteReader.Short) {
            var reader = ByteReader(bytes)
            guard try reader.u8() == Self.version else { return nil }
            header = try reader.u32()
            let count = try reader.count(ofSize: 18)
            guard count <= Limits.folderFilesMax else { return nil }
            for _ in 0..<count {
                var entry = Entry()
                let flags = try reader.u8()
                guard flags <= 7 else { return nil }
                entry.isOpen = flags & 1 != 0
                entry.isUnterminated = flags & 2 != 0
                entry.isDiscarding = flags & 4 != 0
                entry.name = try reader.u32()
                entry.digest = try reader.u64()
                entry.bytes = try reader.varint()
                entry.modified = try reader.varint()
                entry.rows = try reader.varint()
                entry.oddRows = try reader.varint()
                entry.offset = try reader.varint()
                guard entry.offset <= UInt64(Int64.max), entry.bytes <= UInt64(Int64.max) else {
                    return nil
                }
                files.append(entry)
            }
            guard reader.remaining == 0 else { return nil }
        } catch {
            return nil
        }
    }

    private static let version: UInt8 = 1
}
