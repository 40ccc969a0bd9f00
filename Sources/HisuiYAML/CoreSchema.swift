/// The types that YAML 1.2's core schema (§10.3.2) gives to values, tags aside.
enum CoreType {
    case null, bool, int, float, string, sequence, mapping
}

extension YAMLNode {
    /// - Complexity: O(length of the text).
    var coreType: CoreType {
        switch kind {
        case .sequence: return .sequence
        case .mapping: return .mapping
        case .scalar(_, isPlain: false): return .string
        case .scalar(let text, isPlain: true):
            switch text {
            case "", "~", "null", "Null", "NULL": return .null
            case "true", "True", "TRUE", "false", "False", "FALSE": return .bool
            case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
                ".nan", ".NaN", ".NAN":
                return .float
            default: return CoreType.ofNumber(Array(text.utf8)) ?? .string
            }
        }
    }
}

extension CoreType {
    /// `.int`, `.float`, or nil when the bytes are no number.
    ///
    ///     int     [-+]? [0-9]+   |   0o [0-7]+   |   0x [0-9a-fA-F]+
    ///     float   [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
    static func ofNumber(_ bytes: [UInt8]) -> CoreType? {
        if bytes.count > 2, bytes[0] == UInt8(ascii: "0") {
            let digits = bytes[2...]
            if bytes[1] == UInt8(ascii: "o") {
                return digits.allSatisfy { $0 >= 0x30 && $0 < 0x38 } ? .int : nil
            }
            if bytes[1] == UInt8(ascii: "x") {
                return digits.allSatisfy(isHexDigit) ? .int : nil
            }
        }
        var at = 0
        func skipSign() {
            if at < bytes.count, bytes[at] == 0x2B || bytes[at] == 0x2D { at += 1 }
        }
        func skipDigits() -> Int {
            let start = at
            while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { at += 1 }
            return at - start
        }
        skipSign()
        let whole = skipDigits()
        if at == bytes.count { return whole > 0 ? .int : nil }
        if bytes[at] == UInt8(ascii: ".") {
            at += 1
            if skipDigits() == 0, whole == 0 { return nil }
        } else if whole == 0 {
            return nil
        }
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            skipSign()
            if skipDigits() == 0 { return nil }
        }
        return at == bytes.count ? .float : nil
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66)
    }
}
