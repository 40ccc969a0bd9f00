import HisuiBytes

/// The pairs of a text in logfmt: `level=info msg="a b" done`.
///
/// A name without a mark has no value. Text in quotes that have no end is taken as it stands.
enum LogfmtMembers {
    /// The first `max` pairs that have a name.
    ///
    /// - Complexity: O(length), and O(length) for each quote without an end, at most `max` times.
    static func read(_ value: Span<UInt8>, max: Int) -> [Member] {
        var members: [Member] = []
        var at = 0
        while members.count < max {
            while at < value.count, isSpace(value[at]) { at += 1 }
            guard at < value.count else { break }
            let start = at
            while at < value.count, !isSpace(value[at]), value[at] != UInt8(ascii: "=") { at += 1 }
            var member = Member(name: [], value: [])
            member.name.append(value, start..<at)
            if at < value.count, value[at] == UInt8(ascii: "=") {
                at += 1
                if let quoted = QuotedText.read(value, at: at),
                    quoted.end == value.count || isSpace(value[quoted.end])
                {
                    member.value = quoted.text
                    at = quoted.end
                } else {
                    let first = at
                    while at < value.count, !isSpace(value[at]) { at += 1 }
                    member.value.append(value, first..<at)
                }
            }
            if !member.name.isEmpty { members.append(member) }
        }
        return members
    }

    /// Appends a pair that reads back as this one, where the value is text: in quotes where it has
    /// to be. A name has `_` for what would end it.
    static func append(
        _ name: String, _ value: Span<UInt8>, _ range: Range<Int>, to out: inout [UInt8]
    ) {
        for byte in name.utf8 {
            let ends = byte <= 0x20 || byte == UInt8(ascii: "=") || byte == 0x22
            out.append(ends ? UInt8(ascii: "_") : byte)
        }
        out.append(UInt8(ascii: "="))
        let isPlain = range.allSatisfy { index in
            let byte = value[index]
            let isMark = byte == UInt8(ascii: "=") || byte == 0x5C || byte == 0x7F
            return byte > 0x20 && !isMark && byte != 0x22 && byte != 0x27 && byte != 0x60
        }
        if isPlain, UTF8Text.isValid(value, range) {
            out.append(value, range)
        } else {
            JSONText.appendString(value, range, to: &out)
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }
}
