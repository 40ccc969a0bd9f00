import HisuiBytes
import HisuiEvent
public import HisuiParse
import HisuiShape
public import HisuiStore

/// How much of what a store holds some rule knows, by source and program.
///
/// Shapes tell who knows a record; of rows only the source and the column of the program are read,
/// and the time where a block is not wholly asked for. One thread.
public struct StoreCoverage {
    /// Records of a program from a source.
    public struct Group: Hashable, Sendable {
        public var zone: String
        public var source: String
        /// As headers name it; empty where they name none.
        public var program: String
    }

    public struct Counts: Sendable {
        public internal(set) var records: UInt64 = 0
        public internal(set) var recognised: UInt64 = 0
    }

    /// Records alike that no rule knows.
    public struct Unknown: Sendable {
        public var group: Group
        /// The text that all of them have, `<…>` for what varies.
        public var text: [UInt8]
        public var records: UInt64
        /// One of them, its beginning.
        public var sample: [UInt8]
    }

    private struct UnknownKey: Hashable {
        var group: Group
        var text: [UInt8]
    }

    public private(set) var groups: [Group: Counts] = [:]
    /// Records by rule.
    public private(set) var rules: [ImportSurvey.Rule: UInt64] = [:]
    private var seen: [UnknownKey: (records: UInt64, sample: [UInt8])] = [:]
    private let times: ClosedRange<Int64>
    private var inside: InsideReader?

    private static let sampleBytesMax = 4096

    /// - Parameters:
    ///   - times: event times counted, in nanoseconds UTC.
    ///   - inside: what reads messages inside of records that no rule knew: what is unknown is
    ///     counted by these then.
    public init(times: ClosedRange<Int64>, inside: InsideReader? = nil) {
        self.times = times
        self.inside = inside
    }

    /// The most frequent kinds of unknown records, and how many kinds there are.
    public func unknown(_ count: Int) -> (shapes: [Unknown], total: Int) {
        let sorted = seen.sorted { a, b in
            a.value.records == b.value.records
                ? a.key.text.lexicographicallyPrecedes(b.key.text)
                : a.value.records > b.value.records
        }
        let shapes = sorted.prefix(count).map { key, value in
            Unknown(
                group: key.group, text: key.text, records: value.records, sample: value.sample)
        }
        return (shapes, seen.count)
    }

    /// Counts the rows of a block.
    ///
    /// - Complexity: O(rows of the block).
    public mutating func take(_ block: Block) throws(StoreError) {
        let range = block.timeRange
        guard range.upperBound.nanoseconds >= times.lowerBound,
            range.lowerBound.nanoseconds <= times.upperBound
        else { return }
        let isWhole =
            range.lowerBound.nanoseconds >= times.lowerBound
            && range.upperBound.nanoseconds <= times.upperBound
        let rowTimes = isWhole ? nil : try block.times()
        let sources = block.sources.count > 1 ? try block.sourceNumbers() : nil
        for shape in block.shapes.indices {
            try take(shape, of: block, times: rowTimes, sources: sources)
        }
        block.dropCaches()
    }

    /// Rows of one shape that are alike.
    private struct Run {
        var source: Int
        var program: [UInt8]
        var records: UInt64 = 0
        /// One of the rows.
        var row: Int
    }

    private mutating func take(
        _ number: Int, of block: Block, times rowTimes: [Int64]?, sources: [UInt32]?
    ) throws(StoreError) {
        let shape = block.shapes[number].shape
        var programs: SlotColumn?
        var program: [UInt8] = []
        switch shape.field("log.syslog.appname")?.value {
        case .slot(let slot, _): programs = try block.column(shape: number, slot: slot)
        case .constant(let value): program = value
        case .stretch, nil: break
        }
        let mayHoldMessages = shape.parser.isEmpty && shape.hasNamedValues
        var runs: [Run] = []
        for (ordinal, row) in try block.grouping().rows(of: number).enumerated() {
            let row = Int(row)
            if let rowTimes, !times.contains(rowTimes[row]) { continue }
            let source = sources.map { Int($0[row]) } ?? 0
            if mayHoldMessages, try takeInside(row, of: block, source) { continue }
            if let programs { program = Array(programs.bytes[programs.ranges[ordinal].range]) }
            // Rows of a program stand side by side, so there are few runs.
            if let last = runs.last, last.source == source, last.program == program {
                runs[runs.count - 1].records += 1
            } else {
                runs.append(Run(source: source, program: program, records: 1, row: row))
            }
        }
        for run in runs { try add(run, shape, block) }
    }

    /// Counts the message inside a record; false if it has none.
    private mutating func takeInside(
        _ row: Int, of block: Block, _ source: Int
    ) throws(StoreError) -> Bool {
        guard inside != nil else { return false }
        var record: [UInt8] = []
        try block.appendRecord(row: row, to: &record)
        let from = block.sources[source]
        guard let found = inside?.read(record.span, of: from, received: .none) else { return false }
        var program: [UInt8] = []
        if let value = found.shape.field("log.syslog.appname")?.value {
            found.shape.append(
                value, slots: found.rows.slots[...], of: found.rows.bytes.span, to: &program)
        }
        let group = Group(
            zone: block.zone, source: from.id, program: String(decoding: program, as: UTF8.self))
        groups[group, default: Counts()].records += 1
        let text = found.rows.bytes[found.textStart...]
        addUnknown(
            UnknownKey(group: group, text: ImportSurvey.text(of: found.shape)), records: 1,
            sample: text)
        return true
    }

    private mutating func addUnknown(
        _ key: UnknownKey, records: UInt64, sample: ArraySlice<UInt8>
    ) {
        seen[key, default: (0, Array(sample.prefix(Self.sampleBytesMax)))].records += records
        guard seen.count > Limits.surveyShapesMax else { return }
        let kept = seen.sorted { $0.value.records > $1.value.records }.prefix(seen.count / 2)
        seen = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }

    private mutating func add(_ run: Run, _ shape: Shape, _ block: Block) throws(StoreError) {
        var name: [UInt8] = []
        shape.encoding.appendText(run.program.span, 0..<run.program.count, to: &name)
        let group = Group(
            zone: block.zone, source: block.sources[run.source].id,
            program: String(decoding: name, as: UTF8.self))
        groups[group, default: Counts()].records += run.records
        guard shape.parser.isEmpty else {
            groups[group, default: Counts()].recognised += run.records
            let rule = ImportSurvey.Rule(parser: shape.parser, rule: shape.rule)
            rules[rule, default: 0] += run.records
            return
        }
        let key = UnknownKey(group: group, text: ImportSurvey.text(of: shape))
        var record: [UInt8] = []
        if seen[key] == nil { try block.appendRecord(row: run.row, to: &record) }
        addUnknown(key, records: run.records, sample: record[...])
    }
}
