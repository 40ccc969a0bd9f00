import HisuiBytes
import HisuiShape

/// Writes slot columns: picks an encoding for the values, and appends them where columns of that
/// kind are gathered.
///
/// Keeps its scratch memory from column to column; nothing is allocated once it has grown.
struct ColumnEncoder {
    private var numbers = NumberColumnEncoder()
    private var patterns = PatternColumnEncoder()
    private var distinct = DistinctValues()
    private var layout = LayoutTrial()
    private var exceptions: [UInt32] = []

    /// Below so many rows a pattern takes more room than it saves.
    private static let numberRowsMin = 3
    /// Below so many rows a dictionary saves nothing.
    private static let dictionaryRowsMin = 16
    /// Below so many rows several patterns take more room than they save.
    private static let patternRowsMin = 16

    /// What became of a column.
    struct Result {
        var encoding: ColumnEncoding
        /// Bytes of its data, where columns of its encoding are gathered.
        var length = 0
    }

    /// Appends a column of times that follow from those of the rows; nil if these do not.
    ///
    /// - Parameters:
    ///   - times: the times of the rows of the block.
    ///   - rows: for each value its row.
    ///   - head: gets what a reader needs to know before its data.
    mutating func appendTimes(
        _ values: ColumnValues, times: borrowing [Int64], rows: ArraySlice<UInt32>,
        head: inout [UInt8], to sinks: ChunkSinks
    ) -> Result? {
        let first = rows.startIndex
        let format = values.withFirst { TimeFormat(of: $0, time: times[Int(rows[first])]) }
        guard let format else { return nil }
        exceptions.removeAll(keepingCapacity: true)
        var writer = TimeWriter(format)
        for index in 0..<values.count {
            let time = times[Int(rows[first + index])]
            // Safe: below `count`.
            if unsafe !writer.writes(values.pointer(index), values.length(index), for: time) {
                exceptions.append(UInt32(index))
                if exceptions.count > values.count / 16 { return nil }
            }
        }
        format.encode(into: &head)
        guard !exceptions.isEmpty else { return Result(encoding: .time) }
        let out = sinks.sink(.text)
        let start = out.count
        Self.appendExceptions(exceptions, values, to: out)
        for index in exceptions { sinks.note(values, Int(index), of: .time) }
        return Result(encoding: .time, length: out.count - start)
    }

    /// Appends a column of any values.
    mutating func append(
        _ values: ColumnValues, head: inout [UInt8], to sinks: ChunkSinks
    ) -> Result {
        if values.isConstant() {
            values.withFirst { head.append($0, ByteRange(0..<$0.count)) }
            return Result(encoding: .constant)
        }
        let isNumeric = values.count >= Self.numberRowsMin && numbers.read(values)
        if isNumeric, numbers.width <= 1 {
            return appendNumbers(values, head: &head, to: sinks)
        }
        if values.count >= Self.dictionaryRowsMin {
            let most = isNumeric ? min(256, values.count / 4) : values.count / 4
            if distinct.find(values, most: min(most, DistinctValues.most)) {
                let out = sinks.sink(.dictionary)
                let start = out.count
                distinct.append(values, to: out)
                for value in distinct.distinct { sinks.note(values, value, of: .dictionary8) }
                return Result(
                    encoding: distinct.count <= 256 ? .dictionary8 : .dictionary16,
                    length: out.count - start)
            }
        }
        if isNumeric { return appendNumbers(values, head: &head, to: sinks) }
        if values.count >= Self.patternRowsMin, patterns.read(values) {
            let out = sinks.sink(.patterns)
            let start = out.count
            patterns.append(values, to: out)
            for index in patterns.exceptions { sinks.note(values, Int(index), of: .patterns) }
            patterns.encodeHead(to: &head)
            return Result(encoding: .patterns, length: out.count - start)
        }
        let out = sinks.sink(.text)
        let start = out.count
        Self.appendText(values, to: out)
        for index in 0..<values.count { sinks.note(values, index, of: .text) }
        return Result(encoding: .text, length: out.count - start)
    }

    private mutating func appendNumbers(
        _ values: ColumnValues, head: inout [UInt8], to sinks: ChunkSinks
    ) -> Result {
        let width = numbers.width
        let encoding = ColumnEncoding.numbers(ofWidth: width)
        let isInterleaved = width > 1 && layout.isInterleavedSmaller(numbers, values.count)
        numbers.encodeHead(
            rows: values.count, isInterleaved: isInterleaved,
            hasExceptions: !numbers.exceptions.isEmpty, to: &head)
        let out = sinks.sink(of: encoding)
        let start = out.count
        if !numbers.exceptions.isEmpty {
            Self.appendExceptions(numbers.exceptions, values, to: out)
            for index in numbers.exceptions { sinks.note(values, Int(index), of: encoding) }
        }
        numbers.append(values.count, isInterleaved: isInterleaved, to: out)
        return Result(encoding: encoding, length: out.count - start)
    }

    /// Lengths, then values.
    private static func appendText(_ values: ColumnValues, to out: ByteSink) {
        var total = 0
        for index in 0..<values.count { total += values.length(index) }
        var end = unsafe out.reserve(total + 5 * values.count)
        for index in 0..<values.count {
            // Safe: below `count`; five bytes are reserved for each length.
            unsafe appendVarint(values.range(index).count, &end)
        }
        for index in 0..<values.count {
            // Safe: room for all values is reserved.
            unsafe values.copy(values.range(index), &end)
        }
        unsafe out.finish(at: end)
    }

    /// Lengths, then values, of some of the values.
    static func appendText(_ values: ColumnValues, only some: [UInt32], to out: ByteSink) {
        var total = 0
        for index in some { total += values.length(Int(index)) }
        var end = unsafe out.reserve(total + 5 * some.count)
        // Safe: as above.
        for index in some { unsafe appendVarint(values.range(Int(index)).count, &end) }
        for index in some { unsafe values.copy(values.range(Int(index)), &end) }
        unsafe out.finish(at: end)
    }

    ///     varint count; each varint place, as the difference to the one before; varint lengths;
    ///     values
    private static func appendExceptions(
        _ exceptions: [UInt32], _ values: ColumnValues, to out: ByteSink
    ) {
        var end = unsafe out.reserve(5 * exceptions.count + 5)
        unsafe appendVarint(UInt32(exceptions.count), &end)
        var previous: UInt32 = 0
        for index in exceptions {
            // Safe: five bytes are reserved for each number.
            unsafe appendVarint(index - previous, &end)
            previous = index
        }
        unsafe out.finish(at: end)
        appendText(values, only: exceptions, to: out)
    }
}
