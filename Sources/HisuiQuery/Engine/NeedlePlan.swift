import HisuiBytes

/// How to look for a needle in a stretch of fixed text and slots without putting the text together.
///
/// An occurrence lies wholly in fixed text (then all rows have it), wholly in one slot (then that
/// slot's column is searched), or across a border. Which borders it could cross is known from the
/// fixed text next to them:
///
///     needle  "password for"     text  "Failed password for " [user] " from " [addr]
///     inside "Failed password for "          → all rows
///     needle  "root from"        " from" begins as the needle ends: it crosses where the value
///                                of [user] ends in "root"; only such rows are put together
///     needle  "10.0.0.7"         nothing in it fits the text around a slot
///                                → search the columns of [user] and [addr]
struct NeedlePlan: Sendable {
    /// `always` if fixed text has the needle; else `depends`.
    private(set) var verdict = Verdict.depends
    /// Whether fixed text has the needle where what surrounds it is not known without the row.
    private(set) var isOpen = false
    /// Whether what surrounds a slot's value is not known without the row.
    private(set) var isTorn = false
    /// Ways in which an occurrence could cross a border between a slot and fixed text.
    private(set) var crossings: [Crossing] = []
    /// For each slot, whether a word ends right before it and whether what is right after it would
    /// cut an occurrence.
    private(set) var surroundings: [(before: Bool, after: Bool)] = []

    init(_ needle: Needle, in text: StretchText) {
        let literals =
            switch needle.likeness {
            case .exact: text.literals
            case .anyCase: text.literals.map { $0.map(ByteSearch.lowered) }
            case .folded: text.literals.map(TextFolding.folded)
            }
        let isFolded = needle.likeness == .folded
        // Pieces of a character do not fold as it does.
        if isFolded, Self.cutsCharacters(text.literals) {
            isOpen = true
            return
        }
        for (index, literal) in literals.enumerated() {
            look(for: needle, in: literal, isFirst: index == 0, isLast: index == text.slots.count)
            if verdict == .always { return }
        }
        for slot in text.slots.indices {
            let before = literals[slot]
            let after = literals[slot + 1]
            surroundings.append(
                (
                    needle.endsInWord(before.span, 0..<before.count) ?? false,
                    needle.cuts(behind: after.span, 0..<after.count)
                ))
            let isFirst = slot == 0
            let isLast = slot == text.slots.count - 1
            let isTornHere =
                (needle.startsWord || needle.asksBehind)
                && Self.isTorn(needle, before, after, isFirst: isFirst, isLast: isLast)
            isTorn = isTorn || isTornHere
            addCrossings(needle, slot, after: before, goesOn: !isFirst, isTorn: isTornHere)
            addCrossings(needle, slot, before: after, goesOn: !isLast, isTorn: isTornHere)
        }
        noteReach(needle.bytes.count, literals.map(\.count))
        // Between two slots that touch a character may be cut, too.
        for slot in text.slots.indices.dropLast() where isFolded && literals[slot + 1].isEmpty {
            crossings.append(
                Crossing(slot: slot, part: 0..<needle.bytes.count, isEnd: true, isSplit: true))
        }
    }

    /// Notes how far crossings reach: over the slot, or over the fixed text.
    private mutating func noteReach(_ count: Int, _ literals: [Int]) {
        if crossings.isEmpty { return }
        // Where needles that go on behind the slot, or come from before it, part there.
        var begins = [[Int]](repeating: [], count: literals.count)
        var ends = begins
        for crossing in crossings {
            let (slot, part) = (crossing.slot, crossing.part)
            if crossing.isEnd {
                ends[slot].append(part.upperBound)
            } else {
                begins[slot].append(part.lowerBound)
            }
        }
        // Nobody asks for more of longer ones.
        let isShort = count <= NeedleProbes.partsMax
        for index in crossings.indices {
            let (slot, part) = (crossings[index].slot, crossings[index].part)
            if crossings[index].isEnd {
                crossings[index].isWhole = begins[slot].contains { $0 <= part.upperBound }
                let begin = part.upperBound + literals[slot + 1]
                guard isShort, begin < count else { continue }
                // The next slot has the rest, or as much as comes before it parts there.
                let end = ends[slot + 1].reduce(count) { $1 < begin ? $0 : min($0, $1) }
                if end > begin { crossings[index].other = (slot + 1, begin..<end) }
            } else {
                crossings[index].isWhole = ends[slot].contains { $0 >= part.lowerBound }
                let end = part.lowerBound - literals[slot]
                guard isShort, end > 0 else { continue }
                let begin = begins[slot - 1].reduce(0) { $1 > end ? $0 : max($0, $1) }
                if begin < end { crossings[index].other = (slot - 1, begin..<end) }
            }
        }
    }

