import HisuiBytes
import HisuiEvent
import HisuiShape

/// What stands in a frame behind its header, taken apart. `FrameEncoder` puts it together.
///
///     u8 0 or 32, and that many bytes      digest of the definitions, when it changes
///     varint n, n × counted shape          shapes that the file uses for the first time
///     varint n, n × counted text           senders of the rows
///     varint n, n × source state           sources touched, the one of the rows first
///     varint n, n × gap
///     if there are rows:
///     u64     receive time from which the first row counts
///     rows ×  varint shape, varint of zigzag (received - received of the row before),
///             varint of zigzag (time - received), varint sender, varint flags,
///             slots × varint length, slots × bytes
///
/// Time differences wrap around. Nothing follows the last row. Bytes are refused, never trusted:
/// a right checksum does not say who wrote them.
struct FrameDecoder {
    private var layouts = ShapeLayouts()
    /// Numbers in the reader's table by number in the file; the same unless damage lost some.
    private var numbers: [UInt32] = [0]

    private static let unknown = UInt32.max

    /// Whether shapes have the same numbers in the file as in the reader's table.
    func numbersAreShared(_ shapes: ShapeTable) -> Bool {
        numbers.count == shapes.count && numbers.indices.allSatisfy { numbers[$0] == UInt32($0) }
    }

    /// - Parameter bytes: the whole frame.
    mutating func decode(
        _ bytes: Span<UInt8>, _ header: LogFormat.FrameHeader, rows decodesRows: Bool,
        definitions: [UInt8], shapes: ShapeTable
    ) throws(FormatError) -> LogFrame {
        var reader = ByteReader(bytes, LogFormat.frameHeaderBytes..<bytes.count)
        var frame = LogFrame(
            firstIndex: header.firstIndex, rowCount: Int(header.rows), rows: nil,
            definitions: definitions, states: [], gaps: [], offset: Int(header.offset),
            length: header.length)
        var senders: [String] = []
        do {
            let digestCount = try reader.u8()
            guard digestCount == 0 || digestCount == 32 else {
                throw FormatError("a digest of \(digestCount) bytes")
            }
            if digestCount > 0 { frame.definitions = try reader.array(Int(digestCount)) }
            try takeShapes(&reader, from: header.firstShape, into: shapes)
            for _ in 0..<(try reader.count()) { senders.append(try reader.countedText()) }
            for _ in 0..<(try reader.count(ofSize: SourceState.encodedBytesMin)) {
                frame.states.append(try SourceState(decoding: &reader))
            }
            for _ in 0..<(try reader.count(ofSize: Gap.encodedBytesMin)) {
                frame.gaps.append(try Gap(decoding: &reader))
            }
        } catch {
            throw FormatError(error)
        }
        if header.rows == 0 {
            guard reader.remaining == 0 else { throw FormatError("bytes behind the last section") }
            return frame
        }
        guard decodesRows else { return frame }
        guard let state = frame.states.first else { throw FormatError("rows without a source") }
        var records = RecordBatch(source: state.source)
        records.senders = senders
        records.position = state.position
        records.gaps = frame.gaps
        var batch = RowBatch(takingOver: records)
        try takeRows(bytes, reader.position, Int(header.rows), into: &batch)
        frame.rows = batch
        return frame
    }

    private mutating func takeShapes(
        _ reader: inout ByteReader, from first: UInt32, into table: ShapeTable
    ) throws {
        let count = try reader.count()
        guard Int(first) >= numbers.count,
            Int(first) + count <= FrameEncoder.shapesMax
        else {
            if count == 0 { return }
            throw FormatError("shapes out of order")
        }
        if count == 0 { return }
        // Numbers lost to damage: rows that use them cannot be read.
        while numbers.count < Int(first) {
            numbers.append(Self.unknown)
            layouts.appendUnknown()
        }
        for _ in 0..<count {
            let length = try reader.count()
            let end = reader.position + length
            let shape = try Shape(decoding: &reader)
            guard reader.position == end, layouts.text.count < Int(Int32.max) else {
                throw FormatError("a shape of another length than given")
            }
            numbers.append(table.intern(shape))
            layouts.append(shape)
        }
    }

