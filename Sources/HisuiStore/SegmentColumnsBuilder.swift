import HisuiBytes
import HisuiShape

/// Gathers what the columns of a segment hold, block by block.
struct SegmentColumnsBuilder {
    /// Those of a shape together.
    private var columns: [Column] = []
    /// For each shape where its columns begin, or -1 if no block had it yet.
    private var firstColumns: [Int] = []
    /// Patterns and constants of all columns, each a link of its column's chain: so a column has no
    /// memory of its own.
    private var patternLinks: [Link<UInt32>] = []
    private var constantLinks: [Link<ByteRange>] = []
    private var hosts = Names()
    private var programs = Names()
    private var patterns: [[UInt8]] = []
    /// The number of each pattern by its hash, or by the next free number behind that.
    private var numbers: [UInt64: UInt32] = [:]
    /// Of all constants.
    private var bytes: [UInt8] = []
    // Memory that is used again.
    private var numbersHead = NumberColumn.Head()
    private var ranges: [Range<Int>] = []

    private struct Column {
        var kinds: SegmentColumns.Kinds = []
        /// In `patternLinks`.
        var patterns = Chain()
        /// In `constantLinks`; ranges of `bytes` of the builder.
        var constants = Chain()
        var constantBytes = 0
        /// The range of its numbers as long as all are plain.
        var range: ClosedRange<UInt64>?
        var isPlain = true
    }

    private struct Link<Value> {
        var value: Value
        /// The link behind it, or -1.
        var next = -1
    }

    /// Some links in the order in which they were added.
    private struct Chain {
        private(set) var first = -1
        private var last = -1
        private(set) var count = 0

        mutating func append<Value>(_ value: Value, to links: inout [Link<Value>]) {
            if last >= 0 { links[last].next = links.count } else { first = links.count }
            last = links.count
            count += 1
            links.append(Link(value: value))
        }
    }

    /// Hosts or programs.
    private struct Names {
        var ordered: [[UInt8]] = []
        var known: Set<[UInt8]> = []
        var areTooMany = false

        mutating func insert(_ name: [UInt8]) {
            guard !areTooMany, known.insert(name).inserted else { return }
            ordered.append(name)
            areTooMany = ordered.count > SegmentColumns.namesMax
        }
    }

    /// Adds the columns of a block.
    ///
    /// - Parameters:
    ///   - shapes: for each shape of the block its number in the segment's table.
    ///   - slotCounts: for each of them the number of its slots.
    /// - Throws: if heads in the directory do not hold what they must.
    mutating func add(_ directory: BlockDirectory, shapes: [UInt32], slotCounts: [Int]) throws {
        for origin in directory.origins { hosts.insert(origin.host) }
        for program in directory.programs { programs.insert(program) }
        var number = 0
        for (shape, slots) in zip(shapes, slotCounts) {
            let first = firstColumn(of: Int(shape), slots)
            for slot in 0..<slots {
                var column = columns[first + slot]
                try add(directory, number, to: &column)
                columns[first + slot] = column
                number += 1
            }
        }
    }

    /// Where the columns of a shape begin, made where it has none yet.
    private mutating func firstColumn(of shape: Int, _ slots: Int) -> Int {
        while firstColumns.count <= shape { firstColumns.append(-1) }
        if firstColumns[shape] < 0 {
            firstColumns[shape] = columns.count
            for _ in 0..<slots { columns.append(Column()) }
        }
        return firstColumns[shape]
    }

    private mutating func add(
        _ directory: BlockDirectory, _ number: Int, to column: inout Column
    ) throws {
        let bytes = directory.bytes
        let head = directory.headRange(of: number)
        let encoding = directory.encoding(of: number)
        switch encoding {
        case .constant:
            add(constant: bytes.span.extracting(head), to: &column)
            return
        case .host: column.kinds.insert(.hosts)
        case .program: column.kinds.insert(.programs)
        case .pid: column.kinds.insert(.processIDs)
        case .time:
            column.kinds.insert(.times)
            if !directory.place(of: number).range.isEmpty { column.kinds.insert(.text) }
        case .patterns:
            if directory.headFlags(of: number) & 1 != 0 { column.kinds.insert(.text) }
            try PatternHead.several(bytes.span, head, to: &ranges)
            for range in ranges { add(pattern: bytes.span.extracting(range), to: &column) }
        case let encoding where encoding.isNumbers:
            if try addPlain(bytes.span, head, to: &column) { return }
            if directory.headFlags(of: number) & 2 != 0 { column.kinds.insert(.text) }
            let range = try PatternHead.afterFlags(bytes.span, head)
            add(pattern: bytes.span.extracting(range), to: &column)
        default: column.kinds.insert(.text)
        }
        column.isPlain = false
    }

    /// Adds a column of plain decimal numbers; false if it is none.
    private mutating func addPlain(
        _ bytes: Span<UInt8>, _ head: Range<Int>, to column: inout Column
    ) throws -> Bool {
        var reader = ByteReader(bytes, head)
        try numbersHead.decode(&reader)
        guard numbersHead.pattern.isPlainDecimal, !numbersHead.hasExceptions else { return false }
        let field = numbersHead.fields[0]
        widen(&column, field.least, field.greatest)
        let pattern = try PatternHead.afterFlags(bytes, head)
        add(pattern: bytes.extracting(pattern), to: &column)
        return true
    }