    /// How an occurrence could stand across one of a slot's borders.
    struct Crossing: Sendable {
        /// The slot, by its place in the text.
        var slot: Int
        /// The part of the needle that lies in the slot, and beyond it where the value is shorter.
        var part: Range<Int>
        /// Whether the value would end in that part, or begin with it.
        var isEnd: Bool
        /// Whether nothing of the needle is asked for, but that the value ends within a character,
        /// which goes on in the next slot.
        var isSplit = false
        /// Whether the needle may reach beyond the slot on its other side too, so that the part
        /// need not stand in it as a whole.
        var isWhole = false
        /// Whether the fixed text at the border has all the rest of the needle, and what surrounds
        /// it there lets it stand: then the value alone decides.
        var isDecided = false
        /// Where it reaches over the fixed text into the next slot: that one, and what of the
        /// needle is there at least.
        var other: (slot: Int, part: Range<Int>)?

        /// What the slot's value says of the row.
        ///
        /// - Parameter around: of the slot, as the plan has it.
        func verdict(
            _ bytes: Span<UInt8>, _ value: Range<Int>, _ needle: Needle,
            around: (before: Bool, after: Bool)
        ) -> Verdict {
            if isSplit {
                guard !value.isEmpty, bytes[value.upperBound - 1] >= 0x80 else { return .never }
                return Scalars.last(in: bytes, value) == nil ? .depends : .never
            }
            guard fits(bytes, value, needle.bytes.span, needle.likeness) else { return .never }
            // A shorter value goes on in the text behind it, and one that is folded may be longer.
            guard isDecided, value.count >= part.count, needle.likeness == .exact else {
                return .depends
            }
            let rest = value.count - part.count
            if isEnd {
                guard needle.startsWord else { return .always }
                let before = value.lowerBound..<value.lowerBound + rest
                return Verdict(!(needle.endsInWord(bytes, before) ?? around.before))
            }
            guard needle.endsWord else { return .always }
            return Verdict(
                rest == 0
                    ? !around.after
                    : !needle.cuts(behind: bytes, value.upperBound - rest..<value.upperBound))
        }

        /// Whether the slot's value fits; one that is not ASCII may where the needle is folded.
        @inline(__always)
        func fits(
            _ bytes: Span<UInt8>, _ value: Range<Int>, _ needle: Span<UInt8>,
            _ likeness: Needle.Likeness
        ) -> Bool {
            if likeness != .exact {
                return fitsAlike(bytes, value, needle, folds: likeness == .folded)
            }
            let common = min(value.count, part.count)
            // From the border on: that is where values differ.
            if isEnd {
                for back in 1..<(common + 1)
                where bytes[value.upperBound - back] != needle[part.upperBound - back] {
                    return false
                }
            } else {
                for index in 0..<common
                where bytes[value.lowerBound + index] != needle[part.lowerBound + index] {
                    return false
                }
            }
            return true
        }

