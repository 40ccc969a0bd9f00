import Glibc
public import HisuiBytes
public import HisuiEvent

/// Reads one file once, from start to end, for `hisui import`: a path or standard input, plain,
/// gzip or zstd (told by its first bytes, not its name), lines, a table, journal export format or
/// a Windows event log. The contents of an event log are the lines of its events: see
/// `EventLogReader`.
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
    public internal(set) var fileBytesRead: Int
    /// Bytes of contents taken or skipped so far, delimiters included.
    public var contentBytes: Int { Int(contentHash.count) }
    public let latestPossible: Timestamp

    /// What is taken so far, after the last batch; nil where nothing is, and for a stream: what
    /// comes from one cannot be told from what came before.
    public internal(set) var standing: ImportedFile?
    /// Whether it is a file, which can be known again; a pipe and standard input are streams.
    public let isFile: Bool

    /// How the bytes become text: as named, or as a byte order mark says.
    public let encoding: TextEncoding
    /// The columns, if the file is read as a table.
    public let table: RecordTable?
    /// Rows of the table so far that have not as many values as there are columns.
    public private(set) var oddRows: UInt64 = 0

    /// Whether it is a Windows event log.
    public var isEventLog: Bool { eventLog != nil }

    let path: String
    let rules: CutRules
    let descriptor: Int32
    let clock: StageClock?
    let beginning: [UInt8]
    var decompressor: Decompressor
    var eventLog: EventLogReader?
    /// Of an event log, decompressed.
    private var raw: [UInt8] = []
    var cutter: Cutter
    var input: [UInt8]
    var inputPosition: Int
    var contents: [UInt8]
    var contentsPosition: Int
    var isInputAtEnd: Bool
    private var isFinished: Bool
    var failure: CollectError?
    private var hasFailed: Bool
    var place: UInt32
    /// The first bytes of the contents, as far as they are taken.
    var head: [UInt8]
    /// Of the contents that are taken.
    var contentHash: PrefixHash
    var records: UInt64 = 0
    /// Of the last batch.
    private var lastSize: (records: Int, bytes: Int) = (0, 0)

    enum Cutter {
        case lines(RecordCutter)
        case journal(JournalEntryCutter)
        case events
    }

    /// Opens a file and looks at its first bytes.
    ///
    /// - Parameters:
    ///   - path: `-` for standard input.
    ///   - descriptor: of the contents, where they are not at the path; it is closed at the end.
    ///   - name: id of the source; without it `import:` and the path.
    ///   - clock: counts the time of reading and of cutting.
    ///   - encoding: a byte order mark of UTF-16 may say otherwise.
    ///   - join: nil makes every line a record.
    ///   - table: reads the file as a table; its records are then rows, which may have lines.
    public init(
        path: String, descriptor given: Int32? = nil, name: String? = nil,
        clock: StageClock? = nil,
        encoding: TextEncoding = .utf8, join: JoinRule? = nil, table: TableRule? = nil
    ) throws(CollectError) {
        // Everything is made before the first property is set: Swift 6.3.1, optimising, destroys
        // properties that were never set where a value that cannot be copied is left half made.
        let (descriptor, status) = try Self.opened(path, given)
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
        let eventLog = start.readEventLog(encoding)
        let contents = start.contents
        let isJournal = Self.journalStarts.contains { contents.starts(with: $0) }
        let isLines = !isJournal && eventLog == nil
        let found = isLines ? encoding.ofFile(beginning: contents.span) ?? encoding : .utf8
        let columns = isLines ? table.flatMap { Self.columns($0, contents.span, found) } : nil
        var rules = CutRules(encoding: found, join: join)
        if let columns { rules.join = JoinRule(.quotes(delimiter: columns.delimiter)) }
        let id = name ?? SourceID.make("import", path == "-" ? "stdin" : path)
        self.path = path
        self.isFile = isFile && path != "-"
        self.descriptor = descriptor
        self.decompressor = decompressor
        self.eventLog = eventLog
        let entries: Cutter = isJournal ? .journal(JournalEntryCutter()) : .events
        cutter = isLines ? .lines(RecordCutter(rules)) : entries
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
        tellFaults(received, &batch)
        lastSize = (batch.entries.count, batch.bytes.count)
        if isFile, records > 0 {
            standing = clock.measure(.cut) { statement(isUnterminated: isUnterminated) }
        }
        if batch.entries.isEmpty, let failure {
            self.failure = nil
            hasFailed = true
            throw failure
        }
        return batch.entries.isEmpty && batch.gaps.isEmpty ? nil : batch
    }

    private func isFull(_ batch: borrowing RecordBatch) -> Bool {
        switch cutter {
        case .lines(let lines): lines.isFull(batch)
        case .journal, .events: LineCutter.isFull(batch)
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
        case .events: end = cutEvents(received, &batch)
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
    mutating func take(upTo end: Int) {
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
        case .events: break
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
    mutating func refill() -> Bool {
        contents.removeAll(keepingCapacity: true)
        contentsPosition = 0
        return extend()
    }

    /// Gets more contents behind those that are there; false at the end, and after a failure.
    mutating func extend() -> Bool {
        clock.measure(.read) {
            let start = contents.count
            while contents.count == start, failure == nil, !hasFailed {
                if inputPosition == input.count, !isInputAtEnd {
                    isInputAtEnd = Self.fill(&input, descriptor)
                    inputPosition = 0
                    fileBytesRead += input.count
                }
                if !decompress(), isInputAtEnd || failure != nil {
                    if failure == nil, !decompressor.isAtEnd {
                        failure = Self.error(
                            .damaged("the compressed data ends too early"), path)
                    }
                    eventLog?.finish(into: &contents)
                    break
                }
            }
            return contents.count > start
        }
    }

    /// Takes a piece of the input into the contents; false if there was nothing.
    private mutating func decompress() -> Bool {
        let before = (inputPosition, contents.count)
        let piece = input
        raw.removeAll(keepingCapacity: true)
        do throws(Decompressor.Failure) {
            if eventLog == nil {
                try decompressor.decompress(piece.span, &inputPosition, into: &contents)
            } else {
                defer { takeRaw() }
                try decompressor.decompress(piece.span, &inputPosition, into: &raw)
            }
        } catch {
            failure = Self.error(error, path)
        }
        return (inputPosition, contents.count) != before || !raw.isEmpty
    }

    private mutating func takeRaw() {
        let bytes = raw
        eventLog?.take(bytes.span, into: &contents)
    }
}
