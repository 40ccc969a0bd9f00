import HisuiBytes
import HisuiStore

/// A regular expression over the rows of a shape, without putting their text together.
///
/// The automaton goes through fixed text once for all rows and through slot values row by row:
///
///     text     "Failed password for " [user] " from " [addr] " port " [port] " ssh2"
///     state    s ──────────────────────▶ row by row ─▶ once for each ─▶ row by row …
///                                                      different state
///
/// Columns behind the place where all rows are decided are not read.
struct ExpressionSearch {
    let filter: RegexpFilter
    let text: StretchText
    /// The column of a slot, by its place in the text.
    let column: (Int) throws(QueryFailure) -> SlotColumn

    /// Keeps the rows whose text fits; false if that could not be found out within the bounds of
    /// an automaton, the rows being what they were.
    func keep(in rows: inout Bitmap) throws(QueryFailure) -> Bool {
        try keep(in: &rows, from: 0, fixedBytes: text.literals[0].count)
    }

    /// The same of the text from the last `fixedBytes` bytes before a slot on.
    ///
    /// - Parameter firstSlot: by its place in the text.
    func keep(
        in rows: inout Bitmap, from firstSlot: Int, fixedBytes: Int
    ) throws(QueryFailure) -> Bool {
        let automaton = filter.automata.take()
        defer { filter.automata.give(automaton) }
        let first = text.literals[firstSlot]
        let state = automaton.advance(
            automaton.start, first.span, first.count - fixedBytes..<first.count)
        var ordinals: [UInt32] = []
        ordinals.reserveCapacity(rows.population)
        rows.forEach { ordinals.append(UInt32($0)) }
        var states = [RegularExpressionAutomaton.State](repeating: state, count: ordinals.count)
        for slot in firstSlot..<text.slots.count {
            guard states.contains(where: { $0 > automaton.matched }) else { break }
            let column = try column(slot)
            automaton.advance(&states, column.bytes.span, column.ranges.span, at: ordinals.span)
            let literal = text.literals[slot + 1]
            automaton.advance(&states, through: literal.span)
        }
        var next = 0
        var kept = rows
        kept.filter { _ in
            next += 1
            return automaton.accepts(states[next - 1])
        }
        if automaton.isExhausted { return false }
        rows = kept
        return true
    }

    /// What is known of all rows without reading any.
    static func verdict(_ filter: RegexpFilter, _ text: StretchText) -> Verdict {
        let automaton = filter.automata.take()
        defer { filter.automata.give(automaton) }
        let first = text.literals[0]
        let state = automaton.advance(automaton.start, first.span, 0..<first.count)
        if automaton.isExhausted { return .depends }
        if state == automaton.matched { return .always }
        return state == RegularExpressionAutomaton.dead ? .never : .depends
    }
}
