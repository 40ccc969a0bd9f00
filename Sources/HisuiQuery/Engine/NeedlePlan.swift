import HisuiBytes

/// How to look for a needle in a stretch of fixed text and slots without putting the text together.
///
/// An occurrence lies wholly in fixed text (then all rows have it), wholly in one slot (then that
/// slot's column is searched), or across a border. Which borders it could cross is known from the
/// fixed text next to them:
///
///     needle  "password for"     text  "Failed password for " [user] " from " [addr]
///     inside "Failed password for "          → all rows
///     needle  "root from"        " from " begins with "` from`", so it could cross after [user]
///                                             → put the text of these rows together
///     needle  "10.0.0.7"         nothing in it fits the text around a slot
///                                             → search the columns of [user] and [addr]
struct NeedlePlan {
    /// `always` if fixed text has the needle; else `depends`.
    private(set) var verdict = Verdict.depends
    /// Whether an occurrence can lie across a border, or its surroundings are not known.
    private(set) var crosses = false
    /// For each slot, whether a word ends right before it and whether one begins right after it.
    private(set) var surroundings: [(before: Bool, after: Bool)] = []

    init(_ needle: Needle, in text: StretchText) {
        let literals =
            needle.ignoresCase ? text.literals.map { CaseFolding.folded($0.span) } : text.literals
        for (index, literal) in literals.enumerated() {
            look(for: needle, in: literal, isFirst: index == 0, isLast: index == text.slots.count)
            if verdict == .always { return }
        }
        for slot in text.slots.indices {
            let before = literals[slot]
            let after = literals[slot + 1]
            surroundings.append(
                (
                    Needle.endsInWord(before.span, 0..<before.count),
                    Needle.beginsInWord(after.span, 0..<after.count)
                ))
            let isFirst = slot == 0
            let isLast = slot == text.slots.count - 1
            if Self.fits(needle.bytes, endOf: before, goesOn: !isFirst)
                || Self.fits(needle.bytes, startOf: after, goesOn: !isLast)
                || Self.isTorn(before, after, isFirst: isFirst, isLast: isLast)
            {
                crosses = true
            }
        }
    }

    /// Notes occurrences in one piece of fixed text.
    private mutating func look(
        for needle: Needle, in literal: [UInt8], isFirst: Bool, isLast: Bool
    ) {
        var from = 0
        let bytes = literal.span
        while let found = needle.candidate(in: bytes, from..<literal.count, false) {
            let end = found + needle.bytes.count
            from = found + 1
            // At the border to a slot the character beyond it is not known.
            if needle.startsWord, found == 0, !isFirst {
                crosses = true
            } else if needle.startsWord, Needle.endsInWord(bytes, 0..<found) {
                continue
            } else if needle.endsWord, end == literal.count, !isLast {
                crosses = true
            } else if needle.endsWord, Needle.beginsInWord(bytes, end..<literal.count) {
                continue
            } else {
                verdict = .always
                return
            }
        }
    }

    /// Whether a beginning of the needle fits the end of `literal`, or of what stands before it.
    private static func fits(_ needle: [UInt8], endOf literal: [UInt8], goesOn: Bool) -> Bool {
        // Slots that touch: the needle may begin in one and end in the other.
        if literal.isEmpty { return goesOn }
        for split in 1...needle.count {
            let common = min(split, literal.count)
            guard split <= literal.count || goesOn else { return false }
            if needle[split - common..<split].elementsEqual(literal.suffix(common)),
                split < needle.count || split > literal.count
            {
                return true
            }
        }
        return false
    }

    /// Whether an end of the needle fits the beginning of `literal`, or of what stands after it.
    private static func fits(_ needle: [UInt8], startOf literal: [UInt8], goesOn: Bool) -> Bool {
        if literal.isEmpty { return goesOn }
        for left in 1...needle.count {
            let split = needle.count - left
            let common = min(left, literal.count)
            guard left <= literal.count || goesOn else { return false }
            if needle[split..<split + common].elementsEqual(literal.prefix(common)),
                split > 0 || left > literal.count
            {
                return true
            }
        }
        return false
    }

    /// Whether fixed text ends or begins in the middle of a character, or is missing between two
    /// slots: then what surrounds a slot's value is not known.
    private static func isTorn(
        _ before: [UInt8], _ after: [UInt8], isFirst: Bool, isLast: Bool
    ) -> Bool {
        if before.isEmpty ? !isFirst : Scalars.last(in: before.span, 0..<before.count) == nil {
            return true
        }
        return after.isEmpty
            ? !isLast : Scalars.first(in: after.span, 0..<after.count).0 == nil
    }
}
