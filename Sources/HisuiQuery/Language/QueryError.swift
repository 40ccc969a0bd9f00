import HisuiBytes

/// Why a query was not understood: where in its text, what was found and what was expected.
public struct QueryError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// The text is no LogsQL.
        case syntax
        /// LogsQL that this version cannot run yet.
        case unsupported
        /// Larger or deeper than a limit allows.
        case limit
    }

    public var code: Code
    /// One sentence without its full stop.
    public var message: String
    /// Line of the query, from 1.
    public var line: Int
    /// Column in that line, in characters from 1.
    public var column: Int
    /// The line itself.
    public var excerpt: String

    /// - Parameter offset: where in `text`, in bytes; what lies beyond its end is its end.
    init(_ code: Code, _ message: String, at offset: Int, in text: [UInt8]) {
        let offset = min(offset, text.count)
        var lineStart = offset
        while lineStart > 0, text[lineStart - 1] != 0x0A { lineStart -= 1 }
        var lineEnd = offset
        while lineEnd < text.count, text[lineEnd] != 0x0A { lineEnd += 1 }
        self.code = code
        self.message = message
        line = 1 + text[..<lineStart].count { $0 == 0x0A }
        column = 1 + String(decoding: text[lineStart..<offset], as: UTF8.self).unicodeScalars.count
        excerpt = String(decoding: text[lineStart..<lineEnd], as: UTF8.self)
    }

    /// `line:column: message`, the line and a caret under the column.
    public var description: String {
        // The caret stands under the character also where characters are two cells wide.
        let window = excerptWindow
        var shown: [UInt8] = []
        let before = Array(window.before.utf8)
        let after = Array(window.after.utf8)
        let width = TerminalText.appendEscaped(before.span, 0..<before.count, to: &shown)
        TerminalText.appendEscaped(after.span, 0..<after.count, to: &shown)
        let text = String(decoding: shown, as: UTF8.self)
        let indent = String(repeating: " ", count: width + 2)
        return "query:\(line):\(column): \(message)\n  \(text)\n\(indent)^"
    }

    /// What of a long line is shown: at most 60 characters on either side of the column.
    private var excerptWindow: (before: String, after: String) {
        let scalars = Array(excerpt.unicodeScalars)
        let place = min(column - 1, scalars.count)
        var before = String.UnicodeScalarView()
        var after = String.UnicodeScalarView()
        before.append(contentsOf: scalars[max(0, place - 60)..<place])
        after.append(contentsOf: scalars[place..<min(scalars.count, place + 60)])
        return (String(before), String(after))
    }
}
