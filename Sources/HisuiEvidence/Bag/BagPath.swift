/// Paths inside a bag, as the profile of Hisui has them.
///
/// Parts of `A-Z a-z 0-9 . _ -`, joined by `/`; no part begins with a dot. So a path from a
/// manifest can name nothing outside the bag, needs no escaping (RFC 8493 §2.1.3) and means the
/// same on every system that the bag may be carried to.
public enum BagPath {
    /// Bytes of a path, and parts of it: far more than any bundle needs.
    static let bytesMax = 255
    static let depthMax = 8

    public static func isValid(_ path: some StringProtocol) -> Bool {
        guard (1...bytesMax).contains(path.utf8.count) else { return false }
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count <= depthMax
            && parts.allSatisfy { part in
                !part.isEmpty && part.first != UInt8(ascii: ".") && part.allSatisfy(isPlain)
            }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
