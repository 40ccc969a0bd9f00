import HisuiBytes
import HisuiShape
import HisuiStore

/// Puts the text of a stretch together, row by row, with the columns at hand.
struct TextReader {
    let text: StretchText
    /// The columns of the text's slots, in order.
    let columns: [SlotColumn]

    init(_ text: StretchText, shape: Int, _ scan: BlockScan) throws(QueryFailure) {
        self.text = text
        var columns: [SlotColumn] = []
        for slot in text.slots.indices {
            columns.append(try scan.column(text, slot, shape: shape))
        }
        self.columns = columns
    }

    /// Replaces `out` by the text of the row with that ordinal.
    func read(_ ordinal: Int, into out: inout [UInt8]) {
        out.removeAll(keepingCapacity: true)
        append(ordinal, to: &out)
    }

    func append(_ ordinal: Int, to out: inout [UInt8]) {
        out.append(contentsOf: text.literals[0])
        for index in columns.indices {
            let column = columns[index]
            out.append(column.bytes.span, column.ranges[ordinal])
            out.append(contentsOf: text.literals[index + 1])
        }
    }

    /// Rows whose text is put together at once.
    private static let batchRows = 512

    /// Keeps the rows whose text passes.
    ///
    /// - Complexity: O(bytes of the text of `rows`).
    func filter(_ rows: inout Bitmap, _ passes: (Span<UInt8>) -> Bool) {
        var batch = TextBatch()
        var start = 0
        while start < rows.count {
            batch.ordinals.removeAll(keepingCapacity: true)
            let end = min(start + Self.batchRows, rows.count)
            rows.forEach(in: start..<end) { batch.ordinals.append(UInt32($0)) }
            start = end
            if batch.ordinals.isEmpty { continue }
            read(&batch)
            let bytes = batch.bytes.span
            var from = 0
            for index in batch.ordinals.indices {
                let to = batch.ends[index]
                if !passes(bytes.extracting(from..<to)) { rows.remove(Int(batch.ordinals[index])) }
                from = to
            }
        }
    }

    /// Puts the text of the rows of `batch` together, literal by literal and column by column: so
    /// each is taken up once for all rows.
    private func read(_ batch: inout TextBatch) {
        batch.begin(least: text.least)
        for column in columns { batch.measure(column.ranges.span) }
        batch.allocate()
        let first = text.literals[0]
        batch.append(first.span)
        for index in columns.indices {
            let column = columns[index]
            let literal = text.literals[index + 1]
            batch.append(column.bytes.span, column.ranges.span)
            batch.append(literal.span)
        }
    }
}

/// The texts of some rows, one behind the other.
struct TextBatch {
    var ordinals: [UInt32] = []
    private(set) var bytes: [UInt8] = []
    /// Where the text of each row ends.
    private(set) var ends: [Int] = []
    /// Where the next piece of each row goes.
    private var next: [Int] = []

    /// All rows have at least `least` bytes.
    mutating func begin(least: Int) {
        ends.removeAll(keepingCapacity: true)
        for _ in ordinals { ends.append(least) }
    }

    /// Counts the bytes of a column's values.
    mutating func measure(_ ranges: Span<ByteRange>) {
        for index in ordinals.indices { ends[index] += Int(ranges[Int(ordinals[index])].count) }
    }

    mutating func allocate() {
        next.removeAll(keepingCapacity: true)
        var end = 0
        for index in ends.indices {
            next.append(end)
            end += ends[index]
            ends[index] = end
        }
        if bytes.count < end {
            bytes += [UInt8](repeating: 0, count: end - bytes.count)
        }
    }

    /// Appends the same bytes to every row.
    mutating func append(_ literal: Span<UInt8>) {
        if literal.isEmpty { return }
        for index in ordinals.indices {
            copy(literal, to: next[index])
            next[index] += literal.count
        }
    }

    /// Appends each row's value.
    mutating func append(_ values: Span<UInt8>, _ ranges: Span<ByteRange>) {
        for index in ordinals.indices {
            let range = ranges[Int(ordinals[index])]
            if range.count == 0 { continue }
            copy(values.extracting(range.range), to: next[index])
            next[index] += Int(range.count)
        }
    }

    @inline(__always)
    private mutating func copy(_ piece: Span<UInt8>, to place: Int) {
        precondition(place >= 0 && place + piece.count <= bytes.count)
        unsafe bytes.withUnsafeMutableBytes { target in
            unsafe piece.withUnsafeBytes { source in
                // Safe: neither is empty, and the piece fits between `place` and the end.
                unsafe (target.baseAddress! + place).copyMemory(
                    from: source.baseAddress!, byteCount: source.count)
            }
        }
    }
}
