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

/// A filter at work on a block: shape by shape, first by what is known of the shape, then by what
/// is known of the block, then by the columns that the question is about.
struct ShapeFilter {
    let scan: BlockScan
    /// For each shape of the block.
    let plans: BlockPlans
    /// For each shape what is known of its rows before columns are asked.
    private let verdicts: [Verdict]

    private init(_ plans: ShapePlans, _ scan: BlockScan) throws(QueryFailure) {
        self.scan = scan
        let plans = plans.plans(of: scan.block)
        self.plans = plans
        var verdicts = plans.verdictsOfShapes
        if !plans.tests.isEmpty {
            var possible = verdicts.map { $0 != .never }
            for test in plans.tests {
                try scan.ask(test.test, of: &possible) { plans.needle($0, in: test) }
            }
            for shape in possible.indices where !possible[shape] { verdicts[shape] = .never }
        }
        self.verdicts = verdicts
    }

    /// The filter at work on a block, and the rows of each of its shapes that pass.
    static func selections(
        _ plans: ShapePlans, _ scan: BlockScan
    ) throws(QueryFailure) -> (ShapeFilter, [Selection]) {
        let started = scan.tally == nil ? 0 : SystemClock.monotonicMicroseconds()
        let filter = try ShapeFilter(plans, scan)
        var selections: [Selection] = []
        selections.reserveCapacity(scan.block.shapes.count)
        for shape in scan.block.shapes.indices {
            selections.append(try filter.select(shape: shape))
        }
        if scan.tally != nil {
            scan.tally?.filterMicroseconds = SystemClock.monotonicMicroseconds() - started
        }
        return (filter, selections)
    }

    /// The rows of a shape that pass.
    private func select(shape: Int) throws(QueryFailure) -> Selection {
        switch verdicts[shape] {
        case .never:
            tell(nil, shape)
            return .none
        case .always:
            tell(.known, shape)
            return .all
        case .depends: break
        }
        guard let residual = plans.residual(shape) else {
            tell(.known, shape)
            return .all
        }
        switch try scan.verdict(residual, shape: shape) {
        case .never:
            tell(.columns, shape)
            return .none
        case .always:
            tell(.known, shape)
            return .all
        case .depends:
            tell(.read, shape)
            var rows = Bitmap(count: scan.block.shapes[shape].rows, all: true)
            try keep(residual, shape, in: &rows)
            return rows.isEmpty ? .none : .some(rows)
        }
    }

    /// Tells the fate of a shape's rows, if anybody wants to know.
    ///
    /// - Parameter fate: nil for what was ruled out before the block was asked for the shape.
    private func tell(_ fate: RowFate?, _ shape: Int) {
        guard scan.tally != nil else { return }
        let known = fate ?? plans.reason(shape) ?? .filters
        scan.tally?.add(known, shape: shape, rows: scan.block.shapes[shape].rows)
    }
}

// What the rows tell.
extension ShapeFilter {
    /// Keeps the rows that pass.
    private func keep(
        _ residual: Residual, _ shape: Int, in rows: inout Bitmap
    ) throws(QueryFailure) {
        switch residual {
        case .time(let time):
            let times = try scan.times()
            let numbers = try scan.grouping().rows(of: shape)
            rows.filter { time.matches(times[Int(numbers[numbers.startIndex + $0])]) }
        case .clock(let clock):
            let times = try scan.times()
            let numbers = try scan.grouping().rows(of: shape)
            rows.filter { clock.matches(times[Int(numbers[numbers.startIndex + $0])]) }
        case .fields(let comparison): try keep(comparison, shape, in: &rows)
        case .not(let inner):
            var passing = rows
            try keepKnown(inner, shape, in: &passing)
            rows.subtract(passing)
        case .and(let inner):
            for residual in inner {
                try keepKnown(residual, shape, in: &rows)
                if rows.isEmpty { return }
            }
        case .or(let inner):
            var passing = Bitmap(count: rows.count, all: false)
            for residual in inner where !rows.isEmpty {
                var some = rows
                try keepKnown(residual, shape, in: &some)
                passing.formUnion(some)
                rows.subtract(some)
            }
            rows = passing
        case .row(let test, let name):
            let source = FieldSource.resolve(name, shape: shape, in: scan.block)
            try keep(test, source, shape, in: &rows)
        case .slot(let question):
            if question.isAsStored, let passing = try scan.passing(question, shape) {
                rows.keep(passing)
            } else if let expression = question.expression {
                try TextSearch(expression, shape, scan).keep(in: &rows)
            } else {
                try keep(question.test, question.slot, question.decoding, shape, in: &rows)
            }
        case .text(let question): try TextSearch(question, shape, scan).keep(in: &rows)
        }
    }

    /// As `keep`, asking the block first.
    private func keepKnown(
        _ residual: Residual, _ shape: Int, in rows: inout Bitmap
    ) throws(QueryFailure) {
        switch try scan.verdict(residual, shape: shape) {
        case .always: return
        case .never: rows.removeAll()
        case .depends: try keep(residual, shape, in: &rows)
        }
    }

    private func keep(
        _ comparison: FieldComparison, _ shape: Int, in rows: inout Bitmap
    ) throws(QueryFailure) {
        let source = FieldSource.resolve(comparison.field, shape: shape, in: scan.block)
        let other = FieldSource.resolve(comparison.other, shape: shape, in: scan.block)
        let reader = try ValueReader(source, shape: shape, scan)
        let otherReader = try ValueReader(other, shape: shape, scan)
        let numbers = try scan.grouping().rows(of: shape)
        func asks(_ fields: RowField...) -> Bool { source.isRow(fields) || other.isRow(fields) }
        let times = asks(.time) ? try scan.times() : []
        let flags = asks(.flags, .duplicate) ? try scan.flags() : []
        var (value, otherValue): ([UInt8], [UInt8]) = ([], [])
        try rows.filter { (ordinal) throws(QueryFailure) in
            let row = Int(numbers[numbers.startIndex + ordinal])
            let place = RowPlace(
                row: row, ordinal: ordinal, time: times.isEmpty ? 0 : times[row],
                flags: flags.isEmpty ? 0 : flags[row])
            value.removeAll(keepingCapacity: true)
            otherValue.removeAll(keepingCapacity: true)
            try reader.append(place, to: &value)
            try otherReader.append(place, to: &otherValue)
            return comparison.holds(value.span, otherValue.span)
        }
    }

    private func keep(
        _ test: any ValueTest, _ source: FieldSource, _ shape: Int, in rows: inout Bitmap
    ) throws(QueryFailure) {
        switch source {
        case .constant(let value):
            if !test.matches(value.span) { rows.removeAll() }
        case .slot(let slot, let decoding): try keep(test, slot, decoding, shape, in: &rows)
        case .text(let text):
            try TextSearch(TextQuestion(test, text, .whole), shape, scan).keep(in: &rows)
        case .row(let field): try keep(test, field, shape, in: &rows)
        }
    }

    private func keep(
        _ test: any ValueTest, _ slot: Int, _ decoding: Shape.Decoding, _ shape: Int,
        in rows: inout Bitmap
    ) throws(QueryFailure) {
        let column = try scan.column(shape: shape, slot: slot)
        if decoding == .raw, let needle = test.needle {
            ColumnSearch.keep(needle, column, wordBefore: false, cutBehind: false, in: &rows)
        } else {
            ColumnSearch.keep(test, column, decoding, in: &rows)
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
