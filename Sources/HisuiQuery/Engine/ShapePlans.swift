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
    /// - Complexity: O(shapes), and O(fixed text) of those that are new.
    func plans(of block: Block) -> [ShapePlan] {
        if let common { return [ShapePlan](repeating: common, count: block.shapes.count) }
        let keys = block.shapes.map(\.shape.identity)
        var plans: [ShapePlan?] = known.withLock { known in
            keys.indices.map { number in
                known[keys[number]]?.plan
            }
        }
        var made: [(ObjectIdentifier, Entry)] = []
        for number in plans.indices where plans[number] == nil {
            let shape = block.shapes[number].shape
            let plan = ShapePlan(filter, grouping: fields, shape: shape)
            plans[number] = plan
            made.append((keys[number], Entry(shape: shape, plan: plan)))
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
