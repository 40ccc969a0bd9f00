import HisuiBytes
import HisuiShape
import Synchronization

/// What is known of the columns of a segment's shapes for all its blocks together.
///
/// Immutable; may be used from several threads.
public final class TableColumns: Sendable {
    let columns: SegmentColumns
    /// First column of each shape of the table; one more element than there are shapes.
    let firstColumns: [Int]
    /// For each pattern of the segment its number in the index; nil if it has none.
    private let patternNumbers: [Int32?]
    private let index: PatternIndex
    /// For each column its place among those with a range.
    private let rangePlaces: [UInt32]
    /// For each kind, by the number of its bit, the columns that have it.
    private let ofKind: [ColumnSet]
    /// For each pattern the columns that have it.
    private let columnsOfPattern: [[UInt32]]
    /// For each constant its column.
    private let columnOfConstant: [UInt32]
    /// All hosts, and all programs, with a byte between two: to be searched at once.
    private let hostBytes: [UInt8]
    private let programBytes: [UInt8]

    init(_ columns: SegmentColumns, _ shapes: [Shape], _ index: PatternIndex) {
        self.columns = columns
        self.index = index
        var first = [0]
        for shape in shapes { first.append(first[first.count - 1] + shape.slotCount) }
        firstColumns = first
        patternNumbers = index.withContents { Self.numbers(of: columns.patterns, &$0) }
        var places: [UInt32] = []
        var next: UInt32 = 0
        for kinds in columns.kinds {
            places.append(next)
            if kinds == .plainNumbers { next += 1 }
        }
        rangePlaces = places
        var ofKind = Array(
            repeating: ColumnSet(count: columns.kinds.count), count: SegmentColumns.Kinds.count)
        var ofPattern = [[UInt32]](repeating: [], count: columns.patterns.count)
        var ofConstant: [UInt32] = []
        for column in columns.kinds.indices {
            for bit in 0..<SegmentColumns.Kinds.count
            where columns.kinds[column].rawValue >> bit & 1 == 1 {
                ofKind[bit].insert(column)
            }
            for number in columns.patternNumbers[columns.patternRange(of: column)] {
                ofPattern[Int(number)].append(UInt32(column))
            }
            for _ in columns.constantRange(of: column) { ofConstant.append(UInt32(column)) }
        }
        self.ofKind = ofKind
        columnsOfPattern = ofPattern
        columnOfConstant = ofConstant
        hostBytes = Array(columns.hosts.joined(separator: [0]))
        programBytes = Array(columns.programs.joined(separator: [0]))
    }

    private static func numbers(
        of patterns: [[UInt8]], _ index: inout PatternIndex.Contents
    ) -> [Int32?] {
        var numbers: [Int32?] = []
        for pattern in patterns {
            numbers.append(index.number(of: pattern.span, 0..<pattern.count))
        }
        return numbers
    }

    /// What a column holds, as far as its values, or all that they can be, are known.
    public enum Part {
        case constant([UInt8])
        case hosts
        case programs
        case numbers(ClosedRange<UInt64>)
        /// Something else.
        case unknown
    }

    /// Of what the values of a slot are, in all blocks; empty if no block has the shape.
    public func parts(shape: Int, slot: Int) -> [Part] {
        let column = firstColumns[shape] + slot
        let kinds = columns.kinds[column]
        if kinds == .plainNumbers {
            return [.numbers(columns.ranges[Int(rangePlaces[column])])]
        }
        if !kinds.isDisjoint(with: [.text, .others, .numbers, .times, .processIDs]) {
            return [.unknown]
        }
        var parts: [Part] = []
        for constant in columns.constants[columns.constantRange(of: column)] {
            parts.append(.constant(Array(columns.constantBytes[constant.range])))
        }
        if kinds.contains(.hosts) { parts.append(.hosts) }
        if kinds.contains(.programs) { parts.append(.programs) }
        return parts
    }

    /// All hosts of the segment, each once, where columns have the part.
    public var hosts: [[UInt8]] { columns.hosts }
    /// All programs of the segment.
    public var programs: [[UInt8]] { columns.programs }

    /// Which columns may have `probe` in a value, in any block.
    ///
    /// - Complexity: O(columns of the segment / 64 + what is told of columns that may have it) for
    ///   the first who asks.
    public func candidates(_ probe: TextProbe) -> TableSlots {
        var columns = told(probe)
        columns.formUnion(ofKind[SegmentColumns.Kinds.text.number])
        columns.formUnion(untold)
        return TableSlots(columns, firstColumns)
    }

