import HisuiBytes
import HisuiEvent

/// Reads LogsQL by recursive descent: one function for each level of the grammar.
///
///     query   = or { "|" pipe }
///     or      = and { "or" and }
///     and     = unary { ["and"] unary }
///     unary   = ("not" | "!" | "-") unary | "(" or ")" | test
///     test    = [field ":"] ( value ["*"] | "*" value "*" | "=" … | "in(" … | … )
///     test    = field ":" unary
///
/// Filters and pipes read themselves, each in its own file; here is what they share.
struct Parser {
    let text: [UInt8]
    let now: Int64
    let timeZone: TimeZoneRules
    private let tokens: [Token]
    private var position = 0
    private var depth = 0
    /// Whether a query may stand inside a filter: where somebody asks it before the rows.
    var takesSubqueries = false

    init(_ text: [UInt8], now: Timestamp, timeZone: TimeZoneRules) throws(QueryError) {
        self.text = text
        self.now = now.nanoseconds
        self.timeZone = timeZone
        tokens = try Lexer.tokens(of: text)
    }

    var current: Token { tokens[position] }
    /// The token after the current one; the end if that is the last.
    var following: Token { tokens[min(position + 1, tokens.count - 1)] }

    mutating func advance() { position = min(position + 1, tokens.count - 1) }

    /// Goes on to the first token that begins at byte `offset` of the query or behind it.
    mutating func advance(toByte offset: Int) {
        while current.kind != .end, current.start < offset { advance() }
    }

    /// Takes the mark if it is what stands here.
    mutating func take(_ mark: String) -> Bool {
        guard current.isMark(mark) else { return false }
        advance()
        return true
    }

    /// Takes the keyword if it is what stands here.
    mutating func takeKeyword(_ keyword: String) -> Bool {
        guard current.isKeyword(keyword) else { return false }
        advance()
        return true
    }

    /// Whether a pipe stands inside the parentheses that begin here.
    var holdsPipe: Bool {
        var open = 0
        for token in tokens[position...] {
            if token.isMark("(") { open += 1 }
            if token.isMark(")") { open -= 1 }
            if token.isMark("|") { return true }
            if open <= 0 { return false }
        }
        return false
    }

    mutating func expect(_ mark: String) throws(QueryError) {
        guard take(mark) else { throw expected("‘\(mark)’") }
    }

    /// Runs `body` one level deeper.
    mutating func deeper<T>(
        _ body: (inout Parser) throws(QueryError) -> T
    ) throws(QueryError) -> T {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.queryDepthMax else {
            throw QueryError(
                .limit, "nested more than \(Limits.queryDepthMax) deep", at: current.start,
                in: text)
        }
        return try body(&self)
    }
}

// Errors.
extension Parser {
    func error(_ message: String, at token: Token) -> QueryError {
        QueryError(.syntax, message, at: token.start, in: text)
    }

    /// The error that something else stands at the current place.
    func expected(_ what: String) -> QueryError {
        error("expected \(what), found \(current.described)", at: current)
    }

    func limit(_ message: String, at token: Token) -> QueryError {
        QueryError(.limit, message, at: token.start, in: text)
    }

    func unsupported(_ what: String, at token: Token) -> QueryError {
        QueryError(.unsupported, "\(what) is not supported yet", at: token.start, in: text)
    }
}

// What filters and pipes are made of.
extension Parser {
    /// Takes a value: a quoted text, or a word with what is joined to it by colons, as in
    /// `01:02:03` and `fe80::1`.
    ///
    /// A minus sign before a word is part of it.
    mutating func value() throws(QueryError) -> [UInt8] {
        let start = current
        switch start.kind {
        case .quoted:
            advance()
            try refuseJoined()
            return start.bytes
        case .mark where start.isMark("-") && following.kind == .word && !following.spaceBefore:
            advance()
        case .mark where start.isMark(":") && following.isMark(":"): break
        case .word: break
        default: throw expected("a value")
        }
        var end = current.end
        advance()
        while !current.spaceBefore,
            current.kind == .word || current.isMark(":"), current.start == end
        {
            end = current.end
            advance()
        }
        try refuseJoined()
        return Array(text[start.start..<end])
    }

