import HisuiBytes
import HisuiEvent
public import HisuiFile
public import HisuiShape

/// Reads a write-ahead log frame by frame, also while it is being written.
///
///     var reader = try LogReader(fileSystem: disk, path: path)
///     while let frame = try reader.next() { … }
///
/// `next` returns `nil` at the end of what is readable; when the file has grown, it goes on from
/// there. What it passes over is in `damages`. The rules (DESIGN §7):
///
/// - An invalid run to the end of the file is a torn tail. It is nothing to a reader; the writer
///   cuts it off when it opens the stream.
/// - An invalid run is damage if a valid frame behind it says that those bytes had been synced.
///   The frames on both sides are returned, and the damage is told.
/// - A valid frame behind an invalid run that does not say so belongs to the same torn tail: the
///   disk wrote the blocks of one unfinished commit in another order.
///
/// A reader never changes anything and needs no lock. The file may vanish (`.notFound`): then
/// it has become a segment, and whoever reads has to list the folder again.
public struct LogReader {
    let fileSystem: any FileSystem
    public let path: String
    /// What the file's name says.
    public let name: Filenames.LogName
    /// Where the shapes of the rows are numbered.
    public let shapes: ShapeTable
    public private(set) var damages: [LogDamage] = []

    /// Zone and stream the file says it belongs to; `nil` until its header was read.
    public private(set) var zone: String?
    public private(set) var stream: String?
    /// Leaf index that the next frame should begin with.
    public private(set) var nextIndex: UInt64
    /// Where the next frame should begin. 0: at the header, which is not complete yet.
    public private(set) var offset = 0
    /// How much of the file is known to have been synced by its writer.
    public private(set) var durable = 0
    /// Rows of the frames so far.
    public private(set) var rowCount = 0
    /// Frames so far.
    public private(set) var frameCount = 0

    /// Whether the file begins with the header of another log: old blocks of the disk, or a file
    /// that somebody moved. Its frames are not those of this log.
    public private(set) var isForeign = false

    private let place: LogIdentity
    private let decodesRows: Bool
    private var identity: UInt64?
    private var nextSequence: UInt32 = 0
    private var definitions: [UInt8] = []
    private var decoder = FrameDecoder()
    /// A part of the file, and where it begins.
    private var window: [UInt8] = []
    private var windowStart = 0

    /// How much is read at once.
    private static let windowBytes = 1 << 20

    /// - Parameters:
    ///   - rows: whether to decode rows, or only what stands beside them.
    ///   - shapes: where shapes get their numbers.
    public init(
        fileSystem: any FileSystem, path: String, rows: Bool = true,
        shapes: ShapeTable = ShapeTable()
    ) throws(StoreError) {
        guard let name = Filenames.LogName(Path.name(of: path)) else {
            throw StoreError(.notAStore, "no name of a write-ahead log", path: path)
        }
        self.fileSystem = fileSystem
        self.path = path
        self.name = name
        place = LogIdentity(path: path, name: name)
        decodesRows = rows
        self.shapes = shapes
        nextIndex = name.firstIndex
    }

    /// The next frame; `nil` where there is none, or not yet.
    ///
    /// - Parameter index: rows of a frame that ends before it are not decoded.
    public mutating func next(rowsFrom index: UInt64 = 0) throws(StoreError) -> LogFrame? {
        if offset == 0, try !readHeader() { return nil }
        while true {
            let start = offset
            var found = try frameHeader(at: start)
            if found == nil {
                found = try frameHeader(after: start)
                guard let header = found else { return nil }
                let end = Int(header.offset)
                damage(start..<end, "invalid bytes", before: header)
                offset = end
            } else if let header = found, header.sequence != nextSequence {
                damage(start..<start, "a frame is missing", before: header)
            } else if let header = found, header.firstIndex > nextIndex {
                damage(start..<start, "records are missing", before: header)
            }
            guard let header = found else { return nil }
            let frame = take(header, rowsFrom: index)
            if let frame { return frame }
        }
    }

    /// Reads the frame of a header whose checksum was right, and goes past it.
    private mutating func take(
        _ header: LogFormat.FrameHeader, rowsFrom index: UInt64
    ) -> LogFrame? {
        let start = Int(header.offset)
        offset = start + header.length
        nextSequence = header.sequence &+ 1
        durable = max(durable, Int(header.durable))
        identity = header.identity
        if header.firstIndex < nextIndex {
            let what = "a frame for records that were there already"
            damages.append(
                LogDamage(path: path, bytes: start..<offset, missing: 0..<0, what: what))
            return nil
        }
        nextIndex = header.nextIndex
        let from = start - windowStart
        let bytes = window
        do throws(FormatError) {
            let frame = try decoder.decode(
                bytes.span.extracting(from..<from + header.length), header,
                rows: decodesRows && header.nextIndex > index, definitions: definitions,
                shapes: shapes)
            definitions = frame.definitions
            rowCount += frame.rowCount
            frameCount += 1
            return frame
        } catch {
            damages.append(
                LogDamage(
                    path: path, bytes: start..<offset,
                    missing: header.firstIndex..<header.nextIndex, what: error.what))
            return nil
        }
    }

