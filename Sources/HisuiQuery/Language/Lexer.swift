import HisuiEvent

/// Splits the text of a query into tokens, all at once: a query is short.
///
/// White space and comments (`#` to the end of the line) separate. A word runs until white space,
/// a quote or one of `( ) [ ] { } , | * : #`; the marks `= ! < > ~ -` mean something only before
/// it, so `a-b`, `user=root` and `/a/b.c` are one word.
struct Lexer {
    private let text: [UInt8]
    private var position = 0
    private var tokens: [Token] = []

    private init(_ text: [UInt8]) { self.text = text }

    /// The tokens of `text`, the last one being the end.
    ///
    /// - Throws: `QueryError` for quotes without end, bad escapes, and a text over the limit.
    static func tokens(of text: [UInt8]) throws(QueryError) -> [Token] {
        guard text.count <= Limits.queryBytesMax else {
            throw QueryError(
                .limit, "the query has \(text.count) bytes, more than \(Limits.queryBytesMax)",
                at: 0, in: Array(text.prefix(80)))
        }
        var lexer = Lexer(text)
        while try lexer.next() {}
        return lexer.tokens
    }

    /// Takes one token; false at the end.
    private mutating func next() throws(QueryError) -> Bool {
        let before = position
        skipSpace()
        let space = position > before
        let start = position
        guard position < text.count else {
            tokens.append(
                Token(kind: .end, bytes: [], start: start, end: start, spaceBefore: space))
            return false
        }
        let byte = text[position]
        var kind = Token.Kind.mark
        var bytes: [UInt8]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
            kind = .quoted
            bytes = try quoted(byte)
        case _ where Self.stops(byte):
            position += 1
            bytes = [byte]
        case UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "="):
            position += 1
            bytes = [byte]
            if position < text.count, Self.pairs(byte, text[position]) {
                bytes.append(text[position])
                position += 1
            }
        case UInt8(ascii: "~"), UInt8(ascii: "-"):
            position += 1
            bytes = [byte]
        default:
            kind = .word
            bytes = word()
        }
        tokens.append(
            Token(kind: kind, bytes: bytes, start: start, end: position, spaceBefore: space))
        return true
    }

    private static func pairs(_ first: UInt8, _ second: UInt8) -> Bool {
        switch (first, second) {
        case (UInt8(ascii: "!"), UInt8(ascii: "=")), (UInt8(ascii: "!"), UInt8(ascii: "~")),
            (UInt8(ascii: "<"), UInt8(ascii: "=")), (UInt8(ascii: ">"), UInt8(ascii: "=")),
            (UInt8(ascii: "="), UInt8(ascii: "~")):
            true
        default: false
        }
    }

    /// Marks that end a word wherever they stand.
    private static func stops(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: "|"),
            UInt8(ascii: "*"), UInt8(ascii: ":"):
            true
        default: false
        }
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || byte == UInt8(ascii: "`")
    }

    /// Length of the white space at `index`: ASCII, the no-break space, the ideographic space.
    private func spaceLength(at index: Int) -> Int {
        switch text[index] {
        case 0x20, 0x09...0x0D: return 1
        case 0xC2 where index + 1 < text.count:
            return text[index + 1] == 0xA0 || text[index + 1] == 0x85 ? 2 : 0
        case 0xE3 where index + 2 < text.count:
            return text[index + 1] == 0x80 && text[index + 2] == 0x80 ? 3 : 0
        default: return 0
        }
    }

    private mutating func skipSpace() {
        while position < text.count {
            if text[position] == UInt8(ascii: "#") {
                while position < text.count, text[position] != 0x0A { position += 1 }
                continue
            }
            let length = spaceLength(at: position)
            if length == 0 { return }
            position += length
        }
    }

    private mutating func word() -> [UInt8] {
        let start = position
        while position < text.count {
            let byte = text[position]
            if Self.stops(byte) || Self.isQuote(byte) || byte == UInt8(ascii: "#") { break }
            if spaceLength(at: position) > 0 { break }
            position += 1
        }
        return Array(text[start..<position])
    }
}

// Quoted text, as in Go.
extension Lexer {
    private mutating func quoted(_ quote: UInt8) throws(QueryError) -> [UInt8] {
        let start = position
        position += 1
        var bytes: [UInt8] = []
        while position < text.count {
            let byte = text[position]
            position += 1
            if byte == quote { return bytes }
            if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`") {
                try escape(quote, into: &bytes)
            } else {
                bytes.append(byte)
            }
        }
        throw QueryError(
            .syntax,
            "expected a closing \(String(UnicodeScalar(quote))) for the text that begins here",
            at: start, in: text)
    }

    /// Decodes what follows a backslash.
    private mutating func escape(_ quote: UInt8, into bytes: inout [UInt8]) throws(QueryError) {
        let start = position - 1
        guard position < text.count else {
            throw QueryError(.syntax, "expected a character after ‘\\’", at: start, in: text)
        }
        let byte = text[position]
        position += 1
        switch byte {
        case UInt8(ascii: "a"): bytes.append(0x07)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "v"): bytes.append(0x0B)
        case UInt8(ascii: "\\"), quote: bytes.append(byte)
        case UInt8(ascii: "x"): bytes.append(UInt8(try number(digits: 2, radix: 16, start)))
        case UInt8(ascii: "u"): try append(number(digits: 4, radix: 16, start), start, &bytes)
        case UInt8(ascii: "U"): try append(number(digits: 8, radix: 16, start), start, &bytes)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            position -= 1
            let value = try number(digits: 3, radix: 8, start)
            guard value <= 255 else { throw badEscape(start) }
            bytes.append(UInt8(value))
        default: throw badEscape(start)
        }
    }

    private mutating func number(
        digits: Int, radix: UInt32, _ start: Int
    ) throws(QueryError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard position < text.count,
                let digit = Character(UnicodeScalar(text[position])).hexDigitValue,
                digit < radix, value < 1 << 27
            else { throw badEscape(start) }
            value = value * radix + UInt32(digit)
            position += 1
        }
        return value
    }

    private func append(_ value: UInt32, _ start: Int, _ bytes: inout [UInt8]) throws(QueryError) {
        guard let scalar = UnicodeScalar(value) else { throw badEscape(start) }
        bytes.append(contentsOf: String(Character(scalar)).utf8)
    }

    private func badEscape(_ start: Int) -> QueryError {
        QueryError(
            .syntax,
            "expected an escape as in Go (\\n, \\t, \\\\, \\\", \\x7f, \\u3042); "
                + "put ‘\\\\’ for a backslash or quote with ` `",
            at: start, in: text)
    }
}
