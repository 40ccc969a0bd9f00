import HisuiBytes
public import HisuiEvent
public import HisuiFile

/// A bounded store of records on their way into the store proper, for the time in which that takes
/// none: records of senders that cannot be told to wait.
///
///     append ─▶ <class>-<number>.spill … ─▶ take ─▶ parser ─▶ store ─▶ settled ─▶ files go
///
/// Frames are numbered through all files. A number goes into the store as the position of the
/// frame's source, in the same commit as its records, so each frame is stored exactly once: what
/// the store has is not handed out again after a crash, and what it has not is still here.
///
/// When the ring is full, whole files of the lowest class go first, the oldest of them; what they
/// held is first written down as dropped (`DropReason.spillFull`), by source. A record of a lower
/// class than all that could go is itself dropped. Frames on their way into the store are not
/// dropped.
///
/// What goes directly into the store is numbered, too (`reserve`): so a copy of it can be kept here
/// (`keep`) when that takes longer than it should, and still it is stored once.
///
/// A value for one owner; the lock on the directory is released with it.
public struct SpillRing: Sendable {
    let fileSystem: any FileSystem
    let path: String
    let bytesMax: Int
    let fileBytesMax: Int
    private let lock: any FileLock
    /// By class, oldest first.
    var files: [[SpillFile]] = SpillClass.allCases.map { _ in [] }
    /// The files being written, by class.
    var writers: [(any OpenFile)?] = SpillClass.allCases.map { _ in nil }
    private var unsynced = Set<Int>()
    var nextNumber: UInt64
    private var durable: [String: UInt64]
    /// Counts that are not written down yet.
    private var owed: [Source: Account] = [:]
    /// Files that could not be read as they were written; for the operator.
    public internal(set) var damages: [String] = []
    /// When the newest record came that waited when the ring was opened; `.none` if none did.
    public let newestFound: Timestamp
    /// Records dropped since the ring was opened.
    public private(set) var dropped: UInt64 = 0

    /// Opens the ring in a directory, made if there is none, and forgets what the store has.
    ///
    /// - Parameters:
    ///   - bytesMax: of all files together; counts of drops may go slightly beyond.
    ///   - durable: the position of each source in the store; those of other forms are ignored.
    /// - Complexity: O(bytes of the ring).
    public init(
        opening path: String, on fileSystem: any FileSystem, bytesMax: Int,
        durable positions: [String: [UInt8]]
    ) throws(StoreError) {
        self.fileSystem = fileSystem
        self.path = path
        self.bytesMax = bytesMax
        fileBytesMax = max(bytesMax / Limits.spillFilesLeast, SpillFile.headBytes + 1)
        durable = positions.compactMapValues { Self.number($0) }
        nextNumber = (durable.values.max() ?? 0) + 1
        do throws(FileError) {
            try fileSystem.createDirectory(path)
            lock = try fileSystem.lock(Path.join(path, Filenames.lock))
        } catch {
            throw StoreError(file: error)
        }
        let found = try SpillScan.scan(path, on: fileSystem, durable: durable)
        files = found.files
        damages = found.damages
        newestFound = found.newestReceived
        nextNumber = max(nextNumber, found.lastNumber + 1)
        for path in found.leftovers { try? fileSystem.remove(path) }
        removeDone()
    }

    /// Releases the lock and closes the files; what is in them stays.
    public mutating func close() {
        sync()
        for index in writers.indices { closeWriter(index) }
        lock.release()
    }

    // MARK: - What there is

    /// Records that wait here and were not handed out.
    public var pendingRecords: UInt64 {
        files.joined().reduce(0) { $0 + $1.waiting }
    }

    /// Whether every frame was handed out.
    public var isEmpty: Bool { files.joined().allSatisfy { $0.read == $0.end } }

    /// Whether counts wait to be written down.
    public var owes: Bool { !owed.isEmpty }

    /// Bytes of all files.
    public var bytes: Int { files.joined().reduce(0) { $0 + $1.end } }

    // MARK: - In

    /// Takes a batch; what there is no room for is counted as dropped.
    ///
    /// Durable against the end of the process at once, against loss of power with the next `sync`.
    ///
    /// - Parameter spillClass: of all its records; nil: each has that of its priority.
    /// - Returns: the records that the disk did not take: for the owner to keep elsewhere, or to
    ///   `refuse`.
    public mutating func append(
        _ batch: RecordBatch, as spillClass: SpillClass? = nil
    ) -> RecordBatch? {
        if batch.gaps.isEmpty { owe(batch.account, of: batch.source) }
        var failed: RecordBatch?
        for (spillClass, records) in Self.parts(of: batch, as: spillClass) {
            var part = records
            // Gaps and their count belong together.
            if !part.gaps.isEmpty { part.account = batch.account }
            switch write(.records(part), spillClass) {
            case .written: break
            case .full: refuse(part)
            case .failed:
                if failed == nil {
                    failed = part
                } else {
                    failed?.append(part)
                }
            }
        }
        return failed
    }

