import HisuiEvent

/// Makes source ids out of paths and addresses.
public enum SourceID {
    /// `kind:place`, with every byte a source id may not have replaced by `_`.
    ///
    /// A place that had to be changed or shortened gets a hash of its true bytes at the end, so
    /// that two places never share an id.
    public static func make(_ kind: String, _ place: String) -> String {
        var text: [UInt8] = Array(kind.utf8)
        text.append(UInt8(ascii: ":"))
        var changed = false
        for byte in place.utf8 {
            let allowed = isAllowed(byte)
            text.append(allowed ? byte : UInt8(ascii: "_"))
            if !allowed { changed = true }
        }
        if text.count > Limits.sourceIDBytesMax {
            changed = true
            text.removeLast(text.count - (Limits.sourceIDBytesMax - 17))
        }
        if changed {
            if text.count > Limits.sourceIDBytesMax - 17 {
                text.removeLast(text.count - (Limits.sourceIDBytesMax - 17))
            }
            text.append(UInt8(ascii: "-"))
            let hash = String(stableHash(place), radix: 16)
            text.append(contentsOf: String(repeating: "0", count: 16 - hash.utf8.count).utf8)
            text.append(contentsOf: hash.utf8)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether a name that a person chose may be an id.
    public static func isValid(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= Limits.sourceIDBytesMax
            && name.utf8.allSatisfy(isAllowed)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "/"),
            UInt8(ascii: "@"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// FNV-1a: ids are stored for years, so their hash must never change with anything else.
    private static func stableHash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return hash
    }
}
