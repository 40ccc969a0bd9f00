import HisuiStore

/// A needle, and how to look for it in a stretch.
final class NeedleQuestion: Sendable {
    let needle: Needle
    let plan: NeedlePlan
    /// The needle, to be asked for in slots.
    let whole: TextProbe
    /// For each crossing of the plan what must be in slots for it: one of these; nil if nothing
    /// need be.
    let crossings: [[Term]?]

    /// A probe in a slot, and perhaps another in another: both must be.
    struct Term: Sendable {
        var probe: TextProbe
        var slot: Int
        var other: (probe: TextProbe, slot: Int)?
        /// Whether the other is the longer one, which says more.
        var isOtherLonger = false
    }

    init(_ needle: Needle, in text: StretchText) {
        self.needle = needle
        let plan = NeedlePlan(needle, in: text)
        self.plan = plan
        let parts = needle.probes
        whole = parts.whole
        crossings = plan.crossings.map { crossing in
            let slot = text.slots[crossing.slot]
            // The part in the next slot, if the needle reaches there.
            let other = crossing.other.flatMap { other in
                parts.part(other.part).map { ($0, text.slots[other.slot]) }
            }
            // What the slot at the border has, or what of it is there where the needle goes on
            // behind the slot.
            let pieces = Self.pieces(of: crossing, plan, needle)
            guard pieces.isEmpty else {
                let isOtherLonger = (crossing.other?.part.count ?? 0) > crossing.part.count
                return pieces.map {
                    Term(probe: $0, slot: slot, other: other, isOtherLonger: isOtherLonger)
                }
            }
            return other.map { [Term(probe: $0.0, slot: $0.1)] }
        }
    }
}

extension NeedleQuestion {
    /// What the slot at a border has of the needle; empty if that is not known.
    private static func pieces(
        of crossing: NeedlePlan.Crossing, _ plan: NeedlePlan, _ needle: Needle
    ) -> [TextProbe] {
        guard let part = needle.probes.part(crossing.part) else { return [] }
        var pieces = [part]
        guard crossing.isWhole else { return pieces }
        // The needle may begin before the slot and end behind it: its value is what lies between.
        for other in plan.crossings
        where other.slot == crossing.slot && other.isEnd != crossing.isEnd {
            let begin = crossing.isEnd ? other.part.lowerBound : crossing.part.lowerBound
            let end = crossing.isEnd ? crossing.part.upperBound : other.part.upperBound
            guard begin <= end else { continue }
            pieces.append(needle.probes.piece(begin..<end))
        }
        return pieces
    }
}
