import HisuiBytes
public import HisuiEvent
import HisuiFile

/// What an act of kind `segment` says: which file holds leaves, and its digest.
///
/// A leaf covers what was received. What was understood of it (shapes, fields, indexes) stands in
/// the segment alone, and whoever alters it can repair the checksums; the act cannot be repaired.
/// The act of a merge also names the files that were replaced, with the digests they had: so what
/// was understood can be followed from the log to the file that is there.
public struct SegmentAct: Hashable, Sendable {
    /// A file, named by its leaves, and its SHA-256.
    public struct File: Hashable, Sendable {
        public var leaves: Range<UInt64>
        /// 32 bytes.
        public var digest: [UInt8]

        public init(leaves: Range<UInt64>, digest: [UInt8]) {
            self.leaves = leaves
            self.digest = digest
        }
    }

    public var stream: Snapshot.Stream
    public var file: File
    /// Files that were merged into it, in order; none for a log that was sealed.
    public var replaced: [File]

    public init(stream: Snapshot.Stream, file: File, replaced: [File] = []) {
        self.stream = stream
        self.file = file
        self.replaced = replaced
    }

    /// What `act` says; nil if it is of another kind, or says nothing that can be understood.
    public init?(_ act: Act) {
        guard act.kind == .segment, let zone = act.zone, let name = act.text("stream"),
            let first = act.integer("leaves.first"), let end = act.integer("leaves.end"),
            first >= 0, first < end, let digest = act.text("sha256").flatMap(Self.digest)
        else { return nil }
        stream = Snapshot.Stream(zone: zone, stream: name)
        file = File(leaves: UInt64(first)..<UInt64(end), digest: digest)
        replaced = []
        let (names, digests) = (act.list("replaces") ?? [], act.list("replaces.sha256") ?? [])
        guard names.count == digests.count else { return nil }
        for (name, digest) in zip(names, digests) {
            guard let leaves = Filenames.segmentRange(name), let digest = Self.digest(digest)
            else { return nil }
            replaced.append(File(leaves: leaves, digest: digest))
        }
    }

    /// The act's own fields.
    public var fields: [Act.Field] {
        var fields: [Act.Field] = [
            ("stream", .text(stream.stream)),
            ("leaves.first", .integer(Int64(clamping: file.leaves.lowerBound))),
            ("leaves.end", .integer(Int64(clamping: file.leaves.upperBound))),
            ("sha256", .text(HexText.text(file.digest))),
        ]
        if !replaced.isEmpty {
            fields += [
                ("replaces", .list(replaced.map { Filenames.segment($0.leaves) })),
                ("replaces.sha256", .list(replaced.map { HexText.text($0.digest) })),
            ]
        }
        return fields
    }

    /// 64 hexadecimal digits.
    private static func digest(_ text: String) -> [UInt8]? {
        text.utf8.count == 64 ? HexText.bytes(text.utf8) : nil
    }
}
