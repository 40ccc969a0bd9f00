import CLinux
import Glibc
public import HisuiBytes
public import HisuiEvent

/// Reads one file once, from start to end, for `hisui import`: a path or standard input, plain,
/// gzip or zstd (told by its first bytes, not its name), lines, a table or journal export format.
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
    /// Bytes of contents taken or skipped so far, delimiters included.
    public var contentBytes: Int { Int(contentHash.count) }
    public let latestPossible: Timestamp

    /// What is taken so far, after the last batch; nil where nothing is, and for a stream: what
    /// comes from one cannot be told from what came before.
    public private(set) var standing: ImportedFile?
    /// Whether it is a file, which can be known again; a pipe and standard input are streams.
    public let isFile: Bool

    /// How the bytes become text: as named, or as a byte order mark says.
    public let encoding: TextEncoding
    /// The columns, if the file is read as a table.
    public let table: RecordTable?
    /// Rows of the table so far that have not as many values as there are columns.
    public private(set) var oddRows: UInt64 = 0

    let path: String
    private let rules: CutRules
    private let descriptor: Int32
    private let clock: StageClock?
    private let beginning: [UInt8]
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
    private var place: UInt32
    /// The first bytes of the contents, as far as they are taken.
    private var head: [UInt8]
    /// Of the contents that are taken.
    private var contentHash: PrefixHash
    private var records: UInt64
    /// Of the last batch.
    private var lastSize: (records: Int, bytes: Int)

    /// The beginning of a file, as far as it had to be looked at.
    private struct Start {
        var input: [UInt8] = []
        var position = 0
        var isAtEnd = false
        var bytesRead = 0
        var contents: [UInt8] = []
        var failure: CollectError?

        /// Decompresses until so many bytes of contents are there.
        ///
        /// - Parameter isTable: reads on for them; otherwise what was read has to do.
        mutating func read(
            _ descriptor: Int32, _ wanted: Int, isTable: Bool, _ path: String,
            _ decompressor: inout Decompressor
        ) {
            do throws(Decompressor.Failure) {
                while contents.count < wanted, position < input.count {
                    let piece = input
                    try decompressor.decompress(piece.span, &position, into: &contents)
                    if position == input.count, !isAtEnd, isTable {
                        isAtEnd = FileImport.fill(&input, descriptor)
                        position = 0
                        bytesRead += input.count
                    }
                }
            } catch {
                failure = FileImport.error(error, path)
            }
        }
    }

    private enum Cutter {
        case lines(RecordCutter)
        case journal(JournalEntryCutter)
    }

    /// Opens a file and looks at its first bytes.
    ///
    /// - Parameters:
    ///   - path: `-` for standard input.
    ///   - name: id of the source; without it `import:` and the path.
    ///   - clock: counts the time of reading and of cutting.
    ///   - encoding: a byte order mark of UTF-16 may say otherwise.
    ///   - join: nil makes every line a record.
    ///   - table: reads the file as a table; its records are then rows, which may have lines.
    public init(
        path: String, name: String? = nil, clock: StageClock? = nil,
        encoding: TextEncoding = .utf8, join: JoinRule? = nil, table: TableRule? = nil
    ) throws(CollectError) {
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
                .cannotRead, operation: "read", place: path, errno: isKnown ? EISDIR : error,
                hint: isKnown ? "name the files in it: \(path)/*" : "")
        }
        let isFile = status.st_mode & S_IFMT == S_IFREG
        var start = Start()
        start.isAtEnd = Self.fill(&start.input, descriptor)
        start.bytesRead = start.input.count
        let beginning = start.input
        var decompressor = Decompressor(beginning: beginning.span)
        let latest = Self.latest(
            isFile ? status : nil, decompressor.format == .gzip ? beginning : [])
        let wanted = table == nil ? Self.journalStarts[1].count : Limits.columnLineBytesMax
        start.read(descriptor, wanted, isTable: table != nil, path, &decompressor)
        let contents = start.contents
        let isJournal = Self.journalStarts.contains { contents.starts(with: $0) }
        let found = encoding.ofFile(beginning: contents.span) ?? encoding
        let columns = isJournal ? nil : table.flatMap { Self.columns($0, contents.span, found) }
        var rules = CutRules(encoding: found, join: join)
        if let columns { rules.join = JoinRule(.quotes(delimiter: columns.delimiter)) }
        let id = name ?? SourceID.make("import", path == "-" ? "stdin" : path)
        self.path = path
        self.isFile = isFile && path != "-"
        self.descriptor = descriptor
        self.decompressor = decompressor
        cutter = isJournal ? .journal(JournalEntryCutter()) : .lines(RecordCutter(rules))
        self.rules = rules
        self.encoding = found
        self.table = columns
        source = Source(id: id, kind: .import, form: isJournal ? .journal : .line)
        fileBytes = isFile ? Int(status.st_size) : nil
        latestPossible = latest
        fileBytesRead = start.bytesRead
        input = start.input
        inputPosition = start.position
        self.contents = contents
        contentsPosition = 0
        isInputAtEnd = start.isAtEnd
        isFinished = false
        failure = start.failure
        hasFailed = false
        self.clock = clock
        self.beginning = Array(beginning.prefix(4))
        place = isFile ? FilePlace.hash(path) : 0
        head = []
        contentHash = PrefixHash()
        records = 0
        lastSize = (0, 0)
    }

    deinit { close(descriptor) }

    /// The next records, or nil at the end.
    ///
    /// - Throws: when the file cannot be read or its compression is damaged, after all records
    ///   before that place have been given.
    public mutating func next() throws(CollectError) -> RecordBatch? {
        var batch = RecordBatch(source: source)
        batch.latestPossible = latestPossible
        if source.form == .line { batch.encoding = encoding }
        batch.table = table
        // Batches of a file resemble each other.
        batch.entries.reserveCapacity(lastSize.records)
        batch.bytes.reserveCapacity(lastSize.bytes + lastSize.bytes / 8)
        let received = Clock.now()
        var isUnterminated = false
        while !isFull(batch) {
            if contentsPosition < contents.count {
                clock.measure(.cut) { cut(received, &batch) }
            } else if !refill() {
                isUnterminated = finish(received, &batch)
                break
            }
        }
        records += UInt64(batch.entries.count)
        countOddRows(batch)
        lastSize = (batch.entries.count, batch.bytes.count)
        if isFile, records > 0 {
            standing = clock.measure(.cut) { statement(isUnterminated: isUnterminated) }
        }
        if batch.entries.isEmpty, let failure {
            self.failure = nil
            hasFailed = true
            throw failure
        }
        return batch.entries.isEmpty ? nil : batch
    }

    private func isFull(_ batch: borrowing RecordBatch) -> Bool {
        switch cutter {
        case .lines(let lines): lines.isFull(batch)
        case .journal: LineCutter.isFull(batch)
        }
    }

    private mutating func cut(_ received: Timestamp, _ batch: inout RecordBatch) {
        let range = contentsPosition..<contents.count
        let end: Int
        switch cutter {
        case .lines(var lines):
            // So that the memory of the cutter belongs to one.
            cutter = .lines(RecordCutter())
            let open = lines.carry
            end = lines.take(contents.span, range, received: received, into: &batch)
            let left = lines.carry.count
            cutter = .lines(lines)
            return take(upTo: end, open: open, left: left)
        case .journal(var entries):
            cutter = .journal(JournalEntryCutter())
            end = entries.take(contents.span, range, received: received, into: &batch)
            cutter = .journal(entries)
        }
        take(upTo: end)
    }

    /// Counts contents as taken up to the end of the last record.
    ///
    /// - Parameters:
    ///   - open: what was there before of the record that was not finished.
    ///   - left: bytes of the record that is not finished now.
    private mutating func take(upTo end: Int, open: [UInt8], left: Int) {
        let count = end - contentsPosition
        if left <= count {
            digest(open.span)
            let bytes = contents
            digest(bytes.span.extracting(contentsPosition..<end - left))
        } else {
            digest(open.span.extracting(0..<open.count + count - left))
        }
        contentsPosition = end
    }

    /// Counts contents as taken.
    private mutating func take(upTo end: Int) {
        let bytes = contents
        digest(bytes.span.extracting(contentsPosition..<end))
        contentsPosition = end
    }

    private mutating func digest(_ taken: Span<UInt8>) {
        contentHash.update(taken)
        if head.count < ImportedFile.headBytes {
            head.append(taken, 0..<min(taken.count, ImportedFile.headBytes - head.count))
        }
    }

    /// The columns that the first line tells of.
    private static func columns(
        _ rule: TableRule, _ contents: Span<UInt8>, _ encoding: TextEncoding
    ) -> RecordTable? {
        let feed = LineFeed(encoding)
        let range = 0..<min(contents.count, Limits.columnLineBytesMax)
        let end = feed.end(in: contents, range, half: nil)
        let line = contents.extracting(0..<(end ?? range.upperBound))
        var text: [UInt8] = []
        encoding.appendText(
            line, 0..<(end == nil ? line.count : feed.content(of: line)), to: &text)
        return rule.table(firstLine: text.span)
    }

    private mutating func countOddRows(_ batch: borrowing RecordBatch) {
        guard let table else { return }
        var text: [UInt8] = []
        for entry in batch.entries where entry.count > 0 {
            let range = Int(entry.offset)..<Int(entry.offset) + Int(entry.count)
            text.removeAll(keepingCapacity: true)
            encoding.appendText(batch.bytes.span, range, to: &text)
            let count = DelimitedText.count(
                of: text.span, 0..<text.count, delimiter: table.delimiter)
            if count != table.columns.count { oddRows += 1 }
        }
    }

    /// Gives what is left when nothing follows.
    ///
    /// - Returns: whether there was half a line or entry.
    private mutating func finish(_ received: Timestamp, _ batch: inout RecordBatch) -> Bool {
        if isFinished { return standing?.isUnterminated ?? false }
        isFinished = true
        let before = batch.entries.count
        switch cutter {
        case .lines(var lines):
            digest(lines.carry.span)
            lines.finish(received: received, into: &batch)
            cutter = .lines(lines)
        case .journal(var entries): entries.finish(received: received, into: &batch)
        }
        return batch.entries.count > before
    }

    private func statement(isUnterminated: Bool) -> ImportedFile {
        var isDiscarding = false
        if case .lines(let lines) = cutter { isDiscarding = lines.isDiscarding }
        return ImportedFile(
            place: place, head: PrefixHash.of(head.span), content: contentHash.value,
            offset: contentHash.count, records: records, isDiscarding: isDiscarding,
            isUnterminated: isUnterminated)
    }

    /// Gets more contents; false at the end, and after a failure.
    private mutating func refill() -> Bool {
        contents.removeAll(keepingCapacity: true)
        contentsPosition = 0
        return extend()
    }

    /// Gets more contents behind those that are there; false at the end, and after a failure.
    private mutating func extend() -> Bool {
        clock.measure(.read) {
            let start = contents.count
            while contents.count == start, failure == nil, !hasFailed {
                if inputPosition == input.count, !isInputAtEnd {
                    isInputAtEnd = Self.fill(&input, descriptor)
                    inputPosition = 0
                    fileBytesRead += input.count
                }
                let before = inputPosition
                let piece = input
                do throws(Decompressor.Failure) {
                    try decompressor.decompress(piece.span, &inputPosition, into: &contents)
                } catch {
                    failure = Self.error(error, path)
                }
                if contents.count == start, inputPosition == before,
                    isInputAtEnd || failure != nil
                {
                    if failure == nil, !decompressor.isAtEnd {
                        failure = Self.error(
                            .damaged("the compressed data ends too early"), path)
                    }
                    break
                }
            }
            return contents.count > start
        }
    }

    /// Fills a buffer from a descriptor.
    ///
    /// - Returns: whether this was the last of it.
    private static func fill(_ buffer: inout [UInt8], _ descriptor: Int32) -> Bool {
        let missing = Decompressor.pieceBytes - buffer.count
        if missing > 0 { buffer.append(contentsOf: repeatElement(0, count: missing)) }
        var filled = 0
        var isLast = false
        // A pipe gives what it has; lines are passed on without waiting for a full buffer.
        while filled < 4, !isLast {
            let count = unsafe buffer.withUnsafeMutableBytes { target in
                // Safe: the call writes at most what is left of the room.
                unsafe read(
                    descriptor, target.baseAddress.map { unsafe $0 + filled }, target.count - filled
                )
            }
            if count < 0 && errno == EINTR { continue }
            filled += max(count, 0)
            isLast = count <= 0
        }
        buffer.removeLast(buffer.count - filled)
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

    /// What journalctl writes first, and what records from a journal begin with; longest last.
    private static let journalStarts = [
        Array("__CURSOR=".utf8), Array("__REALTIME_TIMESTAMP=".utf8),
    ]
}