        private func fitsAlike(
            _ bytes: Span<UInt8>, _ value: Range<Int>, _ needle: Span<UInt8>, folds: Bool
        ) -> Bool {
            for index in 0..<min(value.count, part.count) {
                // From the border on.
                let byte = bytes[isEnd ? value.upperBound - 1 - index : value.lowerBound + index]
                let wanted = needle[isEnd ? part.upperBound - 1 - index : part.lowerBound + index]
                // What it folds to may have another length: only its byte at the border is asked.
                if folds, byte >= 0x80 {
                    let rest = value.dropFirst(isEnd ? 0 : index).dropLast(isEnd ? index : 0)
                    let scalar =
                        isEnd
                        ? Scalars.last(in: bytes, rest) : Scalars.first(in: bytes, rest).0
                    guard let scalar, let border = TextFolding.borderBytes(scalar) else {
                        return true
                    }
                    return (isEnd ? border.last : border.first) == wanted
                }
                if ByteSearch.lowered(byte) != wanted { return false }
            }
            return true
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
            if needle.startsWord, let before = needle.endsInWord(bytes, 0..<found), before {
                continue
            } else if needle.startsWord, needle.endsInWord(bytes, 0..<found) == nil, !isFirst {
                isOpen = true
            } else if needle.asksBehind, end == literal.count, !isLast {
                isOpen = true
            } else if needle.asksBehind, needle.cuts(behind: bytes, end..<literal.count) {
                continue
            } else {
                verdict = .always
                return
            }
        }
    }

    /// Notes how a beginning of the needle fits the end of the fixed text before a slot.
    ///
    /// - Parameters:
    ///   - goesOn: whether something stands before that text.
    ///   - isTorn: whether what surrounds the slot's value is not known.
    private mutating func addCrossings(
        _ needle: Needle, _ slot: Int, after literal: [UInt8], goesOn: Bool, isTorn: Bool
    ) {
        let bytes = needle.bytes
        let end = goesOn ? bytes.count : min(bytes.count, literal.count + 1)
        for split in 1..<max(1, end) {
            let common = min(split, literal.count)
            var same = 0
            while same < common, bytes[split - 1 - same] == literal[literal.count - 1 - same] {
                same += 1
            }
            guard same == common else { continue }
            var crossing = Crossing(slot: slot, part: split..<bytes.count, isEnd: false)
            let before = literal.count - split
            if before >= 0, needle.startsWord {
                let endsInWord = needle.endsInWord(literal.span, 0..<before)
                if endsInWord == true { continue }
                crossing.isDecided = !isTorn && (endsInWord != nil || !goesOn)
            } else {
                crossing.isDecided = !isTorn && before >= 0
            }
            crossings.append(crossing)
        }
    }

    /// Notes how an end of the needle fits the beginning of the fixed text after a slot.
    private mutating func addCrossings(
        _ needle: Needle, _ slot: Int, before literal: [UInt8], goesOn: Bool, isTorn: Bool
    ) {
        let bytes = needle.bytes
        let start = goesOn ? 1 : max(1, bytes.count - literal.count)
        for split in stride(from: bytes.count - 1, through: start, by: -1) {
            let common = min(bytes.count - split, literal.count)
            var same = 0
            while same < common, bytes[split + same] == literal[same] { same += 1 }
            guard same == common else { continue }
            var crossing = Crossing(slot: slot, part: 0..<split, isEnd: true)
            let end = bytes.count - split
            if end <= literal.count, needle.asksBehind {
                if needle.cuts(behind: literal.span, end..<literal.count) { continue }
                crossing.isDecided = !isTorn && (end < literal.count || !goesOn)
            } else {
                crossing.isDecided = !isTorn && end <= literal.count
            }
            crossings.append(crossing)
        }
    }

    /// Whether fixed text ends or begins in the middle of a character, or is missing between two
    /// slots, or is nothing but marks: then what surrounds a slot's value is not known.
    private static func isTorn(
        _ needle: Needle, _ before: [UInt8], _ after: [UInt8], isFirst: Bool, isLast: Bool
    ) -> Bool {
        if cutsCharacter(before, after) { return true }
        return needle.endsInWord(before.span, 0..<before.count) == nil && !isFirst
            || after.isEmpty && !isLast
    }

    /// Whether a slot between two pieces of fixed text may lie within a character.
    private static func cutsCharacter(_ before: [UInt8], _ after: [UInt8]) -> Bool {
        !before.isEmpty && Scalars.last(in: before.span, 0..<before.count) == nil
            || !after.isEmpty && Scalars.first(in: after.span, 0..<after.count).0 == nil
    }

    /// Whether a character may lie in fixed text and in a slot.
    private static func cutsCharacters(_ literals: [[UInt8]]) -> Bool {
        zip(literals, literals.dropFirst()).contains { cutsCharacter($0, $1) }
    }
}
