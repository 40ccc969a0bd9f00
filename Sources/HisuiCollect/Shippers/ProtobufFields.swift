/// Reads the fields of one message in protobuf's wire format, in their order.
///
/// Strict: groups, field number 0, numbers of more than 64 bits and lengths beyond the message are
/// refused. Nothing is kept.
struct ProtobufFields: ~Escapable {
    enum Value: Hashable {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        /// A string, bytes, or a message: where it stands.
        case bytes(Range<Int>)
    }

    /// Where the message is none.
    struct Failure: Error, Hashable { var position: Int }

    private let bytes: Span<UInt8>
    private let end: Int
    private var position: Int

    /// - Parameter range: of the message in `bytes`.
    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field; nil at the end.
    mutating func next() throws(Failure) -> (number: UInt64, value: Value)? {
        guard position < end else { return nil }
        let tag = try varint()
        guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw Failure(position: position) }
        let value: Value
        switch tag & 7 {
        case 0: value = .varint(try varint())
        case 1: value = .fixed64(try fixed(8))
        case 2:
            let count = try varint()
            guard count <= UInt64(end - position) else { throw Failure(position: position) }
            value = .bytes(position..<position + Int(count))
            position += Int(count)
        case 5: value = .fixed32(UInt32(try fixed(4)))
        default: throw Failure(position: position)
        }
        return (tag >> 3, value)
    }

    /// Up to ten bytes; more of them than a number needs are no error.
    private mutating func varint() throws(Failure) -> UInt64 {
        var value: UInt64 = 0
        for shift: UInt64 in stride(from: 0, to: 70, by: 7) {
            guard position < end else { break }
            let byte = bytes[position]
            position += 1
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Failure(position: position)
    }

    private mutating func fixed(_ count: Int) throws(Failure) -> UInt64 {
        guard end - position >= count else { throw Failure(position: position) }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        position += count
        return value
    }
}
