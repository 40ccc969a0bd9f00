import HisuiBytes

/// The members of a JSON object as flat fields: names of nested objects joined by points, arrays as
/// the JSON text that they are, numbers as written.
///
/// Members that are `null` are none. Of a name that stands twice both are given.
enum JSONMembers {
    /// The first `max` members; nil if the text is no JSON object (RFC 8259), or one nested deeper
    /// than 64.
    ///
    /// Each has the names of all objects around it: there are none behind the one with which names
    /// and values take more than a row may (`PipeLimits.rowBytesMax`).
    ///
    /// - Complexity: O(length · depth).
    static func read(_ value: Span<UInt8>, max: Int) -> [Member]? {
        var scanner = JSONScanner(value, 0..<value.count, depthMax: JSONScanner.depthLimit)
        var members: [Member] = []
        var bytes = 0
        // The name of the value that comes, and where the name of each open object ends in it.
        var name: [UInt8] = []
        var ends: [Int] = []
        do throws(JSONScanner.Failure) {
            guard case .beginObject = try scanner.next() else { return nil }
            ends.append(0)
            while true {
                let token = try scanner.next()
                switch token {
                case .key(let text):
                    name.removeSubrange((ends.last ?? 0)...)
                    if !name.isEmpty { name.append(UInt8(ascii: ".")) }
                    append(text, of: value, to: &name)
                case .beginObject: ends.append(name.count)
                case .endObject: ends.removeLast()
                case .end: return members
                default:
                    guard let found = try text(of: token, value, &scanner) else { continue }
                    if members.count < max, bytes <= PipeLimits.rowBytesMax {
                        members.append(Member(name: name, value: found))
                        bytes += name.count + found.count
                    }
                }
            }
        } catch {
            return nil
        }
    }

    private static func append(
        _ text: JSONScanner.Text, of value: Span<UInt8>, to out: inout [UInt8]
    ) {
        if text.hasEscapes {
            JSONText.appendUnescaped(value, text.range, to: &out)
        } else {
            out.append(value, text.range)
        }
    }

    /// The value that a token begins, as text; nil for `null`.
    private static func text(
        of token: JSONScanner.Token, _ value: Span<UInt8>, _ scanner: inout JSONScanner
    ) throws(JSONScanner.Failure) -> [UInt8]? {
        var out: [UInt8] = []
        switch token {
        case .string(let text): append(text, of: value, to: &out)
        case .number(let range): out.append(value, range)
        case .bool(let isTrue): out.append(utf8: isTrue ? "true" : "false")
        case .beginArray:
            let start = scanner.position - 1
            let depth = scanner.depth
            while scanner.depth >= depth { _ = try scanner.next() }
            out.append(value, start..<scanner.position)
        default: return nil
        }
        return out
    }
}
