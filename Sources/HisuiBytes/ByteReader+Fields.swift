/// Fields made of a count and that many bytes, as stored structures use them.
extension ByteReader {
    /// The next `count` bytes, copied.
    @_lifetime(self: copy self)
    public mutating func array(_ count: Int) throws(Short) -> [UInt8] {
        let range = try take(count)
        return unsafe bytes.extracting(range.range).withUnsafeBufferPointer { buffer in
            // Safe: the buffer is read inside this closure only.
            unsafe Array(buffer)
        }
    }

    /// A varint count, and that many bytes.
    @_lifetime(self: copy self)
    public mutating func countedBytes() throws(Short) -> [UInt8] {
        let start = self
        do throws(Short) {
            return try array(try count())
        } catch {
            self = start
            throw error
        }
    }

    /// A varint count, and that many bytes of text; bytes that are no UTF-8 are repaired.
    @_lifetime(self: copy self)
    public mutating func countedText() throws(Short) -> String {
        String(decoding: try countedBytes(), as: UTF8.self)
    }

    /// A varint that counts things of at least `size` bytes each that follow: a number that the
    /// bytes left cannot hold is refused, so nobody reserves memory for it.
    @_lifetime(self: copy self)
    public mutating func count(ofSize size: Int = 1) throws(Short) -> Int {
        let start = self
        let value = try varint()
        guard value <= UInt64(remaining / size) else {
            self = start
            throw Short(position: position, wanted: .varint)
        }
        return Int(value)
    }
}

extension [UInt8] {
    /// Appends a varint count and the bytes: what `ByteReader.countedBytes` reads.
    @inlinable
    public mutating func appendCounted(_ bytes: some Collection<UInt8>) {
        appendVarint(UInt64(bytes.count))
        append(contentsOf: bytes)
    }
}
