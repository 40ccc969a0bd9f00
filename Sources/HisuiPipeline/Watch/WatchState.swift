import HisuiBytes
import HisuiEvent
public import HisuiFile
import HisuiStore

/// What the watch remembers of a zone's sources: `<store>/state/<zone>.watch`.
///
///     0   8   "hisuiwat"
///     8   4   version, 1
///     12  4   CRC-32C of everything after it
///     16      varint number of sources, each:
///             counted text    its key: the id of the source, or of the configured one
///             u8              bits: 0 silent, 1 the offset is known, 2 an offset was told,
///                             3 the coverage fell
///             u64             newest receive time
///             varint          gaps; milliseconds watched; longest gap of this window, of the one
///                             before; how much of this window is over
///             u64             offset of the clock in milliseconds, 0 if not known
///             u64             the offset that was told, 0 if none
///             varint          windows of coverage; usual and last share in parts of 10,000
///
/// Written whole. Losing it costs what was learned, and no record.
public struct WatchState: Sendable {
    private static let magic = Array("hisuiwat".utf8)
    private static let version: UInt32 = 1
    /// Fewest bytes of a source.
    private static let sourceBytesMin = 34

    struct Failure: Error, Hashable {
        var what: String
    }

    static func encoded(_ entries: [String: ZoneWatch.Entry]) -> [UInt8] {
        var bytes = magic
        bytes.appendLittleEndian(version)
        bytes.appendLittleEndian(UInt32(0))
        bytes.appendVarint(UInt64(entries.count))
        for (key, entry) in entries.sorted(by: { $0.key < $1.key }) {
            bytes.appendCounted(key.utf8)
            append(entry, to: &bytes)
        }
        var checksum: [UInt8] = []
        checksum.appendLittleEndian(CRC32C.of(bytes.span.extracting(16..<bytes.count)))
        bytes.replaceSubrange(12..<16, with: checksum)
        return bytes
    }

    private static func append(_ entry: ZoneWatch.Entry, to bytes: inout [UInt8]) {
        let (silence, offset, coverage) = (entry.silence, entry.offset, entry.coverage)
        let bits = [
            silence.isSilent, offset.offset != nil, offset.told != nil, coverage.isFallen,
        ]
        bytes.append(bits.enumerated().reduce(0) { $0 | ($1.element ? 1 << $1.offset : 0) })
        bytes.appendLittleEndian(entry.received.nanoseconds)
        bytes.appendVarint(silence.gaps)
        for milliseconds in [
            silence.observed, silence.longest, silence.longestBefore, silence.windowed,
        ] {
            bytes.appendVarint(UInt64(milliseconds))
        }
        bytes.appendLittleEndian(offset.offset ?? 0)
        bytes.appendLittleEndian(offset.told ?? 0)
        bytes.appendVarint(coverage.windows)
        bytes.appendVarint(UInt64(coverage.usual))
        bytes.appendVarint(UInt64(coverage.last))
    }

