import HisuiStore

/// A needle, and how to look for it in a stretch.
final class NeedleQuestion: Sendable {
    let needle: Needle
    let plan: NeedlePlan
    /// The needle, to be asked for in slots.
    let whole: TextProbe
    /// For each crossing of the plan what must be in slots for it.
    let crossings: [CrossingProbes]

    struct CrossingProbes: Sendable {
        /// The part in the slot at the border, or what of it is there where the needle goes on
        /// behind the slot: one of them must be.
        var ones: [TextProbe]
        var slot: Int
        /// The part in the next slot, if the needle reaches there.
        var other: TextProbe?
        var otherSlot: Int
        /// Whether the other part is the longer one, which says more.
        var isOtherLonger: Bool
    }

    init(_ needle: Needle, in text: StretchText) {
        self.needle = needle
        let plan = NeedlePlan(needle, in: text)
        self.plan = plan
        let parts = needle.probes
        whole = parts.whole
        crossings = plan.crossings.map { crossing in
            CrossingProbes(
                ones: Self.pieces(of: crossing, plan, needle),
                slot: text.slots[crossing.slot],
                other: crossing.other.flatMap { parts.part($0.part) },
                otherSlot: crossing.other.map { text.slots[$0.slot] } ?? 0,
                isOtherLonger: (crossing.other?.part.count ?? 0) > crossing.part.count)
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
