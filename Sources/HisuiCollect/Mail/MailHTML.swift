import HisuiBytes

/// The words of a part in HTML, for messages that have no other text.
///
/// No reader of HTML: marks go, ends of blocks are ends of lines, and what no person sees
/// (`style`, `script`, comments) goes with them.
enum MailHTML {
    /// - Returns: UTF-8.
    /// - Complexity: O(n).
    static func text(of html: [UInt8], charset: String) -> [UInt8] {
        let html = MailText.decoded(html[...], charset: charset)
        var text: [UInt8] = []
        var at = 0
        while at < html.count {
            guard html[at] == 0x3C else {
                let end = ByteSearch.first(of: 0x3C, in: html.span, at..<html.count) ?? html.count
                appendWords(html[at..<end], to: &text)
                at = end
                continue
            }
            let close = ByteSearch.first(of: 0x3E, in: html.span, at..<html.count) ?? html.count
            let mark = html[(at + 1)..<close]
            at = min(close + 1, html.count)
            if mark.starts(with: "!--".utf8) {
                // The mark may end within the comment.
                let start = mark.startIndex + 3
                at = end(of: "-->", in: html, from: min(start, html.count)) ?? html.count
                continue
            }
            let name = mark.prefix { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
                .map(ByteSearch.lowered)
            switch String(decoding: name, as: UTF8.self) {
            case "style", "script", "head", "title":
                let closing = "</" + String(decoding: name, as: UTF8.self)
                at = end(of: closing, in: html, from: at) ?? html.count
                at =
                    ByteSearch.first(of: 0x3E, in: html.span, at..<html.count).map { $0 + 1 }
                    ?? html.count
            case "br", "br/", "/p", "/div", "/tr", "/li", "/h1", "/h2", "/h3", "/table":
                text.append(0x0A)
            case "/td", "/th": text.append(0x20)
            default: break
            }
        }
        return text
    }

    /// Behind the first `mark` from `start` on.
    private static func end(of mark: String, in html: [UInt8], from start: Int) -> Int? {
        let mark = Array(mark.utf8)
        return ByteSearch.firstIgnoringCase(of: mark.span, in: html.span, start..<html.count)
            .map { $0 + mark.count }
    }

    /// Appends text with its references resolved; runs of blanks are one.
    private static func appendWords(_ piece: ArraySlice<UInt8>, to text: inout [UInt8]) {
        let piece = Array(piece)
        var decoded: [UInt8] = []
        XMLText.appendDecoded(piece.span, 0..<piece.count, to: &decoded)
        let hard = Array("&nbsp;".utf8)
        var at = 0
        while at < decoded.count {
            var byte = decoded[at]
            if byte == 0x26, decoded[at...].starts(with: hard) {
                byte = 0x20
                at += hard.count - 1
            }
            at += 1
            if byte > 0x20 {
                text.append(byte)
            } else if let last = text.last, last > 0x20 {
                text.append(0x20)
            }
        }
    }
}
