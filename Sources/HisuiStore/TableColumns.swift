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
    /// For each kind, by the number of its bit, a bit for each column that has it.
    private let ofKind: [[UInt64]]
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
        let words = columns.kinds.count / 64 + 1
        var ofKind = Array(
            repeating: [UInt64](repeating: 0, count: words), count: SegmentColumns.Kinds.count)
        var ofPattern = [[UInt32]](repeating: [], count: columns.patterns.count)
        var ofConstant: [UInt32] = []
        for column in columns.kinds.indices {
            for bit in 0..<SegmentColumns.Kinds.count
            where columns.kinds[column].rawValue >> bit & 1 == 1 {
                ofKind[bit][column >> 6] |= 1 << UInt64(column & 63)
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
        var bits = told(probe).bits
        for word in bits.indices { bits[word] |= ofKind[SegmentColumns.Kinds.text.number][word] }
        return TableSlots(bits, firstColumns)
    }

    /// The same, of what columns have beside text.
    func told(_ probe: TextProbe) -> ToldColumns {
        probe.told.answer(self) {
            let answers = probe.patterns.answers(probe, index)
            let patterns = patternNumbers.map { number in
                number.map { answers[Int($0)] } ?? true
            }
            return told(probe, patterns)
        }
    }

    private func told(_ probe: TextProbe, _ patterns: [Bool]) -> ToldColumns {
        var bits = ofKind[SegmentColumns.Kinds.others.number]
        func add(_ kind: SegmentColumns.Kinds) {
            for word in bits.indices { bits[word] |= ofKind[kind.number][word] }
        }
        let isOfDigits = probe.bytes.allSatisfy { $0 &- 0x30 <= 9 }
        if isOfDigits { add(.plainNumbers) }
        for pattern in patterns.indices where patterns[pattern] {
            for column in columnsOfPattern[pattern] {
                bits[Int(column) >> 6] |= 1 << UInt64(column & 63)
            }
        }
        if probe.bytes.isEmpty { add(.constants) } else { addConstants(with: probe, to: &bits) }
        let single = bits
        if probe.occurs(in: hostBytes, 0..<hostBytes.count) { add(.hosts) }
        if probe.occurs(in: programBytes, 0..<programBytes.count) { add(.programs) }
        if isOfDigits { add(.processIDs) }
        if probe.bytes.allSatisfy({ TimeFormat.isOfTimes($0) }) { add(.times) }
        return ToldColumns(bits: bits, single: single)
    }

    /// Constants lie next to each other, in the order of their columns: they are searched as one.
    private func addConstants(with probe: TextProbe, to bits: inout [UInt64]) {
        let bytes = columns.constantBytes
        var constant = 0
        var from = 0
        while let hit = probe.first(in: bytes, from..<bytes.count) {
            while columns.constants[constant].range.upperBound <= hit { constant += 1 }
            from = hit + 1
            guard hit + probe.bytes.count <= columns.constants[constant].range.upperBound else {
                continue
            }
            let column = Int(columnOfConstant[constant])
            bits[column >> 6] |= 1 << UInt64(column & 63)
            from = columns.constants[constant].range.upperBound
        }
    }
}

/// The columns of a table that may have a probe in something that its segment's footer tells.
struct ToldColumns: Sendable {
    /// A bit for each column.
    let bits: [UInt64]
    let isEmpty: Bool
    /// The same without what is one question for all columns of a kind: hosts, programs, times,
    /// process ids.
    let single: [UInt64]
    let hasSingle: Bool

    init(bits: [UInt64], single: [UInt64]) {
        self.bits = bits
        self.single = single
        hasSingle = single.contains { $0 != 0 }
        isEmpty = bits.allSatisfy { $0 == 0 }
    }

    @inline(__always)
    func hasSingle(_ column: Int) -> Bool { single[column >> 6] >> UInt64(column & 63) & 1 == 1 }

    /// Whether any of some neighbouring columns is in `single`.
    @inline(__always)
    func hasSingle(in columns: Range<Int>) -> Bool {
        var word = columns.lowerBound >> 6
        var bits = single[word] & (.max << UInt64(columns.lowerBound & 63))
        while (word + 1) << 6 < columns.upperBound {
            if bits != 0 { return true }
            word += 1
            bits = single[word]
        }
        let behind = columns.upperBound - word << 6
        return behind < 64 ? bits & (1 << UInt64(behind) - 1) != 0 : bits != 0
    }
}

/// What the tables that a probe was asked of told.
///
/// Belongs to the probe; may be used from several threads.
final class TableAnswers: Sendable {
    private struct Known {
        /// Kept, so that nothing else can have its identity.
        let table: TableColumns
        let told: ToldColumns
    }

    private let known = Mutex<[ObjectIdentifier: Known]>([:])

    /// Tables that are remembered; a query asks those of a segment one after the other.
    private static let tablesMax = 64

    func answer(_ table: TableColumns, _ ask: () -> ToldColumns) -> ToldColumns {
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
    /// A bit for each column.
    private let bits: [UInt64]
    private let firstColumns: [Int]

    init(_ bits: [UInt64], _ firstColumns: [Int]) {
        self.bits = bits
        self.firstColumns = firstColumns
    }

    public func contains(shape: Int, slot: Int) -> Bool {
        let column = firstColumns[shape] + slot
        return bits[column >> 6] >> UInt64(column & 63) & 1 == 1
    }
}
