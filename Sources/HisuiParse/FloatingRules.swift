import HisuiBytes

/// Rules that begin with a field, so that no first byte says which of them a message can fit.
///
/// Each is filed under one word that its messages have, the one that fewest others are filed under;
/// so a message brings up those of its words only. All parts, one for each tree of `RuleTrie`,
/// stand in flat arrays.
struct FloatingRules: Sendable {
    /// The floating rules of one tree.
    struct Part: Sendable {
        /// In `rules`.
        fileprivate var first: UInt32 = 0
        fileprivate(set) var count: UInt32 = 0
        /// In `always`.
        fileprivate var always: UInt32 = 0
        /// In `starts`.
        fileprivate var starts: UInt32 = 0
        /// Words under which something is filed.
        fileprivate var used = WordFingerprint()

        /// Words of 64 marks, one for each rule.
        @inline(__always)
        var markWords: Int { (Int(count) + 63) / 64 }
    }

    /// Numbers of rules, ascending in each part.
    private var rules: [UInt32] = []
    /// Marks of rules that are filed under no word.
    private var always: [UInt64] = []
    /// Places in the part of the rules filed under a word, from one of `starts` up to the next.
    private var filed: [UInt32] = []
    private var starts: [UInt32] = []
    private(set) var parts: [Part] = []
    /// The most words of marks that a part needs.
    private(set) var markWordsMax = 0

    /// Adds the part of a tree, as number `parts.count`.
    ///
    /// - Parameter rules: in the order in which they are tried, with the words they require.
    mutating func add(_ rules: [(number: Int, words: WordFingerprint)]) {
        var part = Part()
        part.first = UInt32(self.rules.count)
        part.count = UInt32(rules.count)
        part.always = UInt32(always.count)
        part.starts = UInt32(starts.count)
        var lists = [[UInt32]](repeating: [], count: WordFingerprint.count)
        var marks = [UInt64](repeating: 0, count: part.markWords)
        for (place, rule) in rules.enumerated() {
            self.rules.append(UInt32(rule.number))
            let rarest = rule.words.bits.min { lists[Int($0)].count < lists[Int($1)].count }
            if let rarest {
                lists[Int(rarest)].append(UInt32(place))
                part.used.insert(rarest)
            } else {
                marks[place / 64] |= 1 << UInt64(place % 64)
            }
        }
        always += marks
        for list in lists {
            starts.append(UInt32(filed.count))
            filed += list
        }
        starts.append(UInt32(filed.count))
        markWordsMax = max(markWordsMax, part.markWords)
        parts.append(part)
    }

    /// The rule at a place of a part.
    @inline(__always)
    func rule(_ part: Part, _ place: Int) -> Int { Int(rules[Int(part.first) + place]) }

    /// All rules of a part.
    func rules(_ part: Part) -> [Int] { (0..<Int(part.count)).map { rule(part, $0) } }

    /// Marks the rules of a part that a message with these words can fit.
    ///
    /// - Complexity: O(words of the message + rules filed under them + rules of the part / 64).
    @inline(__always)
    func mark<Steps: StepCounting>(
        _ part: Part, _ words: WordFingerprint, _ marks: inout MutableSpan<UInt64>,
        _ steps: inout Steps
    ) {
        for index in 0..<part.markWords { marks[index] = always[Int(part.always) + index] }
        mark(part, words.low & part.used.low, 0, &marks, &steps)
        mark(part, words.high & part.used.high, 64, &marks, &steps)
    }

    @inline(__always)
    private func mark<Steps: StepCounting>(
        _ part: Part, _ bits: UInt64, _ first: Int, _ marks: inout MutableSpan<UInt64>,
        _ steps: inout Steps
    ) {
        var bits = bits
        while bits != 0 {
            let start = Int(part.starts) + first + bits.trailingZeroBitCount
            bits &= bits &- 1
            for index in Int(starts[start])..<Int(starts[start + 1]) {
                steps.add(1)
                let place = filed[index]
                marks[Int(place / 64)] |= 1 &<< UInt64(place % 64)
            }
        }
    }
}

/// Goes through marked rules in their order.
struct MarkedRules {
    private var word = -1
    private var rest: UInt64 = 0

    /// The place of the next one; -1 if there is none.
    @inline(__always)
    mutating func next(_ part: FloatingRules.Part, _ marks: borrowing MutableSpan<UInt64>) -> Int {
        while rest == 0 {
            word += 1
            if word >= part.markWords { return -1 }
            rest = marks[word]
        }
        defer { rest &= rest &- 1 }
        return word * 64 + rest.trailingZeroBitCount
    }
}
