import HisuiStore

/// What is known of columns before they are read: of a block's, or of a segment's in all its
/// blocks.
///
/// Shapes go by their numbers there. Nothing that passes is ever said not to.
protocol ColumnKnowledge {
    associatedtype Failure: Error

    /// Whether a value of the slot may have the probe; true says little, and costs nothing.
    func mayContain(_ probe: TextProbe, shape: Int, slot: Int) throws(Failure) -> Bool

    /// The same as far as it can be told; text may be looked through for it.
    func contains(_ probe: TextProbe, shape: Int, slot: Int) throws(Failure) -> Bool

    /// Whether any of some slots may have the probe, as far as it can be told.
    func contains(_ probe: TextProbe, shape: Int, slots: [Int]) throws(Failure) -> Bool

    /// How a needle may stand in rows of a shape, if that was found out before.
    func held(_ wanted: NeedleQuestion, shape: Int) -> HeldNeedle?

    /// What is known of a slot's values from what they are.
    func verdict(_ question: SlotQuestion, shape: Int) throws(Failure) -> Verdict

    /// What is known of a field that is no part of the record.
    func verdict(_ test: any ValueTest, of field: String, shape: Int) -> Verdict

    func verdict(_ time: TimeFilter) -> Verdict
}

extension ColumnKnowledge {
    /// What is known of the rows of a shape.
    func verdict(_ residual: Residual, shape: Int) throws(Failure) -> Verdict {
        switch residual {
        case .time(let time): return verdict(time)
        case .clock, .fields: return .depends
        case .row(let test, let name): return verdict(test, of: name, shape: shape)
        case .slot(let question):
            let known = try verdict(question, shape: shape)
            if known != .depends { return known }
            for probe in question.probes
            where try contains(probe, shape: shape, slot: question.slot) { return .depends }
            return question.probes.isEmpty ? .depends : .never
        case .text(let question):
            return try mayPass(question, shape: shape) ? .depends : .never
        case .not(let inner): return try verdict(inner, shape: shape).negated
        case .and(let inner):
            return try verdict(inner, shape, decisive: .never, otherwise: .always)
        case .or(let inner):
            return try verdict(inner, shape, decisive: .always, otherwise: .never)
        }
    }

    private func verdict(
        _ residuals: [Residual], _ shape: Int, decisive: Verdict, otherwise: Verdict
    ) throws(Failure) -> Verdict {
        var result = otherwise
        for residual in residuals {
            let one = try verdict(residual, shape: shape)
            if one == decisive { return decisive }
            if one == .depends { result = .depends }
        }
        return result
    }
}

// Text.
extension ColumnKnowledge {
    private func mayPass(_ question: TextQuestion, shape: Int) throws(Failure) -> Bool {
        switch question.plan {
        case .whole: return true
        case .needle(let wanted): return try mayStand(wanted, in: question.text, shape: shape)
        case .expression(let wanted):
            if let beginning = wanted.beginning,
                try !mayStand(beginning, in: question.text, shape: shape)
            {
                return false
            }
            for clause in wanted.clauses {
                var isPossible = false
                for wanted in clause where !isPossible {
                    isPossible = try mayStand(wanted, in: question.text, shape: shape)
                }
                if !isPossible { return false }
            }
            return true
        }
    }

    private func mayStand(
        _ wanted: NeedleQuestion, in text: StretchText, shape: Int
    ) throws(Failure) -> Bool {
        if !text.isAsStored, !text.slots.isEmpty { return true }
        let held = held(wanted, shape: shape)
        if held?.isWhole ?? true, try contains(wanted.whole, shape: shape, slots: text.slots) {
            return true
        }
        guard let held else {
            for crossing in wanted.crossings
            where try mayCross(crossing, in: text, shape: shape) { return true }
            return false
        }
        for crossing in held.crossings
        where try mayCross(wanted.crossings[crossing], in: text, shape: shape) { return true }
        return false
    }

    /// Whether a needle may stand across a border in a row of the shape.
    ///
    /// - Parameter terms: those of the crossing.
    func mayCross(
        _ terms: [NeedleQuestion.Term]?, in text: StretchText, shape: Int
    ) throws(Failure) -> Bool {
        guard text.isAsStored, let terms else { return true }
        for term in terms where try mayHold(term, shape) { return true }
        return false
    }

    private func mayHold(_ term: NeedleQuestion.Term, _ shape: Int) throws(Failure) -> Bool {
        guard let other = term.other else {
            if let third = term.third, try !contains(third.probe, shape: shape, slot: third.slot) {
                return false
            }
            return try contains(term.probe, shape: shape, slot: term.slot)
        }
        // First what costs nothing, and of that the longer part.
        if term.isOtherLonger, try !mayContain(other.probe, shape: shape, slot: other.slot) {
            return false
        }
        if let third = term.third, try !mayContain(third.probe, shape: shape, slot: third.slot) {
            return false
        }
        guard try mayContain(term.probe, shape: shape, slot: term.slot),
            try mayContain(other.probe, shape: shape, slot: other.slot),
            try contains(term.probe, shape: shape, slot: term.slot),
            try contains(other.probe, shape: shape, slot: other.slot)
        else { return false }
        return try term.third.map { (third) throws(Failure) in
            try contains(third.probe, shape: shape, slot: third.slot)
        } ?? true
    }
}

/// How a needle may stand in rows of a shape, as far as directory and filters tell.
struct HeldNeedle {
    /// Whether it may stand in one slot.
    var isWhole: Bool
    /// The numbers of its crossings that there may be, ascending.
    var crossings: [Int]

    /// - Parameter marks: those of the terms that may hold, in the order of the crossings.
    init(_ marks: ArraySlice<Int32>) {
        isWhole = marks.first == Int32(NecessaryTerms.whole)
        crossings = []
        for mark in marks where mark >= 0 && crossings.last != Int(mark) {
            crossings.append(Int(mark))
        }
    }
}
