public import HisuiEvent

/// Which rule knows a message, and how.
public struct RuleMatch: Hashable, Sendable {
    /// Number of the rule in its `DefinitionSet`.
    public var rule: UInt32
    /// Which optional parts and alternatives were taken.
    public var choices: UInt64
    /// Remarks for the row.
    public var flags: RowFlags

    public init(rule: UInt32, choices: UInt64, flags: RowFlags) {
        self.rule = rule
        self.choices = choices
        self.flags = flags
    }
}
