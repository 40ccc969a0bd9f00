/// What a value of a rule looks like, by the specification alone: readable and slow.
///
/// Shares nothing with the engine.
enum NaivePattern {
    enum Element: Equatable {
        case scalar(Unicode.Scalar)
        /// `?`
        case one
        /// `*`
        case any
        /// Any of the five dashes.
        case dash
    }

    static let dashes: [Unicode.Scalar] = ["-", "/", "–", "—", "―"]

    /// `*` and `?` are wildcards, `\*`, `\?` and `\\` are not, any other backslash is itself.
    static func read(_ text: String) -> [Element] {
        var out: [Element] = []
        var rest = Array(text.unicodeScalars)[...]
        while let first = rest.popFirst() {
            if first == "\\", let next = rest.first, ["*", "?", "\\"].contains(next) {
                out.append(.scalar(next))
                rest.removeFirst()
            } else if first == "*" {
                out.append(.any)
            } else {
                out.append(first == "?" ? .one : .scalar(first))
            }
        }
        return out
    }

    /// A dash stands for all five where it begins a word: behind no letter or digit, before one.
    static func interchangingDashes(_ pattern: [Element]) -> [Element] {
        func isWord(_ element: Element) -> Bool {
            guard case .scalar(let scalar) = element else { return false }
            return scalar == "_" || scalar.properties.isAlphabetic
                || scalar.properties.numericType != nil
        }
        return pattern.indices.map { at in
            guard case .scalar(let scalar) = pattern[at], dashes.contains(scalar),
                at == 0 || !isWord(pattern[at - 1]),
                at + 1 < pattern.count, isWord(pattern[at + 1])
            else { return pattern[at] }
            return .dash
        }
    }

    /// Every text that a pattern without wildcards means.
    static func texts(_ pattern: [Element]) -> [String] {
        var texts = [""]
        for element in pattern {
            switch element {
            case .scalar(let scalar): texts = texts.map { $0 + String(scalar) }
            case .dash: texts = texts.flatMap { text in dashes.map { text + String($0) } }
            case .one, .any: return []
            }
        }
        return texts
    }

    static func fits(_ pattern: [Element], _ value: String, isCased: Bool) -> Bool {
        fits(folded(pattern, isCased: isCased), folded(value, isCased: isCased))
    }

    private static func folded(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        Array(scalar.properties.lowercaseMapping.unicodeScalars)
    }

    static func folded(_ value: String, isCased: Bool) -> [Unicode.Scalar] {
        isCased ? Array(value.unicodeScalars) : value.unicodeScalars.flatMap(folded)
    }

    static func folded(_ pattern: [Element], isCased: Bool) -> [Element] {
        if isCased { return pattern }
        return pattern.flatMap { element -> [Element] in
            guard case .scalar(let scalar) = element else { return [element] }
            return folded(scalar).map { .scalar($0) }
        }
    }

    /// Whether a value fits, both being folded already.
    static func fits(_ pattern: [Element], _ value: [Unicode.Scalar]) -> Bool {
        fits(pattern[...], value[...])
    }

    private static func fits(
        _ pattern: ArraySlice<Element>, _ value: ArraySlice<Unicode.Scalar>
    ) -> Bool {
        guard let first = pattern.first else { return value.isEmpty }
        let rest = pattern.dropFirst()
        if first == .any {
            if rest.isEmpty { return true }
            var value = value
            while true {
                if fits(rest, value) { return true }
                if value.popFirst() == nil { return false }
            }
        }
        guard let scalar = value.first else { return false }
        switch first {
        case .scalar(let wanted): guard wanted == scalar else { return false }
        case .dash: guard dashes.contains(scalar) else { return false }
        case .one, .any: break
        }
        return fits(rest, value.dropFirst())
    }
}

/// Base64 by its definition: six bits a letter.
enum NaiveBase64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    private static func bits(_ bytes: [UInt8]) -> [Int] {
        bytes.flatMap { byte in (0..<8).reversed().map { Int(byte >> $0) & 1 } }
    }

    static func encode(_ bytes: [UInt8]) -> String {
        var bits = bits(bytes)
        while bits.count % 6 != 0 { bits.append(0) }
        var text = ""
        for at in stride(from: 0, to: bits.count, by: 6) {
            text.append(alphabet[bits[at..<at + 6].reduce(0) { $0 * 2 + $1 }])
        }
        while text.count % 4 != 0 { text += "=" }
        return text
    }

    /// The letters all of whose bits are those of `bytes`, so many others standing before them.
    static func inside(_ bytes: [UInt8], after count: Int) -> String {
        let bits = [Int?](repeating: nil, count: count * 8) + bits(bytes)
        var text = ""
        for at in stride(from: 0, to: bits.count, by: 6) where at + 6 <= bits.count {
            let six = bits[at..<at + 6].compactMap { $0 }
            if six.count == 6 { text.append(alphabet[six.reduce(0) { $0 * 2 + $1 }]) }
        }
        return text
    }
}

/// UTF-16 by its definition.
enum NaiveUTF16 {
    static func encode(_ text: String, _ modifier: String) -> [UInt8] {
        let units = Array(text.utf16)
        switch modifier {
        case "utf16be": return units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        case "utf16": return [0xFF, 0xFE] + encode(text, "wide")
        default: return units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        }
    }
}
