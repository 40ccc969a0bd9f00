import HisuiBytes
import HisuiFile

/// Where a file is, whatever rotation and compression call it: the hash of its folder and of its
/// name without their endings.
///
///     /var/log/messages   /var/log/messages.2.gz   /var/log/messages-20261126.zst   the same
enum FilePlace {
    private static let compressions = [".gz", ".zst"]

    /// - Parameter path: of a file that exists.
    static func hash(_ path: String) -> UInt32 {
        let bytes = Array(stem((Path.resolved(path) ?? path)[...]).utf8)
        return UInt32(truncatingIfNeeded: Hash64.of(bytes.span))
    }

    /// The path without the endings of compression and rotation.
    static func stem(_ path: Substring) -> Substring {
        for ending in compressions where path.hasSuffix(ending) {
            return stem(path.dropLast(ending.count))
        }
        let end = path.utf8.lastIndex { !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0) }
        guard let end, path.utf8.index(after: end) < path.utf8.endIndex,
            path.utf8[end] == UInt8(ascii: ".") || path.utf8[end] == UInt8(ascii: "-"),
            end > path.utf8.startIndex, path.utf8[path.utf8.index(before: end)] != UInt8(ascii: "/")
        else { return path }
        return stem(path[..<end])
    }
}
