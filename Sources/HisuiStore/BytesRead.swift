import Synchronization

/// What was read from the segments of a store. Logs are read as a whole when they are opened, and
/// are not counted here.
public struct BytesRead: Hashable, Sendable {
    /// Segments that were opened.
    public var footers = 0
    /// The bytes of their footers in the files.
    public var footerBytes = 0
    /// Chunks of columns that were decompressed.
    public var chunks = 0
    /// Their bytes in the files.
    public var storedBytes = 0
    /// Their bytes after decompression.
    public var rawBytes = 0
    /// Chunks that were asked for again and still there.
    public var keptChunks = 0

    public init() {}

    /// What was read between two looks.
    public static func - (later: BytesRead, earlier: BytesRead) -> BytesRead {
        var read = BytesRead()
        read.footers = later.footers - earlier.footers
        read.footerBytes = later.footerBytes - earlier.footerBytes
        read.chunks = later.chunks - earlier.chunks
        read.storedBytes = later.storedBytes - earlier.storedBytes
        read.rawBytes = later.rawBytes - earlier.rawBytes
        read.keptChunks = later.keptChunks - earlier.keptChunks
        return read
    }
}

/// Counts what is read, for all segments of a reader.
///
/// May be used from several threads.
final class ReadCounter: Sendable {
    private let footers = Atomic<Int>(0)
    private let footerBytes = Atomic<Int>(0)
    private let chunks = Atomic<Int>(0)
    private let storedBytes = Atomic<Int>(0)
    private let rawBytes = Atomic<Int>(0)
    private let keptChunks = Atomic<Int>(0)

    func addFooter(_ bytes: Int) {
        footers.add(1, ordering: .relaxed)
        footerBytes.add(bytes, ordering: .relaxed)
    }

    func add(stored: Int, raw: Int) {
        chunks.add(1, ordering: .relaxed)
        storedBytes.add(stored, ordering: .relaxed)
        rawBytes.add(raw, ordering: .relaxed)
    }

    func addKept() { keptChunks.add(1, ordering: .relaxed) }

    var total: BytesRead {
        var read = BytesRead()
        read.footers = footers.load(ordering: .relaxed)
        read.footerBytes = footerBytes.load(ordering: .relaxed)
        read.chunks = chunks.load(ordering: .relaxed)
        read.storedBytes = storedBytes.load(ordering: .relaxed)
        read.rawBytes = rawBytes.load(ordering: .relaxed)
        read.keptChunks = keptChunks.load(ordering: .relaxed)
        return read
    }
}
