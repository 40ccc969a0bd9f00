import HisuiShape
import HisuiStore
import Synchronization

/// The plans of a query for the shapes it has met.
///
/// Blocks of one segment have most of their shapes in common, and share them: that a shape is known
/// is seen without comparing it.
///
/// May be used from several threads.
final class ShapePlans: Sendable {
    private let filter: Filter
    private let fields: [String]
    /// The plan of all shapes, where nothing of what is asked lies in records.
    private let common: ShapePlan?
    private let known = Mutex<[ObjectIdentifier: Entry]>([:])

    private struct Entry: Sendable {
        /// Kept, so that nothing else can have its identity.
        let shape: Shape
        let plan: ShapePlan
    }

    /// Those of the tables of segments.
    private let tables = Mutex<[ObjectIdentifier: KnownTable]>([:])

    fileprivate struct KnownTable: Sendable {
        /// Kept, so that nothing else can have its identity.
        let table: ShapesInTable.Table
        let plans: [ShapePlan]
        let verdicts: [Verdict]
        let countedSlots: [Int?]
        let tests: [BlockPlans.Test]
    }

    /// Tables that are kept; blocks of a segment are mostly asked one after the other.
    private static let tablesMax = 64

    /// Plans that are kept; with more shapes than that the oldest are worked out again.
    private static let plansMax = 1 << 16

    /// - Parameter fields: what the query groups by.
    init(_ filter: Filter, grouping fields: [String] = []) {
        self.filter = filter
        self.fields = fields
        let asked = filter.fields.union(fields)
        common =
            asked.isSubset(of: ShapeFields.outside)
            ? ShapePlan(filter, grouping: fields, shape: .any) : nil
    }

    /// Whether every row of every block passes.
    var passAll: Bool {
        if case .always = common?.outcome { return true }
        return false
    }

    /// The plan of each shape of a block.
    ///
    /// - Complexity: O(columns of the segment) for its first block, and O(fixed text) of those
    ///   shapes that are new.
    func plans(of block: Block) -> BlockPlans {
        if let common {
            return BlockPlans(
                plans: [common], verdicts: [common.outcome.verdict],
                countedSlots: [common.countedSlot], tests: [],
                numbers: [UInt32](repeating: 0, count: block.shapes.count))
        }
        guard let place = block.table else {
            let plans = plans(for: block.shapes.map(\.shape))
            return BlockPlans(
                plans: plans, verdicts: plans.map(\.outcome.verdict),
                countedSlots: plans.map(\.countedSlot), tests: [], numbers: nil)
        }
        let known = known(place.table)
        return BlockPlans(
            plans: known.plans, verdicts: known.verdicts, countedSlots: known.countedSlots,
            tests: known.tests, numbers: place.numbers)
    }

    /// The shapes of some tables that have no plan yet, each once.
    func unknown(of tables: [ShapesInTable.Table]) -> [Shape] {
        if common != nil { return [] }
        let tables = tables.filter { table in
            self.tables.withLock { $0[ObjectIdentifier(table)] == nil }
        }
        return known.withLock { known in
            var met: Set<ObjectIdentifier> = []
            var shapes: [Shape] = []
            for table in tables {
                for shape in table.shapes
                where known[shape.identity] == nil && met.insert(shape.identity).inserted {
                    shapes.append(shape)
                }
            }
            return shapes
        }
    }

    /// Works out the plans of some shapes.
    func prepare(_ shapes: ArraySlice<Shape>) { _ = plans(for: Array(shapes)) }

    /// Works out the plans of a table that blocks have in common.
    func prepare(_ table: ShapesInTable.Table) {
        if common == nil { _ = known(table) }
    }

    /// Whether no row of a block passes, as far as its segment's footer tells.
    ///
    /// - Complexity: O(shapes of the block) where the table was prepared.
    func isNever(_ block: Block) -> Bool {
        if let common { return common.outcome.verdict == .never }
        guard let place = block.table else { return false }
        let verdicts = known(place.table).verdicts
        return place.numbers.allSatisfy { verdicts[Int($0)] == .never }
    }

    /// The fates of a block's rows as far as its segment's footer tells, which rules out all.
    func fates(ofRuledOut block: Block) -> RowFates {
        let plans = plans(of: block)
        var fates = RowFates()
        for (number, shape) in block.shapes.enumerated() {
            fates[plans.reason(number) ?? .footer] += shape.rows
        }
        return fates
    }