// Going on where an import ended.
extension FileImport {
    /// Goes to the end of what is known to be stored of this file; before the first batch.
    ///
    /// What is known is compared with the file by hashes of everything before the offset. Of
    /// several statements that hold the longest one is taken. Nothing is skipped of a stream.
    ///
    /// - Parameter progress: called now and then.
    /// - Returns: what is skipped; nil if the file is read from its start.
    /// - Complexity: O(contents up to the offset), once more where the file turns out to be another
    ///   one.
    public mutating func resume(
        after known: KnownFiles, progress: (_ fileBytesRead: Int) -> Void = { _ in }
    ) throws(CollectError) -> KnownFiles.Entry? {
        precondition(records == 0 && contentsPosition == 0, "nothing was taken")
        guard isFile else { return nil }
        while contents.count < ImportedFile.headBytes, extend() {}
        let start = Array(contents.prefix(ImportedFile.headBytes))
        let candidates = known.candidates(start.span)
        if candidates.isEmpty { return nil }
        var best: KnownFiles.Entry?
        for entry in candidates {
            guard skip(to: entry.file.offset, progress) else { break }
            if contentHash.value == entry.file.content, isSame(entry.file) { best = entry }
        }
        if contentHash.count != best?.file.offset ?? 0 || failure != nil {
            try rewind()
            guard skip(to: best?.file.offset ?? 0, progress) else {
                throw CollectError(
                    .cannotRead, operation: "read", place: path,
                    hint: "it changes while it is read")
            }
        }
        if let best { goOn(after: best.file) }
        return best
    }

