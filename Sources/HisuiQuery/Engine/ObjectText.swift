import HisuiBytes

/// Writes fields as a JSON object of strings: valid UTF-8 for any values.
///
///     var object = ObjectText(&out)
///     object.append("a", bytes, range, to: &out)
///     object.close(&out)
struct ObjectText {
    private var isFirst = true

    init(_ out: inout [UInt8]) { out.append(UInt8(ascii: "{")) }

    /// Appends a member; one without value is left out, as is any field without value.
    mutating func append(
        _ name: String, _ bytes: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]
    ) {
        if range.isEmpty { return }
        if !isFirst { out.append(UInt8(ascii: ",")) }
        isFirst = false
        JSONText.appendString(name, to: &out)
        out.append(UInt8(ascii: ":"))
        JSONText.appendString(bytes, range, to: &out)
    }

    func close(_ out: inout [UInt8]) { out.append(UInt8(ascii: "}")) }
}

/// Writes values as a JSON array of strings: valid UTF-8 for any values.
struct ArrayText {
    private var items: [UInt8] = []
    private(set) var count = 0

    mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        if count > 0 { items.append(UInt8(ascii: ",")) }
        JSONText.appendString(bytes, range, to: &items)
        count += 1
    }

    var text: [UInt8] { [UInt8(ascii: "[")] + items + [UInt8(ascii: "]")] }
}
