import HisuiBytes
import HisuiShape

/// Gathers what the columns of a segment hold, block by block.
struct SegmentColumnsBuilder {
    /// By shape and slot.
    private var columns: [[Column]] = []
    private var hosts = Names()
    private var programs = Names()
    private var patterns: [[UInt8]] = []
    private var numbers: [[UInt8]: UInt32] = [:]
    /// Of all constants.
    private var bytes: [UInt8] = []
    // Memory that is used again.
    private var numbersHead = NumberColumn.Head()
    private var ranges: [Range<Int>] = []

    private struct Column {
        var kinds: SegmentColumns.Kinds = []
        var patterns: [UInt32] = []
        /// In `bytes` of the builder.
        var constants: [ByteRange] = []
        var constantBytes = 0
        /// The range of its numbers as long as all are plain.
        var range: ClosedRange<UInt64>?
        var isPlain = true
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
            let shape = Int(shape)
            while columns.count <= shape { columns.append([]) }
            if columns[shape].isEmpty {
                columns[shape] = [Column](repeating: Column(), count: slots)
            }
            for slot in 0..<slots {
                // Taken out meanwhile, so that its memory is not copied.
                var column = Column()
                swap(&column, &columns[shape][slot])
                try add(directory, number, to: &column)
                swap(&column, &columns[shape][slot])
                number += 1
            }
        }
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
        if column.constants.isEmpty { column.constants.reserveCapacity(4) }
        column.constants.append(ByteRange(start..<bytes.count))
        column.constantBytes += constant.count
        column.kinds.insert(.constants)
        if column.constants.count > SegmentColumns.constantsMax
            || column.constantBytes > SegmentColumns.constantBytesMax
        {
            column.constants = []
            column.kinds.toOthers(.constants)
        }
    }

    /// Whether a constant is among those that stand in `ranges`.
    private func has(_ constant: Span<UInt8>, _ ranges: [ByteRange]) -> Bool {
        let known = bytes.span
        for range in ranges
        where ByteSearch.equal(constant, 0..<constant.count, known.extracting(range.range)) {
            return true
        }
        return false
    }

    private mutating func add(pattern: Span<UInt8>, to column: inout Column) {
        column.kinds.insert(.numbers)
        for known in column.patterns {
            let other = patterns[Int(known)]
            if ByteSearch.equal(pattern, 0..<pattern.count, other.span) { return }
        }
        let key = [UInt8](pattern, 0..<pattern.count)
        let number = numbers[key] ?? UInt32(patterns.count)
        if number == UInt32(patterns.count) {
            patterns.append(key)
            numbers[key] = number
        }
        column.patterns.append(number)
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
            let known = shape < columns.count ? columns[shape] : []
            for slot in 0..<slots {
                append(slot < known.count ? known[slot] : Column(), to: &made)
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
        if column.kinds.contains(.numbers) { made.patternNumbers += column.patterns }
        made.patternStarts.append(UInt32(made.patternNumbers.count))
        if column.kinds.contains(.constants) {
            for value in column.constants {
                let start = made.constantBytes.count
                made.constantBytes += bytes[value.range]
                made.constants.append(ByteRange(start..<made.constantBytes.count))
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
