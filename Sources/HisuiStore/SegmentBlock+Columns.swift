import HisuiBytes
import HisuiShape

// Slot columns.
extension SegmentBlock {
    /// The values of a slot as text, whatever way they are kept.
    func decode(shape: Int, slot: Int) throws(StoreError) -> SlotColumn {
        let directory = try directory()
        let column = firstColumns[shape] + slot
        let place = directory.place(of: column)
        do {
            switch place.encoding {
            case .constant: return constant(directory.head(of: column), shape)
            case .host, .program: return try inRuns(shape, place.encoding, directory)
            case .pid: return try processIDs(shape)
            default: break
            }
            let bytes = place.range.isEmpty ? [] : try chunk(place.chunk)
            let heads = directory.bytes
            var reader = ByteReader(heads.span, directory.headRange(of: column))
            switch place.encoding {
            case .time:
                let format = try TimeFormat(decoding: &reader)
                return try times(shape, format, bytes, place.range)
            case .patterns:
                let head = try PatternColumn.Head(decoding: &reader)
                return try PatternColumn(
                    head, rows: shapeRows[shape], in: bytes.span, place.range
                ).rendered(bytes.span)
            case let encoding where encoding.isNumbers:
                let head = try NumberColumn.Head(decoding: &reader)
                return try NumberColumn(
                    head, rows: shapeRows[shape], in: bytes.span, place.range
                ).rendered(bytes.span)
            default:
                let ranges = try ColumnDecoder.ranges(
                    place.encoding, rows: shapeRows[shape], in: bytes.span, place.range)
                return SlotColumn(bytes: bytes, ranges: ranges)
            }
        } catch let error as StoreError {
            throw error
        } catch {
            let what = (error as? ColumnDecoder.Malformed)?.what ?? "\(error)"
            throw damaged(
                "column of shape \(shape), slot \(slot): \(what)", chunk: place.chunk)
        }
    }

    private func constant(_ value: [UInt8], _ shape: Int) -> SlotColumn {
        SlotColumn(
            bytes: value,
            ranges: [ByteRange](
                repeating: ByteRange(0..<value.count), count: shapeRows[shape]))
    }

    /// The values of a column that follow from origin or program.
    private func inRuns(
        _ shape: Int, _ encoding: ColumnEncoding, _ directory: BlockDirectory
    ) throws(StoreError) -> SlotColumn {
        let stored = try storedRows()
        var column = SlotColumn(bytes: [], ranges: [])
        column.ranges.reserveCapacity(shapeRows[shape])
        var known: [UInt32: ByteRange] = [:]
        let origins = stored.numbers.origins.span
        let programs = stored.numbers.programs.span
        let isHost = encoding == .host
        var last = (number: UInt32.max, range: ByteRange(offset: 0, count: 0))
        for row in stored.grouping.rows(of: shape) {
            let number = isHost ? origins[Int(row)] : programs[Int(row)]
            if number != last.number {
                let text =
                    isHost ? directory.origins[Int(number)].host : directory.programs[Int(number)]
                last = (
                    number,
                    known[number]
                        ?? ByteRange(column.bytes.count..<column.bytes.count + text.count)
                )
                if known[number] == nil {
                    known[number] = last.range
                    column.bytes += text
                }
            }
            column.ranges.append(last.range)
        }
        return column
    }

    private func processIDs(_ shape: Int) throws(StoreError) -> SlotColumn {
        let stored = try storedRows()
        let pids = try pids()
        var column = SlotColumn(bytes: [], ranges: [])
        column.ranges.reserveCapacity(shapeRows[shape])
        for place in stored.grouping.places(of: shape) {
            let start = column.bytes.count
            column.bytes.appendDecimal(pids[Int(place)])
            column.ranges.append(ByteRange(start..<column.bytes.count))
        }
        return column
    }

    private func times(
        _ shape: Int, _ format: TimeFormat, _ bytes: [UInt8], _ range: Range<Int>
    ) throws -> SlotColumn {
        let times = try times()
        let rows = try storedRows().grouping.rows(of: shape)
        var exceptions: [(place: Int, range: ByteRange)] = []
        if !range.isEmpty {
            var position = range.lowerBound
            exceptions = try ColumnDecoder.exceptions(
                rows: rows.count, in: bytes.span, &position, range.upperBound)
            guard position == range.upperBound else {
                throw ColumnDecoder.Malformed(what: "bytes left over")
            }
        }
        var text = ColumnText(rows: rows.count)
        var writer = TimeWriter(format)
        var next = 0
        for (ordinal, row) in rows.enumerated() {
            if next < exceptions.count, exceptions[next].place == ordinal {
                text.append(bytes.span, exceptions[next].range)
                next += 1
            } else {
                text.append(times[Int(row)], &writer)
            }
        }
        try text.check()
        return text.column()
    }
}