    /// Refuses a quoted text that follows without a space: it would be read as something else
    /// than it looks like.
    func refuseJoined() throws(QueryError) {
        if current.kind == .quoted, !current.spaceBefore {
            throw error(
                "expected a space before this quote, or quotes around the whole", at: current)
        }
    }

    /// Takes values parted by commas up to and with the closing parenthesis; the opening one has
    /// been taken.
    mutating func valueList() throws(QueryError) -> [[UInt8]] {
        var values: [[UInt8]] = []
        while !take(")") {
            guard values.count < Limits.queryListMax else {
                throw QueryError(
                    .limit, "more than \(Limits.queryListMax) values", at: current.start, in: text)
            }
            values.append(try value())
            if take(",") { continue }
            guard current.isMark(")") else { throw expected("‘,’ or ‘)’ in the list of values") }
        }
        return values
    }

    /// Takes a number, as written and by value.
    mutating func number() throws(QueryError) -> ([UInt8], Number) {
        let token = current
        let text = try value()
        guard let number = Number(bound: text) else {
            throw error("expected a number, found \(token.described)", at: token)
        }
        return (text, number)
    }

    /// Takes a count of rows or the like.
    mutating func count(_ what: String) throws(QueryError) -> Int {
        let token = current
        guard token.kind == .word || token.kind == .quoted,
            let whole = Number(bound: token.bytes)?.whole, whole >= 0, whole <= Int64(Int32.max)
        else { throw expected(what) }
        advance()
        return Int(whole)
    }

    /// Takes a duration, as written and in nanoseconds.
    mutating func duration() throws(QueryError) -> (String, Int64) {
        let token = current
        let text = try value()
        guard let duration = Duration.nanoseconds(text.span) else {
            throw error("expected a duration like 5m or 1h30m, found \(token.described)", at: token)
        }
        return (String(decoding: text, as: UTF8.self), duration)
    }

    /// The stretch of time that `text` names.
    func timeRange(_ text: [UInt8], at token: Token) throws(QueryError) -> ClosedRange<Int64> {
        guard let range = TimeLiteral.range(text, now: now, zone: timeZone) else {
            throw error(
                "expected a time like 2026-11-23, 2026-11-23T01:02:03+09:00, now-1h, or a duration "
                    + "like 5m", at: token)
        }
        return range
    }

    /// Takes `if (…)` if it stands here.
    mutating func condition() throws(QueryError) -> Filter? {
        guard takeKeyword("if") else { return nil }
        // Nobody asks a query before the rows of a condition.
        let before = takesSubqueries
        defer { takesSubqueries = before }
        takesSubqueries = false
        try expect("(")
        let filter = try deeper { (parser) throws(QueryError) in try parser.filter() }
        try expect(")")
        return filter
    }

    /// Takes the name of a field.
    mutating func fieldName() throws(QueryError) -> String {
        let token = current
        guard token.kind == .word || token.kind == .quoted else {
            throw expected("the name of a field")
        }
        advance()
        return FieldName.canonical(token.text)
    }

    /// Takes names of fields parted by commas.
    ///
    /// Where `inParentheses`, up to and with `)`; the opening one has been taken.
    mutating func fieldNames(inParentheses: Bool) throws(QueryError) -> [String] {
        var names: [String] = []
        if inParentheses, take(")") { return names }
        repeat {
            guard names.count < Limits.queryFieldsMax else {
                throw QueryError(
                    .limit, "more than \(Limits.queryFieldsMax) fields", at: current.start,
                    in: text)
            }
            names.append(try fieldName())
        } while take(",")
        if inParentheses, !take(")") { throw expected("‘,’ or ‘)’ after the name of a field") }
        return names
    }
}
