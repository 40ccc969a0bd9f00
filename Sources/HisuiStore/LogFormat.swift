import HisuiBytes
public import HisuiEvent
import HisuiFile

/// The write-ahead log: where rows are durable first. `docs/format.md` specifies every byte.
///
///     file    | header | frame | frame | …                      only ever appended to
///
///     header  0   8   magic "hisuilog"
///             8   4   version
///             12  4   length of the header
///             16  4   CRC32C of the header without these four bytes
///             20  8   identity, repeated in every frame; see `LogIdentity`
///             28  8   first index, as in the file's name
///             36  4   number, as in the file's name
///             40      counted text: zone, counted text: stream
///
///     frame   0   4   magic
///             4   4   length of the frame, these bytes included
///             8   4   CRC32C of the frame without these four bytes
///             12  4   sequence number in the file, from 0
///             16  8   identity of the file
///             24  8   offset in the file at which the frame begins
///             32  8   durable: how much of the file had been synced when this frame was made
///             40  8   first index
///             48  4   number of rows
///             52  4   number of the first shape that the frame defines
///             56      definitions, shapes, senders, source states, gaps, rows
///
/// A frame says by identity and offset which place in which file it was written for, so that
/// neither a zero-filled tail nor old blocks of a disk read as frames. `durable` tells a torn tail
/// from damage: bytes before it were synced, so an invalid run there is damage, whatever follows.
enum LogFormat {
    static let magic = Array("hisuilog".utf8)
    static let version: UInt32 = 2
    static let headerBytesMin = 42
    static let headerBytesMax = 512
    static let frameMagic: [UInt8] = [0xF7, 0x48, 0x4C, 0x31]
    static let frameHeaderBytes = 56

    /// The checksum of header or frame: all bytes but the four at `offset`, which hold it.
    static func checksum(_ bytes: Span<UInt8>, without offset: Int) -> UInt32 {
        let head = CRC32C.of(bytes.extracting(0..<offset))
        return CRC32C.of(bytes.extracting(offset + 4..<bytes.count), seed: head)
    }

    struct FileHeader {
        var identity: UInt64
        var firstIndex: UInt64
        var number: UInt32
        var zone: String
        var stream: String

        func encoded() -> [UInt8] {
            var out = LogFormat.magic
            out.appendLittleEndian(LogFormat.version)
            out.appendLittleEndian(UInt32(0))
            out.appendLittleEndian(UInt32(0))
            out.appendLittleEndian(identity)
            out.appendLittleEndian(firstIndex)
            out.appendLittleEndian(number)
            out.appendCounted(zone.utf8)
            out.appendCounted(stream.utf8)
            out.replaceLittleEndian(UInt32(out.count), at: 12)
            out.replaceLittleEndian(LogFormat.checksum(out.span, without: 16), at: 16)
            return out
        }

        /// The header that `bytes`, the beginning of a file, hold, and its length.
        ///
        /// Throws where it is one of another version; `nil` where it is none.
        static func decode(
            _ bytes: Span<UInt8>
        ) throws(FormatError) -> (header: FileHeader, length: Int)? {
            guard bytes.count >= headerBytesMin, ByteSearch.equal(bytes, 0..<8, magic.span) else {
                return nil
            }
            var reader = ByteReader(bytes, 8..<bytes.count)
            guard let version = try? reader.u32(), let length = try? reader.u32(),
                let checksum = try? reader.u32(), length >= headerBytesMin,
                length <= min(bytes.count, headerBytesMax),
                LogFormat.checksum(bytes.extracting(0..<Int(length)), without: 16) == checksum
            else { return nil }
            guard version == LogFormat.version else {
                throw FormatError("write-ahead log of version \(version)")
            }
            guard let identity = try? reader.u64(), let firstIndex = try? reader.u64(),
                let number = try? reader.u32(), let zone = try? reader.countedText(),
                let stream = try? reader.countedText()
            else { return nil }
            let header = FileHeader(
                identity: identity, firstIndex: firstIndex, number: number, zone: zone,
                stream: stream)
            return (header, Int(length))
        }
    }

    struct FrameHeader {
        var length: Int
        var checksum: UInt32
        var sequence: UInt32
        var identity: UInt64
        var offset: UInt64
        var durable: UInt64
        var firstIndex: UInt64
        var rows: UInt32
        var firstShape: UInt32

        /// The frame header at the beginning of `bytes`, its checksum not yet looked at.
        init?(_ bytes: Span<UInt8>) {
            guard bytes.count >= frameHeaderBytes, ByteSearch.equal(bytes, 0..<4, frameMagic.span)
            else { return nil }
            var reader = ByteReader(bytes, 4..<frameHeaderBytes)
            do {
                length = Int(try reader.u32())
                checksum = try reader.u32()
                sequence = try reader.u32()
                identity = try reader.u64()
                offset = try reader.u64()
                durable = try reader.u64()
                firstIndex = try reader.u64()
                rows = try reader.u32()
                firstShape = try reader.u32()
            } catch {
                return nil
            }
            guard length > frameHeaderBytes, length <= Limits.logFrameBytesMax,
                durable <= offset, firstIndex <= .max - UInt64(rows)
            else { return nil }
        }

