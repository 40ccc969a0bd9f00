import HisuiBytes

/// Text with marks in the place of its numbers.
///
/// A number is a run of digits, or of an even number of hexadecimal digits from four on (`dead`,
/// but neither `be` nor `abc`). Before and behind it stands no letter, digit or `_`, but for those
/// that stand before and behind numbers in times, durations and versions: `T X x v s h m` before
/// it, `T Z s m h n u µ` behind it.
enum CollapsedNumbers {
    private static let mark = Array("<N>".utf8)

    /// The text with `<N>` in the place of numbers.
    ///
    /// - Complexity: O(length); at most three times as long.
    static func text(_ value: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(value.count)
        var at = 0
        while at < value.count {
            guard HexText.digit(value[at]) != nil else {
                out.append(value[at])
                at += 1
                continue
            }
            let start = at
            var hasLetter = false
            while at < value.count, HexText.digit(value[at]) != nil {
                if value[at] > 0x39 { hasLetter = true }
                at += 1
            }
            let count = at - start
            let isNumber = !hasLetter || (count >= 4 && count % 2 == 0)
            if isNumber, canBegin(value, start), canEnd(value, at) {
                out += mark
            } else {
                out.append(value, start..<at)
            }
        }
        return out
    }

    private static func canBegin(_ value: Span<UInt8>, _ at: Int) -> Bool {
        guard at > 0, let before = Scalars.last(in: value, 0..<at) else { return true }
        return !WordCharacter.isLetterOrDigit(before) || "TXxvshm".unicodeScalars.contains(before)
    }

    private static func canEnd(_ value: Span<UInt8>, _ at: Int) -> Bool {
        guard at < value.count, let after = Scalars.first(in: value, at..<value.count).0 else {
            return true
        }
        return !WordCharacter.isLetterOrDigit(after)
            || "TZsmhnu\u{B5}\u{3BC}".unicodeScalars.contains(after)
    }

    /// What stands for marks that stand together, in the order in which they are looked for.
    private static let forms: [(marks: [UInt8], name: [UInt8], tails: [[UInt8]])] = [
        ("<N>-<N>-<N>-<N>-<N>", "<UUID>", []),
        ("<N>.<N>.<N>.<N>", "<IP4>", []),
        ("<N>:<N>:<N>", "<TIME>", [".<N>", ",<N>"]),
        ("<N>-<N>-<N>", "<DATE>", []),
        ("<N>/<N>/<N>", "<DATE>", []),
        ("<DATE>T<TIME>", "<DATETIME>", ["Z", "-<N>:<N>", "+<N>:<N>"]),
        ("<DATE> <TIME>", "<DATETIME>", ["Z", "-<N>:<N>", "+<N>:<N>"]),
    ].map { (Array($0.utf8), Array($1.utf8), $2.map { Array($0.utf8) }) }

    /// The text with the names of what is written so in the place of marks that stand together.
    ///
    /// - Complexity: O(length).
    static func pretty(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for (marks, name, tails) in forms {
            var out: [UInt8] = []
            var at = 0
            while let start = ByteSearch.first(of: marks, in: text.span, at..<text.count) {
                out += text[at..<start]
                out += name
                at = start + marks.count
                if let tail = tails.first(where: { text[at...].starts(with: $0) }) {
                    at += tail.count
                }
            }
            if at > 0 { text = out + text[at...] }
        }
        return text
    }
}
