import Testing

@testable import HisuiQuery

/// Where a needle could cross the borders of slots, and how far it would reach.
@Suite struct NeedlePlanTests {
    private func plan(_ needle: String, _ literals: [String], word: Bool = true) -> NeedlePlan {
        let text = StretchText(
            literals: literals.map { Array($0.utf8) }, slots: Array(0..<literals.count - 1))
        return NeedlePlan(Needle(Array(needle.utf8), wholeStart: word, wholeEnd: word), in: text)
    }

    @Test func fixedTextHasIt() {
        #expect(plan("Failed password", ["Failed password for ", " from ", ""]).verdict == .always)
        let cut = plan("password", ["Failed pass", "word for", ""])
        #expect(cut.verdict == .depends && !cut.isOpen)
    }

    @Test func bordersAreCrossedWhereFixedTextFits() {
        let plan = plan("root from", ["for ", " from ", ""])
        #expect(plan.crossings.count == 1)
        #expect(plan.crossings[0].slot == 0 && plan.crossings[0].isEnd)
        #expect(plan.crossings[0].part == 0..<4 && !plan.crossings[0].isWhole)
        #expect(plan.crossings[0].other == nil)
    }

    /// The value may be all that is between two pieces of the needle.
    @Test func valuesInTheMiddle() {
        let plan = plan("user=root;", ["user=", ";", ""])
        #expect(plan.crossings.count == 2)
        let reaches = plan.crossings.allSatisfy { $0.isWhole && $0.other == nil }
        #expect(reaches, "either side may be beyond the slot")
    }

    /// What reaches over fixed text goes on in the next slot.
    @Test func twoSlots() {
        let plan = plan("a.b", ["x", ".", ""], word: false)
        let ends = plan.crossings.filter(\.isEnd)
        #expect(ends.count == 1 && ends[0].slot == 0 && ends[0].part == 0..<1)
        #expect(ends[0].other?.slot == 1 && ends[0].other?.part == 2..<3)
        let begins = plan.crossings.filter { !$0.isEnd }
        #expect(begins.count == 1 && begins[0].slot == 1 && begins[0].part == 2..<3)
        #expect(begins[0].other?.slot == 0 && begins[0].other?.part == 0..<1)
    }

    /// Where the next slot may be in the middle of the needle, it has what is up to its own border.
    @Test func aSlotInTheMiddle() {
        let plan = plan("ab cd", ["<", "", " ", ""], word: false)
        let first = plan.crossings.first { $0.slot == 0 && $0.isEnd && $0.part == 0..<1 }
        #expect(first?.other?.slot == 1 && first?.other?.part == 1..<2, "b, then the space")
        let whole = plan.crossings.first { $0.slot == 0 && $0.isEnd && $0.part == 0..<2 }
        #expect(whole != nil && whole?.other == nil, "the next slot may be empty")
        let rest = plan.crossings.first { $0.slot == 0 && $0.isEnd && $0.part == 0..<4 }
        #expect(rest?.other?.part == 4..<5)
    }

    /// Between slots with nothing between them each border is open, and words are not known.
    @Test func tornText() {
        let torn = plan("abc", ["<", "", ">"])
        #expect(torn.isTorn && !torn.isOpen)
        #expect(torn.crossings.count == 4)
        #expect(!plan("abc", ["<", "", ">"], word: false).isTorn)
    }
}
