import HisuiBytes

/// Width, case and the like as a person would list them, for the characters that the data has:
/// nothing of it comes from the engine's table.
enum NaiveFolding {
    /// Whether a phrase stands in a value, both folded.
    static func finds(_ text: [UInt8], in value: [UInt8], wholeEnd: Bool) -> Bool {
        let text = folded(text)
        let value = folded(value)
        if text.isEmpty { return value.isEmpty == wholeEnd }
        guard value.count >= text.count else { return false }
        let anywhere = scalars(text).contains(where: NaiveTest.isJapanese)
        return (0...value.count - text.count).contains { place in
            guard Array(value[place..<place + text.count]) == text else { return false }
            let before = scalars(value[..<place]).last { !isMark($0) }
            let after = scalars(value[(place + text.count)...]).first
            if let after, isMark(after) { return false }
            if anywhere { return true }
            if NaiveTest.isWord(scalars(text).first), NaiveTest.isWord(before) { return false }
            let last = scalars(text).last { !isMark($0) }
            return !(wholeEnd && NaiveTest.isWord(last) && NaiveTest.isWord(after))
        }
    }

    private static func scalars(_ text: some Collection<UInt8>) -> [UnicodeScalar] {
        Array(String(decoding: text, as: UTF8.self).unicodeScalars)
    }

    private static func isMark(_ scalar: UnicodeScalar) -> Bool {
        scalar.properties.canonicalCombiningClass != .notReordered
    }

    static func folded(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var at = 0
        while at < text.count {
            let (count, scalar) = UTF8Text.character(text.span, at..<text.count)
            if let scalar = scalar.flatMap(UnicodeScalar.init) {
                out += folded(scalar).utf8
            } else {
                out += text[at..<at + count]
            }
            at += count
        }
        return out
    }

    private static func folded(_ scalar: UnicodeScalar) -> String {
        if let known = pairs[scalar] { return known }
        switch scalar.value {
        case 0xFF01...0xFF5E:
            return UnicodeScalar(scalar.value - 0xFEE0).map { folded($0) } ?? ""
        case 0xFE00...0xFE0F, 0xE0100...0xE01EF: return ""
        default: return scalar.properties.lowercaseMapping
        }
    }

    /// What is written in two ways, by the first.
    private static let pairs: [UnicodeScalar: String] = {
        var pairs: [UnicodeScalar: String] = [
            "\u{3000}": " ", "〜": "~", "～": "~", "−": "-", "－": "-", "—": "-", "–": "-", "―": "-",
            "‐": "-", "㈱": "(株)", "①": "1", "②": "2", "③": "3", "é": "e\u{301}", "É": "e\u{301}",
            "…": "...", "№": "no", "℡": "tel", "∥": "‖", "∬": "∫∫", "\u{A0}": " ",
            "\u{FFE5}": "\u{A5}",
            "゛": " \u{3099}", "゜": " \u{309A}", "¨": " \u{308}", "´": " \u{301}", "ﾞ": "\u{3099}",
            "ﾟ": "\u{309A}", "µ": "μ", "￣": " \u{304}", "｡": "。", "｢": "「", "｣": "」", "､": "、",
            "･": "・",
        ]
        let half = "ｦｧｨｩｪｫｬｭｮｯｰｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝ"
        let full = "ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
        for (from, to) in zip(half.unicodeScalars, full.unicodeScalars) {
            pairs[from] = String(to)
        }
        for (voiced, plain, mark) in [
            ("ガギグゲゴザジズゼゾダヂヅデドバビブベボヴ", "カキクケコサシスセソタチツテトハヒフヘホウ", "\u{3099}"),
            ("がぎぐげござじずぜぞだぢづでどばびぶべぼ", "かきくけこさしすせそたちつてとはひふへほ", "\u{3099}"),
            ("パピプペポぱぴぷぺぽ", "ハヒフヘホはひふへほ", "\u{309A}"),
        ] {
            for (from, to) in zip(voiced.unicodeScalars, plain.unicodeScalars) {
                pairs[from] = String(to) + mark
            }
        }
        return pairs
    }()
}
