/// A cursor over bytes that came from disk or network: every read checks that the bytes are there.
///
/// The encodings are those of `ByteWriting.swift`. A read that fails leaves the cursor where it
/// was, so the caller can say where the bytes end.
public struct ByteReader: ~Escapable {
    /// The bytes end, or break the encoding, before the value asked for is complete.
    public struct Short: Error, Hashable, CustomStringConvertible {
        /// Where the read began.
        public var position: Int
        public var wanted: Wanted

        public init(position: Int, wanted: Wanted) {
            self.position = position
            self.wanted = wanted
        }

        public var description: String { "no complete \(wanted.text) at byte \(position)" }

        /// The kind of value that was asked for.
        public enum Wanted: Hashable, Sendable {
            case integer(bytes: Int)
            case varint
            case run(bytes: Int)

            var text: String {
                switch self {
                case .integer(let bytes): "integer of \(bytes) bytes"
                case .varint: "varint"
                case .run(let bytes): "run of \(bytes) bytes"
                }
            }
        }
    }

    @usableFromInline let bytes: Span<UInt8>
    /// Index of the next byte to read, in the span given to `init`.
    public private(set) var position: Int
    /// Index after the last byte that may be read.
    public let end: Int

    /// Reads all of `bytes`.
    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    /// Reads `range` of `bytes`; positions stay those of `bytes`.
    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        precondition(range.upperBound <= bytes.count, "the range lies in the bytes")
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// How many bytes are left.
    public var remaining: Int { end - position }

    /// Bytes that were read before.
    ///
    /// - Parameter range: of the span given to `init`.
    @_lifetime(copy self)
    public func span(_ range: ByteRange) -> Span<UInt8> { bytes.extracting(range.range) }

    public mutating func u8() throws(Short) -> UInt8 { try integer() }

    /// The next two bytes, the lowest first.
    public mutating func u16() throws(Short) -> UInt16 { try integer() }

    /// The next four bytes, the lowest first.
    public mutating func u32() throws(Short) -> UInt32 { try integer() }

    /// The next eight bytes, the lowest first.
    public mutating func u64() throws(Short) -> UInt64 { try integer() }

    @inline(__always)
    private mutating func integer<T: FixedWidthInteger & BitwiseCopyable>() throws(Short) -> T {
        let size = MemoryLayout<T>.size
        guard remaining >= size else {
            throw Short(position: position, wanted: .integer(bytes: size))
        }
        // Safe: `size` bytes are there, by the guard, and any bits are a valid integer.
        let value = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: T.self)
        position += size
        return T(littleEndian: value)
    }

    /// An unsigned number of 1 to 10 bytes.
    ///
    /// What does not fit 64 bits is refused, and so is a last byte of zero after others: each
    /// number has one encoding.
    public mutating func varint() throws(Short) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var at = position
        while at < end, shift < 64 {
            let byte = bytes[at]
            at += 1
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                if byte == 0, shift > 0 { break }
                position = at
                return value
            }
            shift += 7
        }
        throw Short(position: position, wanted: .varint)
    }

    /// A signed number in zigzag form.
    public mutating func signedVarint() throws(Short) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// The next `count` bytes, as a range of the span given to `init`, which must be shorter than 4
    /// GiB.
    ///
    /// A negative count is refused like one that is too large.
    public mutating func take(_ count: Int) throws(Short) -> ByteRange {
        guard count >= 0, count <= remaining else {
            throw Short(position: position, wanted: .run(bytes: count))
        }
        let range = ByteRange(position..<position + count)
        position += count
        return range
    }
}
