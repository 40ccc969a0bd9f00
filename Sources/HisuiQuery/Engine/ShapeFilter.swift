import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiStore

/// Which rows of one shape of a block pass a filter.
enum Selection {
    case none
    case all
    /// By ordinal within the shape.
    case some(Bitmap)
}

/// A filter at work on a block: shape by shape, first by what is known of the shape, then by the
/// columns that the question is about.
struct ShapeFilter {
    let filter: Filter
    let scan: BlockScan

    /// What is known of all rows of a shape without reading any.
    func verdict(shape: Int) -> Verdict { verdict(filter, shape) }

    /// The rows of a shape that pass.
    func select(shape: Int) throws(QueryFailure) -> Selection {
        switch verdict(filter, shape) {
        case .never: return .none
        case .always: return .all
        case .depends:
            var rows = Bitmap(count: scan.block.shapes[shape].rows, all: true)
            try keep(filter, shape, in: &rows)
            return rows.isEmpty ? .none : .some(rows)
        }
    }
}

// What the shape tells.
extension ShapeFilter {
    private func verdict(_ filter: Filter, _ shape: Int) -> Verdict {
        switch filter {
        case .all: return .always
        case .time(let time):
            let range = scan.block.timeRange
            return time.verdict(range.lowerBound.nanoseconds...range.upperBound.nanoseconds)
        case .not(let inner): return verdict(inner, shape).negated
        case .and(let filters):
            var result = Verdict.always
            for filter in filters {
                let one = verdict(filter, shape)
                if one == .never { return .never }
                if one == .depends { result = .depends }
            }
            return result
        case .or(let filters):
            var result = Verdict.never
            for filter in filters {
                let one = verdict(filter, shape)
                if one == .always { return .always }
                if one == .depends { result = .depends }
            }
            return result
        case .field(let test):
            return verdict(
                test.test, FieldSource.resolve(test.field, shape: shape, in: scan.block))
        }
    }

    private func verdict(_ test: any ValueTest, _ source: FieldSource) -> Verdict {
        switch source {
        case .constant(let value): return Verdict(test.matches(value.span))
        case .slot: return test.verdict(prefix: [], suffix: [], least: 0)
        case .text(let text):
            if let needle = test.needle { return NeedlePlan(needle, in: text).verdict }
            if let regexp = test.regexp { return ExpressionSearch.verdict(regexp, text) }
            return test.verdict(
                prefix: text.literals[0], suffix: text.literals[text.slots.count],
                least: text.least)
        case .row(let field):
            guard let texts = scan.texts(of: field) else {
                return test.verdict(prefix: [], suffix: [], least: 0)
            }
            let passing = texts.count { test.matches($0.span) }
            return passing == 0 ? .never : passing == texts.count ? .always : .depends
        }
    }
}

// What the rows tell.
extension ShapeFilter {
    /// Keeps the rows that pass.
    private func keep(
        _ filter: Filter, _ shape: Int, in rows: inout Bitmap
    ) throws(QueryFailure) {
        switch filter {
        case .all: return
        case .time(let time):
            let times = try scan.times()
            let numbers = try scan.grouping().rows(of: shape)
            rows.filter { time.matches(times[Int(numbers[numbers.startIndex + $0])]) }
        case .not(let inner):
            var passing = rows
            try keepKnown(inner, shape, in: &passing)
            rows.subtract(passing)
        case .and(let filters):
            for filter in byCost(filters, shape) {
                try keepKnown(filter, shape, in: &rows)
                if rows.isEmpty { return }
            }
        case .or(let filters):
            var passing = Bitmap(count: rows.count, all: false)
            for filter in byCost(filters, shape) where !rows.isEmpty {
                var some = rows
                try keepKnown(filter, shape, in: &some)
                passing.formUnion(some)
                rows.subtract(some)
            }
            rows = passing
        case .field(let test):
            let source = FieldSource.resolve(test.field, shape: shape, in: scan.block)
            try keep(test.test, source, shape, in: &rows)
        }
    }

    /// As `keep`, asking the shape first.
    private func keepKnown(
        _ filter: Filter, _ shape: Int, in rows: inout Bitmap
    ) throws(QueryFailure) {
        switch verdict(filter, shape) {
        case .always: return
        case .never: rows.removeAll()
        case .depends: try keep(filter, shape, in: &rows)
        }
    }

    /// The cheapest first; equals in the order of the query.
    private func byCost(_ filters: [Filter], _ shape: Int) -> [Filter] {
        let costs = filters.map { cost($0, shape) }
        return filters.indices.sorted { (costs[$0], $0) < (costs[$1], $1) }.map { filters[$0] }
    }

    private func cost(_ filter: Filter, _ shape: Int) -> Int {
        switch filter {
        case .all: return 0
        case .time: return 1
        case .not(let inner): return cost(inner, shape)
        case .and(let filters), .or(let filters):
            return filters.reduce(1) { $0 + cost($1, shape) }
        case .field(let test):
            switch FieldSource.resolve(test.field, shape: shape, in: scan.block) {
            case .constant: return 0
            case .row: return 1
            case .slot: return 2
            case .text: return 8
            }
        }
    }