        var nextIndex: UInt64 { firstIndex + UInt64(rows) }
    }
}

/// What ties the frames of a log to its file, even if the header is lost.
///
/// The upper half is a checksum of where the file stands: zone, stream, first index and number. The
/// lower half is random, so that another file that once had the same name is told apart.
struct LogIdentity {
    var zone: String
    var stream: String
    var name: Filenames.LogName

    init(zone: String, stream: String, name: Filenames.LogName) {
        self.zone = zone
        self.stream = stream
        self.name = name
    }

    /// As the path of a log file, `…/<zone>/<stream>/wal/<name>` or `…/acts/wal/<name>`, says.
    init(path: String, name: Filenames.LogName) {
        let folder = Path.parent(of: Path.parent(of: path))
        if Path.name(of: folder) == Filenames.acts {
            self.init(zone: Filenames.acts, stream: Filenames.acts, name: name)
            return
        }
        self.init(
            zone: Path.name(of: Path.parent(of: folder)), stream: Path.name(of: folder), name: name)
    }

    private var upperHalf: UInt64 {
        var bytes: [UInt8] = []
        bytes.appendCounted(zone.utf8)
        bytes.appendCounted(stream.utf8)
        bytes.appendLittleEndian(name.firstIndex)
        bytes.appendLittleEndian(name.number)
        return UInt64(CRC32C.of(bytes.span)) << 32
    }

    func make() -> UInt64 { upperHalf | UInt64(UInt32.random(in: 0 ... .max)) }

    func fits(_ identity: UInt64) -> Bool { identity & 0xFFFF_FFFF_0000_0000 == upperHalf }

    func fits(_ header: LogFormat.FileHeader) -> Bool {
        header.zone == zone && header.stream == stream && header.firstIndex == name.firstIndex
            && header.number == name.number && fits(header.identity)
    }
}

/// A frame of the log, read back.
public struct LogFrame: Sendable {
    /// Leaf index of the first row.
    public var firstIndex: UInt64
    /// How many rows the frame holds, read or not.
    public var rowCount: Int
    /// The rows as the parser made them, their shapes numbered by `LogReader.shapes`; `nil` where
    /// the frame has none, or the reader was told to leave rows alone.
    ///
    /// `account` is empty: totals are in `states`. `gaps` are those of the frame.
    public var rows: RowBatch?
    /// Digest of the definitions the rows were made with, 32 bytes; empty if none was given.
    public var definitions: [UInt8]
    /// State after this frame of each source it touches; the source of the rows comes first.
    public var states: [SourceState]
    public var gaps: [Gap]
    /// Where the frame lies in the file.
    public var offset: Int
    public var length: Int

    public var nextIndex: UInt64 { firstIndex + UInt64(rowCount) }
}

/// A place in a log that is not what was written.
public struct LogDamage: Hashable, Sendable, CustomStringConvertible {
    public var path: String
    /// The bytes concerned.
    public var bytes: Range<Int>
    /// Leaf indices that are missing because of it; empty where none is.
    public var missing: Range<UInt64>
    /// One sentence without its full stop.
    public var what: String

    public var description: String {
        var text = "\(path): \(what) (bytes \(bytes.lowerBound) to \(bytes.upperBound))"
        if !missing.isEmpty {
            text += ", records \(missing.lowerBound) to \(missing.upperBound - 1) are missing"
        }
        return text
    }
}

extension [UInt8] {
    /// Writes `value` over the bytes at `offset`, the lowest first.
    mutating func replaceLittleEndian<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        for byte in 0..<MemoryLayout<T>.size {
            self[offset + byte] = UInt8(truncatingIfNeeded: value >> T(byte * 8))
        }
    }
}

extension StoreError {
    /// What the file system refused, as the store's error.
    init(file error: FileError) {
        let code: Code
        var advice = ""
        switch error.code {
        case .notFound: code = .notFound
        case .locked:
            code = .locked
            advice = "only one process may write a zone; stop the other one"
        case .noSpace:
            code = .noSpace
            advice = "make room; nothing that was acknowledged is lost"
        case .poisoned: code = .failed
        case .notPermitted:
            code = .system
            advice = "the store belongs to one user; run as that user"
        default: code = .system
        }
        let holder = error.detail.isEmpty ? "" : " (\(error.detail))"
        let what =
            error.code == .locked ? "another process writes here" + holder : error.summary
        self.init(code, what, path: error.path, advice: advice)
    }
}
