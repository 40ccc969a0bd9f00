import Glibc
public import HisuiEvent

/// Reads one file once, from start to end, for `hisui import`: a path or standard input, plain,
/// gzip or zstd (told by its first bytes, not its name), lines or journal export format.
///
///     var file = try FileImport(path: "messages.1.gz")
///     while let batch = try file.next() { … }
///
/// Every line is a record, empty ones too; the last one also without LF. Batches carry the latest
/// time their records can have: the file's modification time or the one in the gzip header,
/// whichever is earlier.
public struct FileImport: ~Copyable {
    /// `import:PATH` or the name given; the form is known when the file is open.
    public let source: Source
    /// Bytes of the file as it is on disk; nil for a stream.
    public let fileBytes: Int?
    /// Bytes taken of the file so far, for progress.
    public private(set) var fileBytesRead: Int
    /// Bytes of contents given so far, delimiters included.
    public private(set) var contentBytes: Int
    public let latestPossible: Timestamp

    private let path: String
    private let descriptor: Int32
    private var decompressor: Decompressor
    private var cutter: Cutter
    private var input: [UInt8]
    private var inputPosition: Int
    private var contents: [UInt8]
    private var contentsPosition: Int
    private var isInputAtEnd: Bool
    private var isFinished: Bool
    private var failure: CollectError?
    private var hasFailed: Bool

    private enum Cutter {
        case lines(LineCutter)
        case journal(JournalEntryCutter)
    }

    /// Opens a file and looks at its first bytes.
    ///
    /// - Parameters:
    ///   - path: `-` for standard input.
    ///   - name: id of the source; without it `import:` and the path.
    public init(path: String, name: String? = nil) throws(CollectError) {
        // Everything is made before the first property is set: Swift 6.3.1, optimising, destroys
        // properties that were never set where a value that cannot be copied is left half made.
        let descriptor: Int32
        if path == "-" {
            descriptor = dup(0)
        } else {
            // Safe: the path is passed as a terminated copy.
            descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        }
        var status = stat()
        // Safe: the call writes one structure.
        let isKnown = unsafe descriptor >= 0 && fstat(descriptor, &status) == 0
        let error = errno
        guard isKnown, status.st_mode & S_IFMT != S_IFDIR else {
            if descriptor >= 0 { close(descriptor) }
            throw CollectError(
                .cannotRead, operation: "read", place: path, errno: isKnown ? EISDIR : error)
        }
        let isFile = status.st_mode & S_IFMT == S_IFREG
        var beginning: [UInt8] = []
        let failed = Self.fill(&beginning, descriptor)
        var decompressor = Decompressor(beginning: beginning.span)
        let latest = Self.latest(
            isFile ? status : nil, decompressor.format == .gzip ? beginning : [])
        var position = 0
        var contents: [UInt8] = []
        var failure: CollectError?
        do throws(Decompressor.Failure) {
            while contents.count < Self.journalStart.count, position < beginning.count {
                try decompressor.decompress(
                    beginning.span, &position, into: &contents)
            }
        } catch {
            failure = Self.error(error, path)
        }
        let isJournal = contents.starts(with: Self.journalStart)
        let id = name ?? SourceID.make("import", path == "-" ? "stdin" : path)
        self.path = path
        self.descriptor = descriptor
        self.decompressor = decompressor
        cutter = isJournal ? .journal(JournalEntryCutter()) : .lines(LineCutter())
        source = Source(id: id, kind: .import, form: isJournal ? .journal : .line)
        fileBytes = isFile ? Int(status.st_size) : nil
        latestPossible = latest
        fileBytesRead = beginning.count
        contentBytes = 0
        input = beginning
        inputPosition = position
        self.contents = contents
        contentsPosition = 0
        isInputAtEnd = failed
        isFinished = false
        self.failure = failure
        hasFailed = false
    }

    deinit { close(descriptor) }

