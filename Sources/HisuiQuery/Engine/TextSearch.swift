import HisuiBytes
import HisuiStore

/// Looks for rows of a shape by the text of a stretch.
struct TextSearch {
    private let question: TextQuestion
    private let shape: Int
    private let scan: BlockScan
    private var text: StretchText { question.text }

    init(_ question: TextQuestion, _ shape: Int, _ scan: BlockScan) {
        self.question = question
        self.shape = shape
        self.scan = scan
    }

    /// Keeps the rows whose text passes.
    func keep(in rows: inout Bitmap) throws(QueryFailure) {
        switch question.plan {
        case .whole: try keepWhole(in: &rows)
        case .needle(let needle, let plan): try keep(needle, plan, in: &rows)
        case .expression(let regexp, let clauses):
            for clause in clauses {
                try keepAny(of: clause, in: &rows)
                if rows.isEmpty { return }
            }
            let search = ExpressionSearch(filter: regexp, text: text) {
                (slot) throws(QueryFailure) in try column(slot)
            }
            if try !search.keep(in: &rows) { try keepWhole(in: &rows) }
        }
    }

    /// Whether any row may pass, as far as it is known without reading a column.
    func mayPass() throws(QueryFailure) -> Bool {
        switch question.plan {
        case .whole: return true
        case .needle(let needle, let plan): return try mayStand(needle, plan)
        case .expression(_, let clauses):
            for clause in clauses {
                var isPossible = false
                for (needle, plan) in clause where !isPossible {
                    isPossible = try mayStand(needle, plan)
                }
                if !isPossible { return false }
            }
            return true
        }
    }

    private func mayStand(_ needle: Needle, _ plan: NeedlePlan) throws(QueryFailure) -> Bool {
        if text.isAsStored {
            let candidates = try scan.candidates(needle.probes.whole)
            if !candidates.isEmpty {
                for slot in text.slots where candidates.contains(shape: shape, slot: slot) {
                    return true
                }
            }
        } else if !text.slots.isEmpty {
            return true
        }
        for crossing in plan.crossings where try mayCross(needle, crossing) { return true }
        return false
    }

    private func mayContain(_ probe: TextProbe?, _ place: Int) throws(QueryFailure) -> Bool {
        guard let probe, text.isAsStored else { return true }
        return try scan.mayContain(probe, shape: shape, slot: text.slots[place])
    }

    private func mayCross(
        _ needle: Needle, _ crossing: NeedlePlan.Crossing
    ) throws(QueryFailure) -> Bool {
        if !crossing.isWhole,
            try !mayContain(needle.probes.part(crossing.part), crossing.slot)
        {
            return false
        }
        guard let other = crossing.other else { return true }
        return try mayContain(needle.probes.part(other.part), other.slot)
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

    /// Keeps the rows in which one of several needles stands.
    private func keepAny(
        of clause: [(needle: Needle, plan: NeedlePlan)], in rows: inout Bitmap
    ) throws(QueryFailure) {
        var passing = Bitmap(count: rows.count, all: false)
        for (needle, plan) in clause where !rows.isEmpty {
            var some = rows
            try keep(needle, plan, in: &some)
            passing.formUnion(some)
            rows.subtract(some)
        }
        rows = passing
    }

    /// Keeps the rows in which the needle stands, in one slot or across a border.
    private func keep(
        _ needle: Needle, _ plan: NeedlePlan, in rows: inout Bitmap
    ) throws(QueryFailure) {
        var passing = Bitmap(count: rows.count, all: false)
        // Where it is not known what surrounds a value, the text of all hits is put together.
        let sought = plan.isTorn ? needle.anywhere : needle
        for slot in text.slots.indices where !rows.isEmpty {
            guard try mayContain(needle.probes.whole, slot) else { continue }
            var some = rows
            let around = plan.surroundings[slot]
            ColumnSearch.keep(
                sought, try column(slot), wordBefore: around.before, wordAfter: around.after,
                in: &some)
            passing.formUnion(some)
            rows.subtract(some)
        }
        if plan.isTorn {
            if !rows.isEmpty { passing.formUnion(try crossing(needle, plan, rows)) }
            try keepStanding(needle, in: &passing)
        } else if !plan.crossings.isEmpty, !rows.isEmpty {
            rows = try crossing(needle, plan, rows)
            try keepStanding(needle, in: &rows)
            passing.formUnion(rows)
        }
        rows = passing
    }

    /// The rows in which the needle may stand across a border: the values next to borders that it
    /// could cross fit.
    private func crossing(
        _ needle: Needle, _ plan: NeedlePlan, _ rows: Bitmap
    ) throws(QueryFailure) -> Bitmap {
        if needle.ignoresCase, !needle.isASCII { return rows }
        var found = Bitmap(count: rows.count, all: false)
        for crossing in plan.crossings where try mayCross(needle, crossing) {
            ColumnSearch.keep(
                crossing, needle, try column(crossing.slot), in: rows, to: &found)
        }
        return found
    }

    /// Keeps the rows in whose text, put together, the needle stands.
    private func keepStanding(_ needle: Needle, in rows: inout Bitmap) throws(QueryFailure) {
        if rows.isEmpty { return }
        let reader = try TextReader(text, shape: shape, scan)
        reader.filter(&rows) { needle.matches($0) }
    }
}
