import HisuiBytes
import HisuiEvent

/// With which patterns a `FileCollector` has begun, and when; the position of a source that has the
/// collector's own name and no records.
///
/// It becomes durable behind the positions of the files that were there then. A file that fits one
/// of these patterns and has no position came later, so nothing of it is skipped, whatever became
/// of the daemon before its first record was stored; nor of those that took its place and were
/// rotated away before anybody looked.
///
///     version   u8 = 3
///     count     u16, at most `Limits.pathsPerSourceMax`
///     count ×
///       pattern   u64: hash of its text; ascending, none twice
///       begun     i64: nanoseconds since 1970, by the clock that files are dated with
///
/// Integers are little-endian. Anything else is refused as a whole.
package struct FileBeginning: Hashable, Sendable {
    /// When each pattern began, by its hash.
    package private(set) var patterns: [UInt64: Int64] = [:]

    /// The patterns as they began with `before`, and now those that it has not.
    ///
    /// - Precondition: at most `Limits.pathsPerSourceMax` patterns.
    init(_ patterns: [FilePattern], after before: FileBeginning?, now: Int64) {
        for pattern in patterns {
            self.patterns[pattern.hash] = before?.patterns[pattern.hash] ?? now
        }
        precondition(self.patterns.count <= Limits.pathsPerSourceMax)
    }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.appendLittleEndian(UInt16(patterns.count))
        for (hash, begun) in patterns.sorted(by: { $0.key < $1.key }) {
            bytes.appendLittleEndian(hash)
            bytes.appendLittleEndian(UInt64(bitPattern: begun))
        }
        return bytes
    }

    /// Reads a position; nil if it is none.
    package init?(_ bytes: Span<UInt8>) {
        do throws(ByteReader.Short) {
            var reader = ByteReader(bytes)
            guard try reader.u8() == Self.version else { return nil }
            let count = Int(try reader.u16())
            guard count <= Limits.pathsPerSourceMax else { return nil }
            var last: UInt64?
            for _ in 0..<count {
                let hash = try reader.u64()
                if let last, hash <= last { return nil }
                patterns[hash] = Int64(bitPattern: try reader.u64())
                last = hash
            }
            guard reader.remaining == 0 else { return nil }
        } catch {
            return nil
        }
    }

    private static let version: UInt8 = 3
}
