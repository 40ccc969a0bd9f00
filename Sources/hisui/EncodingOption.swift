import HisuiBytes

/// How the bytes of lines become text, as a person names it.
enum EncodingOption {
    static func resolve(_ name: String) throws(Failure) -> TextEncoding {
        if let encoding = TextEncoding(name: name) { return encoding }
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
