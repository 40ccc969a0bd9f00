import HisuiBytes
import HisuiEvent

extension DefinitionSet {
    /// As the public `match`, counting byte comparisons.
    package func match<Steps: StepCounting>(
        _ record: Span<UInt8>, message: Range<Int>, program: Range<Int>?,
        into scratch: inout RowScratch, steps: inout Steps
    ) -> RuleMatch? {
        if scratch.marks.count < floating.markWordsMax {
            scratch.marks = Array(repeating: 0, count: floating.markWordsMax)
        }
        // Apart from the scratch, so that nothing else of it is borrowed with them.
        var (trial, marks, text): ([ByteRange], [UInt64], [UInt64]) = ([], [], [])
        swap(&trial, &scratch.trial)
        swap(&marks, &scratch.marks)
        swap(&text, &scratch.text)
        defer {
            swap(&trial, &scratch.trial)
            swap(&marks, &scratch.marks)
            swap(&text, &scratch.text)
        }
        var slots = RuleSlots(trial.mutableSpan)
        var known = Known(marks.mutableSpan, text.mutableSpan)
        guard let match = match(record, message, program, into: &slots, &known, steps: &steps)
        else { return nil }
        slots.append(to: &scratch.slots)
        scratch.key = Hash64.mix(Hash64.mix(scratch.key, UInt64(match.rule) + 1), match.choices)
        return match
    }

    /// What is known of a message, to find the rules that it can fit.
    private struct Known: ~Copyable, ~Escapable {
        var marks: MutableSpan<UInt64>
        var text: MessageText

        @_lifetime(copy marks, copy text)
        init(_ marks: consuming MutableSpan<UInt64>, _ text: consuming MutableSpan<UInt64>) {
            self.marks = marks
            self.text = MessageText(text)
        }
    }

    @inline(__always)
    private func match<Steps: StepCounting>(
        _ record: Span<UInt8>, _ message: Range<Int>, _ program: Range<Int>?,
        into slots: inout RuleSlots, _ known: inout Known, steps: inout Steps
    ) -> RuleMatch? {
        if let program {
            if let chain = programs.chain(record, program),
                let found = match(
                    record, message, chain: chain, into: &slots, &known, steps: &steps)
            {
                return found
            }
            for pattern in programs.patternPlaces where programs.fits(record, program, pattern) {
                let chain = programs.chain(ofPattern: pattern)
                if let found = match(
                    record, message, chain: chain, into: &slots, &known, steps: &steps)
                {
                    return found
                }
            }
        }
        guard let any = programs.any else { return nil }
        return match(record, message, chain: any, into: &slots, &known, steps: &steps)
    }

    @inline(__always)
    func groups(of chain: Chain) -> Range<Int> {
        Int(chain.first)..<Int(chain.first + chain.count)
    }

    /// Tries the rules of a chain in their order.
    ///
    /// Where the prefix of a group stands, its rules are tried behind it; all others are tried at
    /// the beginning of the message.
    private func match<Steps: StepCounting>(
        _ record: Span<UInt8>, _ message: Range<Int>, chain number: Int,
        into slots: inout RuleSlots, _ known: inout Known, steps: inout Steps
    ) -> RuleMatch? {
        let chain = chains[number]
        let part = floating.parts[Int(chain.part)]
        var whole = Beginning(at: message.lowerBound)
        whole.opening = code.opening(of: record, message)
        var walk = CandidateWalk(
            places: code.candidates(trie, Int(chain.root), record, message, steps: &steps), part,
            floating)
        if chain.prefixedCount > 0, part.isFiled {
            code.look(at: record, message, &known.text, steps: &steps)
        }
        for place in 0..<Int(chain.prefixedCount) {
            let group = groups[Int(prefixedGroups[Int(chain.firstPrefixed) + place])]
            guard mayStand(group, whole.opening, known) else { continue }
            // Before the prefix is taken off: they write over its slots.
            if let match = tryRules(
                &walk, below: Int(group.firstRule), record, message, whole, into: &slots, &known,
                steps: &steps)
            {
                return match
            }
            guard
                let behind = prefix(of: group, record, message, into: &slots, steps: &steps)
            else { continue }
            let others = walk.places
            walk.places = code.candidates(
                trie, Int(group.root), record, behind.start..<message.upperBound, steps: &steps)
            if let match = tryRules(
                &walk, below: Int(group.lastRule) + 1, record, message, behind, into: &slots,
                &known, steps: &steps)
            {
                return match
            }
            walk.places = others
            walk.skip(through: Int(group.lastRule), trie)
        }
        return tryRules(
            &walk, below: Int.max, record, message, whole, into: &slots, &known, steps: &steps)
    }

    /// Where rules are tried.
    private struct Beginning {
        var start: Int
        var opening = MessageOpening()
        /// Of the prefix before it.
        var choices: UInt64 = 0
        var slots = 0

        init(at start: Int) { self.start = start }
    }