    /// - Parameter now: what counts as the time of the last arrival of each source.
    static func decode(
        _ bytes: [UInt8], at now: Moment
    ) throws(Failure) -> [String: ZoneWatch.Entry] {
        guard bytes.count >= 17, bytes.starts(with: magic) else {
            throw Failure(what: "it is no state of the watch")
        }
        var reader = ByteReader(bytes.span, 8..<bytes.count)
        var entries: [String: ZoneWatch.Entry] = [:]
        do {
            guard try reader.u32() == version else {
                throw Failure(what: "it is of another version of Hisui")
            }
            guard try reader.u32() == CRC32C.of(bytes.span.extracting(16..<bytes.count)) else {
                throw Failure(what: "its checksum does not match")
            }
            let count = try reader.count(ofSize: sourceBytesMin)
            guard count <= Limits.watchedSourcesMax else { throw Failure(what: "too many sources") }
            for _ in 0..<count {
                let key = try reader.countedText()
                entries[key] = try entry(&reader, now)
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(what: "it ends too early")
        }
        guard reader.remaining == 0 else { throw Failure(what: "something stands behind its end") }
        return entries
    }

    private static func entry(
        _ reader: inout ByteReader, _ now: Moment
    ) throws -> ZoneWatch.Entry {
        let bits = try reader.u8()
        let received = Int64(bitPattern: try reader.u64())
        let gaps = UInt64(try number(&reader))
        let silence = SilenceWatch(
            now: now.elapsed, gaps: gaps, observed: try number(&reader),
            longest: try number(&reader), longestBefore: try number(&reader),
            windowed: try number(&reader), isSilent: bits & 1 != 0)
        let offset = Int64(bitPattern: try reader.u64())
        let told = Int64(bitPattern: try reader.u64())
        let windows = UInt64(try number(&reader))
        let usual = min(try number(&reader), CoverageWatch.whole)
        let last = min(try number(&reader), CoverageWatch.whole)
        var entry = ZoneWatch.Entry(at: now)
        entry.silence = silence
        entry.offset = OffsetWatch(
            now: now.elapsed, offset: bits & 2 != 0 ? offset : nil,
            told: bits & 4 != 0 ? told : nil)
        entry.coverage = CoverageWatch(
            now: now.elapsed, windows: windows, usual: usual, last: last,
            isFallen: bits & 8 != 0)
        entry.received = Timestamp(nanoseconds: received)
        return entry
    }

    /// A number to which others are added without looking: far from any overflow.
    private static func number(_ reader: inout ByteReader) throws -> Int64 {
        Int64(min(try reader.varint(), UInt64(Int64.max >> 8)))
    }

    /// The entries of a zone; none if there is no file.
    static func read(
        _ fileSystem: any FileSystem, store: String, zone: String, at now: Moment
    ) throws(Failure) -> [String: ZoneWatch.Entry] {
        let path = Filenames.watchState(store: store, zone: zone)
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try fileSystem.bytes(path, from: 0, count: Limits.watchStateBytesMax + 1)
        } catch {
            if error.code == .notFound { return [:] }
            throw Failure(what: "\(error)")
        }
        guard bytes.count <= Limits.watchStateBytesMax else {
            throw Failure(what: "it is larger than any state")
        }
        return try decode(bytes, at: now)
    }

    static func write(
        _ entries: [String: ZoneWatch.Entry], _ fileSystem: any FileSystem, store: String,
        zone: String
    ) throws(FileError) {
        let path = Filenames.watchState(store: store, zone: zone)
        try fileSystem.createDirectory(Path.parent(of: path))
        try fileSystem.writeDurably(encoded(entries), to: path)
    }
}

// For whoever shows it.
extension WatchState {
    /// What is known of a source beside its counts.
    public struct Known: Hashable, Sendable {
        /// Whether it was told that nothing comes.
        public var isSilent: Bool
        /// The learned interval; nil until it is known.
        public var intervalMillis: Int64?
        /// Its clock less the machine's; nil until it is known.
        public var offsetMillis: Int64?
        /// The share of records that a parser rule knows, of the last minutes and as usual, in
        /// parts of 10,000; nil until it is known.
        public var coverage: Int64?
        public var usualCoverage: Int64?
    }

    /// By key; empty where there is no state, or none that can be read.
    public static func known(
        _ fileSystem: any FileSystem = RealFileSystem(), store: String, zone: String
    ) -> [String: Known] {
        let now = Moment(wall: .none, elapsed: 0)
        let entries = (try? read(fileSystem, store: store, zone: zone, at: now)) ?? [:]
        return entries.mapValues { entry in
            let usual = entry.coverage.learned
            return Known(
                isSilent: entry.silence.isSilent, intervalMillis: entry.silence.interval,
                offsetMillis: entry.offset.offset,
                coverage: usual.map { _ in entry.coverage.last }, usualCoverage: usual)
        }
    }

    /// What is known of a source: under its own id, or that of the configured one it belongs to.
    public static func of(_ source: String, in known: [String: Known]) -> Known? {
        if let own = known[source] { return own }
        return known.filter { source.hasPrefix($0.key + ":") }
            .max { $0.key.utf8.count < $1.key.utf8.count }?.value
    }
}
