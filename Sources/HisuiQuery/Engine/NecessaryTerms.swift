import HisuiStore

/// What must be in slots for rows of shapes to pass: less than what is asked, but in a form that
/// blocks answer for all shapes at once.
struct NecessaryTerms {
    private var probes: [TextProbe] = []
    private var numbers: [ObjectIdentifier: Int] = [:]
    private var terms: [[TableTest.Term]?] = []

    /// Adds the next shape of the table.
    mutating func append(_ outcome: ShapePlan.Outcome) {
        if case .depends(let residual) = outcome {
            terms.append(terms(of: residual))
        } else {
            terms.append(nil)
        }
    }

    /// The test of a table; nil if nothing is asked of any shape.
    func test(of table: ShapesInTable.Table) -> TableTest? {
        terms.allSatisfy { $0 == nil }
            ? nil : TableTest(table, probes: probes, terms: terms)
    }

    /// Of these one holds where the residual does; nil if none are known.
    private mutating func terms(of residual: Residual) -> [TableTest.Term]? {
        switch residual {
        case .time, .row, .not: return nil
        case .slot(let question):
            if question.probes.isEmpty { return nil }
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
        case .needle(let wanted): return terms(of: wanted)
        case .expression(let wanted):
            if let beginning = wanted.beginning { return terms(of: beginning) }
            guard let clause = wanted.clauses.first else { return nil }
            var all: [TableTest.Term] = []
            for wanted in clause {
                guard let terms = terms(of: wanted) else { return nil }
                all += terms
            }
            return all
        }
    }

    private mutating func terms(of wanted: NeedleQuestion) -> [TableTest.Term]? {
        var all = [TableTest.Term(probe: number(of: wanted.whole), slot: nil)]
        for crossing in wanted.crossings {
            guard let crossing else { return nil }
            for term in crossing {
                all.append(
                    TableTest.Term(
                        probe: number(of: term.probe), slot: term.slot,
                        other: term.other.map { (number(of: $0.probe), $0.slot) }))
            }
        }
        return all
    }

    private mutating func number(of probe: TextProbe) -> Int {
        if let known = numbers[ObjectIdentifier(probe)] { return known }
        probes.append(probe)
        numbers[ObjectIdentifier(probe)] = probes.count - 1
        return probes.count - 1
    }
}
