public import HisuiBytes

extension Shape {
    /// Appends the record of a row: literals and slots in turn.
    ///
    /// - Parameters:
    ///   - slots: the row's slot values, spans of `bytes`, one for each slot of the shape.
    /// - Complexity: O(length of the record).
    public func appendRecord(
        slots values: some Collection<ByteRange>, of bytes: Span<UInt8>, to out: inout [UInt8]
    ) {
        precondition(values.count == slots.count, "one value for each slot")
        out.append(contentsOf: literals[0])
        var next = 1
        for value in values {
            out.append(bytes, value)
            out.append(contentsOf: literals[next])
            next += 1
        }
    }

    /// Appends a stretch of a row's record.
    public func append(
        _ stretch: Stretch, slots values: some RandomAccessCollection<ByteRange>,
        of bytes: Span<UInt8>, to out: inout [UInt8]
    ) {
        if stretch.first == stretch.last {
            out.append(contentsOf: literals[stretch.first][stretch.firstByte..<stretch.lastByte])
            return
        }
        out.append(contentsOf: literals[stretch.first][stretch.firstByte...])
        for index in stretch.first..<stretch.last {
            out.append(bytes, values[values.index(values.startIndex, offsetBy: index)])
            if index + 1 < stretch.last { out.append(contentsOf: literals[index + 1]) }
        }
        out.append(contentsOf: literals[stretch.last][..<stretch.lastByte])
    }

    /// Appends the value of a field of a row, decoded.
    public func append(
        _ value: Value, slots values: some RandomAccessCollection<ByteRange>, of bytes: Span<UInt8>,
        to out: inout [UInt8]
    ) {
        switch value {
        case .constant(let constant):
            out.append(contentsOf: constant)
        case .stretch(let stretch):
            append(stretch, slots: values, of: bytes, to: &out)
        case .slot(let slot, let decoding):
            let range = values[values.index(values.startIndex, offsetBy: slot)]
            decoding.append(bytes, range, to: &out)
        }
    }
}

extension Shape.Decoding {
    /// Appends the decoded form of the bytes in `range`. Bytes that do not follow the form are
    /// appended as they stand: nothing from outside makes this fail.
    public func append(_ bytes: Span<UInt8>, _ range: ByteRange, to out: inout [UInt8]) {
        switch self {
        case .raw:
            out.append(bytes, range)
        case .severityOfPriority, .facilityOfPriority:
            var priority = 0
            for index in range.range {
                let digit = bytes[index] &- 0x30
                guard digit <= 9, priority <= 999 else {
                    out.append(bytes, range)
                    return
                }
                priority = priority * 10 + Int(digit)
            }
            let number = self == .severityOfPriority ? priority & 7 : priority >> 3
            out.append(contentsOf: String(number).utf8)
        case .backslashEscapes:
            var index = range.range.lowerBound
            let end = range.range.upperBound
            while index < end {
                let byte = bytes[index]
                if byte == 0x5C, index + 1 < end, [0x22, 0x5C, 0x5D].contains(bytes[index + 1]) {
                    index += 1
                }
                out.append(bytes[index])
                index += 1
            }
        case .jsonEscapes:
            JSONText.appendUnescaped(bytes, range.range, to: &out)
        case .jsonValue:
            if !JSONText.isNull(bytes, range.range) { out.append(bytes, range) }
        case .doubledQuotes:
            var isSecond = false
            for index in range.range {
                let byte = bytes[index]
                isSecond = byte == 0x22 && !isSecond
                if byte != 0x22 || isSecond { out.append(byte) }
            }
        case .hexBytes:
            guard range.count % 2 == 0 else {
                out.append(bytes, range)
                return
            }
            let start = out.count
            var index = range.range.lowerBound
            while index < range.range.upperBound {
                guard let high = hexDigit(bytes[index]), let low = hexDigit(bytes[index + 1]) else {
                    out.removeSubrange(start...)
                    out.append(bytes, range)
                    return
                }
                out.append(high << 4 | low)
                index += 2
            }
        }
    }

    private func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte &- 0x30
        case 0x41...0x46: byte &- 0x37
        case 0x61...0x66: byte &- 0x57
        default: nil
        }
    }
}

extension [UInt8] {
    /// Appends the bytes of `range`.
    @inlinable
    public mutating func append(_ bytes: Span<UInt8>, _ range: ByteRange) {
        unsafe bytes.extracting(range.range).withUnsafeBufferPointer { buffer in
            // Safe: the buffer is read inside this closure only.
            unsafe append(contentsOf: buffer)
        }
    }
}
