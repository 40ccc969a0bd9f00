import HisuiBytes

/// A column of numbers, read back.
struct NumberColumn: Sendable {
    let pattern: NumberPattern
    let fields: [NumberField]
    /// Numbers of all values, those of a value together.
    private(set) var numbers: [UInt64]
    /// Values that do not have the pattern, ascending, and where they stand in the chunk.
    private(set) var exceptions: [(place: Int, range: ByteRange)] = []

    /// What the directory says of such a column.
    struct Head {
        var isInterleaved: Bool
        var hasExceptions: Bool
        var pattern: NumberPattern
        var fields: [NumberField]

        init(decoding reader: inout ByteReader) throws {
            let flags = try reader.u8()
            guard flags < 4 else { throw NumberPattern.Malformed(what: "an unknown layout") }
            isInterleaved = flags & 1 != 0
            hasExceptions = flags & 2 != 0
            pattern = try NumberPattern(decoding: &reader)
            fields = []
            for _ in pattern.numbers { fields.append(try NumberField(decoding: &reader)) }
        }
    }

    /// - Parameters:
    ///   - range: the column's data in `bytes`.
    ///   - rows: how many values there must be.
    init(
        _ head: Head, rows: Int, in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(ColumnDecoder.Malformed) {
        pattern = head.pattern
        fields = head.fields
        numbers = []
        var position = range.lowerBound
        if head.hasExceptions {
            exceptions = try ColumnDecoder.exceptions(
                rows: rows, in: bytes, &position, range.upperBound)
        }
        numbers = try NumberField.read(
            fields, rows, isInterleaved: head.isInterleaved, in: bytes,
            position..<range.upperBound)
    }

    /// The values as text.
    func rendered(_ bytes: Span<UInt8>) throws(ColumnDecoder.Malformed) -> SlotColumn {
        let rows = numbers.count / fields.count
        var text = ColumnText(rows: rows)
        var next = 0
        for row in 0..<rows {
            if next < exceptions.count, exceptions[next].place == row {
                text.append(bytes, exceptions[next].range)
                next += 1
            } else {
                text.append(pattern, numbers, at: row * fields.count)
            }
            try text.check()
        }
        return text.column()
    }
}

extension NumberField {
    /// Reads what `append` wrote: the numbers of `count` values, those of a value together.
    static func read(
        _ fields: [NumberField], _ count: Int, isInterleaved: Bool, in bytes: Span<UInt8>,
        _ range: Range<Int>
    ) throws(ColumnDecoder.Malformed) -> [UInt64] {
        let width = fields.reduce(0) { $0 + $1.width }
        guard range.count == width * count else {
            throw ColumnDecoder.Malformed(what: "not \(width) bytes for each number")
        }
        let each = fields.count
        if count * each == 0 { return [] }
        return unsafe [UInt64](unsafeUninitializedCapacity: count * each) { out, filled in
            filled = count * each
            guard let out = out.baseAddress else { return }
            unsafe bytes.withUnsafeBufferPointer { bytes in
                guard let base = bytes.baseAddress else {
                    // Safe: no bytes, so all numbers follow from the fields.
                    unsafe readConstants(fields, count, out)
                    return
                }
                var offset = range.lowerBound
                for (number, field) in fields.enumerated() {
                    // Safe: the bytes of each number lie in the range, whose length was checked;
                    // each number has its place in the room.
                    if field.width == 0 {
                        unsafe field.fill(out + number, each, count)
                    } else if isInterleaved {
                        unsafe field.readInterleaved(
                            base + offset, stride: width, out + number, each, count)
                        offset += field.width
                    } else {
                        unsafe field.readPlanes(base + offset, out + number, each, count)
                        offset += field.width * count
                    }
                }
            }
        }
    }

    @unsafe
    private static func readConstants(
        _ fields: [NumberField], _ count: Int, _ out: UnsafeMutablePointer<UInt64>
    ) {
        for (number, field) in fields.enumerated() {
            unsafe field.fill(out + number, fields.count, count)
        }
    }

    @unsafe
    private func fill(_ out: UnsafeMutablePointer<UInt64>, _ each: Int, _ count: Int) {
        for index in 0..<count { unsafe out[index * each] = base }
    }

    @inline(__always)
    private func number(_ stored: UInt64, _ previous: inout UInt64) -> UInt64 {
        guard isDifference else { return base &+ stored }
        previous = previous &+ Self.unzigzag(stored)
        return previous
    }

    @unsafe
    private func readInterleaved(
        _ bytes: UnsafePointer<UInt8>, stride: Int, _ out: UnsafeMutablePointer<UInt64>,
        _ each: Int, _ count: Int
    ) {
        var previous = base
        for index in 0..<count {
            var stored: UInt64 = 0
            for byte in 0..<width {
                // Safe: by the caller's word.
                stored |= unsafe UInt64(bytes[index * stride + byte]) &<< UInt64(8 * byte)
            }
            unsafe out[index * each] = number(stored, &previous)
        }
    }

    @unsafe
    private func readPlanes(
        _ bytes: UnsafePointer<UInt8>, _ out: UnsafeMutablePointer<UInt64>, _ each: Int,
        _ count: Int
    ) {
        // Safe: by the caller's word. One plane after the other: loops of one kind each.
        for index in 0..<count { unsafe out[index * each] = UInt64(bytes[index]) }
        for plane in 1..<max(width, 1) {
            let more = unsafe bytes + plane * count
            let shift = UInt64(8 * plane)
            for index in 0..<count { unsafe out[index * each] |= UInt64(more[index]) &<< shift }
        }
        if isDifference {
            var previous = base
            for index in 0..<count {
                previous = unsafe previous &+ Self.unzigzag(out[index * each])
                unsafe out[index * each] = previous
            }
        } else {
            for index in 0..<count { unsafe out[index * each] &+= base }
        }
    }
}

/// The text of a column's values while it is written.
struct ColumnText {
    private let sink = ByteSink()
    private var ranges: [ByteRange] = []

    init(rows: Int) { ranges.reserveCapacity(rows) }

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

    func column() -> SlotColumn { SlotColumn(bytes: sink.bytes(), ranges: ranges) }
}
