import Glibc
import HisuiBytes

/// SHA-256 of a file as it is on disk, and of its beginning.
public struct FileDigest {
    /// All 32 bytes.
    let bytes: [UInt8]
    let size: UInt64
    /// For each length that was asked for and is not longer than the file, the first bytes of the
    /// digest of as much.
    private(set) var prefixes: [UInt64: UInt64] = [:]

    /// The first 8 bytes.
    var short: UInt64 { Self.short(bytes) }

    /// SHA-256 of a file as it is on disk; nil if it cannot be read.
    public static func sha256(_ path: String) -> [UInt8]? {
        FileDigest(path, lengths: [], until: StopSignal())?.bytes
    }

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - lengths: of beginnings that are of interest.
    ///   - stop: ends the reading.
    /// - Returns: nil, and `errno`, if it cannot be read.
    init?(_ path: String, lengths: Set<UInt64>, until stop: StopSignal) {
        // Safe: the path is passed as a terminated copy.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var done: UInt64 = 0
        var wanted = lengths.sorted()
        while true {
            if stop.isRaised {
                errno = EINTR
                return nil
            }
            // Safe: the call writes at most the buffer's size.
            let count = unsafe read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            if count == 0 { break }
            var at = 0
            while let next = wanted.first, next <= done + UInt64(count) {
                let end = Int(next - done)
                let piece = buffer
                hash.update(piece.span.extracting(at..<end))
                at = end
                prefixes[next] = Self.short(hash.finish())
                wanted.removeFirst()
            }
            let piece = buffer
            hash.update(piece.span.extracting(at..<count))
            done += UInt64(count)
        }
        bytes = hash.finish()
        size = done
    }

    static func short(_ digest: [UInt8]) -> UInt64 {
        var value: UInt64 = 0
        for i in (0..<8).reversed() { value = value << 8 | UInt64(digest[i]) }
        return value
    }
}
