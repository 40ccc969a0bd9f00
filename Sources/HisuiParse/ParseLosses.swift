/// What a parser knew of records and did not say, because there was no room or no end of it. No
/// record is lost by that.
public struct ParseLosses: Hashable, Sendable {
    /// Events of several records that ended without a row.
    public var unjoined: UInt64
    /// Operations on files that were forgotten before they were told.
    public var unfolded: UInt64
    /// Records whose pairs behind a template stayed text, because there were too many kinds.
    public var unpaired: UInt64

    public init(unjoined: UInt64 = 0, unfolded: UInt64 = 0, unpaired: UInt64 = 0) {
        self.unjoined = unjoined
        self.unfolded = unfolded
        self.unpaired = unpaired
    }

    public static func + (a: ParseLosses, b: ParseLosses) -> ParseLosses {
        ParseLosses(
            unjoined: a.unjoined + b.unjoined, unfolded: a.unfolded + b.unfolded,
            unpaired: a.unpaired + b.unpaired)
    }
}

extension Parser {
    /// Since the parser was made; what it has taken over from another one counts.
    ///
    /// - Complexity: O(sources whose records are joined or folded).
    public var losses: ParseLosses {
        ParseLosses(unjoined: lostJoins, unfolded: lostFolds, unpaired: pairs.left)
    }
}
