import HisuiBytes

/// The items of a JSON array: strings as what they say, all else as it is written.
enum JSONItems {
    /// The first `max` items, and how many there are; nil if the text is no JSON array (RFC 8259),
    /// or one nested deeper than 64.
    ///
    /// - Complexity: O(length).
    static func read(_ value: Span<UInt8>, max: Int) -> (items: [[UInt8]], count: Int)? {
        var scanner = JSONScanner(value, 0..<value.count, depthMax: JSONScanner.depthLimit)
        var items: [[UInt8]] = []
        var count = 0
        do throws(JSONScanner.Failure) {
            guard case .beginArray = try scanner.next() else { return nil }
            while true {
                let token = try scanner.next()
                var item: [UInt8] = []
                switch token {
                case .endArray: continue
                case .end: return (items, count)
                case .string(let text): JSONText.appendUnescaped(value, text.range, to: &item)
                case .number(let range): item.append(value, range)
                case .bool(let isTrue): item.append(utf8: isTrue ? "true" : "false")
                case .null: item.append(utf8: "null")
                case .beginArray, .beginObject, .key, .endObject:
                    let start = scanner.position - 1
                    let depth = scanner.depth
                    while scanner.depth >= depth { _ = try scanner.next() }
                    item.append(value, start..<scanner.position)
                }
                count += 1
                if items.count < max { items.append(item) }
            }
        } catch {
            return nil
        }
    }
}
