import HisuiBytes
import HisuiEvent

/// A manifest of a bag (RFC 8493 §2.1.3): for each file its digest, a line each.
///
///     <digest in hexadecimal> <two spaces> <path> <line feed>
///
/// Which is what `sha256sum -c` reads too.
public struct BagManifest: Sendable {
    public enum Algorithm: String, Sendable, CaseIterable {
        case sha256
        case sha512

        var digestBytes: Int { self == .sha256 ? 32 : 64 }
    }

    /// A line that no manifest of Hisui has.
    public struct Malformed: Error, Hashable, Sendable {
        /// From 1.
        public var line: Int
        public var what: Bilingual
    }

    public private(set) var entries: [(path: String, digest: [UInt8])] = []

    public init() {}

    /// Reads a manifest from outside.
    public init(_ bytes: [UInt8], algorithm: Algorithm) throws(Malformed) {
        guard bytes.count <= Limits.bagManifestBytesMax else {
            throw Malformed(line: 0, what: Bilingual("the manifest is too large", "マニフェストが大きすぎます"))
        }
        guard bytes.last ?? 0x0A == 0x0A else {
            throw Malformed(
                line: 0, what: Bilingual("the last line does not end", "最終行が途中で終わっています"))
        }
        var seen: Set<String> = []
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
        for (number, line) in lines.enumerated() {
            guard let entry = Self.entry(line, algorithm) else {
                throw Malformed(
                    line: number + 1,
                    what: Bilingual(
                        "no digest, two spaces and a plain path",
                        "「ハッシュ値、空白2つ、パス」の形式ではありません"))
            }
            guard seen.insert(entry.path).inserted else {
                throw Malformed(
                    line: number + 1,
                    what: Bilingual("names \(entry.path) again", "\(entry.path) が重複しています"))
            }
            entries.append(entry)
        }
    }

    private static func entry(
        _ line: ArraySlice<UInt8>, _ algorithm: Algorithm
    ) -> (path: String, digest: [UInt8])? {
        let digits = 2 * algorithm.digestBytes
        guard line.count > digits + 2 else { return nil }
        let gap = line.startIndex + digits
        guard line[gap] == 0x20, line[gap + 1] == 0x20 else { return nil }
        guard let digest = HexText.bytes(line[..<gap]) else { return nil }
        let path = String(decoding: line[(gap + 2)...], as: UTF8.self)
        return BagPath.isValid(path) ? (path, digest) : nil
    }

    mutating func add(_ path: String, _ digest: [UInt8]) {
        precondition(BagPath.isValid(path), "a path of a bag is plain")
        entries.append((path, digest))
    }

    /// The manifest's bytes, by path.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        let ordered = entries.sorted {
            $0.path.utf8.lexicographicallyPrecedes($1.path.utf8)
        }
        for entry in ordered {
            HexText.append(entry.digest.span, 0..<entry.digest.count, to: &bytes)
            bytes.append(utf8: "  \(entry.path)\n")
        }
        return bytes
    }
}
