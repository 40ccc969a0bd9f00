import HisuiBytes
import HisuiStore

/// Looks for rows of a shape by the text of a stretch.
struct TextSearch {
    private let question: TextQuestion
    private let shape: Int
    private let scan: BlockScan
    private let text: StretchText

    init(_ question: TextQuestion, _ shape: Int, _ scan: BlockScan) {
        self.question = question
        text = question.text
        self.shape = shape
        self.scan = scan
    }

    /// Keeps the rows whose text passes.
    func keep(in rows: inout Bitmap) throws(QueryFailure) {
        switch question.plan {
        case .whole: try keepWhole(in: &rows)
        case .needle(let wanted): try keep(wanted, in: &rows, orMay: false)
        case .expression(let wanted): try keep(wanted, in: &rows)
        }
    }

    /// Keeps the rows in which something fits the expression.
    private func keep(
        _ wanted: ExpressionQuestion, in rows: inout Bitmap
    ) throws(QueryFailure) {
        var passing = Bitmap(count: rows.count, all: false)
        if let beginning = wanted.beginning {
            passing = try keepFitting(wanted.filter, from: beginning, in: &rows)
        } else {
            // The automaton asks all rows that are left: what is not sure need not be found out.
            for clause in wanted.clauses where !rows.isEmpty {
                try keepAny(of: clause, in: &rows)
            }
        }
        if !rows.isEmpty {
            let search = expressionSearch(wanted.filter)
            if try !search.keep(in: &rows) { try keepWhole(in: &rows) }
        }
        rows.formUnion(passing)
    }

    private func expressionSearch(_ filter: RegexpFilter) -> ExpressionSearch {
        ExpressionSearch(filter: filter, text: text) { (slot) throws(QueryFailure) in
            try column(slot)
        }
    }

    /// The rows in which something fits that begins in the fixed text before a slot.
    ///
    /// - Parameters:
    ///   - beginning: what everything that fits begins with.
    ///   - rows: those that are asked; then those in which something may fit that begins elsewhere.
    private func keepFitting(
        _ filter: RegexpFilter, from beginning: NeedleQuestion, in rows: inout Bitmap
    ) throws(QueryFailure) -> Bitmap {
        let (needle, plan) = (beginning.needle, beginning.plan)
        var fitting = Bitmap(count: rows.count, all: false)
        var elsewhere = fitting
        let held = scan.held(beginning, shape: shape)
        if held?.isWhole ?? true {
            for slot in text.slots.indices where try mayContain(beginning.whole, slot) {
                var some = rows
                ColumnSearch.keep(
                    needle, try column(slot), wordBefore: false, cutBehind: false, in: &some)
                elsewhere.formUnion(some)
            }
        }
        for number in held?.crossings ?? Array(plan.crossings.indices)
        where try scan.mayCross(beginning.crossings[number], in: text, shape: shape) {
            let crossing = plan.crossings[number]
            var sure = Bitmap(count: rows.count, all: false)
            try keep(beginning, crossing, in: rows, sure: &sure, maybe: &elsewhere)
            if sure.isEmpty { continue }
            let search = expressionSearch(filter)
            let split = crossing.part.lowerBound
            if crossing.isEnd {
                elsewhere.formUnion(sure)
            } else if try search.keep(in: &sure, from: crossing.slot, fixedBytes: split) {
                fitting.formUnion(sure)
            } else {
                elsewhere.formUnion(sure)
            }
        }
        elsewhere.subtract(fitting)
        rows.formIntersection(elsewhere)
        return fitting
    }

    private func mayContain(_ probe: TextProbe?, _ place: Int) throws(QueryFailure) -> Bool {
        guard let probe, text.isAsStored else { return true }
        return try scan.contains(probe, shape: shape, slot: text.slots[place])
    }

    /// The column of a slot, by its place in the text.
    private func column(_ place: Int) throws(QueryFailure) -> SlotColumn {
        try scan.column(text, place, shape: shape)
    }

    /// Keeps the rows whose text, put together, passes.
    private func keepWhole(in rows: inout Bitmap) throws(QueryFailure) {
        let reader = try TextReader(text, shape: shape, scan)
        let test = question.test
        reader.filter(&rows) { test.matches($0) }
    }

