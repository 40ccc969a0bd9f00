/// Rules that are asked together, made ready: of what fields which text is sought, which of the
/// rules each of it makes worth asking, and what to ask.
///
///     values ─▶ LiteralIndex of each field ─▶ tests that hold ─▶ rules whose witness they are
///                                                                      │
///                                     findings ◀─ those that hold ◀─ RuleCode
///
/// A test with triggers is answered by them: if none is met, it does not hold. What has none (an
/// address in a range, a number, two fields compared) is asked when a rule comes to it. So the cost
/// of an event hardly depends on how many rules there are, but on what it says.
///
/// Belongs to one thread, as its detector does: it keeps what a `RuleRun` noted.
final class RuleGroup {
    /// Their numbers in the set, ascending.
    let rules: [Int]
    /// The fields that some rule asks for.
    let fields: Set<Int>
    /// Whether some rule looks for words anywhere.
    let needsText: Bool
    /// Where the code of each rule begins.
    let roots: [Int32]
    let code: RuleCode
    /// Tests by their numbers here; nil for one that holds if one of several does.
    let tests: [FieldTest?]
    /// The numbers that the tests have in the set; -1 for one that holds if one of several does.
    let numbers: [Int]
    /// Of each test whether it is answered by its triggers.
    let hasTriggers: [Bool]
    /// For each test the tests that hold with it.
    let wider: NumberLists
    /// For each test the rules, by their places in `rules`, that are asked if it holds.
    let awakens: NumberLists
    /// Rules that are asked of every event.
    let always: [Int]
    let sought: [Sought]
    /// What a run knows of its tests and rules.
    var notes: RuleRun.Notes

    /// What is sought in a field; nil for words anywhere.
    ///
    /// A class, so that to look into it copies nothing.
    final class Sought {
        let field: Int?
        let index: LiteralIndex

        init(field: Int?, index: LiteralIndex) {
            self.field = field
            self.index = index
        }
    }

    /// - Complexity: O(size of all expressions).
    init(_ rules: [(number: Int, expression: Expression)], tests all: [FieldTest]) {
        self.rules = rules.map(\.number)
        var maker = LocalTests(all)
        let expressions = rules.map { maker.local($0.expression) }
        tests = maker.tests
        numbers = maker.globals
        wider = NumberLists(maker.wider)
        var fields: Set<Int> = []
        var needsText = false
        var triggers: [Int?: [(test: Int, trigger: Trigger)]] = [:]
        var commonness: [Double?] = maker.tests.map { _ in nil }
        for (number, test) in maker.tests.enumerated() {
            guard let test else { continue }
            if let field = test.field { fields.insert(field) } else { needsText = true }
            if case .related(_, let other, _) = test.question { fields.insert(other) }
            guard let own = maker.triggers[number] else { continue }
            triggers[test.field, default: []] += own.map { (number, $0) }
            commonness[number] = own.reduce(0) {
                $0 + Witnesses.commonness(of: $1, uses: maker.uses[number])
            }
        }
        for (number, members) in maker.members {
            commonness[number] = members.reduce(0) { $0 + (commonness[$1] ?? 1) }
        }
        hasTriggers = commonness.map { $0 != nil }
        self.fields = fields
        self.needsText = needsText
        sought = triggers.sorted { ($0.key ?? -1) < ($1.key ?? -1) }
            .map { Sought(field: $0.key, index: LiteralIndex($0.value)) }
        var awakens: [[Int]] = maker.tests.map { _ in [] }
        var always: [Int] = []
        var code = RuleCode()
        let witnesses = Witnesses(commonness: commonness)
        roots = expressions.map { code.add(maker.sorted($0)) }
        for (place, expression) in expressions.enumerated() {
            guard let tests = witnesses.of(expression) else {
                always.append(place)
                continue
            }
            for test in Set(tests) { awakens[test].append(place) }
        }
        self.code = code
        self.always = always
        self.awakens = NumberLists(awakens)
        notes = RuleRun.Notes(hasTriggers: hasTriggers, rules: rules.count)
    }
}

extension RuleGroup {
    /// The tests of which one must hold for any rule to be asked, but for those asked always.
    var waking: [FieldTest] {
        tests.indices.compactMap { isWaking($0) ? tests[$0] : nil }
    }

    private func isWaking(_ test: Int) -> Bool {
        if awakens.count(of: test) > 0 { return true }
        var isWaking = false
        wider.forEach(of: test) { if self.isWaking($0) { isWaking = true } }
        return isWaking
    }
}

/// Lists of numbers, one behind the other.
struct NumberLists {
    private let ends: [Int]
    private let numbers: [Int]

    init(_ lists: [[Int]]) {
        var ends = [0]
        for list in lists { ends.append(ends[ends.count - 1] + list.count) }
        self.ends = ends
        numbers = lists.flatMap { $0 }
    }

    func count(of list: Int) -> Int { ends[list + 1] - ends[list] }

    @inline(__always)
    func forEach(of list: Int, _ body: (Int) -> Void) {
        for place in ends[list]..<ends[list + 1] { body(numbers[place]) }
    }
}