    /// Whether a file whose contents begin as stated is the one of the statement, and not another
    /// one that begins like it.
    private mutating func isSame(_ file: ImportedFile) -> Bool {
        if file.isTelling || file.place == place { return true }
        // The whole of it is the same.
        return contentsPosition == contents.count && !extend() && failure == nil
    }

    /// Takes contents up to an offset without cutting them; false if they end before.
    private mutating func skip(to offset: UInt64, _ progress: (Int) -> Void) -> Bool {
        while contentHash.count < offset {
            if contentsPosition == contents.count {
                guard refill() else { return false }
                progress(fileBytesRead)
            }
            let left = UInt64(contents.count - contentsPosition)
            let end = contentsPosition + Int(min(left, offset - contentHash.count))
            clock.measure(.cut) { take(upTo: end) }
        }
        return true
    }

    /// Back to the state after `init`.
    private mutating func rewind() throws(CollectError) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw CollectError(.cannotRead, operation: "read", place: path, errno: errno)
        }
        decompressor = Decompressor(beginning: beginning.span)
        input = []
        inputPosition = 0
        contents.removeAll(keepingCapacity: true)
        contentsPosition = 0
        isInputAtEnd = false
        failure = nil
        fileBytesRead = 0
        head = []
        contentHash = PrefixHash()
    }

    /// Goes to where a folder's file was read to; before the first batch.
    mutating func goOn(after entry: FolderPosition.Entry) throws(CollectError) {
        guard skip(to: entry.offset, { _ in }) else {
            throw CollectError(
                .cannotRead, operation: "read", place: path, hint: "it is shorter than before")
        }
        goOn(
            after: ImportedFile(
                place: place, head: 0, content: 0, offset: entry.offset, records: entry.rows,
                isDiscarding: entry.isDiscarding, isUnterminated: entry.isUnterminated))
    }

    private mutating func goOn(after file: ImportedFile) {
        records = file.records
        if case .lines = cutter {
            cutter = .lines(RecordCutter(rules, isDiscarding: file.isDiscarding))
            if file.isUnterminated { skipLineEnd() }
        }
        standing = file
    }

    /// The last line had no end when it was taken: its end is no empty line.
    private mutating func skipLineEnd() {
        let feed = LineFeed(encoding)
        while contents.count - contentsPosition < 2 * feed.unitBytes, extend() {}
        let limit = min(contents.count, contentsPosition + 2 * feed.unitBytes)
        let bytes = contents
        if let end = feed.end(in: bytes.span, contentsPosition..<limit, half: nil),
            feed.content(of: bytes.span.extracting(contentsPosition..<end)) == 0
        {
            take(upTo: end)
        }
    }
}
