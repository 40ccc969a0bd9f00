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

    /// A probe in a slot, and perhaps others in those next to it: all must be.
    struct Term: Sendable {
        typealias Place = (probe: TextProbe, slot: Int)

        var probe: TextProbe
        var slot: Int
        var other: Place?
        /// Where the needle reaches over the slot on both sides.
        var third: Place?
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
            if crossing.isSplit {
                return parts.beyondASCII.map { [Term(probe: $0, slot: slot)] }
            }
            // The part in the next slot, if the needle reaches there.
            let other = Self.beyond(crossing, text, parts)
            // What the slot at the border has, or what of it is there where the needle goes on
            // behind the slot.
            let pieces = Self.pieces(of: crossing, plan, needle)
            guard pieces.isEmpty else {
                let isOtherLonger = (crossing.other?.part.count ?? 0) > crossing.part.count
                return pieces.map { probe, from in
                    Term(
                        probe: probe, slot: slot, other: other,
                        third: from.flatMap { Self.beyond($0, text, parts) },
                        isOtherLonger: isOtherLonger)
                }
            }
            return other.map { [Term(probe: $0.probe, slot: $0.slot)] }
        }
    }
}

extension NeedleQuestion {
    /// What must stand in the slot next to that of a crossing, if the needle reaches there.
    private static func beyond(
        _ crossing: NeedlePlan.Crossing, _ text: StretchText, _ parts: NeedleProbes
    ) -> Term.Place? {
        crossing.other.map { (parts.piece($0.part), text.slots[$0.slot]) }
    }

    /// What the slot at a border has of the needle, and where that is all the slot has, how the
    /// needle crosses the slot's other border; empty if it is not known.
    private static func pieces(
        of crossing: NeedlePlan.Crossing, _ plan: NeedlePlan, _ needle: Needle
    ) -> [(probe: TextProbe, from: NeedlePlan.Crossing?)] {
        guard let part = needle.probes.part(crossing.part) else { return [] }
        var pieces: [(TextProbe, NeedlePlan.Crossing?)] = [(part, nil)]
        guard crossing.isWhole else { return pieces }
        // The needle may begin before the slot and end behind it: its value is what lies between.
        for other in plan.crossings
        where other.slot == crossing.slot && other.isEnd != crossing.isEnd && !other.isSplit {
            let begin = crossing.isEnd ? other.part.lowerBound : crossing.part.lowerBound
            let end = crossing.isEnd ? crossing.part.upperBound : other.part.upperBound
            guard begin <= end else { continue }
            pieces.append((needle.probes.piece(begin..<end), other))
        }
        return pieces
    }
}
