/// What must be in slots for rows of a segment's shapes to pass, in a form that a block answers for
/// all its shapes at once.
///
/// Immutable; may be used from several threads.
public final class TableTest: Sendable {
    /// A probe in a slot, and perhaps others in others: all must be.
    public struct Term: Sendable {
        /// A number in the probes.
        var probe: Int32
        /// Any slot of the shape if negative.
        var slot: Int32
        /// None if negative.
        var otherProbe: Int32 = -1
        var otherSlot: Int32 = -1
        var thirdProbe: Int32 = -1
        var thirdSlot: Int32 = -1
        /// What the asker knows it by.
        var mark: Int32

        public typealias Place = (probe: Int, slot: Int)

        public init(
            probe: Int, slot: Int?, other: Place? = nil, third: Place? = nil, mark: Int = 0
        ) {
            self.probe = Int32(probe)
            self.slot = slot.map { Int32($0) } ?? -1
            self.mark = Int32(mark)
            if let other { (otherProbe, otherSlot) = (Int32(other.probe), Int32(other.slot)) }
            if let third { (thirdProbe, thirdSlot) = (Int32(third.probe), Int32(third.slot)) }
        }
    }

    let probes: [TextProbe]
    /// For each shape of the table whether its terms are all that is asked; rows of others may pass
    /// whatever they are.
    let isAsked: [Bool]
    /// Where the terms of each shape begin; one more element than shapes.
    let starts: [UInt32]
    let terms: [Term]

    /// Terms that hold in no block by what the footer tells are left out.
    ///
    /// - Parameters:
    ///   - terms: for each shape of the table those of which one must hold; nil: nothing is asked.
    public init(_ table: ShapesInTable.Table, probes: [TextProbe], terms: [[Term]?]) {
        self.probes = probes
        isAsked = terms.map { $0 != nil }
        let told = probes.map { table.columns.candidates($0) }
        var starts: [UInt32] = [0]
        var all: [Term] = []
        for (shape, terms) in terms.enumerated() {
            for term in terms ?? [] {
                let mayHold = term.mayHold { probe, slot in
                    slot < 0
                        ? told[Int(probe)].contains(shape: shape)
                        : told[Int(probe)].contains(shape: shape, slot: Int(slot))
                }
                if mayHold { all.append(term) }
            }
            starts.append(UInt32(all.count))
        }
        self.starts = starts
        self.terms = all
    }
}

extension TableTest.Term {
    /// Whether the term may hold, as far as `may` tells of a probe in a slot or, if that is
    /// negative, in any.
    @inline(__always)
    fileprivate func mayHold<E: Error>(
        _ may: (_ probe: Int32, _ slot: Int32) throws(E) -> Bool
    ) throws(E) -> Bool {
        // Of two, the other is the one that says more.
        if otherProbe >= 0, try !may(otherProbe, otherSlot) { return false }
        if thirdProbe >= 0, try !may(thirdProbe, thirdSlot) { return false }
        return try may(probe, slot)
    }
}

/// Which terms of a test may hold in a block.
public struct HeldTerms: Sendable {
    /// For each shape of the block whether rows may pass.
    public fileprivate(set) var isPossible: [Bool]
    private var marks: [Int32] = []
    /// Where those of each shape begin in `marks`; one more element than there are shapes.
    private var starts: [UInt32] = [0]

    fileprivate init(of possible: [Bool]) { isPossible = possible }

    fileprivate mutating func append(_ mark: Int32) { marks.append(mark) }

    /// Ends what is told of the next shape.
    fileprivate mutating func close() { starts.append(UInt32(marks.count)) }

    /// The marks of those terms of a shape that may hold, in their order; none where nothing was
    /// asked.
    public func marks(ofShape shape: Int) -> ArraySlice<Int32> {
        starts.count > shape + 1 ? marks[Int(starts[shape])..<Int(starts[shape + 1])] : []
    }
}

