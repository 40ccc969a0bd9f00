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
        let automaton = filter.automata.take()
        defer { filter.automata.give(automaton) }
        let first = text.literals[0]
        let state = automaton.advance(automaton.start, first.span, 0..<first.count)
        var ordinals: [UInt32] = []
        ordinals.reserveCapacity(rows.population)
        rows.forEach { ordinals.append(UInt32($0)) }
        var states = [RegularExpressionAutomaton.State](repeating: state, count: ordinals.count)
        for slot in text.slots.indices {
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
