import HisuiBytes
import HisuiEvent
import HisuiShape

/// Turns gathered rows into the chunks of a block.
///
/// Rows are put in stored order (`RowOrder`), then each column is written where columns of its kind
/// are gathered; so a codec sees neighbours that resemble each other, and a search reads what it
/// asks for.
struct BlockEncoder {
    /// The chunks of the block, ready to be written.
    private(set) var output: [UInt8] = []
    private let sinks = ChunkSinks()
    private var columns = ColumnEncoder()
    private var origins = RowOrigins()
    private var values = ShapeValues()
    private var directory = BlockDirectoryBuilder()
    /// What the directory says of the column in hand.
    private var columnHead: [UInt8] = []
    /// Filters of the block's chunks so far.
    private var filters: [UInt8] = []
    private let compressor: Compressor

    private let clock: StageClock?

    /// - Parameter clock: counts the time of compressing and of filters, within that of encoding.
    init(compressor: Compressor, clock: StageClock? = nil) {
        self.compressor = compressor
        self.clock = clock
    }

    /// Encodes the rows gathered in `builder`.
    ///
    /// - Returns: what the footer says of the block; its bytes are in `output`.
    mutating func encode(_ builder: borrowing BlockBuilder) -> SegmentFooter.BlockHead {
        output.removeAll(keepingCapacity: true)
        let plan = BlockPlan(builder, origins: &origins)
        var head = SegmentFooter.BlockHead(
            firstIndex: builder.firstIndex, rows: builder.rows.count,
            timeRange: BlockBuilder.range(builder.rows.times),
            receivedRange: BlockBuilder.range(builder.rows.received),
            shapes: plan.shapes.map { builder.blockShapes[$0] },
            shapeRows: plan.shapes.map { builder.blockShapeRows[$0] })
        directory.begin(plan, origins)
        appendRowColumns(builder.rows, plan, &head)
        for (shape, number) in plan.shapes.enumerated() {
            let slots = builder.shapes[Int(builder.blockShapes[number])].slots
            values.gather(plan.rows(of: shape), slots: slots.count, of: builder.rows)
            for slot in slots.indices {
                append(slot, slots[slot], of: shape, builder.rows, plan, &head)
            }
        }
        for kind in ChunkKind.allCases where sinks.columns[Int(kind.rawValue)] > 0 {
            closeChunk(kind, &head)
        }
        sinks.sink(.filters).append(filters)
        filters.removeAll(keepingCapacity: true)
        directory.endChunk(.filters, columns: 0, filter: 0)
        writeChunk(.filters, &head)
        directory.append(to: sinks.sink(.directory))
        writeChunk(.directory, &head)
        return head
    }

    private mutating func append(
        _ slot: Int, _ spec: Shape.Slot, of shape: Int, _ arena: borrowing RowArena,
        _ plan: BlockPlan, _ head: inout SegmentFooter.BlockHead
    ) {
        if let derived = plan.derivedEncoding(slot, shape) {
            directory.append(ColumnEncoder.Result(encoding: derived), head: [])
            return
        }
        columnHead.removeAll(keepingCapacity: true)
        let sinks = sinks
        let result = values.withColumn(slot) { values in
            if spec.role == .time || spec.kind == .time,
                let times = columns.appendTimes(
                    values, times: arena.times, rows: plan.rows(of: shape), head: &columnHead,
                    to: sinks)
            {
                return times
            }
            return columns.append(values, head: &columnHead, to: sinks)
        }
        directory.append(result, head: columnHead)
        guard let place = result.encoding.chunkKind, result.length > 0 else { return }
        sinks.columns[Int(place.rawValue)] += 1
        if sinks.sink(place).count >= SegmentFormat.chunkTargetBytes {
            closeChunk(place, &head)
        }
    }

    private mutating func closeChunk(_ kind: ChunkKind, _ head: inout SegmentFooter.BlockHead) {
        writeChunk(kind, &head)
        // A filter that is long beside its chunk saves less than it costs.
        let most = (head.chunks.last?.storedCount ?? 0) / Self.filterShare
        let filter = clock.measure(.filters, within: .encode) {
            sinks.takeFilter(kind, bytesMax: most, into: &filters)
        }
        directory.endChunk(kind, columns: sinks.columns[Int(kind.rawValue)], filter: filter)
        sinks.columns[Int(kind.rawValue)] = 0
    }

    /// A filter has at most one byte for so many of its chunk.
    private static let filterShare = 10

    /// Compresses what is gathered of a kind into a chunk, and takes it away.
    private mutating func writeChunk(_ kind: ChunkKind, _ head: inout SegmentFooter.BlockHead) {
        let raw = sinks.sink(kind)
        // Filters are looked into where they stand.
        let codec = clock.measure(.compress, within: .encode) {
            raw.withBytes(upTo: raw.count) {
                kind == .filters ? compressor.store($0) : compressor.compress($0)
            }
        }
        let stored = compressor.output
        let start = output.count
        output.append(codec.rawValue)
        output.appendLittleEndian(UInt32(raw.count))
        output.appendLittleEndian(UInt32(stored.count))
        let checksum = SegmentFormat.chunkChecksum(
            header: output.span.extracting(start..<output.count), stored: stored.span)
        output.appendLittleEndian(checksum)
        output += stored
        head.chunks.append(.init(storedCount: stored.count, checksum: checksum))
        raw.removeAll()
    }
}

// The columns that every row has.
extension BlockEncoder {
    private mutating func appendRowColumns(
        _ rows: borrowing RowArena, _ plan: BlockPlan, _ head: inout SegmentFooter.BlockHead
    ) {
        let times = SplitTimes(rows.times, plan)
        for column in RowColumn.allCases {
            let sink = sinks.sink(.rows)
            let encoding =
                switch column {
                case .origin: RowColumnEncoder.append(numbers: origins.originOfRow, to: sink)
                case .program: RowColumnEncoder.append(numbers: origins.programOfRow, to: sink)
                case .shape: RowColumnEncoder.append(numbers: plan.storedShapes, to: sink)
                case .second: RowColumnEncoder.append(differences: times.seconds, to: sink)
                case .milli: RowColumnEncoder.append(numbers: times.millis, to: sink)
                case .micro: RowColumnEncoder.append(numbers: times.micros, to: sink)
                case .nano: RowColumnEncoder.append(numbers: times.nanos, to: sink)
                case .received: RowColumnEncoder.append(differences: rows.received, to: sink)
                case .flags:
                    RowColumnEncoder.append(
                        numbers: plan.order.rows.map { rows.flags[Int($0)] }, to: sink)
                case .pid:
                    RowColumnEncoder.append(
                        values: plan.pids, starts: plan.pidStarts, to: sink)
                }
            directory.append(column, encoding, length: sink.count)
            sinks.columns[Int(ChunkKind.rows.rawValue)] = 1
            closeChunk(.rows, &head)
        }
    }
}
