/// Bounds on regular expressions, which come from queries and rules: the part of
/// `HisuiEvent/Limits.swift` that this module, which lies below it, has to know.
public enum ExpressionLimits {
    /// Instructions of an expression: for each byte of a value, all may have to be followed.
    public static let instructionsMax = 4000
    /// Groups within each other: the reader recurses.
    public static let depthMax = 50
    /// The bounds of `{n,m}`: written out, they are instructions.
    public static let repeatsMax = 1000
    /// Repeats of one character that are counted where an expression would be too long otherwise:
    /// fewer are written out, which is quicker and short enough.
    static let repeatsCountedLeast = 32
    /// Counters of an expression: each may have to be looked at for each byte, and remembers where
    /// repeats began. The public rules have one each.
    static let countersMax = 16
    /// Groups whose places are asked for: each instruction that is followed carries all of them.
    public static let groupsMax = 100
    /// Transitions that an automaton keeps, four bytes each: 1 MiB. An expression that needs more
    /// is followed state by state instead.
    static let transitionsMax = 1 << 18
    /// Instructions that the states of an automaton name, all together, four bytes each: 4 MiB.
    static let memberInstructionsMax = 1 << 20
    /// Other ways to write a character that differ from it in case are looked up for ranges of so
    /// many characters; longer ranges are taken as they are written.
    static let foldedRangeMax = 512
    /// Texts of which one must occur; a choice between more is not searched for by text.
    static let alternativesMax = 16
}
