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
        case .expression(let regexp, let clauses):
            // The automaton asks all rows that are left: what is not sure need not be found out.
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
        case .needle(let wanted): return try mayStand(wanted)
        case .expression(_, let clauses):
            for clause in clauses {
                var isPossible = false
                for wanted in clause where !isPossible { isPossible = try mayStand(wanted) }
                if !isPossible { return false }
            }
            return true
        }
    }

    private func mayStand(_ wanted: NeedleQuestion) throws(QueryFailure) -> Bool {
        if !text.isAsStored, !text.slots.isEmpty { return true }
        let whole = wanted.needle.probes.whole
        if try scan.candidates(whole).mayContain(shape: shape) {
            for slot in text.slots where try scan.contains(whole, shape: shape, slot: slot) {
                return true
            }
        }
        for crossing in wanted.plan.crossings
        where try mayCross(wanted.needle.probes, crossing) {
            return true
        }
        return false
    }

    private func mayContain(_ probe: TextProbe?, _ place: Int) throws(QueryFailure) -> Bool {
        guard let probe, text.isAsStored else { return true }
        return try scan.contains(probe, shape: shape, slot: text.slots[place])
    }

    private func mayCross(
        _ parts: NeedleProbes, _ crossing: NeedlePlan.Crossing
    ) throws(QueryFailure) -> Bool {
        guard text.isAsStored else { return true }
        let one = crossing.isWhole ? nil : parts.part(crossing.part)
        let other = crossing.other.flatMap { other in
            parts.part(other.part).map { (probe: $0, slot: text.slots[other.slot]) }
        }
        let slot = text.slots[crossing.slot]
        // What costs nothing first, of both.
        if let one, try !scan.mayContain(one, shape: shape, slot: slot) { return false }
        if let other, try !scan.mayContain(other.probe, shape: shape, slot: other.slot) {
            return false
        }
        if let one, try !scan.contains(one, shape: shape, slot: slot) { return false }
        guard let other else { return true }
        return try scan.contains(other.probe, shape: shape, slot: other.slot)
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
        if !plan.crossings.isEmpty, !rows.isEmpty {
            let (sure, maybe) = try crossing(needle, plan, rows)
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
        _ needle: Needle, _ plan: NeedlePlan, _ rows: Bitmap
    ) throws(QueryFailure) -> (sure: Bitmap, maybe: Bitmap) {
        var sure = Bitmap(count: rows.count, all: false)
        if needle.ignoresCase, !needle.isASCII { return (sure, rows) }
        var maybe = sure
        for crossing in plan.crossings where try mayCross(needle.probes, crossing) {
            ColumnSearch.keep(
                crossing, needle, try column(crossing.slot), in: rows,
                around: plan.surroundings[crossing.slot], sure: &sure, maybe: &maybe)
        }
        return (sure, maybe)
    }

    /// Keeps the rows in whose text, put together, the needle stands.
    private func keepStanding(_ needle: Needle, in rows: inout Bitmap) throws(QueryFailure) {
        if rows.isEmpty { return }
        let reader = try TextReader(text, shape: shape, scan)
        reader.filter(&rows) { needle.matches($0) }
    }
}
