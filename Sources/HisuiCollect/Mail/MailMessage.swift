import HisuiBytes
import HisuiEvent

/// A message taken apart: its head, its text, and where its attachments are.
///
/// MIME as RFC 2045 to 2047 have it, read as widely as programs write it. Nothing is refused:
/// any bytes at all are a message.
package struct MailMessage {
    package struct Attachment {
        /// Without directories; in UTF-8, empty where it has none.
        var name: [UInt8]
        /// `text/csv`.
        var type: [UInt8]
        /// The character set that the part names; empty for none.
        var charset: String
        /// In lower case.
        var transfer: [UInt8]
        /// Of the message's bytes.
        var range: Range<Int>
    }

    let bytes: [UInt8]
    let fields: MailFields
    /// The first part that is text, in UTF-8; HTML only where there is no other.
    private(set) var text: [UInt8] = []
    package private(set) var attachments: [Attachment] = []
    /// Something is missing or too much: a part does not end, parts nest too deep, or there are
    /// more than `Limits.mailPartsMax`.
    private(set) var isOdd = false

    private var html: Attachment?
    private var parts = 0

    /// - Complexity: O(bytes × depth), the depth being `Limits.mailDepthMax` at most.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var start = 0
        // The line that stands before each message of an mbox file.
        if bytes.starts(with: "From ".utf8) { start = MailLine(bytes, 0..<bytes.count).next }
        fields = MailFields(bytes, start..<bytes.count)
        take(fields, fields.end..<bytes.count, depth: 0)
        if text.isEmpty, let html {
            text = MailHTML.text(of: content(of: html), charset: html.charset)
        }
    }

    /// What an attachment contains.
    ///
    /// - Complexity: O(its bytes).
    package func content(of attachment: Attachment) -> [UInt8] {
        var content: [UInt8] = []
        MailBody.append(bytes[attachment.range], transfer: attachment.transfer, to: &content)
        return content
    }

    private mutating func take(_ fields: MailFields, _ range: Range<Int>, depth: Int) {
        parts += 1
        guard parts <= Limits.mailPartsMax, depth <= Limits.mailDepthMax else {
            isOdd = true
            return
        }
        let type = MailParameters(fields.value("content-type") ?? Array("text/plain".utf8))
        let disposition = MailParameters(fields.value("content-disposition") ?? [])
        let transfer = fields.value("content-transfer-encoding") ?? []
        var part = Attachment(
            name: [], type: type.word,
            charset: String(decoding: type.text("charset") ?? [], as: UTF8.self),
            transfer: transfer.map(ByteSearch.lowered), range: range)
        part.name = Self.name(disposition.text("filename") ?? type.text("name") ?? [])
        if type.word.starts(with: "multipart/".utf8), let boundary = type.text("boundary"),
            !boundary.isEmpty
        {
            return takeParts(range, boundary, depth)
        }
        let isPlain = part.transfer.isEmpty || !part.transfer.starts(with: "base64".utf8)
        if type.word.elementsEqual("message/rfc822".utf8), isPlain {
            let inner = MailFields(bytes, range)
            return take(inner, inner.end..<range.upperBound, depth: depth + 1)
        }
        let isAttached = disposition.word.elementsEqual("attachment".utf8) || !part.name.isEmpty
        if !isAttached, type.word.elementsEqual("text/plain".utf8) {
            if text.isEmpty {
                text = MailText.decoded(content(of: part)[...], charset: part.charset)
            }
        } else if !isAttached, type.word.elementsEqual("text/html".utf8) {
            if html == nil { html = part }
        } else {
            attachments.append(part)
        }
    }

    private mutating func takeParts(_ range: Range<Int>, _ boundary: [UInt8], _ depth: Int) {
        let mark = [0x2D, 0x2D] + boundary
        var at = range.lowerBound
        var start: Int?
        // The end of the line before belongs to the mark.
        var before = at
        while at < range.upperBound {
            let line = MailLine(bytes, at..<range.upperBound)
            let content = bytes[line.content]
            if content.starts(with: mark) {
                let rest = MailFields.trimmed(content[(content.startIndex + mark.count)...])
                let isLast = rest.elementsEqual("--".utf8)
                if isLast || rest.isEmpty {
                    if let start { takePart(start..<max(start, before), depth) }
                    start = isLast ? nil : line.next
                    if isLast { return }
                }
            }
            before = line.content.upperBound
            at = line.next
        }
        isOdd = true
        if let start { takePart(start..<range.upperBound, depth) }
    }

    private mutating func takePart(_ range: Range<Int>, _ depth: Int) {
        guard parts <= Limits.mailPartsMax else { return }
        let head = MailFields(bytes, range)
        take(head, min(head.end, range.upperBound)..<range.upperBound, depth: depth + 1)
    }

    /// The last part of a path, of either kind of separator.
    private static func name(_ path: [UInt8]) -> [UInt8] {
        let name =
            path.lastIndex { $0 == 0x2F || $0 == 0x5C }.map { path[($0 + 1)...] } ?? path[...]
        return Array(name.prefix(Limits.nameBytesMax))
    }
}