extension Block {
    /// Which terms may hold, as far as directory and filters tell.
    ///
    /// - Parameters:
    ///   - test: of the table that the block's shapes come from.
    ///   - possible: for each shape whether it is asked for.
    ///   - candidates: the slots of this block that may have a probe; asked for each probe once at
    ///     most.
    /// - Complexity: O(terms of the block's shapes, and bytes of those chunks of text that may have
    ///   a probe that is asked for in any slot).
    public func held(
        _ test: TableTest, of possible: [Bool],
        _ candidates: (TextProbe) throws(StoreError) -> SlotSet
    ) throws(StoreError) -> HeldTerms {
        guard case .segment(let rows) = backing, let table = table?.table.columns else {
            return HeldTerms(of: possible)
        }
        return try rows.held(test, of: possible, table, candidates)
    }
}

extension SegmentBlock {
    fileprivate func held(
        _ test: TableTest, of possible: [Bool], _ table: TableColumns,
        _ candidates: (TextProbe) throws(StoreError) -> SlotSet
    ) throws(StoreError) -> HeldTerms {
        var places = ProbePlaces(test.probes)
        var held = HeldTerms(of: possible)
        for shape in shapes.indices {
            let number = Int(shapes[shape])
            if possible[shape], test.isAsked[number] {
                let columns = firstColumns[shape]..<firstColumns[shape + 1]
                let ofTable = table.firstColumns[number]
                var isPossible = false
                for index in Int(test.starts[number])..<Int(test.starts[number + 1]) {
                    let term = test.terms[index]
                    let mayHold = try term.mayHold { (probe, slot) throws(StoreError) in
                        let some =
                            slot < 0 ? 0..<columns.count : Int(slot)..<Int(slot) + 1
                        let mayStand = try places.hasAny(
                            Int(probe), some, after: columns.lowerBound, ofTable, candidates)
                        // A whole needle is looked for in text now: all that come after would.
                        guard mayStand, slot < 0 else { return mayStand }
                        return try places.contains(Int(probe), shape)
                    }
                    if mayHold { held.append(term.mark) }
                    isPossible = isPossible || mayHold
                }
                held.isPossible[shape] = isPossible
            }
            held.close()
        }
        return held
    }
}

/// In which columns of a block each probe may stand; asked when it is needed.
private struct ProbePlaces {
    private enum State { case isNotAsked, all, none, some }

    private let probes: [TextProbe]
    private var states: [State]
    /// Columns of the block, by what it tells itself.
    private var own: [ColumnSet]
    /// Columns of the table, by what the footer tells.
    private var told: [ColumnSet]
    /// What to ask where that is not enough.
    private var candidates: [SlotCandidates?]

    init(_ probes: [TextProbe]) {
        self.probes = probes
        candidates = [SlotCandidates?](repeating: nil, count: probes.count)
        states = [State](repeating: .isNotAsked, count: probes.count)
        own = [ColumnSet](repeating: ColumnSet(count: 0), count: probes.count)
        told = own
    }

    /// Whether a probe may stand in any of some slots of a shape.
    ///
    /// - Parameters:
    ///   - column: the shape's first one in the block.
    ///   - ofTable: its first one in the table.
    @inline(__always)
    mutating func hasAny(
        _ probe: Int, _ slots: Range<Int>, after column: Int, _ ofTable: Int,
        _ candidates: (TextProbe) throws(StoreError) -> SlotSet
    ) throws(StoreError) -> Bool {
        if case .isNotAsked = states[probe] { try ask(probe, candidates) }
        switch states[probe] {
        case .isNotAsked, .all: return true
        case .none: return false
        case .some:
            let (first, end) = (slots.lowerBound, slots.upperBound)
            return own[probe].containsAny(of: column + first..<column + end)
                || told[probe].containsAny(of: ofTable + first..<ofTable + end)
        }
    }

    /// Whether a probe may stand in any slot of a shape of which `hasAny` says so, as far as it can
    /// be told.
    func contains(_ probe: Int, _ shape: Int) throws(StoreError) -> Bool {
        guard let candidates = candidates[probe] else { return true }
        return try candidates.contains(shape: shape)
    }

    private mutating func ask(
        _ probe: Int, _ candidates: (TextProbe) throws(StoreError) -> SlotSet
    ) throws(StoreError) {
        switch try candidates(probes[probe]).members {
        case .all: states[probe] = .all
        case .none: states[probe] = .none
        case .some(let candidates):
            states[probe] = .some
            own[probe] = candidates.own
            told[probe] = candidates.told
            self.candidates[probe] = candidates
        }
    }
}
