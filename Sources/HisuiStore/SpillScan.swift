import HisuiBytes
import HisuiEvent
public import HisuiFile

/// Reads the files of a spill ring, and changes nothing.
struct SpillScan {
    var files: [[SpillFile]] = SpillClass.allCases.map { _ in [] }
    var damages: [String] = []
    var lastNumber: UInt64 = 0
    /// When the newest record came that waits.
    var newestReceived = Timestamp.none
    /// Files that were dropped, and that a crash kept from going.
    var leftovers: [String] = []
    private var droppedFiles = Set<SpillFrame.Dropped>()

    static func scan(
        _ path: String, on fileSystem: any FileSystem, durable: [String: UInt64]
    ) throws(StoreError) -> SpillScan {
        var scan = SpillScan()
        do throws(FileError) {
            var found: [SpillFile] = []
            for name in try fileSystem.list(path) {
                guard let (spillClass, first) = Filenames.spillParts(name) else { continue }
                found.append(
                    SpillFile(path: Path.join(path, name), spillClass: spillClass, first: first))
            }
            // What was dropped is known before what may have been.
            found.sort { ($1.spillClass.rawValue, $0.first) < ($0.spillClass.rawValue, $1.first) }
            for file in found { try scan.take(file, fileSystem, durable) }
        } catch {
            throw StoreError(file: error)
        }
        return scan
    }

    private mutating func take(
        _ file: SpillFile, _ fileSystem: any FileSystem, _ durable: [String: UInt64]
    ) throws(FileError) {
        let index = Int(file.spillClass.rawValue)
        lastNumber = max(lastNumber, file.first)
        let key = SpillFrame.Dropped(spillClass: UInt8(index), first: file.first)
        if droppedFiles.contains(key) { return leftovers.append(file.path) }
        var file = file
        let contents = try fileSystem.contents(file.path)
        let bytes = contents.bytes
        let head = SpillFile.head(file.spillClass)
        guard bytes.count > SpillFile.headBytes,
            head.indices.allSatisfy({ bytes[$0] == head[$0] })
        else {
            // A new file of which nothing reached the disk, or somebody else's.
            if bytes.count <= SpillFile.headBytes { return files[index].append(file) }
            return damages.append("\(file.path): no spill file")
        }
        while file.end < bytes.count {
            let rest = bytes.extracting(file.end..<bytes.count)
            guard let head = SpillFrame.head(rest),
                SpillFrame.headBytes + head.count <= rest.count
            else {
                damages.append(
                    "\(file.path): \(rest.count) bytes from byte \(file.end) on were never synced, "
                        + "or are damaged")
                break
            }
            let count = SpillFrame.headBytes + head.count
            guard let frame = try? SpillFrame(decoding: rest.extracting(0..<count)) else {
                // Whoever takes it passes over it and tells; what stands behind it is sound.
                file.end += count
                continue
            }
            note(frame, head.number, count, &file, durable)
        }
        files[index].append(file)
    }

    private mutating func note(
        _ frame: SpillFrame, _ number: UInt64, _ count: Int, _ file: inout SpillFile,
        _ durable: [String: UInt64]
    ) {
        lastNumber = max(lastNumber, number)
        file.end += count
        if case .drops(let dropped?, _) = frame { droppedFiles.insert(dropped) }
        if case .records(let batch) = frame,
            durable[batch.source.id, default: 0] >= number
        {
            return
        }
        file.note(frame, number)
        if case .records(let batch) = frame, let span = batch.receivedSpan {
            newestReceived = max(newestReceived, span.last)
        }
    }
}

/// What waits in a spill ring, as anybody may look at it while its daemon writes.
public struct SpillSurvey: Sendable {
    public var records: UInt64 = 0
    public var bytes = 0
    /// Records that wait, by class, lowest first.
    public var byClass: [UInt64] = SpillClass.allCases.map { _ in 0 }

    /// Nothing where there is no ring.
    ///
    /// - Parameter durable: the position of each source in the store.
    /// - Complexity: O(bytes of the ring).
    public init(
        _ path: String, on fileSystem: any FileSystem, durable positions: [String: [UInt8]]
    ) throws(StoreError) {
        guard (try? fileSystem.exists(path)) == true else { return }
        let scan = try SpillScan.scan(
            path, on: fileSystem, durable: positions.compactMapValues { SpillRing.number($0) })
        for file in scan.files.joined() {
            records += file.waiting
            bytes += file.end
            byClass[Int(file.spillClass.rawValue)] += file.waiting
        }
    }
}
