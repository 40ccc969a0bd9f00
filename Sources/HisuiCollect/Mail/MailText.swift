import HisuiBytes

/// Text in messages: bytes with the name of a character set beside them, or without.
enum MailText {
    /// The text of `bytes` in UTF-8.
    ///
    /// A set that is not known is taken to be none. Without one, escape sequences say ISO-2022-JP,
    /// what is UTF-8 is UTF-8, and the rest is CP932: what Japanese programs write who say nothing.
    ///
    /// - Complexity: O(n).
    static func decoded(_ bytes: ArraySlice<UInt8>, charset: String) -> [UInt8] {
        let text = Array(bytes)
        var out: [UInt8] = []
        encoding(of: text, charset: charset)
            .appendText(text.span, 0..<text.count, to: &out)
        return out
    }

    static func encoding(of text: [UInt8], charset: String) -> TextEncoding {
        if let named = TextEncoding(name: charset) { return named }
        if text.contains(0x1B) { return .iso2022JP }
        return UTF8Text.isValid(text.span, 0..<text.count) ? .utf8 : .cp932
    }

    /// The value of a field, its encoded words (`=?iso-2022-jp?B?…?=`, RFC 2047) decoded.
    ///
    /// Words that follow each other and have one set and form are put together before they are
    /// decoded: some programs cut within a character.
    ///
    /// - Complexity: O(n).
    static func decodedWords(_ value: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var pending: (charset: String, bytes: [UInt8]) = ("", [])
        var at = 0
        var plain = 0
        func flush() {
            if !pending.bytes.isEmpty {
                out += decoded(pending.bytes[...], charset: pending.charset)
            }
            pending = ("", [])
        }
        while at < value.count {
            guard value[at] == 0x3D, let word = EncodedWord(value, at) else {
                at += 1
                continue
            }
            let between = value[plain..<at]
            // Blanks between words are none.
            if pending.bytes.isEmpty || !between.allSatisfy({ $0 <= 0x20 }) {
                flush()
                out += decoded(between, charset: "")
            } else if pending.charset != word.charset {
                flush()
            }
            pending.charset = word.charset
            pending.bytes += word.bytes
            at = word.end
            plain = at
        }
        flush()
        return out + decoded(value[plain...], charset: "")
    }

    /// One encoded word.
    private struct EncodedWord {
        let charset: String
        let bytes: [UInt8]
        /// Behind `?=`.
        let end: Int

        init?(_ value: [UInt8], _ start: Int) {
            guard value.count - start > 6, value[start + 1] == 0x3F else { return nil }
            // A word has 75 characters; programs write longer ones.
            let limit = min(value.count, start + 1024)
            let head = min(value.count, start + 80)
            var marks: [Int] = []
            var at = start + 2
            while at < head, marks.count < 2, value[at] > 0x20 {
                if value[at] == 0x3F { marks.append(at) }
                at += 1
            }
            guard marks.count == 2, marks[1] == marks[0] + 2 else { return nil }
            while at < limit, value[at] != 0x3F { at += 1 }
            guard at + 1 < value.count, value[at] == 0x3F, value[at + 1] == 0x3D else { return nil }
            var bytes: [UInt8] = []
            switch ByteSearch.lowered(value[marks[0] + 1]) {
            case 0x62: MailBody.appendBase64(value[(marks[1] + 1)..<at], to: &bytes)
            case 0x71:
                let text = value[(marks[1] + 1)..<at].map { $0 == 0x5F ? 0x20 : $0 }
                MailBody.appendUnescaped(text[...], mark: 0x3D, to: &bytes)
            default: return nil
            }
            // RFC 2231 §5: a language may stand behind the set.
            charset = String(
                decoding: value[(start + 2)..<marks[0]].prefix { $0 != 0x2A }, as: UTF8.self)
            self.bytes = bytes
            end = at + 2
        }
    }
}
