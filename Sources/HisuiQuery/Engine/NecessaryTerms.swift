import HisuiStore

/// What must be in slots for rows of shapes to pass: less than what is asked, but in a form that
/// blocks answer for all shapes at once.
///
/// An expression asks for several texts, and so there are several of these: each has one text of
/// every shape.
struct NecessaryTerms {
    /// Which of the texts that an expression asks for is taken.
    private let number: Int
    /// For each shape the needle that all of its terms are of, their marks being the numbers of
    /// its crossings; nil if there is none.
    private(set) var needles: [NeedleQuestion?] = []
    private var probes: [TextProbe] = []
    private var numbers: [ObjectIdentifier: Int] = [:]
    private var terms: [[TableTest.Term]?] = []

    /// How many there are for a filter: an expression asks for what it begins with, and for as many
    /// clauses as it has.
    static func count(for filter: Filter) -> Int {
        switch filter {
        case .all, .time, .clock, .fields, .subquery: 0
        case .field(let test): test.test.regexp == nil ? 1 : RegexpFilter.clausesMax + 1
        case .not(let inner): count(for: inner)
        case .and(let filters), .or(let filters): filters.map(count).max() ?? 0
        }
    }

    /// - Parameter number: less than there are for the filter.
    init(number: Int) { self.number = number }

    /// Adds the next shape of the table.
    mutating func append(_ outcome: ShapePlan.Outcome) {
        if case .depends(let residual) = outcome {
            terms.append(terms(of: residual))
            needles.append(needle(of: residual))
        } else {
            terms.append(nil)
            needles.append(nil)
        }
    }

    /// The mark of a needle that stands in one slot.
    static let whole = -1

    /// The only needle that the terms of a residual are of.
    private func needle(of residual: Residual) -> NeedleQuestion? {
        guard case .text(let question) = residual else { return nil }
        switch question.plan {
        case .whole: return nil
        case .needle(let wanted): return number == 0 ? wanted : nil
        case .expression(let wanted):
            let clause = clause(of: wanted)
            return clause.count == 1 ? clause[0] : nil
        }
    }

    /// Of these texts one stands in what fits; empty if there are no more.
    private func clause(of wanted: ExpressionQuestion) -> [NeedleQuestion] {
        let all = (wanted.beginning.map { [[$0]] } ?? []) + wanted.clauses
        return number < all.count ? all[number] : []
    }

    /// The test of a table; nil if nothing is asked of any shape.
    func test(of table: ShapesInTable.Table) -> TableTest? {
        terms.allSatisfy { $0 == nil }
            ? nil : TableTest(table, probes: probes, terms: terms)
    }

    /// Of these one holds where the residual does; nil if none are known.
    private mutating func terms(of residual: Residual) -> [TableTest.Term]? {
        switch residual {
        case .time, .clock, .fields, .row, .not: return nil
        case .slot(let question):
            if question.probes.isEmpty || number > 0 { return nil }
            return question.probes.map {
                TableTest.Term(probe: number(of: $0), slot: question.slot)
            }
        case .text(let question): return terms(of: question)
        case .and(let inner):
            for residual in inner {
                if let terms = terms(of: residual) { return terms }
            }
            return nil
        case .or(let inner):
            var all: [TableTest.Term] = []
            for residual in inner {
                guard let terms = terms(of: residual) else { return nil }
                all += terms
            }
            return all
        }
    }

    private mutating func terms(of question: TextQuestion) -> [TableTest.Term]? {
        guard question.text.isAsStored, !question.text.slots.isEmpty else { return nil }
        switch question.plan {
        case .whole: return nil
        case .needle(let wanted): return number == 0 ? terms(of: wanted) : nil
        case .expression(let wanted):
            let clause = clause(of: wanted)
            if clause.isEmpty { return nil }
            var all: [TableTest.Term] = []
            for wanted in clause {
                guard let terms = terms(of: wanted) else { return nil }
                all += terms
            }
            return all
        }
    }

    private mutating func terms(of wanted: NeedleQuestion) -> [TableTest.Term]? {
        var all = [
            TableTest.Term(probe: number(of: wanted.whole), slot: nil, mark: Self.whole)
        ]
        for (mark, crossing) in wanted.crossings.enumerated() {
            guard let crossing else { return nil }
            for term in crossing {
                all.append(
                    TableTest.Term(
                        probe: number(of: term.probe), slot: term.slot,
                        other: place(term.other), third: place(term.third), mark: mark))
            }
        }
        return all
    }

    private mutating func place(_ place: NeedleQuestion.Term.Place?) -> TableTest.Term.Place? {
        place.map { (number(of: $0.probe), $0.slot) }
    }

    private mutating func number(of probe: TextProbe) -> Int {
        if let known = numbers[ObjectIdentifier(probe)] { return known }
        probes.append(probe)
        numbers[ObjectIdentifier(probe)] = probes.count - 1
        return probes.count - 1
    }
}
