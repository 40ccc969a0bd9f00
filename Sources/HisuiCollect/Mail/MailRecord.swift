import HisuiBytes
import HisuiEvent

/// The records that a message itself gives: one, or one for each report in it.
///
///     {"mail":{"from":"県SOC <soc@pref.example>","from_address":"soc@pref.example",
///      "to":"…","date":"2026-11-28T10:00:00+09:00","subject":"…","message_id":"<…>",
///      "authentication":"mx.city.example; spf=pass …","attachments":["alerts.csv"],"text":"…"},
///      "items":{"検知日時":"2026/11/28 09:58:12","重要度":"高"}}
///
/// `items` are the lines `NAME: VALUE` of the text. A text in which the first name comes again has
/// several reports; each further one is a record of its own, with its number as `mail.part`, and
/// without the text.
package enum MailRecord {
    /// - Returns: objects of JSON, one line each.
    /// - Complexity: O(bytes of the message's head and text).
    package static func records(of message: borrowing MailMessage) -> [[UInt8]] {
        let reports = MailItems.reports(in: message.text)
        return reports.enumerated().map { number, items in
            var out = Array("{\"mail\":{".utf8)
            appendHead(of: message, to: &out)
            if number == 0 {
                appendText(of: message, to: &out)
            } else {
                out.append(utf8: ",\"part\":")
                out.appendDecimal(number + 1)
            }
            out.append(0x7D)
            if !items.isEmpty {
                out.append(utf8: ",\"items\":{")
                for (place, item) in items.enumerated() {
                    if place > 0 { out.append(0x2C) }
                    append(item.name[...], to: &out)
                    out.append(0x3A)
                    append(item.value[...], to: &out)
                }
                out.append(0x7D)
            }
            out.append(0x7D)
            return out
        }
    }

    private static func appendHead(of message: borrowing MailMessage, to out: inout [UInt8]) {
        let fields = message.fields
        let from = fields.text("from")
        out.append(utf8: "\"from\":")
        append(from[...], to: &out)
        out.append(utf8: ",\"from_address\":")
        append(address(in: fields.value("from") ?? []), to: &out)
        out.append(utf8: ",\"to\":")
        append(fields.text("to")[...], to: &out)
        out.append(utf8: ",\"date\":")
        append(date(fields.value("date") ?? [])[...], to: &out)
        out.append(utf8: ",\"subject\":")
        append(fields.text("subject")[...], to: &out)
        out.append(utf8: ",\"message_id\":")
        append((fields.value("message-id") ?? [])[...], to: &out)
        if let authentication = fields.value("authentication-results") {
            out.append(utf8: ",\"authentication\":")
            append(authentication[...], to: &out)
        }
    }

    private static func appendText(of message: borrowing MailMessage, to out: inout [UInt8]) {
        if !message.attachments.isEmpty {
            out.append(utf8: ",\"attachments\":[")
            for (place, attachment) in message.attachments.prefix(Limits.mailNamesMax).enumerated()
            {
                if place > 0 { out.append(0x2C) }
                append(attachment.name[...], most: 255, to: &out)
            }
            out.append(0x5D)
        }
        if message.isOdd { out.append(utf8: ",\"odd\":true") }
        out.append(utf8: ",\"text\":")
        append(message.text[...], most: Limits.mailTextBytesMax, to: &out)
        if message.text.count > Limits.mailTextBytesMax {
            out.append(utf8: ",\"truncated\":true")
        }
    }

    /// Appends a string of JSON, cut between characters.
    private static func append(
        _ value: ArraySlice<UInt8>, most: Int = Limits.mailValueBytesMax, to out: inout [UInt8]
    ) {
        var end = value.endIndex
        if value.count > most {
            end = value.startIndex + most
            while end > value.startIndex, value[end] & 0xC0 == 0x80 { end -= 1 }
        }
        let bytes = Array(value[..<end])
        JSONText.appendString(bytes.span, 0..<bytes.count, to: &out)
    }

    /// What stands between the last `<` and the `>` behind it, or all of the first address.
    static func address(in field: [UInt8]) -> ArraySlice<UInt8> {
        if let start = field.lastIndex(of: 0x3C) {
            let rest = field[(start + 1)...]
            return rest[..<(rest.firstIndex(of: 0x3E) ?? rest.endIndex)]
        }
        return MailFields.trimmed(field.prefix { $0 != 0x2C && $0 != 0x20 && $0 != 0x28 })
    }

    /// A date as RFC 5322 §3.3 has it, as RFC 3339; as it stands where it is none.
    static func date(_ field: [UInt8]) -> [UInt8] {
        var at = 0
        if let comma = field.firstIndex(of: 0x2C) { at = comma + 1 }
        while at < field.count, field[at] <= 0x20 { at += 1 }
        for format in formats {
            guard let found = format.read(field.span, at..<field.count),
                let offset = found.value.offsetSeconds,
                let time = found.value.nanoseconds(zone: .utc, received: 0)
            else { continue }
            var text: [UInt8] = []
            TimeText.appendRFC3339(
                nanoseconds: time, offsetSeconds: offset, fractionDigits: 0, to: &text)
            return text
        }
        return field
    }

    private static let formats = ["d MMM yyyy HH:mm:ss z", "d MMM yyyy HH:mm z"].compactMap {
        try? TimeFormat($0)
    }
}
