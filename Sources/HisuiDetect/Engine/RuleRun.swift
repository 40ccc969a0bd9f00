import CHisui
import HisuiBytes

/// Which rules of a group an event satisfies: what is known of the event at hand, and room to find
/// it out without allocating.
///
/// Belongs to one thread.
struct RuleRun {
    fileprivate enum Answer: UInt8 {
        /// Nothing that triggers it was met.
        case no
        case yes
        /// It was asked.
        case askedNo
        /// It has no triggers and was not asked.
        case unknown
    }

    /// What is known of the tests and rules of a group. Between events it is as in the beginning,
    /// so that the next one has little to undo.
    struct Notes {
        fileprivate var answers: [Answer] = []
        /// Whether a rule waits in `awake`.
        fileprivate var isAwake: [Bool] = []

        fileprivate init() {}

        init(hasTriggers: [Bool], rules: Int) {
            answers = hasTriggers.map { $0 ? .no : .unknown }
            isAwake = [Bool](repeating: false, count: rules)
        }
    }

    private var notes = Notes()
    /// Tests whose answer is not the first one any more.
    private var changed: [Int] = []
    private var awake: [Int] = []
    private var hits: [LiteralIndex.Hit] = []
    /// The value at hand in lower case.
    private var lowered: [UInt8] = []
    /// A value in lower case by Unicode, and where among the event's it stands; nil for none.
    private var folded: [UInt8] = []
    private var foldedRange: Range<Int>?
    /// Of tests of the set that ask a regular expression, made when they are first asked.
    private var machines: [RegularExpressionAutomaton?]

    /// - Parameter tests: how many the set has.
    init(tests: Int) { machines = [RegularExpressionAutomaton?](repeating: nil, count: tests) }

    /// Appends the number of each rule of the group that the event satisfies, ascending.
    mutating func match(
        _ group: RuleGroup, _ values: borrowing EventValues, into matched: inout [Int]
    ) {
        swap(&notes, &group.notes)
        foldedRange = nil
        for place in group.always { wake(place) }
        for sought in group.sought {
            if let field = sought.field {
                values.forEach(field) { seek(group, sought, $0, $1, values) }
            } else {
                values.forEachText { seek(group, sought, $0, $1, values) }
            }
        }
        awake.sort()
        for place in awake {
            notes.isAwake[place] = false
            if holds(group, group.roots[place], values) { matched.append(group.rules[place]) }
        }
        awake.removeAll(keepingCapacity: true)
        for test in changed { notes.answers[test] = group.hasTriggers[test] ? .no : .unknown }
        changed.removeAll(keepingCapacity: true)
        swap(&notes, &group.notes)
    }

    private mutating func wake(_ place: Int) {
        if notes.isAwake[place] { return }
        notes.isAwake[place] = true
        awake.append(place)
    }

    private mutating func seek(
        _ group: RuleGroup, _ sought: RuleGroup.Sought, _ bytes: Span<UInt8>, _ range: Range<Int>,
        _ values: borrowing EventValues
    ) {
        let value = bytes.extracting(range)
        lower(value)
        var hits: [LiteralIndex.Hit] = []
        swap(&hits, &self.hits)
        sought.index.meet(
            value, folded: lowered.span.extracting(..<range.count), into: &hits)
        for hit in hits {
            guard notes.answers[hit.test] == .no else { continue }
            if hit.isEnough || ask(group, hit.test, values) {
                note(group, hit.test)
            } else {
                notes.answers[hit.test] = .askedNo
                changed.append(hit.test)
            }
        }
        hits.removeAll(keepingCapacity: true)
        swap(&hits, &self.hits)
    }

    private mutating func note(_ group: RuleGroup, _ test: Int) {
        notes.answers[test] = .yes
        changed.append(test)
        group.awakens.forEach(of: test) { wake($0) }
        group.wider.forEach(of: test) { if notes.answers[$0] == .no { note(group, $0) } }
    }

    /// Whether the test holds, of all values of its field.
    private mutating func ask(
        _ group: RuleGroup, _ number: Int, _ values: borrowing EventValues
    ) -> Bool {
        guard let test = group.tests[number] else { return false }
        switch test.question {
        case .expression(let expression):
            let machine = machine(group.numbers[number], expression)
            guard let field = test.field else {
                return values.anywhere { machine.matches($0, $1) }
            }
            return values.any(field) { machine.matches($0, $1) }
        case .pattern(let pattern) where pattern.foldsText:
            guard let field = test.field else {
                return values.anywhere { pattern.matchesFolded(fold($0, $1)) }
            }
            return values.any(field) { pattern.matchesFolded(fold($0, $1)) }
        default: return test.holds(values)
        }
    }

    private mutating func machine(
        _ test: Int, _ expression: RegularExpression
    ) -> RegularExpressionAutomaton {
        if let known = machines[test] { return known }
        let made = RegularExpressionAutomaton(expression)
        machines[test] = made
        return made
    }

    /// A value in lower case by Unicode; many rules may ask for it.
    private mutating func fold(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        if foldedRange != range {
            folded = TextPattern.folded(bytes.extracting(range))
            foldedRange = range
        }
        return folded
    }

    /// Writes the value in lower case, letters of ASCII, to `lowered`.
    private mutating func lower(_ value: Span<UInt8>) {
        if lowered.count < value.count {
            lowered = [UInt8](repeating: 0, count: max(1024, value.count * 2))
        }
        unsafe value.withUnsafeBufferPointer { from in
            unsafe lowered.withUnsafeMutableBufferPointer { to in
                // Safe: `to` has room for all of `from`.
                guard let source = from.baseAddress, let target = to.baseAddress else { return }
                unsafe hisui_lower(source, from.count, target)
            }
        }
    }

    private mutating func holds(
        _ group: RuleGroup, _ root: Int32, _ values: borrowing EventValues
    ) -> Bool {
        var at = root
        while at >= 0 {
            let step = group.code.steps[Int(at)]
            let test = Int(step.test)
            var answer = notes.answers[test]
            if answer == .unknown {
                answer = ask(group, test, values) ? .yes : .askedNo
                notes.answers[test] = answer
                changed.append(test)
            }
            at = answer == .yes ? step.yes : step.no
        }
        return at == RuleCode.holds
    }
}
