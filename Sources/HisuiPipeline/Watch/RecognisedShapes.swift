import HisuiShape

/// Which shapes belong to a parser rule, by their numbers in a few tables.
struct RecognisedShapes {
    /// A table for each time zone and encoding of sources; nearly always one.
    private static let tablesMax = 8

    /// The one in use stands last.
    private var tables: [(table: ShapeTable, isRecognised: [Bool])] = []

    /// By number, for the shapes that `table` has now.
    /// - Complexity: O(shapes that are new).
    mutating func flags(_ table: ShapeTable) -> [Bool] {
        if tables.last?.table !== table {
            if let known = tables.firstIndex(where: { $0.table === table }) {
                tables.append(tables.remove(at: known))
            } else {
                if tables.count == Self.tablesMax { tables.removeFirst() }
                tables.append((table, []))
            }
        }
        let last = tables.count - 1
        for shape in table.shapes(from: tables[last].isRecognised.count) {
            tables[last].isRecognised.append(!shape.parser.isEmpty)
        }
        return tables[last].isRecognised
    }
}