    /// The next records, or nil at the end.
    ///
    /// - Throws: when the file cannot be read or its compression is damaged, after all records
    ///   before that place have been given.
    public mutating func next() throws(CollectError) -> RecordBatch? {
        var batch = RecordBatch(source: source)
        batch.latestPossible = latestPossible
        let received = Clock.now()
        while !LineCutter.isFull(batch) {
            if contentsPosition < contents.count {
                let before = contentsPosition
                cut(received, &batch)
                contentBytes += contentsPosition - before
            } else if !refill() {
                finish(received, &batch)
                break
            }
        }
        if batch.entries.isEmpty, let failure {
            self.failure = nil
            hasFailed = true
            throw failure
        }
        return batch.entries.isEmpty ? nil : batch
    }

    private mutating func cut(_ received: Timestamp, _ batch: inout RecordBatch) {
        let range = contentsPosition..<contents.count
        switch cutter {
        case .lines(var lines):
            contentsPosition = lines.take(contents.span, range, received: received, into: &batch)
            cutter = .lines(lines)
        case .journal(var entries):
            contentsPosition = entries.take(
                contents.span, range, received: received, into: &batch)
            cutter = .journal(entries)
        }
    }

    private mutating func finish(_ received: Timestamp, _ batch: inout RecordBatch) {
        if isFinished { return }
        isFinished = true
        switch cutter {
        case .lines(var lines): lines.finish(received: received, into: &batch)
        case .journal(var entries): entries.finish(received: received, into: &batch)
        }
    }

    /// Gets more contents; false at the end, and after a failure.
    private mutating func refill() -> Bool {
        contents.removeAll(keepingCapacity: true)
        contentsPosition = 0
        while contents.isEmpty, failure == nil, !hasFailed {
            if inputPosition == input.count, !isInputAtEnd {
                isInputAtEnd = Self.fill(&input, descriptor)
                inputPosition = 0
                fileBytesRead += input.count
            }
            let before = inputPosition
            let piece = input
            do throws(Decompressor.Failure) {
                try decompressor.decompress(
                    piece.span, &inputPosition, into: &contents)
            } catch {
                failure = Self.error(error, path)
            }
            if contents.isEmpty, inputPosition == before, isInputAtEnd || failure != nil {
                if failure == nil, !decompressor.isAtEnd {
                    failure = Self.error(.damaged("the compressed data ends too early"), path)
                }
                return false
            }
        }
        return !contents.isEmpty
    }

    /// Fills a buffer from a descriptor.
    ///
    /// - Returns: whether this was the last of it.
    private static func fill(_ buffer: inout [UInt8], _ descriptor: Int32) -> Bool {
        var isLast = false
        unsafe buffer = [UInt8](unsafeUninitializedCapacity: Decompressor.pieceBytes) {
            target, filled in
            while filled < target.count {
                // Safe: the call writes at most what is left of the room.
                let count = unsafe read(
                    descriptor, target.baseAddress.map { unsafe $0 + filled }, target.count - filled
                )
                if count < 0 && errno == EINTR { continue }
                if count <= 0 {
                    isLast = true
                    return
                }
                filled += count
                // A pipe gives what it has; lines are passed on without waiting for a full buffer.
                if filled >= 4 { return }
            }
        }
        return isLast
    }

    private static func latest(_ status: stat?, _ gzip: [UInt8]) -> Timestamp {
        var latest: Int64 = .max
        if let time = status?.st_mtim { latest = Int64(time.tv_sec) }
        if gzip.count >= 8 {
            var time: Int64 = 0
            for i in 0..<4 { time |= Int64(gzip[4 + i]) << Int64(8 * i) }
            if time != 0 { latest = min(latest, time) }
        }
        // The second the time names, to its end.
        return latest == .max
            ? .none : Timestamp(nanoseconds: latest * 1_000_000_000 + 999_999_999)
    }

    private static func error(_ failure: Decompressor.Failure, _ path: String) -> CollectError {
        switch failure {
        case .damaged(let what):
            CollectError(.damagedInput, operation: "decompress", place: path, hint: what)
        case .tooLarge:
            CollectError(
                .damagedInput, operation: "decompress", place: path,
                hint: "it expands more than \(Limits.expansionRatioMax) times; no log does")
        }
    }

    private static let journalStart = Array("__CURSOR=".utf8)
}
