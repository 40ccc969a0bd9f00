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
        var (trial, marks): ([ByteRange], [UInt64]) = ([], [])
        swap(&trial, &scratch.trial)
        swap(&marks, &scratch.marks)
        defer {
            swap(&trial, &scratch.trial)
            swap(&marks, &scratch.marks)
        }
        var slots = RuleSlots(trial.mutableSpan)
        var candidates = Candidates(marks.mutableSpan)
        guard
            let match = match(
                record, message, program, into: &slots, &candidates, steps: &steps)
        else { return nil }
        slots.append(to: &scratch.slots)
        scratch.key = Hash64.mix(Hash64.mix(scratch.key, UInt64(match.rule) + 1), match.choices)
        return match
    }

    /// What is known of a message, to find the rules that it can fit.
    private struct Candidates: ~Copyable, ~Escapable {
        var marks: MutableSpan<UInt64>
        /// The words of the message, once they have been looked for.
        var words: WordFingerprint?
        /// Its text, once some rules have been run in vain.
        var text = TextFingerprint()
        /// Rules that were run in vain.
        var failed = 0

        @_lifetime(copy marks)
        init(_ marks: consuming MutableSpan<UInt64>) { self.marks = marks }
    }

    @inline(__always)
    private func match<Steps: StepCounting>(
        _ record: Span<UInt8>, _ message: Range<Int>, _ program: Range<Int>?,
        into slots: inout RuleSlots, _ candidates: inout Candidates, steps: inout Steps
    ) -> RuleMatch? {
        if let program {
            if let chain = programs.chain(record, program),
                let found = match(
                    record, message, chain: chain, into: &slots, &candidates, steps: &steps)
            {
                return found
            }
            for pattern in programs.patternPlaces where programs.fits(record, program, pattern) {
                let chain = programs.chain(ofPattern: pattern)
                if let found = match(
                    record, message, chain: chain, into: &slots, &candidates, steps: &steps)
                {
                    return found
                }
            }
        }
        guard let any = programs.any else { return nil }
        return match(record, message, chain: any, into: &slots, &candidates, steps: &steps)
    }

    @inline(__always)
    func groups(of chain: Chain) -> Range<Int> {
        Int(chain.first)..<Int(chain.first + chain.count)
    }

    private func match<Steps: StepCounting>(
        _ record: Span<UInt8>, _ message: Range<Int>, chain number: Int,
        into slots: inout RuleSlots, _ candidates: inout Candidates, steps: inout Steps
    ) -> RuleMatch? {
        let chain = chains[number]
        var isPrefixed = chain.count == 1
        for place in groups(of: chain) where !isPrefixed {
            let group = groups[Int(chainGroups[place])]
            isPrefixed =
                prefix(of: group, record, message, into: &slots, &candidates, steps: &steps) != nil
        }
        if !isPrefixed {
            return match(
                record, message, message.lowerBound, groups[Int(chain.merged)], choices: 0,
                into: &slots, &candidates, steps: &steps)
        }
        for place in groups(of: chain) {
            let group = groups[Int(chainGroups[place])]
            let prefix = prefix(
                of: group, record, message, into: &slots, &candidates, steps: &steps)
            if let found = match(
                record, message, prefix?.end ?? message.lowerBound, group,
                choices: prefix?.choices ?? 0, into: &slots, &candidates, steps: &steps)
            {
                return found
            }
        }
        return nil
    }

    /// Takes the prefix of a group off, if it stands there; otherwise there are no slots.
    @inline(__always)
    private func prefix<Steps: StepCounting>(
        of group: Group, _ record: Span<UInt8>, _ message: Range<Int>,
        into slots: inout RuleSlots, _ candidates: inout Candidates, steps: inout Steps
    ) -> (end: Int, choices: UInt64)? {
        slots.truncate(to: 0)
        guard group.prefix >= 0, !message.isEmpty,
            group.canHavePrefix(record[message.lowerBound]),
            words(record, message, &candidates, &steps).contains(group.prefixWords)
        else { return nil }
        var choices: UInt64 = 0
        var reached = 0
        let after = code.run(
            Int(group.prefix), on: record, at: message.lowerBound, end: message.upperBound,
            into: &slots, choices: &choices, reached: &reached, steps: &steps)
        if after >= 0 { return (after, choices | RuleCompiler.prefixTaken) }
        slots.truncate(to: 0)
        return nil
    }

    /// The words of the message, looked for once.
    @inline(__always)
    private func words<Steps: StepCounting>(
        _ record: Span<UInt8>, _ message: Range<Int>, _ candidates: inout Candidates,
        _ steps: inout Steps
    ) -> WordFingerprint {
        if let words = candidates.words { return words }
        let words = code.words(record, message, steps: &steps)
        candidates.words = words
        return words
    }

    /// Up to so many candidates, it is quicker to try them than to look for words.
    private static let candidatesTried = 3
    /// After so many rules that were run in vain, it is quicker to look at all of the text.
    private static let failuresTried = 1

    /// Whether what is known of the message lets a rule fit.
    @inline(__always)
    private func mayFit<Steps: StepCounting>(
        _ entry: Entry, _ record: Span<UInt8>, _ message: Range<Int>,
        _ candidates: inout Candidates, _ steps: inout Steps
    ) -> Bool {
        guard candidates.words?.contains(entry.words) ?? true else { return false }
        if candidates.failed < Self.failuresTried { return true }
        if candidates.failed == Self.failuresTried {
            candidates.text = code.text(record, message, steps: &steps)
            candidates.failed += 1
        }
        let first = Int(entry.firstAlternative)
        return candidates.text.contains(entry.probes)
            && (entry.alternativeCount == 0
                || candidates.text.containsOne(
                    of: alternatives, first..<first + Int(entry.alternativeCount)))
    }

    /// Tries the rules of a group behind its prefix, which ends at `start` and has made the slots
    /// there are.
    private func match<Steps: StepCounting>(
        _ record: Span<UInt8>, _ message: Range<Int>, _ start: Int, _ group: Group,
        choices before: UInt64, into slots: inout RuleSlots, _ candidates: inout Candidates,
        steps: inout Steps
    ) -> RuleMatch? {
        let end = message.upperBound
        let slotsBefore = slots.count
        let places = code.candidates(
            trie, Int(group.root), record, start..<end, steps: &steps)
        if places.count > Self.candidatesTried {
            _ = words(record, message, &candidates, &steps)
        }
        var place = places.lowerBound
        let part = floating.parts[Int(group.part)]
        var marked = MarkedRules()
        var failure = RuleFailure()
        // The next floating rule, or none before that.
        var isMarked = part.count == 0
        var next = isMarked ? RuleTrie.Candidate.none.rule : floating.rule(part, 0)
        while true {
            var candidate = RuleTrie.Candidate.none
            if place < places.upperBound { candidate = trie.candidate(place) }
            if next > candidate.rule {
                place += 1
            } else if candidate.rule == next {
                // No rule is in both.
                return nil
            } else if !isMarked {
                isMarked = true
                let words = words(record, message, &candidates, &steps)
                floating.mark(part, words, &candidates.marks, &steps)
                let first = marked.next(part, candidates.marks)
                next = first < 0 ? RuleTrie.Candidate.none.rule : floating.rule(part, first)
                continue
            } else {
                candidate = RuleTrie.Candidate(rule: UInt32(next), isVerified: false)
                let following = marked.next(part, candidates.marks)
                next =
                    following < 0
                    ? RuleTrie.Candidate.none.rule : floating.rule(part, following)
            }
            if failure.covers(candidate.rule, self) { continue }
            let entry = entries[candidate.rule]
            guard mayFit(entry, record, message, &candidates, &steps) else { continue }
            var choices = before
            var reached = 0
            let isVerified = candidate.isVerified
            let after = code.run(
                Int(entry.start) + (isVerified ? 1 : 0), on: record,
                at: start + (isVerified ? Int(entry.literalCount) : 0), end: end, into: &slots,
                choices: &choices, reached: &reached, steps: &steps)
            guard after >= 0 else {
                if candidates.failed < Self.failuresTried { candidates.failed += 1 }
                failure = RuleFailure(
                    rule: candidate.rule, operations: reached - Int(entry.start) + 1)
                slots.truncate(to: slotsBefore)
                continue
            }
            var match = RuleMatch(rule: UInt32(candidate.rule), choices: choices, flags: [])
            if entry.hasChecks, isAmbiguous(match, record, end, slots, &steps) {
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
        let rule = rules[Int(match.rule)]
        var slot = 0
        if match.choices & RuleCompiler.prefixTaken != 0 { slot += rule.prefixCaptures.count }
        // Template captures are numbered without the blanks that padding makes.
        var number = rule.captures.first.map { $0.isPadding ? -1 : 0 } ?? 0
        for capture in rule.captures {
            defer { number += 1 }
            guard capture.isPresent(in: match.choices) else { continue }
            let range = slots[slot]
            slot += 1
            for check in rule.checks where check.inside.contains(number) {
                for text in check.literals {
                    steps.add(range.count)
                    let within = range.lowerBound..<min(end, range.upperBound + text.count - 1)
                    if ByteSearch.first(of: text, in: record, within) != nil { return true }
                }
            }
        }
        return false
    }
}