    /// Columns of which the footer does not tell all.
    var untold: ColumnSet { ofKind[SegmentColumns.Kinds.others.number] }

    /// The columns that may have `probe` in something that the footer tells.
    func told(_ probe: TextProbe) -> ColumnSet {
        probe.told.answer(self) {
            let answers = probe.patterns.answers(probe, index)
            let patterns = patternNumbers.map { number in
                number.map { answers[Int($0)] } ?? true
            }
            return told(probe, patterns)
        }
    }

    private func told(_ probe: TextProbe, _ patterns: [Bool]) -> ColumnSet {
        var told = ColumnSet(count: columns.kinds.count)
        // Nothing stands in every value, in an empty one too.
        if probe.bytes.isEmpty {
            for columns in ofKind { told.formUnion(columns) }
            return told
        }
        func add(_ kind: SegmentColumns.Kinds) { told.formUnion(ofKind[kind.number]) }
        if probe.bytes.allSatisfy({ $0 &- 0x30 <= 9 }) {
            add(.plainNumbers)
            add(.processIDs)
        }
        for pattern in patterns.indices where patterns[pattern] {
            for column in columnsOfPattern[pattern] { told.insert(Int(column)) }
        }
        addConstants(with: probe, to: &told)
        if probe.occurs(in: hostBytes, 0..<hostBytes.count) { add(.hosts) }
        if probe.occurs(in: programBytes, 0..<programBytes.count) { add(.programs) }
        if TimePlaces.mayHave(probe.bytes, ignoresCase: probe.ignoresCase) { add(.times) }
        return told
    }

    /// Constants lie next to each other, in the order of their columns: they are searched as one.
    private func addConstants(with probe: TextProbe, to set: inout ColumnSet) {
        let bytes = columns.constantBytes
        var constant = 0
        var from = 0
        while let hit = probe.first(in: bytes, from..<bytes.count) {
            while columns.constants[constant].range.upperBound <= hit { constant += 1 }
            from = hit + 1
            guard hit + probe.bytes.count <= columns.constants[constant].range.upperBound else {
                continue
            }
            set.insert(Int(columnOfConstant[constant]))
            from = columns.constants[constant].range.upperBound
        }
        if probe.folds { addFoldedConstants(with: probe, to: &set) }
    }

    /// The same of constants that are not ASCII, for text that is looked for in what they fold to.
    private func addFoldedConstants(with probe: TextProbe, to set: inout ColumnSet) {
        let bytes = columns.constantBytes
        var constant = 0
        while true {
            let from = constant == 0 ? 0 : columns.constants[constant - 1].range.upperBound
            let next = UTF8Text.asciiEnd(bytes.span, from..<bytes.count)
            if next == bytes.count { return }
            while columns.constants[constant].range.upperBound <= next { constant += 1 }
            let range = columns.constants[constant].range
            if probe.occursFolded(in: bytes, range) { set.insert(Int(columnOfConstant[constant])) }
            constant += 1
        }
    }
}

/// What the tables that a probe was asked of told.
///
/// Belongs to the probe; may be used from several threads.
final class TableAnswers: Sendable {
    private struct Known {
        /// Kept, so that nothing else can have its identity.
        let table: TableColumns
        let told: ColumnSet
    }

    private let known = Mutex<[ObjectIdentifier: Known]>([:])

    /// Tables that are remembered; a query asks those of a segment one after the other.
    private static let tablesMax = 64

    func answer(_ table: TableColumns, _ ask: () -> ColumnSet) -> ColumnSet {
        let key = ObjectIdentifier(table)
        if let known = known.withLock({ $0[key] }) { return known.told }
        let told = ask()
        known.withLock { known in
            if known.count >= Self.tablesMax { known.removeAll() }
            known[key] = Known(table: table, told: told)
        }
        return told
    }
}

/// Some of the slots of a table's shapes.
public struct TableSlots: Sendable {
    private let columns: ColumnSet
    private let firstColumns: [Int]

    init(_ columns: ColumnSet, _ firstColumns: [Int]) {
        self.columns = columns
        self.firstColumns = firstColumns
    }

    public func contains(shape: Int, slot: Int) -> Bool {
        columns.contains(firstColumns[shape] + slot)
    }

    /// Whether any slot of the shape is among them.
    public func contains(shape: Int) -> Bool {
        columns.containsAny(of: firstColumns[shape]..<firstColumns[shape + 1])
    }
}
