import HisuiBytes
import HisuiStore

/// Looks for rows of a shape by the text of a stretch.
struct TextSearch {
    let text: StretchText
    let shape: Int
    let scan: BlockScan

    /// Keeps the rows whose text passes.
    func keep(
        _ test: any ValueTest, _ plan: TextPlan, in rows: inout Bitmap
    ) throws(QueryFailure) {
        switch plan {
        case .whole: try keepWhole(test, in: &rows)
        case .needle(let needle, let plan): try keep(needle, plan, in: &rows)
        case .expression(let regexp, let clauses):
            for clause in clauses {
                try keepAny(of: clause, in: &rows)
                if rows.isEmpty { return }
            }
            let search = ExpressionSearch(filter: regexp, text: text) {
                (slot) throws(QueryFailure) in try column(slot)
            }
            if try !search.keep(in: &rows) { try keepWhole(test, in: &rows) }
        }
    }

    /// The column of a slot, by its place in the text.
    private func column(_ place: Int) throws(QueryFailure) -> SlotColumn {
        try scan.column(text, place, shape: shape)
    }

    /// Keeps the rows whose text, put together, passes.
    private func keepWhole(
        _ test: any ValueTest, in rows: inout Bitmap
    ) throws(QueryFailure) {
        let reader = try TextReader(text, shape: shape, scan)
        var value: [UInt8] = []
        rows.filter { ordinal in
            reader.read(ordinal, into: &value)
            return test.matches(value.span)
        }
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
        for slot in text.slots.indices where !rows.isEmpty {
            var some = rows
            let around = plan.surroundings[slot]
            ColumnSearch.keep(
                needle, try column(slot), wordBefore: around.before, wordAfter: around.after,
                in: &some)
            passing.formUnion(some)
            rows.subtract(some)
        }
        if !plan.crossings.isEmpty, !rows.isEmpty {
            try keepCrossing(needle, plan, in: &rows)
            passing.formUnion(rows)
        }
        rows = passing
    }

    /// Keeps the rows in which the needle stands across a border: looks at the values next to
    /// borders it could cross, and puts together the text of rows where they fit.
    private func keepCrossing(
        _ needle: Needle, _ plan: NeedlePlan, in rows: inout Bitmap
    ) throws(QueryFailure) {
        if !needle.ignoresCase {
            var candidates = Bitmap(count: rows.count, all: false)
            for crossing in plan.crossings {
                ColumnSearch.keep(
                    crossing, needle, try column(crossing.slot), in: rows, to: &candidates)
            }
            rows.formIntersection(candidates)
        }
        if rows.isEmpty { return }
        let reader = try TextReader(text, shape: shape, scan)
        var value: [UInt8] = []
        rows.filter { ordinal in
            reader.read(ordinal, into: &value)
            return needle.matches(value.span)
        }
    }
}
