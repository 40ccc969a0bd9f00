import HisuiBytes

/// `row_any(a, b)`, `row_min(key, a, b)` and `row_max(key, a, b)`: a row of the group, as a JSON
/// object of these fields; of all that the row has where none is named.
///
/// `row_min` and `row_max` take the first row that has the least or the greatest key in the order
/// of `sort`; rows without the key are none.
struct RowFunction: StatsFunction {
    enum Choice: Hashable, Sendable {
        case any
        case min(String)
        case max(String)

        var key: String? {
            switch self {
            case .any: nil
            case .min(let field), .max(let field): field
            }
        }
    }

    let choice: Choice
    /// What of the row is told; no pattern for all of it.
    let shown: FunctionFields

    var fields: [String] { (choice.key.map { [$0] } ?? []) + shown.named }

    var open: OpenFields? {
        if shown.patterns.isEmpty {
            return OpenFields(patterns: [FieldPattern(name: "", isPrefix: true)], asObject: true)
        }
        return shown.open.map { OpenFields(patterns: $0.patterns, asObject: true) }
    }

    func print(to out: inout String) {
        switch choice {
        case .any: return shown.printCall("row_any", to: &out)
        case .min(let field):
            out += "row_min("
            Quoting.append(field, to: &out)
        case .max(let field):
            out += "row_max("
            Quoting.append(field, to: &out)
        }
        if !shown.patterns.isEmpty { out += ", " }
        shown.print(to: &out)
        out += ")"
    }

    func accumulator() -> (any StatsAccumulator)? { Accumulator(self) }

    /// Takes what stands after `row_min` or `row_max`.
    static func parse(_ parser: inout Parser, isMax: Bool) throws(QueryError) -> RowFunction {
        try parser.expect("(")
        let key = try parser.fieldName()
        var shown = FunctionFields([])
        if parser.take(",") {
            shown = try parser.restOfFunctionFields()
        } else if !parser.take(")") {
            throw parser.expected("‘,’ or ‘)’ after the name of a field")
        }
        return RowFunction(choice: isMax ? .max(key) : .min(key), shown: shown)
    }

    private struct Accumulator: StatsAccumulator {
        private let hasKey: Bool
        private let isMax: Bool
        /// Names of the values, if they do not come as an object.
        private let names: [String]?
        private var best: [(key: SortKey, text: [UInt8])] = []
        private(set) var memory = 0

        init(_ function: RowFunction) {
            hasKey = function.choice.key != nil
            if case .max = function.choice { isMax = true } else { isMax = false }
            names = function.open == nil ? function.shown.named : nil
        }

        mutating func add(_ values: borrowing RowValues, _ own: Range<Int>, group: Int) {
            makeRoom(for: group)
            var key = SortKey.empty
            if hasKey {
                key = SortKey(values.bytes.span.extracting(values.ranges[own.lowerBound]))
                guard key.isBetter(than: best[group].key, isMax: isMax) else { return }
            } else if !best[group].text.isEmpty {
                return
            }
            var text: [UInt8] = []
            if let names {
                var object = ObjectText(&text)
                let first = own.lowerBound + (hasKey ? 1 : 0)
                for (number, name) in names.enumerated() {
                    object.append(name, values.bytes.span, values.ranges[first + number], to: &text)
                }
                object.close(&text)
            } else {
                text = Array(values.bytes[values.ranges[own.upperBound - 1]])
            }
            set(group, key, text)
        }

        private mutating func makeRoom(for group: Int) {
            while best.count <= group {
                best.append((.empty, []))
                memory += 96
            }
        }

        private mutating func set(_ group: Int, _ key: SortKey, _ text: [UInt8]) {
            memory += text.count + key.memory - best[group].text.count - best[group].key.memory
            best[group] = (key, text)
        }

        mutating func merge(_ other: any StatsAccumulator, groups: [Int]) {
            guard let other = other as? Accumulator else { return }
            for (number, row) in other.best.enumerated() where !row.text.isEmpty {
                let group = groups[number]
                makeRoom(for: group)
                let isBetter =
                    hasKey
                    ? row.key.isBetter(than: best[group].key, isMax: isMax)
                    : best[group].text.isEmpty
                if isBetter { set(group, row.key, row.text) }
            }
        }

        func append(group: Int, to out: inout [UInt8]) {
            if group < best.count { out.append(contentsOf: best[group].text) }
        }
    }
}
