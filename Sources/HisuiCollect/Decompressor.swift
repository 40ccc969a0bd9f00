import CZlib
import CZstd
import HisuiEvent

/// Turns the bytes of a plain, gzip or zstd file, or of a request's body, into what it contains,
/// piece by piece.
///
/// Memory is bounded by the formats' windows (32 KiB, and what the bounds say for zstd) and the
/// caller's buffer. What expands beyond the bounds is refused when it does so.
struct Decompressor: ~Copyable {
    /// What may be asked of this machine.
    struct Bounds: Hashable, Sendable {
        /// Window of zstd, as a power of two.
        var zstdWindowLog: Int
        /// Bytes given for each byte taken, beyond `freeBytes`.
        var ratio: Int
        var freeBytes: Int

        /// Of files, which an operator has named.
        static let file = Bounds(
            zstdWindowLog: Limits.zstdWindowLogMax, ratio: Limits.expansionRatioMax,
            freeBytes: 64 << 20)
        /// Of bodies, which anyone may send who may connect.
        static let body = Bounds(
            zstdWindowLog: Limits.httpZstdWindowLogMax, ratio: Limits.httpExpansionRatioMax,
            freeBytes: Limits.httpExpansionFreeBytes)
    }

    enum Format: Hashable, Sendable { case plain, gzip, zstd }

    /// Why no more can be had.
    enum Failure: Error, Hashable, Sendable { case damaged(String), tooLarge }

    let format: Format
    private let bounds: Bounds
    private var inflater: Inflater?
    private var zstd: ZstdReader?
    private var taken = 0
    private var given = 0
    /// The compressed stream stands between two of its members.
    private(set) var isAtEnd = true

    /// - Parameter beginning: the first bytes of the file, four if there are as many.
    init(beginning: Span<UInt8>) {
        var magic: UInt32 = 0
        for i in 0..<min(4, beginning.count) { magic |= UInt32(beginning[i]) << UInt32(8 * i) }
        if beginning.count >= 3, magic & 0xff_ffff == 0x08_8b1f {
            self.init(.gzip)
        } else if beginning.count >= 4, magic == 0xfd2f_b528 || magic & 0xffff_fff0 == 0x184d_2a50 {
            self.init(.zstd)
        } else {
            self.init(.plain)
        }
    }

    init(_ format: Format, within bounds: Bounds = .file) {
        self.format = format
        self.bounds = bounds
        switch format {
        case .plain: break
        case .gzip: inflater = Inflater()
        case .zstd: zstd = ZstdReader(windowLog: bounds.zstdWindowLog)
        }
    }

    /// Decompresses from `input` at `position`, appending to `output` some
    /// 256 KiB at the most.
    ///
    /// - Parameter position: moves on by what was used of `input`.
    mutating func decompress(
        _ input: Span<UInt8>, _ position: inout Int, into output: inout [UInt8]
    ) throws(Failure) {
        let before = (position, output.count)
        switch format {
        case .plain:
            let count = input.count - position
            let part = input.extracting(position..<position + count)
            unsafe part.withUnsafeBufferPointer { buffer in
                // Safe: the buffer is read inside this closure only.
                unsafe output.append(contentsOf: buffer)
            }
            position += count
        case .gzip: try inflater?.run(input, &position, &output, &isAtEnd)
        case .zstd: try zstd?.run(input, &position, &output, &isAtEnd)
        }
        taken += position - before.0
        given += output.count - before.1
        if given > bounds.freeBytes, given / bounds.ratio > taken {
            throw .tooLarge
        }
    }

    /// What is read or decompressed at once.
    static let pieceBytes = 256 << 10
}

/// zlib's state for gzip members one after the other.
@safe
private final class Inflater {
    // Safe: zlib keeps the address of its stream, so it lives on the heap until `deinit`.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isReady: Bool
    private var scratch = [UInt8](repeating: 0, count: Decompressor.pieceBytes)

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 bits of window, and 16 to expect gzip's header and check its trailer.
        isReady =
            unsafe inflateInit2_(
                stream, 15 + 16, zlibVersion(), Int32(MemoryLayout<z_stream>.size)) == Z_OK
    }

    deinit {
        if isReady { unsafe inflateEnd(stream) }
        unsafe stream.deallocate()
    }

    func run(
        _ input: Span<UInt8>, _ position: inout Int, _ output: inout [UInt8], _ isAtEnd: inout Bool
    ) throws(Decompressor.Failure) {
        guard isReady else { throw .damaged("no memory for zlib") }
        if isAtEnd {
            // Between members: zeros are padding (tapes, block devices), as gzip has it.
            while position < input.count, input[position] == 0 { position += 1 }
            if position == input.count { return }
            unsafe inflateReset(stream)
            isAtEnd = false
        }
        let start = position
        var status = Z_OK
        var left = (input: 0, output: 0)
        unsafe input.withUnsafeBufferPointer { source in
            unsafe scratch.withUnsafeMutableBufferPointer { target in
                // Safe: zlib reads and writes within the counts given, during the call only.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: source.baseAddress.map { unsafe $0 + start })
                unsafe stream.pointee.avail_in = UInt32(source.count - start)
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(target.count)
                status = unsafe inflate(stream, Z_NO_FLUSH)
                left = unsafe (
                    Int(stream.pointee.avail_in), Int(stream.pointee.avail_out)
                )
            }
        }
        position = input.count - left.input
        output.append(contentsOf: scratch[..<(scratch.count - left.output)])
        switch status {
        case Z_STREAM_END: isAtEnd = true
        case Z_OK, Z_BUF_ERROR: break
        default: throw .damaged("the gzip data is damaged")
        }
    }
}

/// zstd's state for frames one after the other.
@safe
private final class ZstdReader {
    // Safe: made here, freed in `deinit`, never handed out.
    private let stream: OpaquePointer?
    private var scratch = [UInt8](repeating: 0, count: Decompressor.pieceBytes)

    init(windowLog: Int) {
        unsafe stream = ZSTD_createDStream()
        _ = unsafe ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Int32(windowLog))
    }

    deinit { _ = unsafe ZSTD_freeDStream(stream) }

    func run(
        _ input: Span<UInt8>, _ position: inout Int, _ output: inout [UInt8], _ isAtEnd: inout Bool
    ) throws(Decompressor.Failure) {
        guard unsafe stream != nil else { throw .damaged("no memory for zstd") }
        var status = 0
        var written = 0
        var read = position
        unsafe input.withUnsafeBufferPointer { source in
            unsafe scratch.withUnsafeMutableBufferPointer { target in
                // Safe: zstd reads and writes within the counts given, during the call only.
                var from = unsafe ZSTD_inBuffer(
                    src: source.baseAddress, size: source.count, pos: read)
                var into = unsafe ZSTD_outBuffer(
                    dst: target.baseAddress, size: target.count, pos: 0)
                status = unsafe ZSTD_decompressStream(stream, &into, &from)
                unsafe read = from.pos
                unsafe written = into.pos
            }
        }
        let isIdle = read == position && written == 0
        position = read
        output.append(contentsOf: scratch[..<written])
        if ZSTD_isError(status) != 0 { throw .damaged("the zstd data is damaged") }
        // Without anything to do it asks for the next frame, which need not come.
        if !isIdle { isAtEnd = status == 0 }
    }
}