    /// How many of the shapes that were met none, all, or perhaps some rows can pass of.
    var census: (never: Int, always: Int, depends: Int) {
        let verdicts = known.withLock { $0.values.map(\.plan.outcome.verdict) }
        func count(_ verdict: Verdict) -> Int { verdicts.count { $0 == verdict } }
        return (count(.never), count(.always), count(.depends))
    }

    private func known(_ table: ShapesInTable.Table) -> KnownTable {
        let key = ObjectIdentifier(table)
        if let known = tables.withLock({ $0[key] }) { return known }
        let plans = plans(for: table.shapes)
        let knowledge = TableKnowledge(table)
        let verdicts = plans.enumerated().map { shape, plan in
            guard case .depends(let residual) = plan.outcome else { return plan.outcome.verdict }
            return knowledge.verdict(residual, shape: shape)
        }
        let count = NecessaryTerms.count(for: filter)
        let tests = (0..<count).compactMap { number -> BlockPlans.Test? in
            var terms = NecessaryTerms(number: number)
            for (plan, verdict) in zip(plans, verdicts) {
                let isOpen = verdict == .depends
                terms.append(isOpen ? plan.outcome : .always)
            }
            return terms.test(of: table).map { BlockPlans.Test(test: $0, needles: terms.needles) }
        }
        let made = KnownTable(
            table: table, plans: plans, verdicts: verdicts,
            countedSlots: plans.map(\.countedSlot), tests: tests)
        tables.withLock { tables in
            if tables.count >= Self.tablesMax { tables.removeAll() }
            tables[key] = made
        }
        return made
    }

    private func plans(for shapes: [Shape]) -> [ShapePlan] {
        let keys = shapes.map(\.identity)
        var plans: [ShapePlan?] = known.withLock { known in
            keys.map { known[$0]?.plan }
        }
        var made: [(ObjectIdentifier, Entry)] = []
        for number in plans.indices where plans[number] == nil {
            let plan = ShapePlan(filter, grouping: fields, shape: shapes[number])
            plans[number] = plan
            made.append((keys[number], Entry(shape: shapes[number], plan: plan)))
        }
        if !made.isEmpty {
            known.withLock { known in
                if known.count + made.count > Self.plansMax { known.removeAll() }
                for (key, entry) in made { known[key] = entry }
            }
        }
        return plans.compactMap { $0 }
    }
}

/// The plans of the shapes of a block, by their numbers there.
struct BlockPlans {
    fileprivate let plans: [ShapePlan]
    /// What is known of the rows of each plan's shape before the block is asked.
    fileprivate let verdicts: [Verdict]
    fileprivate let countedSlots: [Int?]
    /// What blocks are asked first: rows pass where all of these may hold.
    let tests: [Test]
    /// For each shape of the block its plan; nil if they stand in the order of the shapes.
    fileprivate let numbers: [UInt32]?

    struct Test: Sendable {
        let test: TableTest
        /// For each shape of the table the needle that its terms are of; nil if there is none.
        fileprivate let needles: [NeedleQuestion?]
    }

    @inline(__always)
    private func number(_ shape: Int) -> Int { numbers.map { Int($0[shape]) } ?? shape }

    subscript(shape: Int) -> ShapePlan { plans[number(shape)] }

    /// What is known of each shape's rows before the block is asked.
    var verdictsOfShapes: [Verdict] {
        numbers.map { numbers in numbers.map { verdicts[Int($0)] } } ?? verdicts
    }

    /// The slot whose values alone a query groups by, as they stand; nil if there is none.
    @inline(__always)
    func countedSlot(_ shape: Int) -> Int? { countedSlots[number(shape)] }

    /// The needle that all terms of a shape in a test are of; nil if there is none.
    func needle(_ shape: Int, in test: Test) -> NeedleQuestion? { test.needles[number(shape)] }

    /// What rules out the rows of a shape before the block is asked; nil if nothing does.
    func reason(_ shape: Int) -> RowFate? {
        guard verdicts[number(shape)] == .never else { return nil }
        return plans[number(shape)].outcome.verdict == .never ? .shape : .footer
    }

    /// What is left of the filter for a shape; nil if all its rows pass.
    func residual(_ shape: Int) -> Residual? {
        guard case .depends(let residual) = plans[number(shape)].outcome else { return nil }
        return residual
    }
}
