import HisuiBytes

/// Rules that begin with a field, so that no text at the beginning says which of them a message can
/// fit.
///
/// Each is filed under a bit of `MessageText` that its messages have, the one that fewest others
/// have, or under one for each of some alternatives, with another that they have too; so a message
/// brings up those of its bits only.
/// All parts, one for each chain, stand in flat arrays.
struct FloatingRules: Sendable {
    /// The floating rules of one chain.
    struct Part: Sendable {
        /// In `rules`.
        fileprivate var first: UInt32 = 0
        fileprivate(set) var count: UInt32 = 0
        /// In `always`.
        fileprivate var always: UInt32 = 0
        /// In `used` and `ordinals`, times `MessageText.keyWords`.
        fileprivate var filing: UInt32?

        /// Words of 64 marks, one for each rule.
        @inline(__always)
        var markWords: Int { (Int(count) + 63) / 64 }

        /// Whether the text of a message brings up its rules.
        @inline(__always)
        var isFiled: Bool { filing != nil }
    }

    /// So many are gone through without being filed.
    private static let unfiledMax = 4

    /// Numbers of rules, ascending in each part.
    private var rules: [UInt32] = []
    /// Marks of rules that are filed under no bit.
    private var always: [UInt64] = []
    /// Bits under which something is filed.
    private var used: [UInt64] = []
    /// For each word of `used`: which of `starts` is that of its lowest bit.
    private var ordinals: [UInt32] = []
    /// A rule filed under a bit: its place in the part, and another bit that its messages have.
    private struct Filed {
        var place: UInt16
        var other: UInt16
    }

    /// Those filed under a bit, from its start, one for each bit of `used`, up to the next.
    private var filed: [Filed] = []
    private var starts: [UInt32] = []
    private(set) var parts: [Part] = []
    /// The most words of marks that a part needs.
    private(set) var markWordsMax = 0

    /// Adds the part of a chain, as number `parts.count`.
    ///
    /// - Parameter rules: in the order in which they are tried, with pairs of bits of which each
    ///   needs one.
    mutating func add(_ rules: [(number: Int, keys: [MessageText.Pair])]) {
        var part = Part()
        part.first = UInt32(self.rules.count)
        part.count = UInt32(rules.count)
        part.always = UInt32(always.count)
        let isFiled = rules.count > Self.unfiledMax
        var lists = [[Filed]](repeating: [], count: isFiled ? MessageText.count : 0)
        var marks = [UInt64](repeating: 0, count: part.markWords)
        for (place, rule) in rules.enumerated() {
            self.rules.append(UInt32(rule.number))
            if isFiled, !rule.keys.isEmpty {
                for key in rule.keys {
                    lists[Int(key[0])].append(Filed(place: UInt16(place), other: key[1]))
                }
            } else {
                marks[place / 64] |= 1 << UInt64(place % 64)
            }
        }
        always += marks
        if isFiled { part.filing = file(lists) }
        markWordsMax = max(markWordsMax, part.markWords)
        parts.append(part)
    }

    private mutating func file(_ lists: [[Filed]]) -> UInt32 {
        let number = used.count / MessageText.keyWords
        used += [UInt64](repeating: 0, count: MessageText.keyWords)
        for (bit, list) in lists.enumerated() {
            if bit % 64 == 0 { ordinals.append(UInt32(starts.count)) }
            if list.isEmpty { continue }
            starts.append(UInt32(filed.count))
            filed += list
            used[number * MessageText.keyWords + bit / 64] |= 1 << UInt64(bit % 64)
        }
        starts.append(UInt32(filed.count))
        return UInt32(number)
    }

    /// The rule at a place of a part.
    @inline(__always)
    func rule(_ part: Part, _ place: Int) -> Int { Int(rules[Int(part.first) + place]) }

    /// Marks the rules of a part that a message with this text can fit.
    ///
    /// - Precondition: the text is known, if the part is filed.
    /// - Complexity: O(bits of the message under which rules are filed + rules filed under them +
    ///   rules of the part / 64).
    @inline(__always)
    func mark<Steps: StepCounting>(
        _ part: Part, _ text: borrowing MessageText, _ marks: inout MutableSpan<UInt64>,
        _ steps: inout Steps
    ) {
        for index in 0..<part.markWords { marks[index] = always[Int(part.always) + index] }
        guard let filing = part.filing.map(Int.init) else { return }
        let (used, ordinals, starts, filed) = (used.span, ordinals.span, starts.span, filed.span)
        let first = filing * MessageText.keyWords
        text.forEachBit(sharedWith: used, from: first) { bit in
            let below = used[first + bit / 64] & (1 &<< UInt64(bit % 64) &- 1)
            let start = Int(ordinals[first + bit / 64]) + below.nonzeroBitCount
            for index in Int(starts[start])..<Int(starts[start + 1]) {
                steps.add(1)
                let one = filed[index]
                marks[Int(one.place / 64)] |= text.has(one.other) &<< UInt64(one.place % 64)
            }
        }
    }
}