    /// Keeps the rows in which one of several needles may stand, as far as columns tell.
    private func keepAny(
        of clause: [NeedleQuestion], in rows: inout Bitmap
    ) throws(QueryFailure) {
        var passing = Bitmap(count: rows.count, all: false)
        for wanted in clause where !rows.isEmpty {
            var some = rows
            try keep(wanted, in: &some, orMay: true)
            passing.formUnion(some)
            rows.subtract(some)
        }
        rows = passing
    }

    /// Keeps the rows in which the needle stands, in one slot or across a border.
    ///
    /// - Parameter orMay: whether rows are kept, too, of which only their text put together tells.
    private func keep(
        _ wanted: NeedleQuestion, in rows: inout Bitmap, orMay: Bool
    ) throws(QueryFailure) {
        let (needle, plan) = (wanted.needle, wanted.plan)
        var passing = Bitmap(count: rows.count, all: false)
        // Where it is not known what surrounds a value, the text of all hits is put together.
        let sought = plan.isTorn ? needle.anywhere : needle
        let mayBeWhole = scan.held(wanted, shape: shape)?.isWhole ?? true
        for slot in text.slots.indices where mayBeWhole && !rows.isEmpty {
            guard try mayContain(needle.probes.whole, slot) else { continue }
            var some = rows
            let around = plan.surroundings[slot]
            if text.isAsStored,
                let ordinals = try scan.rows(of: sought, shape: shape, slot: text.slots[slot])
            {
                // The value is the needle.
                let isCut = sought.startsWord && around.before || sought.asksBehind && around.after
                some.keep(isCut ? [] : ordinals)
            } else {
                ColumnSearch.keep(
                    sought, try column(slot), wordBefore: around.before,
                    cutBehind: around.after, in: &some)
            }
            passing.formUnion(some)
            rows.subtract(some)
        }
        if !plan.crossings.isEmpty, !rows.isEmpty {
            let (sure, maybe) = try crossing(wanted, rows)
            rows = maybe
            rows.subtract(sure)
            if orMay {
                passing.formUnion(rows)
            } else if plan.isTorn {
                passing.formUnion(rows)
                try keepStanding(needle, in: &passing)
            } else {
                try keepStanding(needle, in: &rows)
                passing.formUnion(rows)
            }
            passing.formUnion(sure)
        } else if plan.isTorn, !orMay {
            try keepStanding(needle, in: &passing)
        }
        rows = passing
    }

    /// The rows in which the needle stands across a border, and those in which it may: the values
    /// next to borders that it could cross fit.
    private func crossing(
        _ wanted: NeedleQuestion, _ rows: Bitmap
    ) throws(QueryFailure) -> (sure: Bitmap, maybe: Bitmap) {
        let plan = wanted.plan
        var sure = Bitmap(count: rows.count, all: false)
        var maybe = sure
        let held = scan.held(wanted, shape: shape)
        for number in held?.crossings ?? Array(plan.crossings.indices)
        where try scan.mayCross(wanted.crossings[number], in: text, shape: shape) {
            try keep(wanted, plan.crossings[number], in: rows, sure: &sure, maybe: &maybe)
        }
        return (sure, maybe)
    }

    /// Adds to `sure` and to `maybe` those of `rows` of whose value a crossing says so.
    private func keep(
        _ wanted: NeedleQuestion, _ crossing: NeedlePlan.Crossing, in rows: Bitmap,
        sure: inout Bitmap, maybe: inout Bitmap
    ) throws(QueryFailure) {
        let needle = wanted.needle
        if !crossing.isEnd, !crossing.isWhole, !needle.endsWord, needle.likeness == .exact,
            text.isAsStored,
            let ordinals = try scan.rows(
                beginningWith: needle.bytes[crossing.part], shape: shape,
                slot: text.slots[crossing.slot])
        {
            for ordinal in ordinals where rows.contains(ordinal) {
                if crossing.isDecided { sure.insert(ordinal) } else { maybe.insert(ordinal) }
            }
            return
        }
        ColumnSearch.keep(
            crossing, needle, try column(crossing.slot), in: rows,
            around: wanted.plan.surroundings[crossing.slot], sure: &sure, maybe: &maybe)
    }

    /// Keeps the rows in whose text, put together, the needle stands.
    private func keepStanding(_ needle: Needle, in rows: inout Bitmap) throws(QueryFailure) {
        if rows.isEmpty { return }
        let reader = try TextReader(text, shape: shape, scan)
        var scratch: [UInt8] = []
        reader.filter(&rows) { needle.matches($0, &scratch) }
    }
}
