import HisuiBytes
import HisuiEvent

/// Reads an expression of `math` from the text of the query: there, unlike elsewhere, `a-b` is a
/// difference and no name.
///
/// Names consist of letters, digits, `_`, `.` and `@` and do not begin with a digit; others stand
/// in quotes. A text in quotes that is a number, a time or an IPv4 address is that.
///
///     expression = operand { operator operand }      by precedence; `^` from the right
///     operand    = "-" operand | "(" expression ")" | function "(" … ")" | number | name
struct MathParser {
    private var parser: Parser
    private let text: [UInt8]
    /// Where to read on, in bytes of the text.
    private var at: Int
    private var depth = 0
    private var parts = 0

    /// Takes an expression from the current place of `parser`, which is moved behind it.
    static func parse(_ parser: inout Parser) throws(QueryError) -> MathExpression {
        var reader = MathParser(parser)
        let expression = try reader.expression(0)
        reader.skipSpace()
        parser.advance(toByte: reader.at)
        return expression
    }

    private init(_ parser: Parser) {
        self.parser = parser
        text = parser.text
        at = parser.current.start
    }

    private func failure(_ what: String) -> QueryError {
        let found =
            at < text.count
            ? "‘\(String(decoding: text[at...].prefix(12), as: UTF8.self).prefix(1))’"
            : "the end of the query"
        return QueryError(.syntax, "expected \(what), found \(found)", at: at, in: text)
    }

    private var peek: UInt8? { at < text.count ? text[at] : nil }

    private mutating func skipSpace() {
        while at < text.count {
            if text[at] == UInt8(ascii: "#") {
                while at < text.count, text[at] != 0x0A { at += 1 }
            } else if text[at] == 0x20 || text[at] &- 0x09 < 5 {
                at += 1
            } else {
                return
            }
        }
    }

    private mutating func take(_ mark: Character) -> Bool {
        skipSpace()
        guard peek == mark.asciiValue else { return false }
        at += 1
        return true
    }

    private mutating func expression(_ least: Int) throws(QueryError) -> MathExpression {
        var left = try operand()
        while let sign = nextOperator(), sign.precedence >= least {
            at += sign.rawValue.utf8.count
            try count()
            // `^` takes what follows it first.
            let right = try deeper { (reader) throws(QueryError) in
                try reader.expression(sign == .power ? 7 : sign.precedence + 1)
            }
            left = .binary(sign, left, right)
        }
        return left
    }

    /// The operator that stands here; it is not taken.
    private mutating func nextOperator() -> MathExpression.Operator? {
        skipSpace()
        guard let byte = peek else { return nil }
        if !MathExpression.isNamePart(byte) {
            return MathExpression.Operator(rawValue: String(UnicodeScalar(byte)))
        }
        var end = at
        while end < text.count, MathExpression.isNamePart(text[end]) { end += 1 }
        let word = String(decoding: text[at..<end], as: UTF8.self).lowercased()
        return MathExpression.Operator(rawValue: word)
    }

    private mutating func operand() throws(QueryError) -> MathExpression {
        skipSpace()
        try count()
        guard let byte = peek else { throw failure("a number, a field or ‘(’") }
        switch byte {
        case UInt8(ascii: "-"):
            at += 1
            let inner = try deeper { (reader) throws(QueryError) in try reader.expression(7) }
            return .negative(inner)
        case UInt8(ascii: "("):
            at += 1
            let inner = try deeper { (reader) throws(QueryError) in try reader.expression(0) }
            guard take(")") else { throw failure("an operator or ‘)’") }
            return inner
        case 0x22, 0x27, 0x60: return try quoted()
        case _ where MathExpression.beginsNumber(byte): return try number()
        default:
            guard MathExpression.isNamePart(byte) else { throw failure("a number, a field or ‘(’") }
            return try name()
        }
    }

    private mutating func number() throws(QueryError) -> MathExpression {
        let start = at
        while let byte = peek, MathExpression.isNamePart(byte) || isExponentSign(byte, start) {
            at += 1
        }
        let bytes = Array(text[start..<at])
        guard let number = Number(bytes.span) else {
            at = start
            throw failure("a number like 10, 0.5, 10KB or 5m")
        }
        return .number(number.value, bytes)
    }

    /// Whether this is the sign in `1e-9`.
    private func isExponentSign(_ byte: UInt8, _ start: Int) -> Bool {
        guard byte == 0x2D || byte == 0x2B, at > start, text[at - 1] | 0x20 == 0x65,
            at + 1 < text.count, text[at + 1] &- 0x30 < 10
        else { return false }
        return text[start..<at - 1].allSatisfy { $0 &- 0x30 < 10 || $0 == 0x2E || $0 == 0x5F }
    }

    private mutating func quoted() throws(QueryError) -> MathExpression {
        parser.advance(toByte: at)
        let token = parser.current
        guard token.kind == .quoted, token.start == at else {
            throw failure("a number, a field or ‘(’")
        }
        at = token.end
        if let number = Number(token.bytes.span) { return .number(number.value, token.bytes) }
        return .field(FieldName.canonical(token.text))
    }

    /// Takes the name of a field, or a call of a function.
    private mutating func name() throws(QueryError) -> MathExpression {
        let start = at
        while let byte = peek, MathExpression.isNamePart(byte) { at += 1 }
        let name = String(decoding: text[start..<at], as: UTF8.self)
        skipSpace()
        guard peek == UInt8(ascii: "("), MathExpression.Operator(rawValue: name) == nil else {
            return .field(FieldName.canonical(name))
        }
        guard let function = MathExpression.Function(rawValue: name.lowercased()) else {
            throw unknown(name, at: start)
        }
        at += 1
        return try call(function, start)
    }

    private func unknown(_ name: String, at start: Int) -> QueryError {
        if name.lowercased() == "rand" {
            return QueryError(
                .unsupported, "the function rand() is not supported yet", at: start, in: text)
        }
        let known = MathExpression.Function.allCases.map(\.rawValue)
        let hint = NearestName.suggestion(for: name, in: known).map { "; did you mean ‘\($0)’?" }
        return QueryError(
            .syntax,
            "no function is called ‘\(name)’"
                + (hint ?? "; there are \(known.joined(separator: ", "))"),
            at: start, in: text)
    }

    private mutating func call(
        _ function: MathExpression.Function, _ start: Int
    ) throws(QueryError) -> MathExpression {
        var arguments: [MathExpression] = []
        if !take(")") {
            repeat {
                let argument = try deeper { (reader) throws(QueryError) in
                    try reader.expression(0)
                }
                arguments.append(argument)
            } while take(",")
            guard take(")") else { throw failure("‘,’ or ‘)’") }
        }
        guard function.arguments.contains(arguments.count) else {
            let range = function.arguments
            throw QueryError(
                .syntax,
                "\(function.rawValue)() takes "
                    + (range.count == 1
                        ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)")
                    + " arguments, not \(arguments.count)",
                at: start, in: text)
        }
        return .call(function, arguments)
    }

    /// Counts operands and operators: whoever walks the tree goes as deep as there are.
    private mutating func count() throws(QueryError) {
        parts += 1
        guard parts <= PipeLimits.mathPartsMax else {
            throw QueryError(
                .limit, "more than \(PipeLimits.mathPartsMax) operands and operators", at: at,
                in: text)
        }
    }

    private mutating func deeper<T>(
        _ body: (inout MathParser) throws(QueryError) -> T
    ) throws(QueryError) -> T {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.queryDepthMax else {
            throw QueryError(
                .limit, "nested more than \(Limits.queryDepthMax) deep", at: at, in: text)
        }
        return try body(&self)
    }
}
