import HisuiBytes

/// A page that stands alone: one file, no script, nothing loaded from elsewhere, fit for paper.
struct HTMLText {
    private var body = ""
    private let language: ReportLanguage
    private let title: String

    init(title: String, language: ReportLanguage) {
        self.title = title
        self.language = language
    }

    /// Makes text harmless: what comes from outside stands here as text and as nothing else.
    static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes.append(utf8: "&amp;")
            case UInt8(ascii: "<"): bytes.append(utf8: "&lt;")
            case UInt8(ascii: ">"): bytes.append(utf8: "&gt;")
            case UInt8(ascii: "\""): bytes.append(utf8: "&quot;")
            case 0x0A: bytes.append(byte)
            case 0..<0x20, 0x7F: bytes.append(contentsOf: UTF8Text.replacement)
            default: bytes.append(byte)
            }
        }
        // Characters that turn the direction of text could make a line say something else.
        return String(decoding: bytes, as: UTF8.self).unicodeScalars.reduce(into: "") {
            switch $1.value {
            case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069:
                $0 += "\u{FFFD}"
            default: $0.unicodeScalars.append($1)
            }
        }
    }

    mutating func heading(_ text: String, _ level: Int = 2) {
        body += "<h\(level)>\(Self.escaped(text))</h\(level)>\n"
    }

    mutating func paragraph(_ text: String, class name: String = "") {
        let attribute = name.isEmpty ? "" : " class=\"\(name)\""
        body += "<p\(attribute)>\(Self.escaped(text))</p>\n"
    }

    mutating func list(_ items: [String]) {
        body += "<ul>\n" + items.map { "<li>\(Self.escaped($0))</li>\n" }.joined() + "</ul>\n"
    }

    mutating func code(_ text: String) { body += "<pre>\(Self.escaped(text))</pre>\n" }

    /// Names and what they are.
    mutating func facts(_ rows: [(String, String)]) {
        body += "<table class=\"facts\">\n"
        for (name, value) in rows {
            body += "<tr><th scope=\"row\">\(Self.escaped(name))</th>"
            body += "<td>\(Self.escaped(value))</td></tr>\n"
        }
        body += "</table>\n"
    }

    /// - Parameter numeric: columns that are set flush right.
    mutating func table(_ header: [String], _ rows: [[String]], numeric: Set<Int> = []) {
        func attribute(_ column: Int) -> String { numeric.contains(column) ? " class=\"n\"" : "" }
        body += "<table>\n<thead><tr>"
        for (column, cell) in header.enumerated() {
            body += "<th scope=\"col\"\(attribute(column))>\(Self.escaped(cell))</th>"
        }
        body += "</tr></thead>\n<tbody>\n"
        for row in rows {
            body += "<tr>"
            for (column, cell) in row.enumerated() {
                body += "<td\(attribute(column))>\(Self.escaped(cell))</td>"
            }
            body += "</tr>\n"
        }
        body += "</tbody>\n</table>\n"
    }

    /// The whole page.
    var bytes: [UInt8] {
        var page = "<!DOCTYPE html>\n<html lang=\"\(language.rawValue)\">\n<head>\n"
        page += "<meta charset=\"utf-8\">\n"
        page += "<meta http-equiv=\"Content-Security-Policy\" "
        page += "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        page += "<title>\(Self.escaped(title))</title>\n<style>\n\(Self.style)</style>\n"
        page += "</head>\n<body>\n<main>\n<h1>\(Self.escaped(title))</h1>\n"
        page += body + "</main>\n</body>\n</html>\n"
        return Array(page.utf8)
    }

    private static let style = """
        @page { size: A4; margin: 18mm 16mm; }
        :root { color-scheme: light; }
        body { margin: 0; background: #fff; color: #1c2321;
          font: 10.5pt/1.7 "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic UI",
          "Meiryo", "IPAexGothic", "Helvetica Neue", Arial, sans-serif; }
        main { max-width: 178mm; margin: 0 auto; padding: 12mm 6mm; }
        h1 { font-size: 17pt; line-height: 1.35; margin: 0 0 6mm; padding-bottom: 3mm;
          border-bottom: 2px solid #2f6b57; }
        h2 { font-size: 12.5pt; margin: 9mm 0 2.5mm; color: #2f6b57; break-after: avoid; }
        h3 { font-size: 10.5pt; margin: 5mm 0 1.5mm; break-after: avoid; }
        p { margin: 0 0 2.5mm; }
        p.verdict { font-size: 12pt; font-weight: 700; padding: 3mm 4mm; margin: 0 0 4mm;
          border-left: 4px solid #2f6b57; background: #eef5f1; }
        p.failed { border-left-color: #a3262a; background: #fbeeee; }
        p.note { font-size: 9pt; color: #47534e; }
        table { width: 100%; border-collapse: collapse; margin: 0 0 4mm; font-size: 9pt;
          line-height: 1.5; }
        th, td { padding: 1.1mm 2mm; text-align: left; vertical-align: top;
          border-bottom: 0.5px solid #c6d0cb; overflow-wrap: anywhere; }
        thead th { border-bottom: 1px solid #2f6b57; font-weight: 600; }
        thead { display: table-header-group; }
        tr { break-inside: avoid; }
        .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        table.facts th { width: 34%; font-weight: 600; }
        pre { font: 8.5pt/1.5 "Noto Sans Mono CJK JP", "DejaVu Sans Mono", Consolas, monospace;
          background: #f4f6f5; padding: 2.5mm 3mm; white-space: pre-wrap; overflow-wrap: anywhere; }
        ul { margin: 0 0 3mm; padding-left: 5mm; }
        li { margin: 0 0 1mm; }

        """
}