    private func keep(
        _ test: any ValueTest, _ source: FieldSource, _ shape: Int, in rows: inout Bitmap
    ) throws(QueryFailure) {
        switch source {
        case .constant(let value):
            if !test.matches(value.span) { rows.removeAll() }
        case .slot(let slot, let decoding):
            let column = try scan.column(shape: shape, slot: slot)
            if decoding == .raw, let needle = test.needle {
                ColumnSearch.keep(
                    needle, column, wordBefore: false, wordAfter: false, in: &rows)
            } else if decoding == .raw, let regexp = test.regexp {
                let text = StretchText(literals: [[], []], slots: [slot])
                try keep(regexp, text, shape, in: &rows)
            } else {
                ColumnSearch.keep(test, column, decoding, in: &rows)
            }
        case .text(let text):
            if let regexp = test.regexp { return try keep(regexp, text, shape, in: &rows) }
            if let needle = test.needle {
                let plan = NeedlePlan(needle, in: text)
                if plan.verdict == .always { return }
                if !plan.isOpen { return try keep(needle, plan, text, shape, in: &rows) }
            }
            try keepWhole(test, text, shape, in: &rows)
        case .row(let field): try keep(test, field, shape, in: &rows)
        }
    }

    /// Keeps the rows whose text, put together, passes.
    private func keepWhole(
        _ test: any ValueTest, _ text: StretchText, _ shape: Int, in rows: inout Bitmap
    ) throws(QueryFailure) {
        let reader = try TextReader(text, shape: shape, scan)
        var value: [UInt8] = []
        rows.filter { ordinal in
            reader.read(ordinal, into: &value)
            return test.matches(value.span)
        }
    }

    /// Keeps the rows that fit the expression: of those in which what it requires stands.
    private func keep(
        _ regexp: RegexpFilter, _ text: StretchText, _ shape: Int, in rows: inout Bitmap
    ) throws(QueryFailure) {
        for clause in regexp.required {
            let plans = clause.map { NeedlePlan($0, in: text) }
            if plans.contains(where: { $0.verdict == .always || $0.isOpen }) { continue }
            var passing = Bitmap(count: rows.count, all: false)
            for (needle, plan) in zip(clause, plans) {
                var some = rows
                try keep(needle, plan, text, shape, in: &some)
                passing.formUnion(some)
                rows.subtract(some)
            }
            rows = passing
            if rows.isEmpty { return }
        }
        let search = ExpressionSearch(filter: regexp, text: text) { (slot) throws(QueryFailure) in
            try scan.column(text, slot, shape: shape)
        }
        if try !search.keep(in: &rows) { try keepWhole(regexp, text, shape, in: &rows) }
    }

    /// Keeps the rows in which the needle stands, in one slot or across a border.
    private func keep(
        _ needle: Needle, _ plan: NeedlePlan, _ text: StretchText, _ shape: Int,
        in rows: inout Bitmap
    ) throws(QueryFailure) {
        let reader = try TextReader(text, shape: shape, scan)
        var passing = Bitmap(count: rows.count, all: false)
        for (index, column) in reader.columns.enumerated() where !rows.isEmpty {
            var some = rows
            let around = plan.surroundings[index]
            ColumnSearch.keep(
                needle, column, wordBefore: around.before, wordAfter: around.after, in: &some)
            passing.formUnion(some)
            rows.subtract(some)
        }
        if !plan.crossings.isEmpty, !rows.isEmpty {
            keepCrossing(needle, plan, reader, in: &rows)
            passing.formUnion(rows)
        }
        rows = passing
    }

    /// Keeps the rows in which the needle stands across a border: looks at the values next to
    /// borders it could cross, and puts together the text of rows where they fit.
    private func keepCrossing(
        _ needle: Needle, _ plan: NeedlePlan, _ reader: TextReader, in rows: inout Bitmap
    ) {
        var candidates = Bitmap(count: rows.count, all: needle.ignoresCase)
        for crossing in plan.crossings where !needle.ignoresCase {
            var some = rows
            let column = reader.columns[crossing.slot]
            let bytes = column.bytes.span
            let ranges = column.ranges.span
            let wanted = needle.bytes.span
            some.filter { crossing.fits(bytes.extracting(ranges[$0].range), wanted) }
            candidates.formUnion(some)
        }
        rows.formIntersection(candidates)
        var value: [UInt8] = []
        rows.filter { ordinal in
            reader.read(ordinal, into: &value)
            return needle.matches(value.span)
        }
    }

    private func keep(
        _ test: any ValueTest, _ field: RowField, _ shape: Int, in rows: inout Bitmap
    ) throws(QueryFailure) {
        let numbers = try scan.grouping().rows(of: shape)
        if let texts = scan.texts(of: field) {
            let passes = texts.map { test.matches($0.span) }
            let textNumbers = try scan.numbers(of: field)
            rows.filter { ordinal in
                passes[Int(textNumbers[Int(numbers[numbers.startIndex + ordinal])])]
            }
            return
        }
        var value: [UInt8] = []
        try rows.filter { (ordinal) throws(QueryFailure) in
            value.removeAll(keepingCapacity: true)
            let row = Int(numbers[numbers.startIndex + ordinal])
            try scan.append(field, row: row, to: &value)
            return test.matches(value.span)
        }
    }
}
