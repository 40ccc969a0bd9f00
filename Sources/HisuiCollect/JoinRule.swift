public import HisuiBytes
public import HisuiEvent

/// Which lines of a file are one record: stack traces, messages that programs break into lines.
public struct JoinRule: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// A line that fits begins a record; others belong to the one before.
        case start(RegularExpression)
        /// A line that fits belongs to the record before; others begin one.
        case continues(RegularExpression)
        /// A line that is empty or begins with a blank or tab belongs to the record before.
        case indented
        /// A value in quotes has lines (RFC 4180). `delimiter` stands between values.
        case quotes(delimiter: UInt8)
    }

    public var kind: Kind
    /// Of one record; a line more begins another one, flagged `truncated` is what was cut.
    public var linesMax: Int
    /// Of one record, at most `Limits.recordBytesMax`.
    public var bytesMax: Int
    /// How long the last record of a file waits for more lines.
    public var waitMilliseconds: Int64

    public init(
        _ kind: Kind, linesMax: Int = Limits.joinedLinesMax,
        bytesMax: Int = Limits.joinedBytesMax, waitMilliseconds: Int64 = 5000
    ) {
        self.kind = kind
        self.linesMax = linesMax
        self.bytesMax = min(bytesMax, Limits.recordBytesMax)
        self.waitMilliseconds = waitMilliseconds
    }
}

/// Says of each line whether it goes on with the record before; belongs to one file.
struct JoinDecision {
    private let kind: JoinRule.Kind
    private let encoding: TextEncoding
    private let automaton: RegularExpressionAutomaton?
    /// A value in quotes is open at the end of the lines so far.
    private(set) var isInQuotes = false
    private var text: [UInt8] = []

    init(_ rule: JoinRule, _ encoding: TextEncoding) {
        kind = rule.kind
        self.encoding = encoding
        switch rule.kind {
        case .start(let expression), .continues(let expression):
            automaton = RegularExpressionAutomaton(expression)
        case .indented, .quotes: automaton = nil
        }
    }

    /// Whether the line, without its end, belongs to the record of the lines before.
    ///
    /// - Complexity: O(length of the line) for quotes, O(1) otherwise.
    mutating func continues(_ line: Span<UInt8>) -> Bool {
        let isQuotes = if case .quotes = kind { true } else { false }
        let looked = isQuotes ? line.count : min(line.count, Limits.joinedLookBytes)
        var text: [UInt8] = []
        swap(&text, &self.text)
        text.removeAll(keepingCapacity: true)
        encoding.appendText(line, 0..<looked, to: &text)
        let result = continues(text: text.span)
        swap(&text, &self.text)
        return result
    }

    /// Forgets an open value: what follows begins a record.
    mutating func begin() { isInQuotes = false }

    private mutating func continues(text: Span<UInt8>) -> Bool {
        switch kind {
        case .start: return automaton.map { !$0.matches(text, 0..<text.count) } ?? false
        case .continues: return automaton?.matches(text, 0..<text.count) ?? false
        case .indented: return text.isEmpty || text[0] == 0x20 || text[0] == 0x09
        case .quotes(let delimiter):
            let before = isInQuotes
            isInQuotes = DelimitedText.isOpen(
                behind: text, delimiter: delimiter, isOpenBefore: before)
            return before
        }
    }
}
