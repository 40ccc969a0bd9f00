import HisuiBytes
import HisuiEvent
import HisuiShape

/// Records whose text is not their own bytes.
extension Parser {
    /// Parses the text of a record that is not in UTF-8.
    ///
    /// Headers, rules and automatic shapes see UTF-8 only: so no second byte of a character is ever
    /// taken for a backslash or a bar. What they find is carried over to the record's bytes.
    mutating func parseEncoded(
        _ record: Span<UInt8>, _ form: RecordForm, _ row: inout RowBatch.Row
    ) {
        var text: [UInt8] = []
        swap(&text, &decoded)
        text.removeAll(keepingCapacity: true)
        if !current.decode(record, to: &text, anchors: &anchors) {
            row.flags.insert(.charsetLossy)
        }
        parseText(text.span, of: record, form, current, &row)
        swap(&text, &decoded)
    }

    /// Turns places in the text into places in the record; false if one lies inside a character.
    mutating func carryOver(_ message: inout Range<Int>, _ dataStart: inout Int) -> Bool {
        textSlots.removeAll(keepingCapacity: true)
        textSlots.append(contentsOf: scratch.slots)
        let unit = current.unitBytes
        for index in scratch.slots.indices {
            let range = scratch.slots[index].range
            guard let from = anchors.byte(ofText: range.lowerBound, unitBytes: unit),
                let to = anchors.byte(ofText: range.upperBound, unitBytes: unit)
            else { return false }
            scratch.slots[index] = ByteRange(from..<to)
        }
        guard let from = anchors.byte(ofText: message.lowerBound, unitBytes: unit),
            let to = anchors.byte(ofText: message.upperBound, unitBytes: unit),
            let data = anchors.byte(ofText: dataStart, unitBytes: unit)
        else { return false }
        message = from..<to
        dataStart = data
        return true
    }
}
