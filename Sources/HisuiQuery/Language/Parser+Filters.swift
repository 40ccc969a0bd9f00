import HisuiBytes
import HisuiEvent

// Filters.
extension Parser {
    /// Takes filters joined by `or`.
    ///
    /// - Parameter field: the field that tests without a name of their own are about, where one
    ///   was named for the whole group.
    mutating func filter(field: String? = nil) throws(QueryError) -> Filter {
        try deeper { (parser) throws(QueryError) in
            var filters = [try parser.conjunction(field)]
            while parser.takeKeyword("or") { filters.append(try parser.conjunction(field)) }
            return filters.count == 1 ? filters[0] : .or(filters)
        }
    }

    private mutating func conjunction(_ field: String?) throws(QueryError) -> Filter {
        var filters = [try unary(field)]
        while true {
            if takeKeyword("and") {
                filters.append(try unary(field))
                continue
            }
            if current.kind == .end || current.isMark(")") || current.isMark("|")
                || current.isKeyword("or")
            {
                break
            }
            filters.append(try unary(field))
        }
        return filters.count == 1 ? filters[0] : .and(filters)
    }

    private mutating func unary(_ field: String?) throws(QueryError) -> Filter {
        if take("!") || take("-") || takeKeyword("not") {
            return .not(try deeper { (parser) throws(QueryError) in try parser.unary(field) })
        }
        if take("(") {
            let inner = try filter(field: field)
            guard take(")") else { throw expected("‘)’ or another filter") }
            return inner
        }
        if field == nil, current.isMark("{") { return try StreamFilter.parse(&self) }
        if field == nil, current.kind == .word || current.kind == .quoted, following.isMark(":") {
            return try named()
        }
        return try test(field)
    }

    /// Takes `field:` and what is asked of that field.
    private mutating func named() throws(QueryError) -> Filter {
        let name = current
        advance()
        advance()
        if name.text == FieldName.time {
            if let clock = try ClockFilter.parse(&self) { return .clock(clock) }
            return .time(try TimeFilter.parse(&self))
        }
        if name.text == FieldName.stream, current.isMark("{") {
            return try StreamFilter.parse(&self)
        }
        if name.text == "_stream_id" { throw unsupported("_stream_id", at: name) }
        guard current.kind != .end, !current.isMark("|"), !current.isMark(")") else {
            throw expected("a filter after ‘\(name.text):’")
        }
        return try unary(FieldName.canonical(name.text))
    }

    /// Takes what is asked of one value.
    private mutating func test(_ field: String?) throws(QueryError) -> Filter {
        let start = current
        let test: any ValueTest
        switch start.kind {
        case .mark:
            if start.isMark("!=") {
                advance()
                let test = try ExactPrefixFilter.parse(&self)
                return .not(.field(FieldTest(field: field ?? FieldName.message, test: test)))
            }
            if start.isMark("!~") {
                advance()
                let test = try RegexpFilter.parse(&self)
                return .not(.field(FieldTest(field: field ?? FieldName.message, test: test)))
            }
            if start.isMark("*") {
                advance()
                guard !current.spaceBefore, current.kind == .word || current.kind == .quoted else {
                    if current.isMark(":") {
                        throw error("expected a field's full name", at: start)
                    }
                    // Without a field `*` asks for nothing, not even for a message.
                    guard let field else { return .all }
                    return .field(FieldTest(field: field, test: PrefixFilter([])))
                }
                test = try substring()
            } else {
                test = try comparison()
            }
        case .word
        where !following.spaceBefore && (following.isMark("(") || following.isMark("[")):
            return try function(start, field ?? FieldName.message)
        case .word where start.isKeyword("and") || start.isKeyword("or"):
            throw error(
                "expected a filter, found \(start.described); quote it to look for the word",
                at: start)
        case .word, .quoted:
            test = try phrase(field)
        case .end:
            throw expected("a filter (a word, \"a phrase\", field:value, or * for everything)")
        }
        return .field(FieldTest(field: field ?? FieldName.message, test: test))
    }

