import HisuiBytes
import HisuiShape

/// What reading a column needs beside its text.
///
/// Keeps its memory from column to column.
struct ColumnScratch {
    fileprivate var numbers = NumberColumn()
    fileprivate var patterns = PatternColumn()
    fileprivate var exceptions = ColumnExceptions()
    fileprivate var distinct: [ByteRange] = []
    /// Where the text of an origin's host or of a program stands, by number.
    fileprivate var known: [UInt32: ByteRange] = [:]
}

// Slot columns.
extension SegmentBlock {
    /// The values of a slot as text, whatever way they are kept.
    ///
    /// - Parameter wanted: the ordinals whose values are read, all if nil; others are empty, or
    ///   are what they are.
    func decode(
        shape: Int, slot: Int, within wanted: Range<Int>? = nil
    ) throws(StoreError) -> SlotColumn {
        var text = ColumnText()
        var scratch = ColumnScratch()
        try decode(
            shape: shape, slot: slot, within: wanted ?? 0..<shapeRows[shape], to: &text, &scratch)
        return text.column()
    }

    /// Reads values of a slot as text, whatever way they are kept.
    ///
    /// - Parameters:
    ///   - wanted: the ordinals whose values are read.
    ///   - text: gets the values, in place of those it had.
    func decode(
        shape: Int, slot: Int, within wanted: Range<Int>, to text: inout ColumnText,
        _ scratch: inout ColumnScratch
    ) throws(StoreError) {
        let rows = shapeRows[shape]
        precondition(wanted.lowerBound >= 0 && wanted.upperBound <= rows, "rows of the shape")
        let directory = try directory()
        let column = firstColumns[shape] + slot
        let place = directory.place(of: column)
        do {
            switch place.encoding {
            case .constant:
                text.begin(rows: rows, in: directory.bytes)
                let value = ByteRange(directory.headRange(of: column))
                text.ranges.append(contentsOf: repeatElement(value, count: rows))
            case .host, .program:
                try readRuns(shape, wanted, place.encoding, directory, to: &text, &scratch)
            case .pid:
                text.begin(rows: rows, from: wanted.lowerBound)
                for pid in try pids(of: shape, within: wanted) { text.append(decimal: pid) }
            default:
                let bytes = place.range.isEmpty ? [] : try chunk(place.chunk)
                try readData(shape, wanted, column, directory, bytes, to: &text, &scratch)
            }
            text.end(rows: rows)
        } catch let error as StoreError {
            throw error
        } catch {
            let what = (error as? ColumnDecoder.Malformed)?.what ?? "\(error)"
            throw damaged(
                "column of shape \(shape), slot \(slot): \(what)", chunk: place.chunk)
        }
    }

    /// Reads a column that has data, which lie in `bytes`.
    private func readData(
        _ shape: Int, _ wanted: Range<Int>, _ column: Int, _ directory: BlockDirectory,
        _ bytes: [UInt8], to text: inout ColumnText, _ scratch: inout ColumnScratch
    ) throws {
        let place = directory.place(of: column)
        let rows = shapeRows[shape]
        let heads = directory.bytes
        var head = ByteReader(heads.span, directory.headRange(of: column))
        switch place.encoding {
        case .text:
            text.begin(rows: rows, from: wanted.lowerBound, in: bytes)
            try ColumnDecoder.values(
                rows, wanted, in: bytes.span, place.range, to: &text.ranges)
        case .dictionary8, .dictionary16:
            text.begin(rows: rows, from: wanted.lowerBound, in: bytes)
            try ColumnDecoder.dictionary(
                place.encoding, rows: rows, wanted, in: bytes.span, place.range,
                distinct: &scratch.distinct, to: &text.ranges)
        case .time:
            let format = try TimeFormat(decoding: &head)
            try readTimes(shape, format, bytes, place.range, to: &text, &scratch.exceptions)
        case .patterns:
            text.begin(rows: rows, from: wanted.lowerBound)
            try scratch.patterns.read(
                &head, rows: rows, wanted, in: bytes.span, place.range, to: &text)
        case let encoding where encoding.isNumbers:
            text.begin(rows: rows, from: wanted.lowerBound)
            try scratch.numbers.read(
                &head, rows: rows, wanted, in: bytes.span, place.range, &scratch.exceptions,
                to: &text)
        default:
            throw ColumnDecoder.Malformed(what: "not an encoding of text")
        }
    }

    /// Reads the values of a column that follow from origin or program.
    private func readRuns(
        _ shape: Int, _ wanted: Range<Int>, _ encoding: ColumnEncoding,
        _ directory: BlockDirectory, to text: inout ColumnText, _ scratch: inout ColumnScratch
    ) throws {
        text.begin(rows: shapeRows[shape], from: wanted.lowerBound)
        scratch.known.removeAll(keepingCapacity: true)
        let isHost = encoding == .host
        try tallies().forEach(ofShape: shape) { run, entry in
            let number = UInt32(isHost ? run.origin : run.program)
            var left = entry.ordinals.clamped(to: wanted).count
            if left == 0 { return }
            if scratch.known[number] == nil {
                let name =
                    isHost
                    ? directory.origins[Int(number)].host : directory.programs[Int(number)]
                text.append(name.span, ByteRange(0..<name.count))
                scratch.known[number] = text.ranges[text.ranges.count - 1]
                left -= 1
            }
            guard let range = scratch.known[number] else { return }
            text.ranges.append(contentsOf: repeatElement(range, count: left))
        }
    }

    private func readTimes(
        _ shape: Int, _ format: TimeFormat, _ bytes: [UInt8], _ range: Range<Int>,
        to text: inout ColumnText, _ exceptions: inout ColumnExceptions
    ) throws {
        let times = try times()
        let rows = try storedRows().grouping.rows(of: shape)
        exceptions.removeAll()
        if !range.isEmpty {
            var position = range.lowerBound
            try exceptions.read(rows: rows.count, in: bytes.span, &position, range.upperBound)
            guard position == range.upperBound else {
                throw ColumnDecoder.Malformed(what: "bytes left over")
            }
        }
        text.begin(rows: rows.count)
        var writer = TimeWriter(format)
        var ordinal = 0
        for row in rows {
            if let exception = exceptions.take(ordinal) {
                text.append(bytes.span, exception)
            } else {
                text.append(times[Int(row)], &writer)
            }
            ordinal += 1
        }
        try text.check()
    }
}
