import HisuiBytes
import HisuiEvent
import HisuiFile

/// A log file as a reader of the store knows it: read as far as it went, and gone on from there.
struct KnownLog {
    private var reader: LogReader
    private var builder: BlockBuilder
    /// What was read, a block or more for each time the log was read again.
    private(set) var blocks: [Block] = []
    /// Newest state of each source, in order of first appearance.
    var states: [SourceState] { sourceStates.all }
    private(set) var gaps: [Gap] = []
    private var sourceStates = SourceStates()
    private let zone: String
    private let stream: String

    /// More blocks than this and the log is read again from its beginning, into large ones:
    /// a search pays for each block.
    private static let blocksMax = 64

    init(
        fileSystem: any FileSystem, path: String, zone: String, stream: String
    ) throws(StoreError) {
        reader = try LogReader(fileSystem: fileSystem, path: path)
        builder = BlockBuilder(
            zone: zone, stream: stream, firstIndex: reader.name.firstIndex)
        self.zone = zone
        self.stream = stream
    }

    /// One past the last row that was read.
    var nextIndex: UInt64 { reader.nextIndex }

    /// What is wrong with the file.
    var problems: [StoreError] {
        var problems = reader.damages.map { StoreError(damage: $0) }
        if let other = reader.zone, other != zone || reader.stream != stream {
            problems.append(StoreError(strange: reader, zone: zone, stream: stream))
        }
        return problems
    }

    /// Reads what was appended since the last time.
    mutating func refresh() throws(StoreError) {
        if blocks.count > Self.blocksMax {
            self = try KnownLog(
                fileSystem: reader.fileSystem, path: reader.path, zone: zone, stream: stream)
        }
        while let frame = try reader.next() {
            for state in frame.states { sourceStates.set(state) }
            gaps += frame.gaps
            guard let rows = frame.rows else { continue }
            if builder.firstIndex + UInt64(builder.count) != frame.firstIndex {
                // Rows before it were lost to damage, which the reader tells.
                if builder.count > 0 { blocks.append(builder.take()) }
                builder.startNext(at: frame.firstIndex)
            }
            var taken = 0
            while taken < rows.rows.count {
                taken = builder.append(rows, from: taken, shapes: reader.shapes)
                if builder.isFull { blocks.append(builder.take()) }
            }
        }
        if builder.count > 0 { blocks.append(builder.take()) }
    }
}

extension StoreError {
    /// A damaged place of a log.
    init(damage: LogDamage) {
        var what = damage.what
        if !damage.missing.isEmpty {
            what +=
                "; records \(damage.missing.lowerBound) to \(damage.missing.upperBound - 1) "
                + "are missing"
        }
        self.init(
            .damaged, what, path: damage.path, section: "write-ahead log",
            offset: damage.bytes.lowerBound, advice: "run `hisui status`")
    }

    /// A log that says it belongs elsewhere.
    init(strange reader: LogReader, zone: String, stream: String) {
        self.init(
            .damaged,
            "says it belongs to zone \(reader.zone ?? "?"), stream \(reader.stream ?? "?"), "
                + "not to \(zone), \(stream)",
            path: reader.path, advice: "put it back where it was")
    }
}
