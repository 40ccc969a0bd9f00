import HisuiBytes
import HisuiDetect
import HisuiEvent
import HisuiFile
import HisuiStore

/// How far detection has come in a zone, and what it remembers: `<store>/state/<zone>.detect`.
///
///     0   8   "hisuidet"
///     8   4   version, 2
///     12  4   CRC-32C of everything after it
///     16  32  digest of the rules
///     48      varint: the acts before this index are of findings before this state
///             varint number of streams, each: counted text name, varint next leaf
///             the detector's own state, to the end of the file
///
/// Written whole, after the acts of all findings before it are durable. Losing it loses nothing:
/// rows are gone through again, and findings that are among the acts are not written twice.
struct DetectState {
    private static let magic = Array("hisuidet".utf8)
    private static let version: UInt32 = 2

    /// SHA-256 of the rules.
    var digest: [UInt8]
    /// Findings of rows before `next` have acts before this one.
    var nextAct: UInt64 = 0
    /// The next leaf of each stream.
    var next: [String: UInt64] = [:]
    /// What `Detector.encodeState` wrote, as it was read.
    var detector: [UInt8] = []

    struct Failure: Error {
        var what: String
    }

    init(digest: [UInt8]) { self.digest = digest }

    /// The file's bytes, with what a detector remembers now; one array, for it may be long.
    func encoded(remembering detector: borrowing Detector) -> [UInt8] {
        var bytes = Self.magic
        bytes.appendLittleEndian(Self.version)
        bytes.appendLittleEndian(UInt32(0))
        bytes += digest
        bytes.appendVarint(nextAct)
        bytes.appendVarint(UInt64(next.count))
        for (stream, index) in next.sorted(by: { $0.key < $1.key }) {
            bytes.appendCounted(stream.utf8)
            bytes.appendVarint(index)
        }
        detector.encodeState(into: &bytes)
        var checksum: [UInt8] = []
        checksum.appendLittleEndian(CRC32C.of(bytes.span.extracting(16..<bytes.count)))
        bytes.replaceSubrange(12..<16, with: checksum)
        return bytes
    }

    init(decoding bytes: [UInt8]) throws(Failure) {
        guard bytes.count >= 48, bytes.starts(with: Self.magic) else {
            throw Failure(what: "it is no state of detection")
        }
        var head = ByteReader(bytes.span, 8..<bytes.count)
        do {
            guard try head.u32() == Self.version else {
                throw Failure(what: "it is of another version of Hisui")
            }
            guard try head.u32() == CRC32C.of(bytes.span.extracting(16..<bytes.count)) else {
                throw Failure(what: "its checksum does not match")
            }
            digest = try head.array(32)
            nextAct = try head.varint()
            for _ in 0..<(try head.count(ofSize: 2)) {
                let stream = try head.countedText()
                next[stream] = try head.varint()
            }
            detector = try head.array(head.remaining)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(what: "it ends too early")
        }
    }

    /// The state of a zone; nil if there is none.
    static func read(
        _ fileSystem: any FileSystem, store: String, zone: String
    ) throws(Failure) -> DetectState? {
        let path = Filenames.detectState(store: store, zone: zone)
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try fileSystem.bytes(
                path, from: 0, count: Limits.detectionStateBytesMax + 1)
        } catch {
            if error.code == .notFound { return nil }
            throw Failure(what: "\(error)")
        }
        guard bytes.count <= Limits.detectionStateBytesMax else {
            throw Failure(what: "it is larger than any state")
        }
        return try DetectState(decoding: bytes)
    }

    /// Makes it durable, with what `detector` remembers now.
    func write(
        _ fileSystem: any FileSystem, store: String, zone: String,
        remembering detector: borrowing Detector
    ) throws(FileError) {
        let path = Filenames.detectState(store: store, zone: zone)
        try fileSystem.createDirectory(Path.parent(of: path))
        try fileSystem.writeDurably(encoded(remembering: detector), to: path)
    }
}
