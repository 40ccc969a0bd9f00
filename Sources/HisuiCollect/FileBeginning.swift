import HisuiBytes
import HisuiEvent

/// With which patterns a `FileCollector` that begins at the end of files has begun; the position of
/// a source that has the collector's own name and no records.
///
/// It becomes durable behind the positions of the files that were there then. A file that fits one
/// of these patterns and has no position came later, so nothing of it is skipped, whatever became
/// of the daemon before its first record was stored.
///
///     version   u8 = 2
///     count     u16, at most `Limits.pathsPerSourceMax`
///     count ×
///       pattern   u64: hash of its text; ascending, none twice
///
/// Integers are little-endian. Anything else is refused as a whole.
package struct FileBeginning: Hashable, Sendable {
    package private(set) var patterns: [UInt64] = []

    /// - Precondition: at most `Limits.pathsPerSourceMax` patterns.
    init(_ patterns: [FilePattern]) {
        self.patterns = Set(patterns.map(\.hash)).sorted()
        precondition(self.patterns.count <= Limits.pathsPerSourceMax)
    }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.appendLittleEndian(UInt16(patterns.count))
        for hash in patterns { bytes.appendLittleEndian(hash) }
        return bytes
    }

    /// Reads a position; nil if it is none.
    package init?(_ bytes: Span<UInt8>) {
        do throws(ByteReader.Short) {
            var reader = ByteReader(bytes)
            guard try reader.u8() == Self.version else { return nil }
            let count = Int(try reader.u16())
            guard count <= Limits.pathsPerSourceMax else { return nil }
            for _ in 0..<count {
                let hash = try reader.u64()
                if let before = patterns.last, hash <= before { return nil }
                patterns.append(hash)
            }
            guard reader.remaining == 0 else { return nil }
        } catch {
            return nil
        }
    }

    private static let version: UInt8 = 2
}
