/// What must be in slots for rows of a segment's shapes to pass, in a form that a block answers for
/// all its shapes at once.
///
/// Immutable; may be used from several threads.
public final class TableTest: Sendable {
    /// A probe in a slot, and perhaps another one in another: both must be.
    public struct Term: Sendable {
        /// A number in the probes.
        var probe: Int32
        /// Any slot of the shape if negative.
        var slot: Int32
        /// None if negative.
        var otherProbe: Int32
        var otherSlot: Int32

        public init(probe: Int, slot: Int?, other: (probe: Int, slot: Int)? = nil) {
            self.probe = Int32(probe)
            self.slot = slot.map { Int32($0) } ?? -1
            otherProbe = other.map { Int32($0.probe) } ?? -1
            otherSlot = other.map { Int32($0.slot) } ?? -1
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
        return try may(probe, slot)
    }
}

extension Block {
    /// Whether rows of each shape may pass, as far as directory and filters tell.
    ///
    /// - Parameters:
    ///   - test: of the table that the block's shapes come from.
    ///   - candidates: the slots of this block that may have a probe; asked for each probe once at
    ///     most.
    /// - Complexity: O(terms of the block's shapes).
    public func mayPass(
        _ test: TableTest, _ candidates: (TextProbe) throws(StoreError) -> SlotSet
    ) throws(StoreError) -> [Bool] {
        guard case .segment(let rows) = backing, let table else {
            return [Bool](repeating: true, count: shapes.count)
        }
        return try rows.mayPass(test, table.numbers, candidates)
    }
}

extension SegmentBlock {
    /// - Parameter numbers: of the block's shapes in the table.
    fileprivate func mayPass(
        _ test: TableTest, _ numbers: [UInt32],
        _ candidates: (TextProbe) throws(StoreError) -> SlotSet
    ) throws(StoreError) -> [Bool] {
        var places = ProbePlaces(test.probes)
        var result = [Bool](repeating: true, count: numbers.count)
        for shape in numbers.indices {
            let number = Int(numbers[shape])
            guard test.isAsked[number] else { continue }
            let columns = firstColumns[shape]..<firstColumns[shape + 1]
            var isPossible = false
            for index in Int(test.starts[number])..<Int(test.starts[number + 1])
            where !isPossible {
                isPossible = try test.terms[index].mayHold { (probe, slot) throws(StoreError) in
                    let column = columns.lowerBound + Int(slot)
                    return try places.hasAny(
                        Int(probe), slot < 0 ? columns : column..<column + 1, candidates)
                }
            }
            result[shape] = isPossible
        }
        return result
    }
}

/// In which columns of a block each probe may stand; asked when it is needed.
private struct ProbePlaces {
    private enum State { case isNotAsked, all, none, some }

    private let probes: [TextProbe]
    private var states: [State]
    private var columns: [ColumnSet]

    init(_ probes: [TextProbe]) {
        self.probes = probes
        states = [State](repeating: .isNotAsked, count: probes.count)
        columns = [ColumnSet](repeating: ColumnSet(count: 0), count: probes.count)
    }

    @inline(__always)
    mutating func hasAny(
        _ probe: Int, _ range: Range<Int>, _ candidates: (TextProbe) throws(StoreError) -> SlotSet
    ) throws(StoreError) -> Bool {
        if case .isNotAsked = states[probe] { try ask(probe, candidates) }
        return switch states[probe] {
        case .isNotAsked, .all: true
        case .none: false
        case .some: columns[probe].containsAny(of: range)
        }
    }

    private mutating func ask(
        _ probe: Int, _ candidates: (TextProbe) throws(StoreError) -> SlotSet
    ) throws(StoreError) {
        switch try candidates(probes[probe]).members {
        case .all: states[probe] = .all
        case .none: states[probe] = .none
        case .some(let candidates):
            states[probe] = .some
            columns[probe] = candidates.may
        }
    }
}
