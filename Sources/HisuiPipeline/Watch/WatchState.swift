import HisuiBytes
import HisuiEvent
import HisuiFile
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
///             u64             that record's own time; the least number if it had none
///             varint          for how long nothing had come, in milliseconds
///             varint          gaps; milliseconds watched; longest gap of this window, of the one
///                             before; how much of this window is over
///             u64             offset of the clock in milliseconds, 0 if not known
///             u64             the offset that was told, 0 if none
///             varint          windows of coverage; usual and last share in parts of 10,000
///             u64             the newest hour in which something came, since 1970
///             varint          records of that hour and the 23 before it, the newest last
///
/// Written whole. Losing it costs what was learned, and no record.
public struct WatchState: Sendable {
    private static let magic = Array("hisuiwat".utf8)
    private static let version: UInt32 = 1
    /// Fewest bytes of a source.
    private static let sourceBytesMin = 75

    struct Failure: Error, Hashable {
        var what: String
    }

    /// - Parameter now: `Moment.elapsed`.
    static func encoded(_ entries: [String: ZoneWatch.Entry], at now: Int64) -> [UInt8] {
        var bytes = magic
        bytes.appendLittleEndian(version)
        bytes.appendLittleEndian(UInt32(0))
        bytes.appendVarint(UInt64(entries.count))
        for (key, entry) in entries.sorted(by: { $0.key < $1.key }) {
            bytes.appendCounted(key.utf8)
            append(entry, now, to: &bytes)
        }
        var checksum: [UInt8] = []
        checksum.appendLittleEndian(CRC32C.of(bytes.span.extracting(16..<bytes.count)))
        bytes.replaceSubrange(12..<16, with: checksum)
        return bytes
    }

    private static func append(
        _ entry: ZoneWatch.Entry, _ now: Int64, to bytes: inout [UInt8]
    ) {
        let (silence, offset, coverage) = (entry.silence, entry.offset, entry.coverage)
        let bits = [
            silence.isSilent, offset.offset != nil, offset.told != nil, coverage.isFallen,
        ]
        bytes.append(bits.enumerated().reduce(0) { $0 | ($1.element ? 1 << $1.offset : 0) })
        bytes.appendLittleEndian(entry.received.nanoseconds)
        bytes.appendLittleEndian(entry.event.nanoseconds)
        bytes.appendVarint(UInt64(max(0, now - silence.last)))
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
        bytes.appendLittleEndian(entry.rate.hour)
        for count in entry.rate.counts { bytes.appendVarint(count) }
    }

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
        let event = Int64(bitPattern: try reader.u64())
        let waited = try number(&reader)
        let gaps = UInt64(try number(&reader))
        let silence = SilenceWatch(
            now: now.elapsed, waited: waited, gaps: gaps, observed: try number(&reader),
            longest: try number(&reader), longestBefore: try number(&reader),
            windowed: try number(&reader), isSilent: bits & 1 != 0)
        let offset = Int64(bitPattern: try reader.u64())
        let told = Int64(bitPattern: try reader.u64())
        let windows = UInt64(try number(&reader))
        let usual = min(try number(&reader), CoverageWatch.whole)
        let last = min(try number(&reader), CoverageWatch.whole)
        let hour = Int64(bitPattern: try reader.u64())
        var counts: [UInt64] = []
        for _ in 0..<RateHistory.hours { counts.append(UInt64(try number(&reader))) }
        var entry = ZoneWatch.Entry(at: now)
        entry.silence = silence
        entry.offset = OffsetWatch(
            now: now.elapsed, offset: bits & 2 != 0 ? offset : nil,
            told: bits & 4 != 0 ? told : nil)
        entry.coverage = CoverageWatch(
            now: now.elapsed, windows: windows, usual: usual, last: last,
            isFallen: bits & 8 != 0)
        entry.received = Timestamp(nanoseconds: received)
        entry.event = Timestamp(nanoseconds: event)
        entry.rate = RateHistory(hour: hour, counts: counts)
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
        _ entries: [String: ZoneWatch.Entry], at now: Int64, _ fileSystem: any FileSystem,
        store: String, zone: String
    ) throws(FileError) {
        let path = Filenames.watchState(store: store, zone: zone)
        try fileSystem.createDirectory(Path.parent(of: path))
        try fileSystem.writeDurably(encoded(entries, at: now), to: path)
    }
}
