import HisuiBytes

/// `json_values(a, http.*) sort by (_time desc) limit 3`: the rows of the group as a JSON array of
/// objects of these fields; of all that a row has where none is named.
///
/// Rows stand in the order of time, or as `sort by` says, rows that it holds equal in the order of
/// time.
struct JSONValuesFunction: StatsFunction {
    let shown: FunctionFields
    let keys: [SortPipe.Key]
    let limit: Int?

    var fields: [String] { keys.map(\.field) + shown.named }

    var open: OpenFields? {
        if shown.patterns.isEmpty {
            return OpenFields(patterns: [FieldPattern(name: "", isPrefix: true)], asObject: true)
        }
        return shown.open.map { OpenFields(patterns: $0.patterns, asObject: true) }
    }

    var isOrdered: Bool { true }

    func print(to out: inout String) {
        shown.printCall("json_values", to: &out)
        if !keys.isEmpty {
            out += " sort by ("
            SortPipe.print(keys, to: &out)
            out += ")"
        }
        if let limit { out += " limit \(limit)" }
    }

    func accumulator() -> (any StatsAccumulator)? { Accumulator(self) }

    static func parse(_ parser: inout Parser) throws(QueryError) -> JSONValuesFunction {
        let shown = try parser.functionFields()
        var keys: [SortPipe.Key] = []
        if parser.takeKeyword("sort") || parser.takeKeyword("order") {
            _ = parser.takeKeyword("by")
            keys = try SortPipe.parseKeys(&parser)
        }
        return JSONValuesFunction(shown: shown, keys: keys, limit: try parser.valueLimit())
    }

    private struct Accumulator: StatsAccumulator {
        private struct Row {
            var keys: [SortKey]
            /// The object.
            var text: [UInt8]

            var memory: Int {
                text.count + keys.reduce(96) { $0 + $1.memory + MemoryLayout<SortKey>.stride }
            }
        }

        private let directions: [SortPipe.Key]
        private let limit: Int
        /// Names of the values, if they do not come as an object.
        private let names: [String]?
        /// For each group its rows: with a limit, at most twice as many.
        private var rows: [[Row]] = []
        private(set) var memory = 0

        init(_ function: JSONValuesFunction) {
            directions = function.keys
            limit = function.limit ?? .max
            names = function.open == nil ? function.shown.named : nil
        }

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            makeRoom(for: group)
            if limit == 0 || (directions.isEmpty && rows[group].count >= limit) { return }
            let keys = own.prefix(directions.count).map { index in
                SortKey(values.bytes.span.extracting(values.ranges[index]))
            }
            let row = Row(keys: keys, text: object(values, own.dropFirst(keys.count)))
            memory += row.memory
            rows[group].append(row)
            if limit < .max / 2, rows[group].count >= max(64, 2 * limit) { cut(group) }
        }

        private func object(_ values: borrowing RowValues, _ own: Range<Int>) -> [UInt8] {
            guard let names else { return Array(values.bytes[values.ranges[own.upperBound - 1]]) }
            var text: [UInt8] = []
            var object = ObjectText(&text)
            for (name, index) in zip(names, own) {
                object.append(name, values.bytes.span, values.ranges[index], to: &text)
            }
            object.close(&text)
            return text
        }

        private mutating func makeRoom(for group: Int) {
            while rows.count <= group {
                rows.append([])
                memory += 64
            }
        }

        /// Leaves the rows that can still be among the first.
        private mutating func cut(_ group: Int) {
            let kept = sorted(group)
            memory += kept.reduce(0) { $0 + $1.memory } - rows[group].reduce(0) { $0 + $1.memory }
            rows[group] = kept
        }

        private func sorted(_ group: Int) -> [Row] {
            let rows = rows[group]
            // Rows that are held equal stay in the order in which they came.
            let order =
                directions.isEmpty
                ? Array(rows.indices)
                : rows.indices.sorted { a, b in
                    for (number, key) in directions.enumerated() {
                        let order = rows[a].keys[number].compare(rows[b].keys[number])
                        if order != 0 { return key.descending ? order > 0 : order < 0 }
                    }
                    return a < b
                }
            return order.prefix(limit).map { rows[$0] }
        }

        /// Only for rows in the order of time, which come one after the other into one accumulator:
        /// there is nothing to merge.
        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            preconditionFailure("rows in order are gathered in one place")
        }

        func append(group: Int, to out: inout [UInt8]) {
            out.append(UInt8(ascii: "["))
            if group < rows.count {
                for (number, row) in sorted(group).enumerated() {
                    if number > 0 { out.append(UInt8(ascii: ",")) }
                    out += row.text
                }
            }
            out.append(UInt8(ascii: "]"))
        }
    }
}
