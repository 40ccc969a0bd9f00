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
        for value in values.prefix(recordSlotCount) {
            out.append(bytes, value)
            out.append(contentsOf: literals[next])
            next += 1
        }
    }

    /// Whether a record with these slots has the shape's text around them.
    ///
    /// - Complexity: O(length of the fixed text).
    public func isFixedText(of record: Span<UInt8>, around slots: Span<ByteRange>) -> Bool {
        var text: [UInt8] = []
        var ends: [UInt32] = []
        for literal in literals.prefix(recordSlotCount + 1) {
            text += literal
            ends.append(UInt32(text.count))
        }
        return FixedText.equals(
            record, around: slots, literals: text.span, from: 0, ends: ends.span)
    }

    /// Appends a stretch of a row's record, as its bytes stand.
    public func appendBytes(
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

    /// Appends the text of a stretch of a row's record: each literal and slot is decoded by itself,
    /// because none ends inside a character. Who must not be shown is not.
    public func append(
        _ stretch: Stretch, slots values: some RandomAccessCollection<ByteRange>,
        of bytes: Span<UInt8>, to out: inout [UInt8]
    ) {
        let subject = subject
        if encoding == .utf8, subject == nil {
            appendBytes(stretch, slots: values, of: bytes, to: &out)
            return
        }
        for index in stretch.first...stretch.last {
            let literal = literals[index]
            let from = index == stretch.first ? stretch.firstByte : 0
            let to = index == stretch.last ? stretch.lastByte : literal.count
            encoding.appendText(literal.span, from..<to, to: &out)
            guard index < stretch.last else { return }
            let isSubject = index == subject?.number
            let number = isSubject ? subject?.beside ?? index : index
            let slot = values[values.index(values.startIndex, offsetBy: number)]
            let isQuoted = isSubject && needsQuotes(index)
            if isQuoted { out.append(0x22) }
            encoding.appendText(bytes, slot.range, to: &out)
            if isQuoted { out.append(0x22) }
        }
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
            if encoding == .utf8 {
                decoding.append(bytes, range, to: &out)
                return
            }
            var text: [UInt8] = []
            encoding.appendText(bytes, range.range, to: &text)
            decoding.append(text.span, ByteRange(0..<text.count), to: &out)
        }
    }

    /// The shape that the text of the records has: the same slots and fields, fixed text in UTF-8.
    ///
    /// What reads columns decodes them with `encoding` and goes on with this shape.
    ///
    /// - Complexity: O(length of the fixed text) unless the records are in UTF-8.
    public func inUTF8() -> Shape {
        if encoding == .utf8 { return self }
        var shape = self
        shape.encoding = .utf8
        shape.literals = literals.map { text($0, upTo: $0.count) }
        shape.message = inUTF8(message)
        for index in fields.indices {
            if case .stretch(let stretch) = fields[index].value {
                shape.fields[index].value = .stretch(inUTF8(stretch))
            }
        }
        return shape
    }

    private func inUTF8(_ stretch: Stretch) -> Stretch {
        Stretch(
            first: stretch.first,
            firstByte: text(literals[stretch.first], upTo: stretch.firstByte).count,
            last: stretch.last,
            lastByte: text(literals[stretch.last], upTo: stretch.lastByte).count)
    }

    private func text(_ literal: [UInt8], upTo end: Int) -> [UInt8] {
        var out: [UInt8] = []
        encoding.appendText(literal.span, 0..<end, to: &out)
        return out
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
        case .jsonName:
            if !Self.isHyphen(bytes, range) {
                JSONText.appendUnescaped(bytes, range.range, to: &out)
            }
        case .name:
            if !Self.isHyphen(bytes, range) { out.append(bytes, range) }
        case .cefEscapes: ExtensionText.appendUnescaped(bytes, range.range, to: &out)
        case .xmlText: XMLText.appendDecoded(bytes, range.range, to: &out)
        case .xmlName:
            if !Self.isHyphen(bytes, range) {
                XMLText.appendDecoded(bytes, range.range, to: &out)
            }
        case .plusBlanks:
            if Self.isHyphen(bytes, range) { return }
            for index in range.range { out.append(bytes[index] == 0x2B ? 0x20 : bytes[index]) }
        case .doubledQuotes:
            var isSecond = false
            for index in range.range {
                let byte = bytes[index]
                isSecond = byte == 0x22 && !isSecond
                if byte != 0x22 || isSecond { out.append(byte) }
            }
        case .hexNumber: appendHexNumber(bytes, range, to: &out)
        case .address:
            if !Self.isHyphen(bytes, range) {
                out.append(bytes, ByteRange(IPAddress.withoutMapping(bytes, range.range)))
            }
        case .hexBytes: appendHexBytes(bytes, range, to: &out)
        }
    }

    private func appendHexBytes(
        _ bytes: Span<UInt8>, _ range: ByteRange, to out: inout [UInt8]
    ) {
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

    private func appendHexNumber(
        _ bytes: Span<UInt8>, _ range: ByteRange, to out: inout [UInt8]
    ) {
        var at = range.range.lowerBound
        let end = range.range.upperBound
        if end - at > 2, bytes[at] == 0x30, bytes[at + 1] | 0x20 == 0x78 { at += 2 }
        var number: UInt64 = 0
        while at < end, let digit = hexDigit(bytes[at]), number >> 59 == 0 {
            number = number << 4 | UInt64(digit)
            at += 1
        }
        if at == end, number <= UInt64(Int64.max) {
            out.append(contentsOf: String(number).utf8)
        } else {
            out.append(bytes, range)
        }
    }

    private static func isHyphen(_ bytes: Span<UInt8>, _ range: ByteRange) -> Bool {
        range.count == 1 && bytes[range.range.lowerBound] == 0x2D
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
