/// What came of trying one rule on one record: what `hisui parse --explain` shows.
public struct RuleAttempt: Hashable, Sendable {
    /// The definition, and the rule in it.
    public var parser: String
    public var rule: String
    public var outcome: Outcome

    public enum Outcome: Hashable, Sendable {
        case fits
        /// It went along up to a byte of the message, from 0, and did not find what it wants there:
        /// a text in quotation marks, a capture as templates write it, or the end of the message.
        case stopped(at: Int, expected: Expectation)
        /// A record without this member is not its.
        case lacks(member: String)
        /// A member's value is none of those it asks for.
        case differs(member: String, value: String)
    }

    public enum Expectation: Hashable, Sendable {
        case text([UInt8])
        case oneOf([[UInt8]])
        /// Such as `{source.ip:ip}`.
        case capture(String)
        /// A value that `when` lists.
        case listedValue
        case end
        /// What `match: first` lists.
        case beginning
    }

    /// How far it came, for an order of near misses.
    public var progress: Int {
        switch outcome {
        case .fits: Int.max
        case .stopped(let at, _): at
        case .lacks: -1
        case .differs: 0
        }
    }
}

/// Remembers the furthest place that a program came to, and the operation that stood there.
struct MatchTrace: StepCounting {
    private(set) var furthest = -1
    private(set) var operation = 0

    mutating func add(_ steps: Int) {}

    mutating func reach(_ operation: Int, at place: Int) {
        guard place >= furthest else { return }
        furthest = place
        self.operation = operation
    }
}