    private mutating func damage(
        _ bytes: Range<Int>, _ what: String, before header: LogFormat.FrameHeader
    ) {
        let missing = nextIndex < header.firstIndex ? nextIndex..<header.firstIndex : 0..<0
        damages.append(LogDamage(path: path, bytes: bytes, missing: missing, what: what))
    }

    /// What a writer needs to go on behind the last frame; `nil` where something of the file
    /// could not be read, or its shapes are not numbered one after the other.
    ///
    /// - Parameter firstReceived: when the first row was received.
    func resumed(firstReceived: Timestamp?) -> ResumedLog? {
        guard let identity, zone != nil, damages.isEmpty, decoder.numbersAreShared(shapes) else {
            return nil
        }
        return ResumedLog(
            name: name, identity: identity, size: offset, rows: rowCount,
            firstReceived: firstReceived, sequence: nextSequence,
            shapes: shapes.shapes(from: 0), definitions: definitions)
    }

    /// Bytes behind the last readable frame: a torn tail if the file does not grow any more.
    public func tailCount() throws(StoreError) -> Int {
        do throws(FileError) {
            return max(0, try fileSystem.size(path) - offset)
        } catch {
            throw StoreError(file: error)
        }
    }

    // MARK: Finding frames

    /// Reads the file's header, or goes on without it if a frame proves that it was there.
    private mutating func readHeader() throws(StoreError) -> Bool {
        try fill(from: 0, count: LogFormat.headerBytesMax)
        let decoded: (header: LogFormat.FileHeader, length: Int)?
        do throws(FormatError) {
            decoded = try LogFormat.FileHeader.decode(window.span)
        } catch {
            throw StoreError(
                .notAStore, error.what, path: path,
                advice: "this version of Hisui cannot read it; use the one that wrote it")
        }
        isForeign = false
        if let decoded {
            if place.fits(decoded.header) {
                identity = decoded.header.identity
                zone = decoded.header.zone
                stream = decoded.header.stream
                offset = decoded.length
                return true
            }
            isForeign = true
        }
        guard let header = try frameHeader(after: 0) else { return false }
        damage(0..<Int(header.offset), "the header is invalid", before: header)
        // The damage is told; what was missed before this frame is part of it.
        nextSequence = header.sequence
        nextIndex = max(nextIndex, header.firstIndex)
        offset = Int(header.offset)
        return true
    }

    /// The valid frame at `start`, if there is one. Afterwards the window holds all of it.
    private mutating func frameHeader(at start: Int) throws(StoreError) -> LogFormat.FrameHeader? {
        guard try fill(from: start, count: LogFormat.frameHeaderBytes) else { return nil }
        let head = LogFormat.FrameHeader(
            window.span.extracting(start - windowStart..<window.count))
        guard let header = head, header.offset == UInt64(start),
            identity.map({ $0 == header.identity }) ?? place.fits(header.identity),
            try fill(from: start, count: header.length)
        else { return nil }
        let from = start - windowStart
        let bytes = window.span.extracting(from..<from + header.length)
        return LogFormat.checksum(bytes, without: 8) == header.checksum ? header : nil
    }

    /// The first valid frame behind `start`, if it or one behind it says that the bytes at `start`
    /// had been synced. Afterwards the window holds all of it.
    ///
    /// Complexity: O(rest of the file).
    private mutating func frameHeader(
        after start: Int
    ) throws(StoreError) -> LogFormat.FrameHeader? {
        var at = start + 1
        var first: Int?
        while try fill(from: at, count: LogFormat.frameHeaderBytes) {
            let hit = ByteSearch.first(
                of: LogFormat.frameMagic, in: window.span,
                at - windowStart..<window.count)
            guard let hit else {
                at = windowStart + window.count - LogFormat.frameMagic.count + 1
                continue
            }
            at = windowStart + hit
            if let header = try frameHeader(at: at) {
                first = first ?? at
                if header.durable > UInt64(start) { return try frameHeader(at: first ?? at) }
            }
            at += 1
        }
        return nil
    }

    /// Sees to it that the window holds `count` bytes from `start` on, as far as the file does.
    @discardableResult
    private mutating func fill(from start: Int, count: Int) throws(StoreError) -> Bool {
        if start >= windowStart && start + count <= windowStart + window.count { return true }
        do throws(FileError) {
            window = try fileSystem.bytes(path, from: start, count: max(count, Self.windowBytes))
        } catch {
            window = []
            throw StoreError(file: error)
        }
        windowStart = start
        return count <= window.count
    }
}
