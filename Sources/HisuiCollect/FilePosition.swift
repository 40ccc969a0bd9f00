import HisuiBytes
import HisuiEvent

/// How far the files of one followed path have been read; the position of a file source.
///
/// A file is known again by device, inode, birth and two fingerprints, of its first bytes and of
/// those right before the offset: inodes are reused, not all file systems know when a file was
/// made, first bytes are often the same in all files, and only the last ones tell that a file was
/// emptied and has grown past the offset again.
///
///     version   u8 = 2
///     count     u8, 0…33 files, oldest first; the last is the one at the path itself
///     count ×
///       flags      u8: bit 0 the rest of a cut line is still to be skipped
///                      bit 1 read to the end and closed; kept so as not to be read again
///                      bit 2 a copy of what the file at the path held; nothing is read of it
///                      while that one is there whole
///                      bit 3 a line taken named columns: `fields` follows
///       device     u64, inode u64, birth i64: nanoseconds since 1970, 0 if not known
///       headCount  u16 ≤ 1024, headHash u64: the first bytes of the file
///       tailCount  u16 ≤ 256, tailHash u64: the bytes before the offset
///       offset     u64: behind the last record taken
///       fields     u64 < offset, with bit 3: where the last line of those begins
///
/// Integers are little-endian. Anything else is refused as a whole.
package struct FilePosition: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        var identity = FileIdentity()
        var head = Fingerprint()
        var tail = Fingerprint()
        var offset: UInt64 = 0
        var fields: UInt64?
        var isDiscarding = false
        var isFinished = false
        var isCopy = false
    }

    package var files: [Entry] = []

    package var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version, UInt8(files.count)]
        for file in files {
            bytes.append(
                (file.isDiscarding ? 1 : 0) | (file.isFinished ? 2 : 0) | (file.isCopy ? 4 : 0)
                    | (file.fields == nil ? 0 : 8))
            bytes.appendLittleEndian(file.identity.device)
            bytes.appendLittleEndian(file.identity.inode)
            bytes.appendLittleEndian(UInt64(bitPattern: file.identity.birth))
            for print in [file.head, file.tail] {
                bytes.appendLittleEndian(print.count)
                bytes.appendLittleEndian(print.hash)
            }
            bytes.appendLittleEndian(file.offset)
            if let fields = file.fields { bytes.appendLittleEndian(fields) }
        }
        return bytes
    }

    init(files: [Entry] = []) { self.files = files }

    /// Reads a position; nil if it is none.
    package init?(_ bytes: Span<UInt8>) {
        do throws(ByteReader.Short) {
            var reader = ByteReader(bytes)
            guard try reader.u8() == Self.version else { return nil }
            let count = Int(try reader.u8())
            guard count <= Limits.rotatedFilesMax + 1 else { return nil }
            for _ in 0..<count {
                var entry = Entry()
                let flags = try reader.u8()
                guard flags <= 15 else { return nil }
                entry.isDiscarding = flags & 1 != 0
                entry.isFinished = flags & 2 != 0
                entry.isCopy = flags & 4 != 0
                entry.identity.device = try reader.u64()
                entry.identity.inode = try reader.u64()
                entry.identity.birth = Int64(bitPattern: try reader.u64())
                entry.head.count = try reader.u16()
                entry.head.hash = try reader.u64()
                entry.tail.count = try reader.u16()
                entry.tail.hash = try reader.u64()
                entry.offset = try reader.u64()
                if flags & 8 != 0 { entry.fields = try reader.u64() }
                guard entry.isPossible else { return nil }
                files.append(entry)
            }
            guard reader.remaining == 0 else { return nil }
        } catch {
            return nil
        }
    }

    private static let version: UInt8 = 2
}

extension FilePosition.Entry {
    fileprivate var isPossible: Bool {
        offset <= UInt64(Int64.max) && head.count <= Fingerprint.headMax
            && tail.count <= Fingerprint.tailMax && UInt64(head.count) <= offset
            && UInt64(tail.count) <= offset && fields.map { $0 < offset } ?? true
    }
}

/// What the file system calls a file.
struct FileIdentity: Hashable, Sendable {
    var device: UInt64 = 0
    /// Used again once the file is gone.
    var inode: UInt64 = 0
    /// When the file was made, in nanoseconds since 1970; 0 if the file system does not know.
    var birth: Int64 = 0
}

/// Count and hash of some bytes of a file.
struct Fingerprint: Hashable, Sendable {
    static let headMax = 1024
    static let tailMax = 256

    var count: UInt16 = 0
    var hash: UInt64 = 0

    init() {}

    /// - Precondition: at most 1024 bytes.
    init(_ bytes: Span<UInt8>) {
        count = UInt16(bytes.count)
        hash = bytes.isEmpty ? 0 : Hash64.of(bytes)
    }
}
