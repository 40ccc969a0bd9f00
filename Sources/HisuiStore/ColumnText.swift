import HisuiBytes

/// The values of a column as text, while it is read.
///
/// They lie in a chunk, or are written out by the numbers and times that are kept of them. Keeps
/// its memory from column to column.
struct ColumnText {
    private let sink = ByteSink()
    /// What the values lie in; nil if they are written to the sink.
    private var chunk: [UInt8]?
    /// One for each value.
    var ranges: [ByteRange] = []

    /// Begins a column.
    ///
    /// - Parameters:
    ///   - rows: how many values it will have.
    ///   - first: those before it are empty: nobody asks for them.
    ///   - chunk: what all ranges will be of; nil if values are written.
    mutating func begin(rows: Int, from first: Int = 0, in chunk: [UInt8]? = nil) {
        sink.removeAll()
        self.chunk = chunk
        ranges.removeAll(keepingCapacity: true)
        if ranges.capacity < rows { ranges.reserveCapacity(max(rows, 2 * ranges.capacity)) }
        end(rows: first)
    }

    /// Ends a column of `rows` values: those that are not there are empty.
    mutating func end(rows: Int) {
        let none = ByteRange(offset: 0, count: 0)
        ranges.append(contentsOf: repeatElement(none, count: rows - ranges.count))
    }

    mutating func append(_ pattern: NumberPattern, _ numbers: [UInt64], at first: Int) {
        let start = sink.count
        unsafe numbers.withUnsafeBufferPointer { numbers in
            guard let numbers = numbers.baseAddress else { return }
            let out = unsafe sink.reserve(pattern.lengthMax)
            // Safe: the pattern's numbers stand from `first` on, and the room is what it asks for.
            let count = unsafe pattern.write(numbers + first, stride: 1, to: out)
            unsafe sink.finish(at: out + count)
        }
        close(start)
    }

    /// Values whose text is written at once.
    private static let batchRows = 512

    /// Appends `rows` values by one pattern.
    ///
    /// - Parameter first: the place of the first one's numbers; the others' follow.
    mutating func append(
        _ pattern: NumberPattern, _ numbers: [UInt64], at first: Int, rows: Int
    ) throws(ColumnDecoder.Malformed) {
        let each = pattern.numbers.count
        var row = 0
        while row < rows {
            let batch = min(Self.batchRows, rows - row)
            var start = sink.count
            unsafe numbers.withUnsafeBufferPointer { numbers in
                guard let numbers = numbers.baseAddress else { return }
                var out = unsafe sink.reserve(batch * pattern.lengthMax)
                var from = unsafe numbers + first + row * each
                for _ in 0..<batch {
                    // Safe: all numbers are there, and room for so many values.
                    let count = unsafe pattern.write(from, stride: 1, to: out)
                    unsafe out += count
                    unsafe from += each
                    ranges.append(
                        ByteRange(
                            offset: UInt32(truncatingIfNeeded: start),
                            count: UInt32(truncatingIfNeeded: count)))
                    start += count
                }
                unsafe sink.finish(at: out)
            }
            try check()
            row += batch
        }
    }

    mutating func append(_ bytes: Span<UInt8>, _ range: ByteRange) {
        let start = sink.count
        sink.append(bytes.extracting(range.range))
        close(start)
    }

    mutating func append(_ time: Int64, _ writer: inout TimeWriter) {
        let start = sink.count
        let out = unsafe sink.reserve(TimeFormat.lengthMax)
        // Safe: the room is what a format asks for.
        let count = unsafe writer.write(time, to: out)
        unsafe sink.finish(at: out + count)
        close(start)
    }

    mutating func append(decimal number: UInt64) {
        let start = sink.count
        let out = unsafe sink.reserve(NumberPattern.plainDecimal.lengthMax)
        // Safe: the room is that of a number.
        let count = unsafe NumberPattern.writeDecimal(number, to: out)
        unsafe sink.finish(at: out + count)
        close(start)
    }

    private mutating func close(_ start: Int) {
        ranges.append(
            ByteRange(offset: UInt32(truncatingIfNeeded: start), count: UInt32(sink.count - start)))
    }

    /// Refuses to write more than records of a block can have.
    func check() throws(ColumnDecoder.Malformed) {
        guard sink.count <= ColumnDecoder.textBytesMax else {
            throw ColumnDecoder.Malformed(what: "values longer than records can be")
        }
    }

    func column() -> SlotColumn { SlotColumn(bytes: chunk ?? sink.bytes(), ranges: ranges) }

    /// Calls `body` with what the ranges are of, and the ranges.
    @inline(__always)
    @unsafe
    func withBuffers<Result>(
        _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<ByteRange>) -> Result
    ) -> Result {
        unsafe ranges.withUnsafeBufferPointer { ranges in
            // Safe: both are used in `body` only.
            if let chunk {
                return unsafe chunk.withUnsafeBufferPointer { unsafe body($0, ranges) }
            }
            return sink.withBytes(upTo: sink.count) { bytes in
                unsafe bytes.withUnsafeBufferPointer { unsafe body($0, ranges) }
            }
        }
    }
}
