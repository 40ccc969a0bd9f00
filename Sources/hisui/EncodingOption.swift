import HisuiBytes

/// How the bytes of lines become text, as a person names it.
enum EncodingOption {
    /// - Parameter ofLines: refuses UTF-16, whose lines do not end with the byte 0A.
    static func resolve(_ name: String, ofLines: Bool = false) throws(Failure) -> TextEncoding {
        if let encoding = TextEncoding(name: name) {
            if !ofLines || encoding.unitBytes == 1 { return encoding }
            throw Failure(
                .usage,
                say(
                    "lines in '\(name)' are read by `hisui import` only",
                    "文字コード '\(name)' の行は hisui import だけが読み取れます"))
        }
        let names = TextEncoding.names.joined(separator: ", ")
        if TextEncoding.missingNames.contains(name.lowercased()) {
            throw Failure(
                .usage,
                say(
                    "this version does not read '\(name)' yet; there are \(names)",
                    "文字コード '\(name)' にはまだ対応していません（対応: \(names)）"))
        }
        throw Failure(
            .usage,
            say(
                "no encoding is called '\(name)'; there are \(names)",
                "文字コード '\(name)' はありません（対応: \(names)）"))
    }
}
