/// Path patterns as shells write them.
///
///     *       any characters but '/'             ?      one character but '/'
///     **      any characters; as a whole part    [a-z]  one of these characters; [!…], [^…] none
///             of a path, any number of parts     \x     the character x itself
///
/// Patterns and paths are characters of UTF-8; a byte that is no text is a character of its own and
/// equal only to itself. A `[` that is not closed is a plain character. No file is hidden: `*` also
/// matches names that begin with a dot.
public enum Glob {
    /// Whether all of `path` fits `pattern`.
    ///
    /// - Complexity: O(n · m) at worst: only the last `*` and the last `**` are ever retried.
    public static func match(_ pattern: String, _ path: String) -> Bool {
        match(Array(pattern.utf8).span, Array(path.utf8).span)
    }

    /// Whether all of `path` fits `pattern`.
    public static func match(_ pattern: Span<UInt8>, _ path: Span<UInt8>) -> Bool {
        var p = 0
        var at = 0
        // Where to go on when the text does not fit: pattern after the star, next text to try.
        var star: (pattern: Int, text: Int)?
        var stars: (pattern: Int, text: Int, wholeParts: Bool)?
        while true {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                let run = starsEnd(pattern, p)
                if run - p >= 2 {
                    let wholeParts =
                        (p == 0 || pattern[p - 1] == 0x2F) && run < pattern.count
                        && pattern[run] == 0x2F
                    p = wholeParts ? run + 1 : run
                    stars = (p, at, wholeParts)
                    star = nil
                } else {
                    p = run
                    star = (p, at)
                }
                continue
            }
            if p < pattern.count, at < path.count, let next = one(pattern, p, path, at) {
                p = next.pattern
                at = next.text
                continue
            }
            if p == pattern.count, at == path.count { return true }
            if let retry = star, retry.text < path.count, path[retry.text] != 0x2F {
                at = retry.text + character(path, retry.text).count
                star = (retry.pattern, at)
                p = retry.pattern
                continue
            }
            guard let retry = stars, retry.text < path.count else { return false }
            if retry.wholeParts {
                guard let slash = ByteSearch.first(of: 0x2F, in: path, retry.text..<path.count)
                else { return false }
                at = slash + 1
            } else {
                at = retry.text + character(path, retry.text).count
            }
            stars = (retry.pattern, at, retry.wholeParts)
            star = nil
            p = retry.pattern
        }
    }

    private static func starsEnd(_ pattern: Span<UInt8>, _ start: Int) -> Int {
        var end = start
        while end < pattern.count, pattern[end] == UInt8(ascii: "*") { end += 1 }
        return end
    }

    /// The character at `at`; bytes that are no text are numbered beyond all scalars.
    private static func character(
        _ bytes: Span<UInt8>, _ at: Int
    ) -> (count: Int, code: UInt32) {
        let (count, scalar) = UTF8Text.character(bytes, at..<bytes.count)
        if let scalar { return (count, scalar) }
        return (1, 0x11_0000 + UInt32(bytes[at]))
    }

    /// Matches one element of the pattern, no star, with one character of the text.
    private static func one(
        _ pattern: Span<UInt8>, _ p: Int, _ path: Span<UInt8>, _ at: Int
    ) -> (pattern: Int, text: Int)? {
        let text = character(path, at)
        switch pattern[p] {
        case UInt8(ascii: "?"):
            return text.code == 0x2F ? nil : (p + 1, at + text.count)
        case UInt8(ascii: "["):
            guard let set = set(pattern, p, text.code) else { break }
            return set.holds && text.code != 0x2F ? (set.end, at + text.count) : nil
        case UInt8(ascii: "\\") where p + 1 < pattern.count:
            let wanted = character(pattern, p + 1)
            return wanted.code == text.code ? (p + 1 + wanted.count, at + text.count) : nil
        default:
            break
        }
        let wanted = character(pattern, p)
        return wanted.code == text.code ? (p + wanted.count, at + text.count) : nil
    }

    /// Reads the set that begins at `start`; nil if it is not closed.
    private static func set(
        _ pattern: Span<UInt8>, _ start: Int, _ code: UInt32
    ) -> (end: Int, holds: Bool)? {
        var p = start + 1
        var negated = false
        if p < pattern.count, pattern[p] == UInt8(ascii: "!") || pattern[p] == UInt8(ascii: "^") {
            negated = true
            p += 1
        }
        var holds = false
        var isFirst = true
        func member() -> UInt32? {
            if p + 1 < pattern.count, pattern[p] == UInt8(ascii: "\\") { p += 1 }
            guard p < pattern.count else { return nil }
            let member = character(pattern, p)
            p += member.count
            return member.code
        }
        while p < pattern.count {
            // A bracket that closes right at the beginning is a member.
            if pattern[p] == UInt8(ascii: "]"), !isFirst { return (p + 1, holds != negated) }
            isFirst = false
            guard let low = member() else { return nil }
            var high = low
            if p + 1 < pattern.count, pattern[p] == UInt8(ascii: "-"),
                pattern[p + 1] != UInt8(ascii: "]")
            {
                p += 1
                guard let upper = member() else { return nil }
                high = upper
            }
            if low <= code, code <= high { holds = true }
        }
        return nil
    }
}
