import HisuiBytes

/// Decoding one character of bytes that may be no valid text.
enum Scalars {
    /// The character that begins at `range.lowerBound`, and its length; nil where the bytes are no
    /// UTF-8.
    ///
    /// - Precondition: `range` is not empty.
    @inline(__always)
    static func first(in bytes: Span<UInt8>, _ range: Range<Int>) -> (UnicodeScalar?, Int) {
        let start = range.lowerBound
        let byte = bytes[start]
        if byte < 0x80 { return (UnicodeScalar(byte), 1) }
        let (count, scalar) = UTF8Text.character(bytes, range)
        return (scalar.flatMap(UnicodeScalar.init), count)
    }

    /// The character that ends at `range.upperBound`; nil where the bytes are no UTF-8.
    ///
    /// - Precondition: `range` is not empty.
    static func last(in bytes: Span<UInt8>, _ range: Range<Int>) -> UnicodeScalar? {
        var start = range.upperBound - 1
        while start > range.lowerBound, range.upperBound - start < 4, bytes[start] & 0xC0 == 0x80 {
            start -= 1
        }
        let (scalar, length) = first(in: bytes, start..<range.upperBound)
        return start + length == range.upperBound ? scalar : nil
    }
}

/// What LogsQL calls a word: a run of letters, digits and `_`.
///
/// Scripts written without spaces between words (Chinese characters, kana) are the exception:
/// their characters are no part of words but stand each for itself, so that text in them is found
/// anywhere, and `error` is found in エラーerror発生.
enum WordCharacter {
    private static let ascii: InlineArray<128, Bool> = {
        var table = InlineArray<128, Bool>(repeating: false)
        for byte in 0..<128 {
            let isDigit = byte >= 0x30 && byte <= 0x39
            let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
            table[byte] = isDigit || (isLetter && byte >= 0x41) || byte == 0x5F
        }
        return table
    }()

    /// Whether `scalar` is part of a word.
    @inline(__always)
    static func isWord(_ scalar: UnicodeScalar) -> Bool {
        if scalar.value < 128 { return ascii[Int(scalar.value)] }
        return !isUnspaced(scalar) && isLetterOrDigit(scalar)
    }

    static func isLetterOrDigit(_ scalar: UnicodeScalar) -> Bool {
        if scalar.value < 128 { return ascii[Int(scalar.value)] }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber:
            return true
        default: return false
        }
    }

    /// Whether `scalar` belongs to a script that is written without spaces between words.
    static func isUnspaced(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.value {
        case 0..<0x2E80: false
        // Radicals, iteration marks, kana, Bopomofo, kana extensions, Chinese characters.
        case 0x2E80...0x2FDF, 0x3005...0x3007, 0x3021...0x3029, 0x3031...0x3035,
            0x3038...0x303B, 0x3040...0x312F, 0x31A0...0x31BF, 0x31F0...0x31FF,
            0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0xFF66...0xFF9F,
            0x1_B000...0x1_B16F, 0x2_0000...0x3_FFFF:
            true
        default: false
        }
    }

    /// Whether any character of `bytes` belongs to such a script.
    static func hasUnspaced(_ bytes: [UInt8]) -> Bool {
        String(decoding: bytes, as: UTF8.self).unicodeScalars.contains(where: isUnspaced)
    }
}
