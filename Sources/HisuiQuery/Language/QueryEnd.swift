import HisuiBytes
import HisuiEvent

/// What stands at the end of a query that is still being typed: what completion is asked for.
public struct QueryEnd: Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        /// A word where a field or a value can stand; with whether a filter can.
        case word(inFilter: Bool)
        /// A value of a field, behind `field:` or `field:=`.
        case value(field: String)
    }

    /// What stands before the word, as it was typed.
    public let head: String
    /// The word, as far as it was typed.
    public let typed: String
    public let kind: Kind

    /// Nil where nothing can be completed: inside quotes, behind them, or where the value of some
    /// other filter stands.
    ///
    /// - Complexity: O(length of the text).
    public init?(_ text: String) {
        var quote: UnicodeScalar?
        var isEscaped = false
        var (hasPipe, followsQuote) = (false, false)
        var head = ""
        var word = ""
        for scalar in text.unicodeScalars {
            if let open = quote {
                head.unicodeScalars.append(scalar)
                if isEscaped {
                    isEscaped = false
                } else if scalar == "\\", open != "`" {
                    isEscaped = true
                } else if scalar == open {
                    quote = nil
                    followsQuote = true
                }
                continue
            }
            guard Self.parts.contains(scalar) else {
                if followsQuote { return nil }
                word.unicodeScalars.append(scalar)
                continue
            }
            head += word
            word = ""
            head.unicodeScalars.append(scalar)
            followsQuote = false
            if scalar == "|" { hasPipe = true }
            if Self.quotes.contains(scalar) { quote = scalar }
        }
        if quote != nil || followsQuote { return nil }
        if word.hasPrefix("-") {
            head += "-"
            word.removeFirst()
        }
        guard let colon = word.firstIndex(of: ":") else {
            self.head = head
            typed = word
            kind = .word(inFilter: !hasPipe)
            return
        }
        let field = String(word[..<colon])
        var value = word[word.index(after: colon)...]
        if value.first == "=" { value = value.dropFirst() }
        guard !field.isEmpty, !value.contains(where: Self.operators.contains) else { return nil }
        self.head = head + word[..<value.startIndex]
        typed = String(value)
        kind = .value(field: field)
    }

    private static let quotes: Set<UnicodeScalar> = ["\"", "'", "`"]
    private static let parts: Set<UnicodeScalar> = [
        " ", "\t", "\n", "\r", "(", ")", "[", "]", "{", "}", "|", "!", ",", "\"", "'", "`",
    ]
    private static let operators: Set<Character> = ["=", "<", ">", "~", "*", "$"]

    /// Whether `value` may stand in a query as it is, without quotes, and means itself there.
    ///
    /// True for letters, digits and `_ . : @ / -` only, whatever a query may hold else: such a
    /// value means nothing else to a shell either.
    public static func isPlain(_ value: String, of field: String) -> Bool {
        let scalars = value.unicodeScalars
        guard let first = scalars.first, first != "-", scalars.count <= valueScalarsMax,
            scalars.allSatisfy({ WordCharacter.isLetterOrDigit($0) || marks.contains($0) })
        else { return false }
        // As the parser has it, bare and in quotes.
        let filters = [value, "\"\(value)\""].map { text in
            try? Query.parse(
                "\(field):=\(text)", now: Timestamp(nanoseconds: 0), timeZone: .utc
            ).description
        }
        return filters[0] != nil && filters[0] == filters[1]
    }

    private static let marks: Set<UnicodeScalar> = ["_", ".", ":", "@", "/", "-"]
    /// A longer value is none that somebody picks from a list.
    private static let valueScalarsMax = 64

    /// The fields that every row may have, whatever is in its record.
    public static let rowFields = [
        FieldName.time, FieldName.message, FieldName.stream, FieldName.zone,
        FieldName.storeStream, FieldName.index, FieldName.source, FieldName.received,
        FieldName.sender, FieldName.parser, FieldName.rule, FieldName.flags, FieldName.duplicate,
        FieldName.record,
    ]
}
