public import HisuiEvent
public import HisuiProof
public import HisuiStore

/// Something in a store that is not as it was written.
public struct StoreProblem: Hashable, Sendable {
    /// What was done to it, as far as that can be told. The raw value is printed.
    public enum Kind: String, Sendable, CaseIterable {
        /// Bytes differ from those that were written.
        case changed
        /// Shorter than it was.
        case cut
        /// Something that was there is gone.
        case removed
        /// Something is there that nobody wrote there.
        case added
        /// The whole is older than what is known of it.
        case rolledBack = "rolled-back"
        /// Signed with a key that is not the log's.
        case resigned = "re-signed"
        /// Could not be examined.
        case unreadable
    }

    public var kind: Kind
    /// Nil for what belongs to the whole store.
    public var zone: String?
    public var stream: String?
    /// From the store's folder.
    public var file: String
    /// The part of the file, where it has parts.
    public var section: String?
    /// The byte at which it is wrong.
    public var offset: Int?
    /// The records concerned.
    public var indices: Range<UInt64>?
    public var what: Bilingual

    public init(
        _ kind: Kind, zone: String? = nil, stream: String? = nil, file: String,
        section: String? = nil, offset: Int? = nil, indices: Range<UInt64>? = nil,
        _ what: Bilingual
    ) {
        self.kind = kind
        self.zone = zone
        self.stream = stream
        self.file = file
        self.section = section
        self.offset = offset
        self.indices = indices
        self.what = what
    }
}

extension StoreProblem.Kind {
    /// For people.
    public var text: Bilingual {
        switch self {
        case .changed: Bilingual("changed", "改変")
        case .cut: Bilingual("cut", "切詰め")
        case .removed: Bilingual("removed", "削除")
        case .added: Bilingual("added", "追加")
        case .rolledBack: Bilingual("rolled back", "巻戻し")
        case .resigned: Bilingual("re-signed by another key", "別の鍵による再署名")
        case .unreadable: Bilingual("unreadable", "読取不能")
        }
    }
}

/// Something worth knowing that is no problem: said, and not counted.
public struct StoreNote: Hashable, Sendable {
    public var zone: String?
    public var stream: String?
    public var what: Bilingual

    init(_ stream: Snapshot.Stream?, _ what: Bilingual) {
        zone = stream?.zone
        self.stream = stream?.stream
        self.what = what
    }

    init(zone: String, _ what: Bilingual) {
        self.zone = zone
        self.what = what
    }
}

/// What was found of one stream.
public struct StreamVerdict: Sendable {
    public var stream: Snapshot.Stream
    /// Records that are there.
    public var records: UInt64 = 0
    /// The first that is there; before it, deletion records account for what is gone.
    public var firstIndex: UInt64 = 0
    /// One past the last.
    public var endIndex: UInt64 = 0
    /// Checkpoints whose signatures and place in the tree were examined.
    public var checkpoints = 0
    /// Size, root and time of the newest checkpoint.
    public var size: UInt64 = 0
    public var root: MerkleHash?
    public var lastCheckpoint: Timestamp?
    public var firstCheckpoint: Timestamp?
    /// Least and greatest receive time of the records; nil where no record was looked at.
    public var received: ClosedRange<Timestamp>?
    /// Whether the newest root was computed from the records themselves.
    public var isRecomputed = false
    public var problems = 0

    public var isSound: Bool { problems == 0 }
}

/// What an examination of a store found.
public struct StoreVerdict: Sendable {
    public enum Anchor: Hashable, Sendable {
        /// Nothing from outside the store was given: parts were only compared with each other.
        case selfConsistent
        /// Compared with keys and checkpoints that somebody kept elsewhere.
        case trusted(checkpoints: Int)
    }

    public var store: String
    public var isFull: Bool
    public var anchor: Anchor
    public var streams: [StreamVerdict] = []
    public var problems: [StoreProblem] = []
    public var notes: [StoreNote] = []
    /// Records whose leaves were recomputed.
    public var recordsRead: UInt64 = 0

    public var isSound: Bool { problems.isEmpty }
}