    private func takeRows(
        _ bytes: Span<UInt8>, _ start: Int, _ count: Int, into batch: inout RowBatch
    ) throws(FormatError) {
        var cursor = RowCursor(at: start)
        guard count <= (bytes.count - start) / 5 else { throw FormatError("too few bytes") }
        var received = Int64(bitPattern: cursor.u64(bytes))
        batch.rows.reserveCapacity(count)
        batch.bytes.reserveCapacity(bytes.count * 2)
        for _ in 0..<count {
            let number = cursor.varint(bytes)
            guard number < UInt64(numbers.count), numbers[Int(number)] != Self.unknown else {
                throw FormatError("a row of an unknown shape")
            }
            let shape = Int(number)
            received &+= cursor.signedVarint(bytes)
            let time = received &+ cursor.signedVarint(bytes)
            let sender = cursor.varint(bytes)
            let flags = cursor.varint(bytes)
            guard sender < UInt64(batch.senders.count), flags <= UInt64(UInt32.max) else {
                throw FormatError("a row of an unknown sender")
            }
            let offset = batch.bytes.count
            let firstSlot = batch.slots.count
            let recordCount = try takeRecord(bytes, &cursor, shape, into: &batch)
            batch.rows.append(
                RowBatch.Row(
                    offset: UInt32(offset), count: UInt32(recordCount),
                    shape: numbers[shape], firstSlot: UInt32(firstSlot),
                    time: Timestamp(nanoseconds: time),
                    received: Timestamp(nanoseconds: received), sender: UInt32(sender),
                    flags: RowFlags(rawValue: UInt32(flags))))
        }
        guard !cursor.isBroken, cursor.position == bytes.count else {
            throw FormatError("rows do not end where the frame does")
        }
    }

    /// Puts the record of a row together from the literals of its shape and the slots, and the
    /// values beside it behind it.
    ///
    /// - Returns: bytes of the record.
    private func takeRecord(
        _ bytes: Span<UInt8>, _ cursor: inout RowCursor, _ shape: Int, into batch: inout RowBatch
    ) throws(FormatError) -> Int {
        let slotCount = layouts.slotCounts[shape]
        let firstSlot = batch.slots.count
        var total = layouts.fixedCounts[shape]
        for _ in 0..<slotCount {
            let length = cursor.varint(bytes)
            guard length <= UInt64(bytes.count) else { throw FormatError("a slot too long") }
            batch.slots.append(ByteRange(offset: 0, count: UInt32(length)))
            total += Int(length)
        }
        // Also ends what a few bytes of a hostile file might unfold to.
        guard !cursor.isBroken, batch.bytes.count + total <= Limits.logFrameBytesMax,
            total - layouts.fixedCounts[shape] <= bytes.count - cursor.position
        else { throw FormatError("rows longer than the frame") }
        let start = batch.bytes.count
        var recordCount = 0
        let recordSlots = layouts.recordSlotCounts[shape]
        let text = layouts.text.span
        var literal = layouts.firstLiterals[shape]
        batch.bytes.append(text, layouts.literals[literal])
        for slot in firstSlot..<firstSlot + slotCount {
            if slot == firstSlot + recordSlots { recordCount = batch.bytes.count - start }
            let length = Int(batch.slots[slot].count)
            batch.slots[slot].offset = UInt32(batch.bytes.count)
            batch.bytes.append(bytes, ByteRange(cursor.position..<cursor.position + length))
            cursor.position += length
            literal += 1
            batch.bytes.append(text, layouts.literals[literal])
        }
        return recordSlots == slotCount ? batch.bytes.count - start : recordCount
    }
}

/// Reads varints in a loop: what is wrong is remembered and asked for once for each row.
private struct RowCursor {
    var position: Int
    var isBroken = false

    init(at position: Int) { self.position = position }

    @inline(__always)
    mutating func varint(_ bytes: Span<UInt8>) -> UInt64 {
        if position < bytes.count, bytes[position] < 0x80 {
            position += 1
            return UInt64(bytes[position - 1])
        }
        return longVarint(bytes)
    }

    @inline(__always)
    mutating func signedVarint(_ bytes: Span<UInt8>) -> Int64 {
        let value = varint(bytes)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func u64(_ bytes: Span<UInt8>) -> UInt64 {
        var reader = ByteReader(bytes, position..<bytes.count)
        guard let value = try? reader.u64() else {
            isBroken = true
            return 0
        }
        position = reader.position
        return value
    }

    private mutating func longVarint(_ bytes: Span<UInt8>) -> UInt64 {
        var reader = ByteReader(bytes, position..<bytes.count)
        guard let value = try? reader.varint() else {
            isBroken = true
            return 0
        }
        position = reader.position
        return value
    }
}
