/// `_time:…`: the event time lies in a stretch of time.
public struct TimeFilter: Hashable, Sendable {
    /// First and last nanosecond, both included; nothing passes where `first > last`.
    public var first: Int64
    public var last: Int64
    /// Whether the end is the time of the query: a search that follows new events leaves it open.
    public var endsNow: Bool
    /// What stands after `_time:`, normalised.
    let text: String

    func matches(_ time: Int64) -> Bool { first <= time && time <= last }

    /// What is known of all times of `range`.
    func verdict(_ range: ClosedRange<Int64>) -> Verdict {
        if range.upperBound < first || range.lowerBound > last { return .never }
        return first <= range.lowerBound && range.upperBound <= last ? .always : .depends
    }

    func print(to out: inout String) {
        out += "_time:"
        out += text
    }
}

// Reading what stands after `_time:`.
extension TimeFilter {
    static func parse(_ parser: inout Parser) throws(QueryError) -> TimeFilter {
        for name in ["day_range", "week_range"] where parser.current.isKeyword(name) {
            throw parser.unsupported("_time:\(name)", at: parser.current)
        }
        var filter: TimeFilter
        if parser.current.isKeyword("offset") {
            let now = parser.now
            filter = TimeFilter(first: .min, last: now, endsNow: true, text: "")
        } else if parser.current.isMark("[") || parser.current.isMark("(") {
            filter = try interval(&parser)
        } else if let comparison = [">=", "<=", ">", "<"].first(where: parser.current.isMark) {
            parser.advance()
            filter = try bound(comparison, &parser)
        } else {
            _ = parser.take("=")
            filter = try single(&parser)
        }
        guard parser.current.isKeyword("offset") else { return filter }
        parser.advance()
        let (text, duration) = try parser.duration()
        let separator = filter.text.isEmpty ? "" : " "
        return TimeFilter(
            first: filter.first == .min ? .min : shifted(filter.first, duration),
            last: filter.last == .max ? .max : shifted(filter.last, duration), endsNow: false,
            text: filter.text + separator + "offset " + text)
    }

    private static func shifted(_ time: Int64, _ duration: Int64) -> Int64 {
        duration == .min ? .max : TimeLiteral.added(time, -duration)
    }

    /// `5m` or `2026-11-23`.
    private static func single(_ parser: inout Parser) throws(QueryError) -> TimeFilter {
        let token = parser.current
        let text = try parser.value()
        let printed = printed(text)
        if let duration = Duration.nanoseconds(text.span), text.last.map({ $0 > 0x39 }) == true {
            let now = parser.now
            let length = duration == .min ? Int64.max : abs(duration)
            return TimeFilter(
                first: TimeLiteral.added(TimeLiteral.added(now, -length), 1), last: now,
                endsNow: true, text: printed)
        }
        let range = try parser.timeRange(text, at: token)
        return TimeFilter(
            first: range.lowerBound, last: range.upperBound, endsNow: false, text: printed)
    }

    /// `>2026-11-23`, or `>5m`: more than five minutes ago.
    private static func bound(
        _ comparison: String, _ parser: inout Parser
    ) throws(QueryError) -> TimeFilter {
        let token = parser.current
        let text = try parser.value()
        let printed = comparison + printed(text)
        let now = parser.now
        if let duration = Duration.nanoseconds(text.span), text.last.map({ $0 > 0x39 }) == true {
            let length = duration == .min ? Int64.max : abs(duration)
            let ago = TimeLiteral.added(now, -length)
            return switch comparison {
            case ">": TimeFilter(first: .min, last: before(ago), endsNow: false, text: printed)
            case ">=": TimeFilter(first: .min, last: ago, endsNow: false, text: printed)
            case "<": TimeFilter(first: after(ago), last: now, endsNow: true, text: printed)
            default: TimeFilter(first: ago, last: now, endsNow: true, text: printed)
            }
        }
        let range = try parser.timeRange(text, at: token)
        let (start, end) = (range.lowerBound, range.upperBound)
        return switch comparison {
        case ">": TimeFilter(first: after(start), last: .max, endsNow: false, text: printed)
        case ">=": TimeFilter(first: start, last: .max, endsNow: false, text: printed)
        case "<": TimeFilter(first: .min, last: before(start), endsNow: false, text: printed)
        default: TimeFilter(first: .min, last: end, endsNow: false, text: printed)
        }
    }

    /// `[a, b)`.
    private static func interval(_ parser: inout Parser) throws(QueryError) -> TimeFilter {
        let includesStart = parser.take("[")
        if !includesStart { try parser.expect("(") }
        let startToken = parser.current
        let startText = try parser.value()
        let start = try parser.timeRange(startText, at: startToken)
        try parser.expect(",")
        let endToken = parser.current
        let endText = try parser.value()
        let end = try parser.timeRange(endText, at: endToken)
        let includesEnd = parser.take("]")
        if !includesEnd { try parser.expect(")") }
        var text = includesStart ? "[" : "("
        text += printed(startText) + "," + printed(endText) + (includesEnd ? "]" : ")")
        return TimeFilter(
            first: includesStart ? start.lowerBound : after(start.lowerBound),
            last: includesEnd ? end.upperBound : before(end.lowerBound),
            endsNow: includesEnd && endText.elementsEqual("now".utf8), text: text)
    }

    private static func after(_ time: Int64) -> Int64 { TimeLiteral.added(time, 1) }
    private static func before(_ time: Int64) -> Int64 { TimeLiteral.added(time, -1) }

    /// Times stand without quotes where nothing in them asks for some.
    private static func printed(_ text: [UInt8]) -> String {
        var out = ""
        let plain = text.allSatisfy { byte in
            WordCharacter.isWord(UnicodeScalar(byte)) && byte < 0x80
                || [0x2B, 0x2D, 0x2E, 0x3A].contains(byte)
        }
        if plain, text.first != UInt8(ascii: "-"), text.first != UInt8(ascii: ":") {
            return String(decoding: text, as: UTF8.self)
        }
        Quoting.appendQuoted(text, to: &out)
        return out
    }
}
