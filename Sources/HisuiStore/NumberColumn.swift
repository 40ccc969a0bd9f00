import HisuiBytes

/// Columns of numbers, read back.
///
/// Keeps its memory from column to column.
struct NumberColumn {
    private var head = Head()
    /// Numbers of all values, those of a value together.
    var numbers: [UInt64] = []

    /// What the directory says of such a column.
    struct Head {
        private(set) var isInterleaved = false
        private(set) var hasExceptions = false
        private(set) var pattern = NumberPattern()
        private(set) var fields: [NumberField] = []

        init() {}

        init(decoding reader: inout ByteReader) throws { try decode(&reader) }

        /// Becomes what the reader comes to; on an error it is of no use.
        mutating func decode(_ reader: inout ByteReader) throws {
            let flags = try reader.u8()
            guard flags < 4 else { throw NumberPattern.Malformed(what: "an unknown layout") }
            isInterleaved = flags & 1 != 0
            hasExceptions = flags & 2 != 0
            try pattern.decode(&reader)
            fields.removeAll(keepingCapacity: true)
            for _ in pattern.numbers { fields.append(try NumberField(decoding: &reader)) }
        }
    }

    /// Reads a column.
    ///
    /// - Parameters:
    ///   - reader: at the column's head.
    ///   - range: the column's data in `bytes`.
    ///   - rows: how many values there must be.
    ///   - wanted: the values that are written; they lie in the column.
    ///   - exceptions: used for those of the column.
    ///   - text: gets the values.
    mutating func read(
        _ reader: inout ByteReader, rows: Int, _ wanted: Range<Int>, in bytes: Span<UInt8>,
        _ range: Range<Int>, _ exceptions: inout ColumnExceptions, to text: inout ColumnText
    ) throws {
        try head.decode(&reader)
        var position = range.lowerBound
        exceptions.removeAll()
        if head.hasExceptions {
            try exceptions.read(rows: rows, in: bytes, &position, range.upperBound)
        }
        let fields = head.fields
        try NumberField.read(
            fields.span, rows, wanted, isInterleaved: head.isInterleaved, in: bytes,
            position..<range.upperBound, to: &numbers, at: 0)
        if !head.hasExceptions {
            try text.append(head.pattern, numbers, at: 0, rows: wanted.count)
            return
        }
        exceptions.skip(to: wanted.lowerBound)
        for row in wanted {
            if let exception = exceptions.take(row) {
                text.append(bytes, exception)
            } else {
                text.append(
                    head.pattern, numbers, at: (row - wanted.lowerBound) * fields.count)
            }
            try text.check()
        }
    }
}

// Looking for a value.
extension NumberColumn.Head {
    /// The numbers that a value has if a text stands in it: an empty array if it stands in none.
    ///
    /// - Parameter isWord: whether only occurrences count that are not surrounded by letters or
    ///   digits.
    /// - Returns: nil if values that are more than the text may have it.
    func numbers(ofValue text: [UInt8], isWord: Bool) -> [UInt64]? {
        let isRun = pattern.numbers.count == 1 && pattern.text.isEmpty
        guard !hasExceptions, pattern.lengthMax == text.count || isRun && isWord else {
            return nil
        }
        var numbers = [UInt64](repeating: 0, count: fields.count)
        // Safe: room for all numbers of the pattern; the bytes are those of the array.
        let isValue = unsafe numbers.withUnsafeMutableBufferPointer { numbers in
            unsafe text.withUnsafeBufferPointer { text in
                guard let value = text.baseAddress, let out = numbers.baseAddress else {
                    return false
                }
                return unsafe pattern.parse(value, text.count, into: out)
            }
        }
        for (number, field) in zip(numbers, fields)
        where number < field.least || number > field.greatest { return [] }
        return isValue ? numbers : []
    }
}

extension NumberColumn {
    /// The places of values that have the numbers `wanted`.
    ///
    /// The other parameters are those of `read`; the column has no exceptions.
    mutating func places(
        of wanted: [UInt64], _ head: Head, rows: Int, in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws -> [Int] {
        let each = head.fields.count
        if each == 1, let field = head.fields.first, !field.isDifference, field.width > 0,
            range.count == field.width * rows
        {
            return field.places(
                of: wanted[0], rows, isInterleaved: head.isInterleaved, in: bytes, range)
        }
        try NumberField.read(
            head.fields.span, rows, 0..<rows, isInterleaved: head.isInterleaved, in: bytes, range,
            to: &numbers, at: 0)
        var places: [Int] = []
        let (found, first) = (numbers.span, wanted[0])
        for row in 0..<rows where found[row * each] == first {
            let isEqual = (1..<each).allSatisfy { found[row * each + $0] == wanted[$0] }
            if isEqual { places.append(row) }
        }
        return places
    }
}

extension NumberField {
    /// The places of a number among those of `rows` values that are kept as they are, not as
    /// differences: its bytes are compared, and nothing is read.
    fileprivate func places(
        of number: UInt64, _ rows: Int, isInterleaved: Bool, in bytes: Span<UInt8>,
        _ range: Range<Int>
    ) -> [Int] {
        let kept = number &- base
        if Self.width(of: kept) > width { return [] }
        // From one value to the next, and from one byte of a value to the next.
        let (stride, step) = isInterleaved ? (width, 1) : (1, rows)
        let lowest = UInt8(truncatingIfNeeded: kept)
        var places: [Int] = []
        var at = range.lowerBound
        for row in 0..<rows {
            if bytes[at] == lowest {
                let isEqual = (1..<max(width, 1)).allSatisfy { byte in
                    bytes[at + byte * step] == UInt8(truncatingIfNeeded: kept >> UInt64(8 * byte))
                }
                if isEqual { places.append(row) }
            }
            at += stride
        }
        return places
    }

