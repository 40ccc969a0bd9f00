import CZlib

/// The bytes of a Windows event log (`.evtx`), as libyal's "Windows XML Event Log (EVTX)" tells
/// them.
///
///     file     header (4 KiB) │ chunk │ chunk │ …              chunks of 64 KiB
///
///     header   "ElfFile\0", u64 first chunk, u64 last chunk, u64 next record,
///              u32 128, u16 minor, u16 major = 3, u16 4096, u16 chunks, …
///              at 120: u32 flags (1 dirty, 2 full), u32 crc of the first 120 bytes
///
///     chunk    "ElfChnk\0", u64 first and last record number, u64 first and last record id,
///              u32 128, u32 offset of the last record, u32 offset of what is free,
///              u32 crc of the records, …
///              at 124: u32 crc of bytes 0..<120 and 128..<512
///              at 128: offsets of names and templates, for writers
///              at 512: records │ what is free
///
///     record   2a 2a 00 00, u32 size, u64 id, u64 FILETIME, binary XML, u32 size
///
/// Integers are little-endian, checksums CRC-32 (RFC 1952). A log that is not closed cleanly is
/// dirty: its header is older than its chunks, and the head of the last chunk older than that
/// chunk's records.
enum EventLogFormat {
    static let fileHeaderBytes = 4096
    static let chunkBytes = 65_536
    static let chunkHeaderBytes = 512
    /// Before and behind the binary XML of a record.
    static let recordHeaderBytes = 24
    static let recordTrailerBytes = 4

    static let fileMagic = Array("ElfFile\0".utf8)
    static let chunkMagic = Array("ElfChnk\0".utf8)
    static let recordMagic: UInt32 = 0x2A2A

    static let dirty: UInt32 = 1

    /// The CRC-32 of the bytes of some ranges, one behind the other.
    static func checksum(_ bytes: [UInt8], _ ranges: Range<Int>...) -> UInt32 {
        var value: UInt = 0
        for range in ranges {
            unsafe bytes.withUnsafeBufferPointer { buffer in
                // Safe: the range is checked where the buffer is cut, and read inside only.
                let part = unsafe UnsafeBufferPointer(rebasing: buffer[range])
                value = unsafe crc32(value, part.baseAddress, UInt32(part.count))
            }
        }
        return UInt32(truncatingIfNeeded: value)
    }
}
