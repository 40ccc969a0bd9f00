import HisuiBytes
import HisuiShape

/// `facets 10 max_values_per_field 1000 max_value_len 128 keep_const_fields`: for every field the
/// values that most rows have: `field_name`, `field_value`, `hits`.
///
/// Left out are fields with too many values or a value that is too long, and those that have the
/// same value in all rows, unless `keep_const_fields` says otherwise.
struct FacetsPipe: Pipe {
    let count: Int
    let valuesMax: Int
    let valueBytesMax: Int
    let keepsConstant: Bool

    var isRowByRow: Bool { false }
    var yieldsEvents: Bool { false }

    func print(to out: inout String) {
        out += "facets \(count)"
        if valuesMax != PipeLimits.facetValuesUsual { out += " max_values_per_field \(valuesMax)" }
        if valueBytesMax != PipeLimits.facetBytesUsual { out += " max_value_len \(valueBytesMax)" }
        if keepsConstant { out += " keep_const_fields" }
    }

    func needs(after: FieldNeeds) -> FieldNeeds { .everything }

    func stage(next: any PipeStage, context: StageContext) -> any PipeStage {
        FacetsStage(self, next: next, context)
    }

    static func parse(_ parser: inout Parser) throws(QueryError) -> FacetsPipe {
        var count = 10
        if parser.current.bytes.first.map({ $0 &- 0x30 < 10 }) == true {
            count = try parser.count("a number of values of each field")
        }
        var valuesMax = PipeLimits.facetValuesUsual
        var valueBytesMax = PipeLimits.facetBytesUsual
        var keepsConstant = false
        while true {
            if parser.takeKeyword("max_values_per_field") {
                valuesMax = try parser.count("a number of values")
            } else if parser.takeKeyword("max_value_len") {
                valueBytesMax = try parser.count("a number of bytes")
            } else if parser.takeKeyword("keep_const_fields") {
                keepsConstant = true
            } else {
                break
            }
        }
        return FacetsPipe(
            count: count, valuesMax: valuesMax, valueBytesMax: valueBytesMax,
            keepsConstant: keepsConstant)
    }
}

private final class FacetsStage: PipeStage {
    /// What is known of a field; nil for one that is left out.
    private struct Facet {
        var values = GroupTable()
        var hits: [UInt64] = []
    }

    private let pipe: FacetsPipe
    private let next: any PipeStage
    private let context: StageContext
    private var facets: [Facet?] = []
    private var rows: UInt64 = 0

    init(_ pipe: FacetsPipe, next: any PipeStage, _ context: StageContext) {
        self.pipe = pipe
        self.next = next
        self.context = context
    }

    func push(_ row: inout ResultRow) throws(QueryFailure) -> Bool {
        rows += 1
        for cell in row.cells {
            let field = Int(cell.name)
            while facets.count <= field { facets.append(Facet()) }
            guard facets[field] != nil else { continue }
            let value = row.bytes.span.extracting(cell.value.range)
            guard value.count <= pipe.valueBytesMax else {
                leaveOut(field)
                continue
            }
            try count(value, field)
        }
        return true
    }

    private func count(_ value: Span<UInt8>, _ field: Int) throws(QueryFailure) {
        guard let (number, isNew) = facets[field]?.values.number(of: value) else { return }
        guard isNew else {
            facets[field]?.hits[number] += 1
            return
        }
        try context.budget.take(value.count + Self.entryBytes, for: "values of fields")
        facets[field]?.hits.append(1)
        if number >= pipe.valuesMax { leaveOut(field) }
    }

    /// What an entry of a table takes beside its value, about.
    private static let entryBytes = 40

    private func leaveOut(_ field: Int) {
        if let facet = facets[field] {
            context.budget.give(facet.values.bytes.count + facet.hits.count * Self.entryBytes)
        }
        facets[field] = nil
    }

    func finish() throws(QueryFailure) {
        let names = context.names
        let columns = ["field_name", "field_value", "hits"].map(names.number)
        let fields = facets.indices.sorted { names[Int32($0)] < names[Int32($1)] }
        var row = ResultRow(names: names)
        for field in fields {
            guard let facet = facets[field], !facet.hits.isEmpty else { continue }
            if !pipe.keepsConstant, facet.hits.count == 1, facet.hits[0] == rows { continue }
            for number in frequent(facet) {
                row.removeAll()
                row.set(columns[0], Array(names[Int32(field)].utf8), .keyword)
                row.set(
                    columns[1], Array(facet.values.bytes[facet.values.range(of: number)]),
                    .keyword)
                var text: [UInt8] = []
                text.appendDecimal(facet.hits[number])
                row.set(columns[2], text, .integer)
                if try !next.push(&row) { return try next.finish() }
            }
        }
        try next.finish()
    }

    /// The values with the most rows; of equals those that stand first in their order.
    private func frequent(_ facet: Facet) -> ArraySlice<Int> {
        let bytes = facet.values.bytes
        let keys = facet.hits.indices.map { number in
            SortKey(bytes.span.extracting(facet.values.range(of: number)))
        }
        let order = facet.hits.indices.sorted { a, b in
            if facet.hits[a] != facet.hits[b] { return facet.hits[a] > facet.hits[b] }
            let order = keys[a].compare(keys[b])
            return order != 0 ? order < 0 : a < b
        }
        return order.prefix(pipe.count)
    }
}
