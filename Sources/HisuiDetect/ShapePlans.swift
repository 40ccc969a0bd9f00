import HisuiShape

/// The plans of shapes, by their numbers in a table, made when a shape is first met.
///
/// Several tables take turns (a parser for each time zone, rows read back from a store), so a few
/// are remembered; plans are shared by equal shapes of all of them.
struct ShapePlans {
    private struct Table {
        var table: ShapeTable
        var shapes: [Shape] = []
        var plans: [ShapePlan?] = []
    }

    private static let tablesMax = 8
    private static let plansMax = 65_536

    /// The one in use stands last.
    private var tables: [Table] = []
    private var byShape: [Shape: ShapePlan] = [:]
    private let routes: Routes
    private var groups = RuleGroups()

    init(_ set: RuleSet) { routes = Routes(set, of: .syslog) }

    /// Makes `table` the one in use.
    mutating func open(_ table: ShapeTable) {
        if tables.last?.table !== table {
            if let known = tables.firstIndex(where: { $0.table === table }) {
                tables.append(tables.remove(at: known))
            } else {
                if tables.count == Self.tablesMax { tables.removeFirst() }
                tables.append(Table(table: table))
            }
        }
        let last = tables.count - 1
        let new = table.shapes(from: tables[last].shapes.count)
        if new.isEmpty { return }
        tables[last].shapes += new
        while tables[last].plans.count < tables[last].shapes.count {
            tables[last].plans.append(nil)
        }
    }

    /// The plan of shape number `shape` of the table in use.
    mutating func plan(_ shape: UInt32, _ rules: RuleSet) -> ShapePlan {
        let last = tables.count - 1
        if let known = tables[last].plans[Int(shape)] { return known }
        let made: ShapePlan
        let key = tables[last].shapes[Int(shape)]
        if let known = byShape[key] {
            made = known
        } else {
            made = ShapePlan(key, rules, routes, &groups)
            if byShape.count >= Self.plansMax { byShape.removeAll() }
            byShape[key] = made
        }
        tables[last].plans[Int(shape)] = made
        return made
    }
}
