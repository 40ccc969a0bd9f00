import HisuiBytes
import HisuiShape
import HisuiStore

/// What is left of a filter once a shape is known.
///
///     filter   "Failed password" host.name:=web1 _time:1h
///     shape    "Failed password for " [user] " from " …, host.name is slot 1
///     left     slot 1 is "web1", and the time
///
/// Worked out once for each shape, whatever the number of blocks it occurs in. Leaves that ask for
/// what belongs to the row or to the block stay as they are.
indirect enum Residual: Sendable {
    case time(TimeFilter)
    case clock(ClockFilter)
    case fields(FieldComparison)
    /// A field that is no part of the record.
    case row(any ValueTest, name: String)
    case slot(SlotQuestion)
    case text(TextQuestion)
    case not(Residual)
    /// The cheapest first.
    case and([Residual])
    case or([Residual])

    /// A guess of what a row costs, to do the cheapest first.
    var cost: Int {
        switch self {
        case .row: 1
        case .time, .clock: 2
        case .fields: 8
        case .slot(let question):
            question.decoding == .raw && question.test.regexp == nil ? 3 : 5
        case .text: 10
        case .not(let inner): inner.cost
        case .and(let inner), .or(let inner): inner.reduce(1) { $0 + $1.cost }
        }
    }
}

/// A test on the text of a stretch; all blocks that are asked share it.
final class TextQuestion: Sendable {
    let test: any ValueTest
    let text: StretchText
    let plan: TextPlan

    init(_ test: any ValueTest, _ text: StretchText, _ plan: TextPlan) {
        self.test = test
        self.text = text
        self.plan = plan
    }
}

/// How the text of a stretch is searched.
enum TextPlan: Sendable {
    /// The needle, in the slots and across their borders.
    case needle(NeedleQuestion)
    case expression(ExpressionQuestion)
    /// The text is put together.
    case whole
}

/// What a query does with the rows of a shape.
struct ShapePlan: Sendable {
    enum Outcome: Sendable {
        case never
        case always
        case depends(Residual)

        /// The same without what is left.
        var verdict: Verdict {
            switch self {
            case .never: .never
            case .always: .always
            case .depends: .depends
            }
        }
    }

    let outcome: Outcome
    /// Where fields that the query groups by come from; nil for those that belong to the row.
    let sources: [FieldSource?]
    /// The slot whose values, as they stand, are all that the query groups by; nil if there is
    /// none.
    let countedSlot: Int?

    init(_ filter: Filter, grouping fields: [String], shape: Shape) {
        let shape = ShapeFields(shape)
        outcome = Self.outcome(of: filter, shape)
        sources = fields.map(shape.source)
        if shape.isAsStored, sources.count == 1, case .slot(let slot, .raw) = sources[0] {
            countedSlot = slot
        } else {
            countedSlot = nil
        }
    }

    private static func outcome(of filter: Filter, _ shape: ShapeFields) -> Outcome {
        switch filter {
        case .all: return .always
        case .time(let time): return .depends(.time(time))
        case .clock(let clock): return .depends(.clock(clock))
        case .fields(let comparison): return outcome(of: comparison, shape)
        case .subquery: preconditionFailure("subqueries are answered before rows are asked")
        case .not(let inner):
            switch outcome(of: inner, shape) {
            case .never: return .always
            case .always: return .never
            case .depends(let residual): return .depends(.not(residual))
            }
        case .and(let filters):
            var left: [Residual] = []
            for filter in filters {
                switch outcome(of: filter, shape) {
                case .never: return .never
                case .always: continue
                case .depends(let residual): left.append(residual)
                }
            }
            return joined(left, .always) { .and($0) }
        case .or(let filters):
            var left: [Residual] = []
            for filter in filters {
                switch outcome(of: filter, shape) {
                case .always: return .always
                case .never: continue
                case .depends(let residual): left.append(residual)
                }
            }
            return joined(left, .never) { .or($0) }
        case .field(let test): return outcome(of: test, shape)
        }
    }

    private static func joined(
        _ left: [Residual], _ none: Outcome, _ make: ([Residual]) -> Residual
    ) -> Outcome {
        if left.isEmpty { return none }
        if left.count == 1 { return .depends(left[0]) }
        let costs = left.map(\.cost)
        let order = left.indices.sorted { (costs[$0], $0) < (costs[$1], $1) }
        return .depends(make(order.map { left[$0] }))
    }

    private static func outcome(
        of comparison: FieldComparison, _ shape: ShapeFields
    ) -> Outcome {
        guard case .constant(let a) = shape.source(comparison.field),
            case .constant(let b) = shape.source(comparison.other)
        else { return .depends(.fields(comparison)) }
        return comparison.holds(a.span, b.span) ? .always : .never
    }

    private static func outcome(of field: FieldTest, _ shape: ShapeFields) -> Outcome {
        let test = field.test
        switch shape.source(field.field) {
        case nil, .row: return .depends(.row(test, name: field.field))
        case .constant(let value): return test.matches(value.span) ? .always : .never
        case .slot(let slot, let decoding):
            return outcome(
                test.verdict(prefix: [], suffix: [], least: 0),
                .slot(SlotQuestion(field, slot, decoding, isUTF8: shape.isAsStored)))
        case .text(let text):
            if let needle = test.needle {
                let question = NeedleQuestion(needle, in: text)
                let search = question.plan.isOpen ? TextPlan.whole : .needle(question)
                return outcome(question.plan.verdict, .text(TextQuestion(test, text, search)))
            }
            if let regexp = test.regexp {
                return outcome(
                    ExpressionSearch.verdict(regexp, text),
                    .text(
                        TextQuestion(
                            test, text, .expression(ExpressionQuestion(regexp, in: text)))))
            }
            let verdict = test.verdict(
                prefix: text.literals[0], suffix: text.literals[text.slots.count],
                least: text.least)
            return outcome(verdict, .text(TextQuestion(test, text, .whole)))
        }
    }

    private static func outcome(_ verdict: Verdict, _ residual: Residual) -> Outcome {
        switch verdict {
        case .never: .never
        case .always: .always
        case .depends: .depends(residual)
        }
    }
}