    /// The records of a batch by class, lowest first, and its gaps, without its account.
    static func parts(
        of batch: RecordBatch, as fixed: SpillClass?
    ) -> [(SpillClass, RecordBatch)] {
        var parts: [RecordBatch?] = SpillClass.allCases.map { _ in nil }
        for entry in batch.entries {
            let range = Int(entry.offset)..<Int(entry.offset) + Int(entry.count)
            let record = batch.bytes.span.extracting(range)
            let index = Int((fixed ?? SpillClass.of(record)).rawValue)
            if parts[index] == nil {
                parts[index] = RecordBatch(source: batch.source)
                parts[index]?.senders = batch.senders
            }
            parts[index]?.append(
                record, received: entry.received, sender: entry.sender, flags: entry.flags)
        }
        if !batch.gaps.isEmpty {
            var part = RecordBatch(source: batch.source)
            part.gaps = batch.gaps
            parts[Int(SpillClass.accounts.rawValue)] = part
        }
        return zip(SpillClass.allCases, parts).compactMap { spillClass, part in
            part.map { (spillClass, $0) }
        }
    }

    /// Counts the records of a batch as dropped.
    public mutating func refuse(_ batch: RecordBatch) {
        owe(batch.account, of: batch.source)
        guard let span = batch.receivedSpan else { return }
        count(UInt64(batch.entries.count), of: batch.source, within: span)
    }

    private mutating func owe(_ account: Account, of source: Source) {
        if !account.isZero { owed[source, default: Account()].add(account) }
    }

    private mutating func count(_ count: UInt64, of source: Source, within span: MomentSpan) {
        owed[source, default: Account()].drop(.spillFull, count, within: span)
        dropped += count
    }

    /// Writes down the counts that are owed, and makes everything durable as far as the disk does.
    public mutating func sync() {
        writeOwed()
        for index in unsynced {
            do throws(FileError) {
                try writers[index]?.sync()
            } catch {
                // What was written is still read; nothing more goes into that file.
                closeWriter(index)
            }
        }
        unsynced.removeAll()
    }

    private mutating func writeOwed() {
        guard !owed.isEmpty else { return }
        let states = owed.map { SourceState(source: $0.key, account: $0.value) }
        if write(.drops(file: nil, states), .accounts) == .written { owed.removeAll() }
    }

    private enum Outcome { case written, full, failed }

    /// Appends a frame to the file of its class.
    private mutating func write(_ frame: SpillFrame, _ spillClass: SpillClass) -> Outcome {
        var bytes: [UInt8] = []
        frame.encode(number: nextNumber, into: &bytes)
        guard spillClass == .accounts || makeRoom(for: bytes.count, spillClass) else {
            return .full
        }
        let index = Int(spillClass.rawValue)
        do throws(FileError) {
            let file = try writer(index)
            // Other bytes than whole frames are at the end: an append that failed half way.
            if let last = files[index].last, file.size != last.end {
                try file.truncate(to: last.end)
            }
            try file.append(bytes.span)
        } catch {
            closeWriter(index)
            return .failed
        }
        let last = files[index].count - 1
        files[index][last].took(frame, number: nextNumber, bytes: bytes.count)
        nextNumber += 1
        unsynced.insert(index)
        if files[index][last].end >= fileBytesMax { closeWriter(index) }
        return .written
    }

    /// The file of a class that is being written, a new one if need be.
    private mutating func writer(_ index: Int) throws(FileError) -> any OpenFile {
        if let file = writers[index] { return file }
        let spillClass = SpillClass.allCases[index]
        let path = Path.join(path, Filenames.spill(spillClass, first: nextNumber))
        let file = try fileSystem.open(path, .create)
        do throws(FileError) {
            try file.append(SpillFile.head(spillClass).span)
            try fileSystem.syncDirectory(self.path)
        } catch {
            file.close()
            try? fileSystem.remove(path)
            throw error
        }
        writers[index] = file
        files[index].append(SpillFile(path: path, spillClass: spillClass, first: nextNumber))
        return file
    }

    mutating func closeWriter(_ index: Int) {
        if unsynced.remove(index) != nil { try? writers[index]?.sync() }
        writers[index]?.close()
        writers[index] = nil
    }

    // MARK: - Full

    /// Drops files until `count` bytes fit, of no higher class than the one that asks.
    mutating func makeRoom(for count: Int, _ spillClass: SpillClass) -> Bool {
        while bytes + count > bytesMax {
            guard
                let index = files.indices.first(where: { index in
                    index <= Int(spillClass.rawValue)
                        && files[index].contains { !$0.isHanded }
                }), drop(index)
            else { return false }
        }
        return true
    }

    /// Drops the oldest file of a class of which nothing was handed out.
    ///
    /// What it held is written down first, durably: after a crash in between, the file goes when
    /// the ring is opened.
    private mutating func drop(_ index: Int) -> Bool {
        guard let place = files[index].firstIndex(where: { !$0.isHanded }) else { return false }
        let file = files[index][place]
        var accounts: [SourceState] = []
        for (source, waiting) in file.records {
            var account = Account()
            account.drop(.spillFull, waiting.count, within: waiting.span)
            accounts.append(SourceState(source: source, account: account))
            dropped += waiting.count
        }
        if place == files[index].count - 1 { closeWriter(index) }
        let from = SpillFrame.Dropped(spillClass: UInt8(index), first: file.first)
        guard write(.drops(file: from, accounts), .accounts) == .written else { return false }
        sync()
        try? fileSystem.remove(file.path)
        files[index].remove(at: place)
        return true
    }

