import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiStore

/// Records the digests of sealed files among the acts.
///
/// A leaf covers what was received. What was understood of it (shapes, fields, indexes) stands in
/// the segment alone, and whoever alters it can repair the checksums; the act cannot be repaired.
struct SegmentActs: Sendable {
    let store: String
    let actor: Actor

    /// A segment that was written and is not changed any more.
    struct Sealed {
        var zone: String
        var stream: String
        var path: String
    }

    /// Appends an act for each segment; none for a name that is no segment's.
    ///
    /// - Complexity: O(bytes of the segments).
    func record(_ sealed: [Sealed]) throws(StoreError) {
        let fileSystem = RealFileSystem()
        let now = Timestamp(nanoseconds: SystemClock.nanoseconds())
        var acts: [Act] = []
        for segment in sealed {
            guard let leaves = Filenames.segmentRange(Path.name(of: segment.path)) else { continue }
            let digest = try Self.digest(of: segment.path, fileSystem)
            acts.append(
                Act(
                    .segment, time: now, zone: segment.zone, actor: actor,
                    fields: [
                        ("stream", .text(segment.stream)),
                        ("leaves.first", .integer(Int64(clamping: leaves.lowerBound))),
                        ("leaves.end", .integer(Int64(clamping: leaves.upperBound))),
                        ("sha256", .text(digest.hexadecimal)),
                    ]))
        }
        try ActLog(
            fileSystem: fileSystem, store: store,
            now: { Timestamp(nanoseconds: SystemClock.nanoseconds()) }
        ).append(acts)
    }

    private static func digest(
        of path: String, _ fileSystem: RealFileSystem
    ) throws(StoreError) -> MerkleHash {
        let contents: FileContents
        do throws(FileError) {
            contents = try fileSystem.contents(path)
        } catch {
            throw StoreError(.system, "\(error)", path: path)
        }
        return MerkleHash.digest(of: contents.bytes)
    }
}
