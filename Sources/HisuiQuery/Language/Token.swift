/// The smallest parts of a query.
struct Token {
    enum Kind {
        /// Text without quotes: `error`, `/var/log`, `5m`.
        case word
        /// Text in `"…"`, `'…'` or backquotes, unquoted.
        case quoted
        /// One of the marks that mean something.
        case mark
        case end
    }

    var kind: Kind
    /// The text; of a quoted token what stands between the quotes, escapes decoded.
    ///
    /// Not always valid UTF-8: `"\xff"` is one byte.
    var bytes: [UInt8]
    /// Where it stands in the query, in bytes.
    var start: Int
    var end: Int
    /// Whether white space or a comment stands before it.
    var spaceBefore: Bool

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether this is the mark `mark`.
    func isMark(_ mark: String) -> Bool { kind == .mark && bytes.elementsEqual(mark.utf8) }

    /// Whether this is the word `keyword`, in any case.
    ///
    /// A quoted word is never a keyword.
    func isKeyword(_ keyword: String) -> Bool {
        guard kind == .word, bytes.count == keyword.utf8.count else { return false }
        return zip(bytes, keyword.utf8).allSatisfy { byte, wanted in
            (byte &- 0x41 < 26 ? byte | 0x20 : byte) == wanted
        }
    }

    /// As an error message names it.
    var described: String {
        switch kind {
        case .end: "the end of the query"
        case .word, .mark: "‘\(text)’"
        case .quoted: "‘\"\(text)\"’"
        }
    }
}
