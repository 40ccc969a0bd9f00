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

    private struct KnownTable: Sendable {
        /// Kept, so that nothing else can have its identity.
        let table: ShapesInTable.Table
        let plans: [ShapePlan]
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
    /// - Complexity: O(shapes of the segment) for its first block, and O(fixed text) of those that
    ///   are new.
    func plans(of block: Block) -> BlockPlans {
        if let common {
            return BlockPlans(
                plans: [common], numbers: [UInt32](repeating: 0, count: block.shapes.count))
        }
        guard let place = block.table else {
            return BlockPlans(plans: plans(for: block.shapes.map(\.shape)), numbers: nil)
        }
        let key = ObjectIdentifier(place.table)
        if let known = tables.withLock({ $0[key] }) {
            return BlockPlans(plans: known.plans, numbers: place.numbers)
        }
        let made = plans(for: place.table.shapes)
        tables.withLock { tables in
            if tables.count >= Self.tablesMax { tables.removeAll() }
            tables[key] = KnownTable(table: place.table, plans: made)
        }
        return BlockPlans(plans: made, numbers: place.numbers)
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
    /// For each shape of the block its plan; nil if they stand in the order of the shapes.
    fileprivate let numbers: [UInt32]?

    subscript(shape: Int) -> ShapePlan {
        if let numbers { return plans[Int(numbers[shape])] }
        return plans[shape]
    }
}
