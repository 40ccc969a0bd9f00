import CZlib
import CZstd
import HisuiBytes
import HisuiShape
import Synchronization

/// How the bytes of a chunk or section are compressed.
///
/// The raw value is stored; never renumber.
public enum Codec: UInt8, Sendable, CaseIterable {
    case stored = 0
    /// Zstandard (RFC 8878), one frame.
    case zstd = 1
    /// Deflate in the zlib format (RFC 1950), for whoever must read segments without zstd.
    case deflate = 2
}

/// Compresses chunks: the codec's working memory, kept from one to the next.
///
/// Owned by one writer; not for several threads.
@safe
final class Compressor {
    let codec: Codec
    private let level: Int32
    /// Owned by this object; nil unless the codec is zstd.
    private var context: OpaquePointer?
    private(set) var output: [UInt8] = []

    init(codec: Codec = .zstd, level: Int32? = nil) {
        self.codec = codec
        // Level 3 is zstd's default: on mixed syslog as text, 11 % smaller than level 1 for 13 %
        // more time (zstd 1.5.4). Not yet measured on columns.
        self.level = level ?? (codec == .zstd ? 3 : 6)
        unsafe context = codec == .zstd ? ZSTD_createCCtx() : nil
    }

    deinit {
        // Safe: the context was made by `ZSTD_createCCtx` and is freed once; nil is allowed.
        _ = unsafe ZSTD_freeCCtx(context)
    }

    /// Compresses `raw` into `output`.
    ///
    /// - Returns: the codec that `output` is in: `.stored` where compression does not pay.
    func compress(_ raw: Span<UInt8>) -> Codec {
        let used = raw.count < 32 ? Codec.stored : codec
        let written: Int? =
            switch used {
            case .stored: nil
            case .zstd: compressZstd(raw)
            case .deflate: compressDeflate(raw)
            }
        if let written, written < raw.count {
            output.removeSubrange(written...)
            return used
        }
        return store(raw)
    }

    /// Puts `raw` into `output` as it is.
    func store(_ raw: Span<UInt8>) -> Codec {
        output.removeAll(keepingCapacity: true)
        output.append(raw, ByteRange(0..<raw.count))
        return .stored
    }

    private func grow(to bound: Int) {
        if output.count < bound {
            output.append(contentsOf: repeatElement(0, count: bound - output.count))
        }
    }

    private func compressZstd(_ raw: Span<UInt8>) -> Int? {
        guard let context = unsafe context else { return nil }
        grow(to: ZSTD_compressBound(raw.count))
        let level = level
        let written = unsafe output.withUnsafeMutableBytes { out in
            unsafe raw.withUnsafeBytes { bytes in
                // Safe: both buffers live through the call, with their true lengths.
                unsafe ZSTD_compressCCtx(
                    context, out.baseAddress, out.count, bytes.baseAddress, bytes.count, level)
            }
        }
        return ZSTD_isError(written) == 0 ? written : nil
    }

    private func compressDeflate(_ raw: Span<UInt8>) -> Int? {
        var written = compressBound(uLong(raw.count))
        grow(to: Int(written))
        let level = level
        let result = unsafe output.withUnsafeMutableBufferPointer { out in
            unsafe raw.withUnsafeBufferPointer { bytes in
                // Safe: both buffers live through the call; `written` holds the output's length.
                unsafe compress2(
                    out.baseAddress, &written, bytes.baseAddress, uLong(bytes.count), level)
            }
        }
        return result == Z_OK ? Int(written) : nil
    }
}

extension Codec {
    /// The `rawCount` bytes that `stored` holds, or nil if it does not hold exactly that many.
    ///
    /// Never makes more than `rawCount` bytes, whatever `stored` says.
    func decompress(_ stored: Span<UInt8>, rawCount: Int) -> [UInt8]? {
        // No writer compresses nothing; and an array made with a capacity of 0 writes to the
        // runtime's shared empty one, which the thread sanitizer takes for a race.
        if rawCount == 0 { return self == .stored && stored.isEmpty ? [] : nil }
        switch self {
        case .stored:
            guard stored.count == rawCount else { return nil }
            var bytes: [UInt8] = []
            bytes.append(stored, ByteRange(0..<stored.count))
            return bytes
        case .zstd:
            return Decompressor.decompress(stored, rawCount: rawCount)
        case .deflate:
            var isWhole = false
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: rawCount) { out, count in
                unsafe stored.withUnsafeBufferPointer { bytes in
                    var made = uLong(rawCount)
                    // Safe: as above; `made` holds the output's length.
                    let result = unsafe uncompress(
                        out.baseAddress, &made, bytes.baseAddress, uLong(bytes.count))
                    isWhole = result == Z_OK && made == rawCount
                    count = isWhole ? rawCount : 0
                }
            }
            return isWhole ? bytes : nil
        }
    }
}

/// The working memory of zstd's decompression, 90 kB that are made ready once and not for each
/// chunk.
///
/// Belongs to one thread at a time.
@safe
private final class Decompressor: @unchecked Sendable {
    /// Owned by this object; nil where there was no memory.
    private let context: OpaquePointer?

    /// Those that nobody uses now: no more than were used at once.
    private static let free = Mutex<[Decompressor]>([])

    init() { unsafe context = ZSTD_createDCtx() }

    deinit {
        // Safe: the context was made by `ZSTD_createDCtx` and is freed once; nil is allowed.
        _ = unsafe ZSTD_freeDCtx(context)
    }

    /// The `rawCount` bytes that the frame `stored` holds; nil if it does not hold so many.
    static func decompress(_ stored: Span<UInt8>, rawCount: Int) -> [UInt8]? {
        let one = free.withLock { $0.popLast() } ?? Decompressor()
        defer { free.withLock { $0.append(one) } }
        return one.decompress(stored, rawCount: rawCount)
    }

    private func decompress(_ stored: Span<UInt8>, rawCount: Int) -> [UInt8]? {
        guard let context = unsafe context else { return nil }
        var isWhole = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: rawCount) { out, count in
            unsafe stored.withUnsafeBytes { bytes in
                // Safe: both buffers live through the call, with their true lengths; the context is
                // this thread's meanwhile.
                let made = unsafe ZSTD_decompressDCtx(
                    context, out.baseAddress, rawCount, bytes.baseAddress, bytes.count)
                isWhole = ZSTD_isError(made) == 0 && made == rawCount
                count = isWhole ? rawCount : 0
            }
        }
        return isWhole ? bytes : nil
    }
}
