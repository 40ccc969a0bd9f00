public import HisuiEvent
import HisuiBytes
public import HisuiShape

/// A row as one line of JSON: what `hisui parse --format jsonl` prints for one line of input.
public enum ParsedLine {
    /// Appends one JSON object and a line feed.
    ///
    /// Members: `@timestamp` (RFC 3339, UTC, with as many digits as the record gives; null if no
    /// time is known at all), the fields under their dotted names, `message`, `hisui.parser` and
    /// `hisui.rule` (null where no rule knows the message), `hisui.flags`.
    ///
    /// - Parameter shape: the row's shape, from the table of the batch.
    public static func append(
        _ row: RowBatch.Row, of batch: borrowing RowBatch, shape: Shape, to out: inout [UInt8]
    ) {
        let first = Int(row.firstSlot)
        let slots = batch.slots[first..<first + shape.slots.count]
        let bytes = batch.bytes.span
        out.append(utf8: "{\"@timestamp\":")
        if row.time == .none {
            out.append(utf8: "null")
        } else {
            out.append(0x22)
            TimeText.appendRFC3339(
                nanoseconds: row.time.nanoseconds, offsetSeconds: 0,
                fractionDigits: digits(row, shape, slots, bytes), to: &out)
            out.append(0x22)
        }
        out.append(0x2C)
        shape.appendJSONMembers(slots: slots, of: bytes, to: &out)
        out.append(utf8: ",\"hisui.parser\":")
        append(name: shape.parser, to: &out)
        out.append(utf8: ",\"hisui.rule\":")
        append(name: shape.rule, to: &out)
        out.append(utf8: ",\"hisui.flags\":[")
        var isFirst = true
        for (bit, name) in RowFlags.names.enumerated()
        where row.flags.contains(RowFlags(rawValue: 1 << UInt32(bit))) {
            if !isFirst { out.append(0x2C) }
            isFirst = false
            JSONText.appendString(name, to: &out)
        }
        out.append(utf8: "]}\n")
    }

    private static func append(name: String, to out: inout [UInt8]) {
        if name.isEmpty {
            out.append(utf8: "null")
        } else {
            JSONText.appendString(name, to: &out)
        }
    }

    /// How many digits of the second's fraction are known.
    private static func digits(
        _ row: RowBatch.Row, _ shape: Shape, _ slots: ArraySlice<ByteRange>, _ bytes: Span<UInt8>
    ) -> Int {
        guard !row.flags.contains(.timeInferred),
            let slot = shape.slots.lastIndex(where: { $0.role == .time || $0.kind == .time })
        else {
            let nanoseconds = row.time.nanoseconds
            if nanoseconds % 1_000_000_000 == 0 { return 0 }
            if nanoseconds % 1_000_000 == 0 { return 3 }
            return nanoseconds % 1000 == 0 ? 6 : 9
        }
        // A label of TAI64N counts nanoseconds.
        if shape.slots[slot].kind == .word { return 9 }
        // The journal counts microseconds.
        if shape.slots[slot].kind == .integer { return 6 }
        let range = slots[slots.startIndex + slot].range
        var at = range.lowerBound
        while at < range.upperBound, bytes[at] != 0x2E, bytes[at] != 0x2C { at += 1 }
        var count = 0
        while at + 1 < range.upperBound, bytes[at + 1] &- 0x30 <= 9 {
            at += 1
            count += 1
        }
        return min(count, 9)
    }
}
