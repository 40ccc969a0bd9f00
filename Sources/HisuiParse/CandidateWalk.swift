/// Goes through the rules that a message can fit in their order: those that its first bytes bring
/// up, and those that begin with a field.
struct CandidateWalk {
    /// Places for `RuleTrie.candidate`.
    var places: Range<Int>
    let part: FloatingRules.Part
    /// The next floating rule; before they are marked, none of them stands before it.
    private var floating: Int
    private var isMarked: Bool
    private var word = -1
    private var rest: UInt64 = 0

    @inline(__always)
    init(places: Range<Int>, _ part: FloatingRules.Part, _ rules: FloatingRules) {
        self.places = places
        self.part = part
        isMarked = part.count == 0
        floating = part.count == 0 ? Int.max : rules.rule(part, 0)
    }

    /// Whether the floating rules have to be marked, now that the next candidate may be one.
    @inline(__always)
    func mustMark(below limit: Int, _ trie: RuleTrie) -> Bool {
        !isMarked && floating < limit
            && (places.isEmpty || trie.candidate(places.lowerBound).rule > floating)
    }

    @inline(__always)
    mutating func mark<Steps: StepCounting>(
        _ rules: FloatingRules, _ text: borrowing MessageText, _ marks: inout MutableSpan<UInt64>,
        _ steps: inout Steps
    ) {
        isMarked = true
        rules.mark(part, text, &marks, &steps)
        goOn(rules, marks)
    }

    /// The next candidate numbered below `limit`, if there is one.
    @inline(__always)
    mutating func next(
        below limit: Int, _ trie: RuleTrie, _ rules: FloatingRules,
        _ marks: borrowing MutableSpan<UInt64>
    ) -> RuleTrie.Candidate? {
        if !places.isEmpty {
            let candidate = trie.candidate(places.lowerBound)
            if candidate.rule < floating {
                guard candidate.rule < limit else { return nil }
                places = places.lowerBound + 1..<places.upperBound
                return candidate
            }
        }
        guard floating < limit else { return nil }
        let candidate = RuleTrie.Candidate(rule: UInt32(floating), isVerified: false)
        goOn(rules, marks)
        return candidate
    }

    /// Passes over the rules of the tree up to one.
    @inline(__always)
    mutating func skip(through rule: Int, _ trie: RuleTrie) {
        while !places.isEmpty, trie.candidate(places.lowerBound).rule <= rule {
            places = places.lowerBound + 1..<places.upperBound
        }
    }

    /// Goes to the next mark.
    @inline(__always)
    private mutating func goOn(_ rules: FloatingRules, _ marks: borrowing MutableSpan<UInt64>) {
        while rest == 0 {
            word += 1
            if word >= part.markWords {
                floating = Int.max
                return
            }
            rest = marks[word]
        }
        floating = rules.rule(part, word * 64 + rest.trailingZeroBitCount)
        rest &= rest &- 1
    }
}