    // MARK: - Out

    /// The batches of the next frame, each with the position that says so; nil if there is none.
    ///
    /// A frame that cannot be read is passed over, told in `damages` and counted as dropped.
    public mutating func take() -> [RecordBatch]? {
        writeOwed()
        while let (index, place, head) = nextFrame() {
            let file = files[index][place]
            let count = SpillFrame.headBytes + head.count
            files[index][place].read += count
            files[index][place].isHanded = true
            guard let frame = frame(of: file, count) else {
                countLost(index, place)
                continue
            }
            let position = Self.position(head.number)
            switch frame {
            case .records(var batch):
                if durable[batch.source.id, default: 0] >= head.number { continue }
                files[index][place].handedOut(batch.entries.count, of: batch.source)
                if !damages.isEmpty { countLost(index, place) }
                batch.position = position
                return [batch]
            case .drops(_, let states):
                let batches = states.filter {
                    durable[$0.source.id, default: 0] < head.number
                }.map { state in
                    var batch = RecordBatch(source: state.source)
                    batch.account = state.account
                    batch.position = position
                    return batch
                }
                if batches.isEmpty { continue }
                return batches
            }
        }
        return takeOwed()
    }

    /// Counts that the ring's own disk does not take, without a position.
    private mutating func takeOwed() -> [RecordBatch]? {
        if owed.isEmpty { return nil }
        let batches = owed.map { source, account in
            var batch = RecordBatch(source: source)
            batch.account = account
            return batch
        }
        owed.removeAll()
        return batches
    }

    /// Counts records of frames that cannot be read any more, once the others were handed out.
    private mutating func countLost(_ index: Int, _ place: Int) {
        let file = files[index][place]
        guard file.read == file.end else { return }
        for (source, waiting) in file.records {
            count(waiting.count, of: source, within: waiting.span)
        }
        files[index][place].records.removeAll()
    }

    private typealias Place = (
        index: Int, place: Int, head: (number: UInt64, count: Int, sum: UInt32)
    )

    /// Where the frame with the smallest number stands that was not handed out.
    private mutating func nextFrame() -> Place? {
        var found: Place?
        for index in files.indices {
            guard let place = files[index].firstIndex(where: { $0.read < $0.end }) else { continue }
            let file = files[index][place]
            // The first frame of a file has the number of its name.
            if let found, file.read == SpillFile.headBytes, file.first > found.head.number {
                continue
            }
            let bytes = try? fileSystem.bytes(
                file.path, from: file.read, count: SpillFrame.headBytes)
            guard let bytes, let head = SpillFrame.head(bytes.span),
                file.read + SpillFrame.headBytes + head.count <= file.end
            else {
                damages.append("\(file.path): cannot be read from byte \(file.read) on")
                files[index][place].read = file.end
                continue
            }
            if found == nil || head.number < found?.head.number ?? 0 {
                found = (index, place, head)
            }
        }
        return found
    }

    private mutating func frame(of file: SpillFile, _ count: Int) -> SpillFrame? {
        do {
            let bytes = try fileSystem.bytes(file.path, from: file.read, count: count)
            return try SpillFrame(decoding: bytes.span)
        } catch {
            damages.append("\(file.path): the frame at byte \(file.read): \(error)")
            return nil
        }
    }

    /// Notes that the store has everything of a source up to a position, and lets files go of
    /// which it has all.
    public mutating func settled(_ source: String, _ position: [UInt8]) {
        guard let number = Self.number(position), durable[source, default: 0] < number else {
            return
        }
        durable[source] = number
        removeDone()
    }

    private mutating func removeDone() {
        for index in files.indices {
            while let file = files[index].first, file.isDone(durable) {
                // More may still be written to it.
                if files[index].count == 1 { closeWriter(index) }
                try? fileSystem.remove(file.path)
                files[index].removeFirst()
            }
        }
    }

    // MARK: - Positions

    static let positionVersion: UInt8 = 1

    /// The position of a source whose frame of that number is stored.
    static func position(_ number: UInt64) -> [UInt8] {
        var position = [positionVersion]
        position.appendLittleEndian(number)
        return position
    }

    /// The position of two that is further on.
    public static func later(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        number(a) ?? 0 >= number(b) ?? 0 ? a : b
    }

    static func number(_ position: [UInt8]) -> UInt64? {
        guard position.count == 9, position[0] == positionVersion else { return nil }
        return position[1...].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension RecordBatch {
    /// Appends the records of another part of the same batch.
    fileprivate mutating func append(_ other: RecordBatch) {
        for entry in other.entries {
            let range = Int(entry.offset)..<Int(entry.offset) + Int(entry.count)
            append(
                other.bytes.span.extracting(range), received: entry.received,
                sender: entry.sender, flags: entry.flags)
        }
        gaps += other.gaps
        account.add(other.account)
    }
}