    /// Takes `word`, `"a phrase"` or `prefix*`.
    private mutating func phrase(_ field: String?) throws(QueryError) -> any ValueTest {
        let text: [UInt8]
        if field == nil {
            text = current.bytes
            advance()
            try refuseJoined()
        } else {
            text = try value()
        }
        guard current.isMark("*"), !current.spaceBefore else { return PhraseFilter(text) }
        let star = current
        advance()
        if !current.spaceBefore, current.kind == .word || current.kind == .quoted {
            throw error(
                "‘*’ can stand at the end (prefix*) or at both ends (*substring*) of a text",
                at: star)
        }
        return PrefixFilter(text)
    }

    /// Takes `text*` after a `*`.
    private mutating func substring() throws(QueryError) -> any ValueTest {
        let text = try value()
        guard current.isMark("*"), !current.spaceBefore else {
            throw expected("‘*’ at the end of the substring (*substring*)")
        }
        advance()
        return text.isEmpty ? PrefixFilter([]) : SubstringFilter(text)
    }

    /// Takes a mark of comparison and its bound.
    private mutating func comparison() throws(QueryError) -> any ValueTest {
        let mark = current
        advance()
        switch mark.text {
        case "=": return try ExactPrefixFilter.parse(&self)
        case "<", "<=", ">", ">=":
            guard let comparison = ComparisonFilter.Operator(rawValue: mark.text) else { break }
            return ComparisonFilter(comparison, try value())
        case "~": return try RegexpFilter.parse(&self)
        case "=~": throw error("expected ‘~’ before a regular expression, without ‘=’", at: mark)
        default: break
        }
        throw error("expected a filter, found \(mark.described)", at: mark)
    }

    /// Takes a filter written as a function.
    private mutating func function(
        _ name: Token, _ field: String
    ) throws(QueryError) -> Filter {
        advance()
        let text = name.text.lowercased()
        if let kind = SubqueryFilter.Kind(rawValue: text), holdsPipe {
            return .subquery(try SubqueryFilter.parse(&self, field, kind))
        }
        switch text {
        case "contains_all", "contains_any":
            let list = try InFilter.parse(&self)
            if list.isAny { return .all }
            return text == "contains_all"
                ? .containing(list.values, allIn: field) : .containing(list.values, oneIn: field)
        case "contains_common_case":
            return .containing(try CommonCase.parse(&self), oneIn: field)
        case let text:
            if let operation = FieldComparison.Operation(rawValue: text) {
                return .fields(try FieldComparison.parse(&self, field, operation))
            }
            return .field(FieldTest(field: field, test: try valueFunction(name)))
        }
    }

    /// Takes a filter on one value written as a function, whose name has been taken.
    private mutating func valueFunction(_ name: Token) throws(QueryError) -> any ValueTest {
        switch name.text.lowercased() {
        case "i": return try AnyCaseFilter.parse(&self)
        case "in": return try InFilter.parse(&self)
        case "exact": return try ExactPrefixFilter.parseFunction(&self)
        case "equals_common_case": return InFilter(try CommonCase.parse(&self), isAny: false)
        case "seq": return try SequenceFilter.parse(&self)
        case "re": return try RegexpFilter.parseFunction(&self)
        case "pattern_match": return try PatternFilter.parse(&self, isWhole: false)
        case "pattern_match_full": return try PatternFilter.parse(&self, isWhole: true)
        case "ipv6_range": return try AddressRangeFilter.parse(&self, isV4: false)
        case "value_type": return try ValueTypeFilter.parse(&self)
        case "range": return try RangeFilter.parse(&self)
        case "ipv4_range": return try AddressRangeFilter.parse(&self, isV4: true)
        case "len_range": return try LengthRangeFilter.parse(&self)
        case "string_range": return try StringRangeFilter.parse(&self)
        case let other:
            let hint = NearestName.suggestion(for: other, in: Self.filterFunctions)
            throw error(
                "no filter is called \(name.described)"
                    + (hint.map { "; did you mean ‘\($0)’?" }
                        ?? "; put a space before the parenthesis to look for the word"),
                at: name)
        }
    }

    private static let filterFunctions = [
        "i", "in", "exact", "range", "ipv4_range", "ipv6_range", "len_range", "string_range", "seq",
        "contains_all", "contains_any", "contains_common_case", "equals_common_case", "eq_field",
        "le_field", "lt_field", "pattern_match", "pattern_match_full", "re", "value_type",
    ]
}
