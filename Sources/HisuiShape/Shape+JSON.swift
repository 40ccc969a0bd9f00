public import HisuiBytes

extension Shape {
    /// Appends the fields of a row as members of a JSON object, without its braces: `"name":value`
    /// with commas between, `message` last. A field whose decoding says that it is nothing is
    /// left out.
    ///
    /// Integers that are written as JSON writes numbers are numbers, and so are numbers and truth
    /// values of a JSON record; all else is a string of valid
    /// UTF-8 without control characters (`JSONText`). Nothing is appended before or behind, so the
    /// members of others can stand beside these; there is always at least `message`.
    ///
    /// - Parameters:
    ///   - values: the row's slot values, spans of `bytes`, one for each slot of the shape.
    public func appendJSONMembers(
        slots values: some RandomAccessCollection<ByteRange>, of bytes: Span<UInt8>,
        to out: inout [UInt8]
    ) {
        var buffer: [UInt8] = []
        var hasMessage = false
        for field in fields {
            if isNothing(field.value, values, bytes) { continue }
            if field.name == "message" { hasMessage = true }
            JSONText.appendString(field.name, to: &out)
            out.append(0x3A)
            append(field.value, field.type, slots: values, of: bytes, &buffer, to: &out)
            out.append(0x2C)
        }
        if hasMessage {
            out.removeLast()
            return
        }
        out.append(utf8: "\"message\":")
        append(.stretch(message), .text, slots: values, of: bytes, &buffer, to: &out)
    }

    /// Whether a value is there and means that there is none.
    private func isNothing(
        _ value: Value, _ values: some RandomAccessCollection<ByteRange>, _ bytes: Span<UInt8>
    ) -> Bool {
        guard case .slot(let slot, let decoding) = value else { return false }
        let range = values[values.index(values.startIndex, offsetBy: slot)].range
        switch decoding {
        case .jsonName, .name, .xmlName, .plusBlanks, .address:
            return range.isEmpty || range.count == 1 && bytes[range.lowerBound] == 0x2D
        case .doubledQuotes, .cefEscapes: return range.isEmpty
        case .jsonValue: return JSONText.isNull(bytes, range)
        default: return false
        }
    }

    private func append(
        _ value: Value, _ type: FieldType, slots values: some RandomAccessCollection<ByteRange>,
        of bytes: Span<UInt8>, _ buffer: inout [UInt8], to out: inout [UInt8]
    ) {
        if encoding == .utf8, case .slot(let slot, .raw) = value {
            let range = values[values.index(values.startIndex, offsetBy: slot)].range
            Shape.appendJSON(bytes, range, type, to: &out)
            return
        }
        if case .slot(let slot, .jsonValue) = value {
            // ASCII in every encoding, and by the grammar of JSON.
            let range = values[values.index(values.startIndex, offsetBy: slot)].range
            if let first = range.first, bytes[first] != 0x5B {
                out.append(bytes, ByteRange(range))
                return
            }
        }
        buffer.removeAll(keepingCapacity: true)
        append(value, slots: values, of: bytes, to: &buffer)
        Shape.appendJSON(buffer.span, 0..<buffer.count, type, to: &out)
    }

    private static func appendJSON(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ type: FieldType, to out: inout [UInt8]
    ) {
        if type == .integer, isCanonicalInteger(bytes, range) {
            out.append(bytes, ByteRange(range))
        } else if type == .boolean, isTruthValue(bytes, range) {
            out.append(bytes, ByteRange(range))
        } else {
            JSONText.appendString(bytes, range, to: &out)
        }
    }

    private static func isTruthValue(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        ByteSearch.equal(bytes, range, Array("true".utf8).span)
            || ByteSearch.equal(bytes, range, Array("false".utf8).span)
    }

    /// Whether the bytes are what JSON calls an integer, in 64 bits.
    private static func isCanonicalInteger(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var digits = range
        if let first = range.first, bytes[first] == 0x2D { digits = digits.dropFirst() }
        guard let first = digits.first, digits.count <= 18 else { return false }
        if bytes[first] == 0x30 { return range.count == 1 }
        for index in digits where bytes[index] &- 0x30 > 9 { return false }
        return true
    }
}