    /// Reads what `append` wrote: the numbers of some of `count` values, those of a value together.
    ///
    /// - Parameters:
    ///   - wanted: the values that are read; they lie in the column.
    ///   - first: the place of the first in `numbers`, which grows if need be.
    /// - Complexity: O(`wanted`); where differences are kept, O(values before them), too.
    static func read(
        _ fields: Span<NumberField>, _ count: Int, _ wanted: Range<Int>, isInterleaved: Bool,
        in bytes: Span<UInt8>, _ range: Range<Int>, to numbers: inout [UInt64], at first: Int
    ) throws(ColumnDecoder.Malformed) {
        precondition(wanted.lowerBound >= 0 && wanted.upperBound <= count, "values of the column")
        let each = fields.count
        var width = 0
        for number in 0..<each { width += fields[number].width }
        guard range.count == width * count else {
            throw ColumnDecoder.Malformed(what: "not \(width) bytes for each number")
        }
        let end = first + wanted.count * each
        if numbers.count < end {
            numbers.append(contentsOf: repeatElement(0, count: end - numbers.count))
        }
        if wanted.count * each == 0 { return }
        unsafe numbers.withUnsafeMutableBufferPointer { numbers in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                guard let start = numbers.baseAddress else { return }
                let out = unsafe start + first
                guard let base = bytes.baseAddress else {
                    // Safe: no bytes, so all numbers follow from the fields.
                    for number in 0..<each {
                        unsafe fields[number].fill(out + number, each, wanted.count)
                    }
                    return
                }
                var offset = range.lowerBound
                for number in 0..<each {
                    let field = fields[number]
                    // Safe: the bytes of each number lie in the range, whose length was checked;
                    // each number has its place in the room.
                    if field.width == 0 {
                        unsafe field.fill(out + number, each, wanted.count)
                    } else if isInterleaved {
                        unsafe field.readInterleaved(
                            base + offset, stride: width, out + number, each, wanted)
                        offset += field.width
                    } else {
                        unsafe field.readPlanes(base + offset, out + number, each, count, wanted)
                        offset += field.width * count
                    }
                }
            }
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

    /// The number that is kept for the value at `index`, by the bytes of it.
    ///
    /// - Parameters:
    ///   - stride: from a value to the next.
    ///   - step: from a byte of a value to the next.
    @inline(__always)
    @unsafe
    private func stored(
        _ bytes: UnsafePointer<UInt8>, _ index: Int, stride: Int, step: Int
    ) -> UInt64 {
        var stored: UInt64 = 0
        for byte in 0..<width {
            // Safe: by the caller's word.
            stored |= unsafe UInt64(bytes[index * stride + byte * step]) &<< UInt64(8 * byte)
        }
        return stored
    }

    /// The number that the first of the values from `first` on is the difference to.
    @unsafe
    private func number(
        before first: Int, _ bytes: UnsafePointer<UInt8>, stride: Int, step: Int
    ) -> UInt64 {
        guard isDifference else { return base }
        var sum = base
        for index in 0..<first {
            // Safe: by the caller's word.
            sum =
                unsafe sum
                &+ Self.unzigzag(stored(bytes, index, stride: stride, step: step))
        }
        return sum
    }

    @unsafe
    private func readInterleaved(
        _ bytes: UnsafePointer<UInt8>, stride: Int, _ out: UnsafeMutablePointer<UInt64>,
        _ each: Int, _ wanted: Range<Int>
    ) {
        // Safe: by the caller's word.
        var previous = unsafe number(before: wanted.lowerBound, bytes, stride: stride, step: 1)
        for index in wanted {
            let stored = unsafe stored(bytes, index, stride: stride, step: 1)
            unsafe out[(index - wanted.lowerBound) * each] = number(stored, &previous)
        }
    }

    @unsafe
    private func readPlanes(
        _ bytes: UnsafePointer<UInt8>, _ out: UnsafeMutablePointer<UInt64>, _ each: Int,
        _ count: Int, _ wanted: Range<Int>
    ) {
        // Safe: by the caller's word. One plane after the other: loops of one kind each.
        let first = unsafe bytes + wanted.lowerBound
        let rows = wanted.count
        for index in 0..<rows { unsafe out[index * each] = UInt64(first[index]) }
        for plane in 1..<max(width, 1) {
            let more = unsafe first + plane * count
            let shift = UInt64(8 * plane)
            for index in 0..<rows { unsafe out[index * each] |= UInt64(more[index]) &<< shift }
        }
        if isDifference {
            var previous = unsafe number(
                before: wanted.lowerBound, bytes, stride: 1, step: count)
            for index in 0..<rows {
                previous = unsafe previous &+ Self.unzigzag(out[index * each])
                unsafe out[index * each] = previous
            }
        } else {
            for index in 0..<rows { unsafe out[index * each] &+= base }
        }
    }
}