    private func widen(_ column: inout Column, _ least: UInt64, _ greatest: UInt64) {
        let known = column.range ?? least...greatest
        column.range = min(known.lowerBound, least)...max(known.upperBound, greatest)
    }

    private mutating func add(constant: Span<UInt8>, to column: inout Column) {
        if let number = constant.canonicalDecimal {
            widen(&column, number, number)
        } else {
            column.isPlain = false
        }
        if column.kinds.contains(.others) { return }
        if has(constant, column.constants) { return }
        let start = bytes.count
        bytes.append(constant, ByteRange(0..<constant.count))
        column.constants.append(ByteRange(start..<bytes.count), to: &constantLinks)
        column.constantBytes += constant.count
        column.kinds.insert(.constants)
        if column.constants.count > SegmentColumns.constantsMax
            || column.constantBytes > SegmentColumns.constantBytesMax
        {
            column.constants = Chain()
            column.kinds.toOthers(.constants)
        }
    }

    /// Whether a constant is in a chain.
    private func has(_ constant: Span<UInt8>, _ chain: Chain) -> Bool {
        let known = bytes.span
        var link = chain.first
        while link >= 0 {
            let range = constantLinks[link].value.range
            if ByteSearch.equal(constant, 0..<constant.count, known.extracting(range)) {
                return true
            }
            link = constantLinks[link].next
        }
        return false
    }

    private mutating func add(pattern: Span<UInt8>, to column: inout Column) {
        column.kinds.insert(.numbers)
        var link = column.patterns.first
        while link >= 0 {
            let other = patterns[Int(patternLinks[link].value)]
            if ByteSearch.equal(pattern, 0..<pattern.count, other.span) { return }
            link = patternLinks[link].next
        }
        let number = number(of: pattern)
        column.patterns.append(number, to: &patternLinks)
    }

    /// The number of a pattern, a new one if it has none.
    private mutating func number(of pattern: Span<UInt8>) -> UInt32 {
        var key = Hash64.of(pattern)
        while let known = numbers[key] {
            let other = patterns[Int(known)]
            if ByteSearch.equal(pattern, 0..<pattern.count, other.span) { return known }
            key &+= 1
        }
        let number = UInt32(patterns.count)
        patterns.append([UInt8](pattern, 0..<pattern.count))
        numbers[key] = number
        return number
    }

    /// What was gathered.
    ///
    /// - Parameter slotCounts: those of all shapes of the table.
    func built(slotCounts: [Int]) -> SegmentColumns {
        var made = SegmentColumns()
        if !hosts.areTooMany { made.hosts = hosts.ordered }
        if !programs.areTooMany { made.programs = programs.ordered }
        made.patterns = patterns
        for (shape, slots) in slotCounts.enumerated() {
            let first = shape < firstColumns.count ? firstColumns[shape] : -1
            for slot in 0..<slots {
                append(first < 0 ? Column() : columns[first + slot], to: &made)
            }
        }
        return made
    }

    private func append(_ column: Column, to made: inout SegmentColumns) {
        var column = column
        if column.kinds.contains(.hosts), hosts.areTooMany { column.kinds.toOthers(.hosts) }
        if column.kinds.contains(.programs), programs.areTooMany {
            column.kinds.toOthers(.programs)
        }
        if column.patterns.count > SegmentColumns.patternsMax { column.kinds.toOthers(.numbers) }
        if column.isPlain, let range = column.range {
            column.kinds = .plainNumbers
            made.ranges.append(range)
        }
        made.kinds.append(column.kinds)
        if column.kinds.contains(.numbers) {
            var link = column.patterns.first
            while link >= 0 {
                made.patternNumbers.append(patternLinks[link].value)
                link = patternLinks[link].next
            }
        }
        made.patternStarts.append(UInt32(made.patternNumbers.count))
        if column.kinds.contains(.constants) {
            var link = column.constants.first
            while link >= 0 {
                let start = made.constantBytes.count
                made.constantBytes += bytes[constantLinks[link].value.range]
                made.constants.append(ByteRange(start..<made.constantBytes.count))
                link = constantLinks[link].next
            }
        }
        made.constantStarts.append(UInt32(made.constants.count))
    }
}

extension SegmentColumns.Kinds {
    /// Tells nothing of them.
    fileprivate mutating func toOthers(_ kind: SegmentColumns.Kinds) {
        remove(kind)
        insert(.others)
    }
}

extension Span<UInt8> {
    /// The number that the bytes are in decimal, without sign or leading zeros; nil if they are
    /// none of up to 19 digits.
    fileprivate var canonicalDecimal: UInt64? {
        guard count >= 1, count <= NumberPattern.decimalDigitsMax, self[0] != 0x30 || count == 1
        else { return nil }
        var number: UInt64 = 0
        for index in 0..<count {
            let digit = self[index] &- 0x30
            guard digit <= 9 else { return nil }
            number = number * 10 + UInt64(digit)
        }
        return number
    }
}
