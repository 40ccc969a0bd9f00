/// An expression, and how to look for what fits it in a stretch.
final class ExpressionQuestion: Sendable {
    let filter: RegexpFilter
    /// Of each clause one text stands in what fits; what fixed text has anyway is left out.
    let clauses: [[NeedleQuestion]]
    /// What everything that fits begins with, where it lies in slots or begins in the fixed text
    /// before one: then what stands before it need not be read.
    let beginning: NeedleQuestion?

    init(_ filter: RegexpFilter, in text: StretchText) {
        self.filter = filter
        var clauses: [[NeedleQuestion]] = []
        for clause in filter.required {
            let plans = clause.map { NeedleQuestion($0, in: text) }
            if !plans.contains(where: { $0.plan.verdict == .always || $0.plan.isOpen }) {
                clauses.append(plans)
            }
        }
        let beginning = filter.beginning.map { NeedleQuestion($0, in: text) }.flatMap { question in
            let plan = question.plan
            let isOfUse =
                text.isAsStored && plan.verdict == .depends && !plan.isOpen && !plan.isTorn
                && plan.crossings.contains { $0.isDecided && !$0.isEnd }
            return isOfUse ? question : nil
        }
        self.beginning = beginning
        // What begins so has the beginning's own text anyway.
        self.clauses = clauses.filter { clause in
            guard let beginning, let wanted = clause.first, clause.count == 1 else { return true }
            let text = beginning.needle.bytes
            return wanted.needle.likeness != .exact || !wanted.needle.matches(text.span)
        }
    }
}
