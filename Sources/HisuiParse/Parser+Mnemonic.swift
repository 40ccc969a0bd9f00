import HisuiBytes
import HisuiEvent
import HisuiShape

/// Messages of Cisco's devices whose beginning a relay has taken for the program:
///
///     <166>1 2026-11-27T10:00:00+09:00 fw1 %ASA-6-605005 - - - Login permitted from …
///                                          ▲            ▲─────▲
///                                          the message begins here, and this is `: ` for the rules
///
/// rsyslog does so with what a device sends as `%ASA-6-605005: Login permitted …`. Rules see it as
/// the device sent it; the record keeps its bytes, and so does `message`, which begins with the
/// `%`.
extension Parser {
    /// Parses such a record, whose header has been read; false, and nothing changed, if it is none,
    /// or no rule knows the message.
    @inline(never)
    mutating func parseMnemonic(
        _ record: Span<UInt8>, _ given: SyslogHeader, _ form: RecordForm, _ row: inout RowBatch.Row
    ) -> Bool {
        guard let app = given.program, let last = scratch.slots.last, last.range == app,
            SyslogHeader.isMnemonic(record, app),
            ByteSearch.equal(record, app.upperBound..<given.dataStart + 1, Self.nothing.span)
        else { return false }
        let start = Token.skipBlanks(record, given.messageStart)
        guard start < record.count else { return false }
        var text: [UInt8] = []
        swap(&text, &decoded)
        defer { swap(&text, &decoded) }
        text.removeAll(keepingCapacity: true)
        text.append(record, ByteRange(0..<app.upperBound))
        text.append(contentsOf: [0x3A, 0x20])
        text.append(record, ByteRange(start..<record.count))
        guard isKnown(text.span, from: app.lowerBound, form) else { return false }
        anchors.removeAll(keepingCapacity: true)
        for (byte, place) in [
            (0, 0), (app.upperBound, app.upperBound), (start, app.upperBound + 2),
            (record.count, text.count),
        ] {
            anchors.append(TextEncoding.Anchor(byte: UInt32(byte), text: UInt32(place)))
        }
        var header = given
        header.program = nil
        header.messageStart = app.lowerBound
        scratch.truncate(to: scratch.slots.count - 1)
        var layout = RowLayout(form: form)
        layout.isReworded = true
        parseBehind(header, of: text.span, record, layout, nil, &row)
        return true
    }

    /// What stands between the name of a program and the message where the header says no more.
    private static let nothing = [UInt8](" - - -".utf8)
}