    /// Whether what is known of the message lets the prefix of a group stand there.
    @inline(__always)
    private func mayStand(
        _ group: Group, _ opening: MessageOpening, _ known: borrowing Known
    ) -> Bool {
        opening.first != MessageOpening.nothing
            && beginnings.fits(group.prefixBeginning, opening)
            && (!known.text.isKnown || known.text.contains(group.prefixProbes))
    }

    /// Takes the prefix of a group off, if it stands there.
    @inline(__always)
    private func prefix<Steps: StepCounting>(
        of group: Group, _ record: Span<UInt8>, _ message: Range<Int>, into slots: inout RuleSlots,
        steps: inout Steps
    ) -> Beginning? {
        slots.truncate(to: 0)
        var choices: UInt64 = 0
        var reached = 0
        let start = code.run(
            Int(group.prefix), on: record, at: message.lowerBound, end: message.upperBound,
            into: &slots, choices: &choices, reached: &reached, steps: &steps)
        guard start >= 0 else { return nil }
        var behind = Beginning(at: start)
        behind.opening = code.opening(of: record, start..<message.upperBound)
        behind.choices = choices | RuleCompiler.prefixTaken
        behind.slots = slots.count
        return behind
    }

    /// Up to so many candidates, it is quicker to try them than to look at the text.
    private static let candidatesTried = 8

    /// Whether what is known of the message lets a rule fit.
    @inline(__always)
    private func mayFit(
        _ entry: Entry, _ opening: MessageOpening, _ known: borrowing Known
    ) -> Bool {
        if known.text.isKnown, !known.text.contains(entry.probes) { return false }
        if !entry.isInTree, !beginnings.fits(entry.beginning, opening) { return false }
        guard known.text.isKnown, entry.alternativeCount > 0 else { return true }
        let first = Int(entry.firstAlternative)
        return known.text.containsOne(
            of: alternatives, first..<first + Int(entry.alternativeCount))
    }

    /// Tries the candidates numbered below `limit`.
    private func tryRules<Steps: StepCounting>(
        _ walk: inout CandidateWalk, below limit: Int, _ record: Span<UInt8>,
        _ message: Range<Int>, _ beginning: Beginning, into slots: inout RuleSlots,
        _ known: inout Known, steps: inout Steps
    ) -> RuleMatch? {
        if walk.places.count > Self.candidatesTried {
            code.look(at: record, message, &known.text, steps: &steps)
        }
        slots.truncate(to: beginning.slots)
        var failure = RuleFailure()
        while true {
            if walk.mustMark(below: limit, trie) {
                if walk.part.isFiled {
                    code.look(at: record, message, &known.text, steps: &steps)
                }
                walk.mark(floating, known.text, &known.marks, &steps)
            }
            guard let candidate = walk.next(below: limit, trie, floating, known.marks) else {
                return nil
            }
            if failure.covers(candidate.rule, self) { continue }
            let entry = entries[candidate.rule]
            guard mayFit(entry, beginning.opening, known) else { continue }
            var choices = beginning.choices
            var reached = 0
            let isVerified = candidate.isVerified
            let after = code.run(
                Int(entry.start) + (isVerified ? 1 : 0), on: record,
                at: beginning.start + (isVerified ? Int(entry.literalCount) : 0),
                end: message.upperBound, into: &slots, choices: &choices, reached: &reached,
                steps: &steps)
            guard after >= 0 else {
                code.look(at: record, message, &known.text, steps: &steps)
                failure = RuleFailure(
                    rule: candidate.rule, operations: reached - Int(entry.start) + 1)
                slots.truncate(to: beginning.slots)
                continue
            }
            var match = RuleMatch(rule: UInt32(candidate.rule), choices: choices, flags: [])
            if entry.hasChecks, isAmbiguous(match, record, message.upperBound, slots, &steps) {
                match.flags.insert(.ambiguous)
            }
            return match
        }
    }

    /// Whether a text that ends an untrusted field also begins inside a field: then the message
    /// could be read in another way.
    private func isAmbiguous<Steps: StepCounting>(
        _ match: RuleMatch, _ record: Span<UInt8>, _ end: Int, _ slots: borrowing RuleSlots,
        _ steps: inout Steps
    ) -> Bool {
        // By places, so that nothing of the rule is copied for a message.
        let number = Int(match.rule)
        var slot = 0
        if match.choices & RuleCompiler.prefixTaken != 0 {
            for place in rules[number].prefixCaptures.indices
            where rules[number].prefixCaptures[place].isPresent(in: match.choices) { slot += 1 }
        }
        // Template captures are numbered without the blanks that padding makes.
        var capture = 0
        if let first = rules[number].captures.first, first.isPadding { capture = -1 }
        for place in rules[number].captures.indices {
            defer { capture += 1 }
            guard rules[number].captures[place].isPresent(in: match.choices) else { continue }
            let range = slots[slot]
            slot += 1
            for check in rules[number].checks.indices
            where rules[number].checks[check].inside.contains(capture) {
                for text in rules[number].checks[check].literals {
                    steps.add(range.count)
                    let within = range.lowerBound..<min(end, range.upperBound + text.count - 1)
                    if ByteSearch.first(of: text, in: record, within) != nil { return true }
                }
            }
        }
        return false
    }
}
