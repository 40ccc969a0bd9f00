import HisuiEvent
import HisuiFile
import HisuiProof
import HisuiQuery
import HisuiStore

/// The leaf hashes of consecutive records, computed from the records.
struct LeafRun: Sendable {
    var first: UInt64
    var leaves: [MerkleHash] = []
    var received: ClosedRange<Int64>?

    var end: UInt64 { first + UInt64(leaves.count) }

    init(first: UInt64) { self.first = first }

    mutating func note(_ received: Int64) {
        guard let known = self.received else {
            self.received = received...received
            return
        }
        if known.contains(received) { return }
        self.received = min(known.lowerBound, received)...max(known.upperBound, received)
    }
}

/// One piece of the work of recomputing a stream's leaves: a block of a segment, or a log.
enum LeafPiece: Sendable {
    case block(Block, path: String)
    case log(path: String, zone: String, stream: String)
    /// The SHA-256 of a whole file.
    case digest(path: String)
    /// Nothing to do: the file was refused when it was opened.
    case refused(StoreError)
}

/// What a piece of work came to.
struct LeafResult: Sendable {
    var path: String
    var runs: [LeafRun] = []
    /// What the file refused.
    var failure: StoreError?
    /// For logs: what is wrong in them, bytes that belong to no whole frame, and whether the file
    /// begins with the header of another log.
    var damages: [LogDamage] = []
    var tail: Range<Int>?
    var isForeign = false
    var digest: [UInt8]?
    /// The file went away while it was to be read: it was sealed, merged or deleted.
    var isGone = false
}

extension LeafPiece {
    func run(_ fileSystem: any FileSystem) -> LeafResult {
        switch self {
        case .block(let block, let path):
            var result = LeafResult(path: path)
            do throws(StoreError) {
                result.runs = [try Self.leaves(of: block)]
            } catch {
                result.failure = error
            }
            block.dropCaches()
            return result
        case .log(let path, let zone, let stream):
            return Self.log(fileSystem, path, zone, stream)
        case .digest(let path): return Self.digest(fileSystem, path)
        case .refused(let error):
            var result = LeafResult(path: error.path)
            result.failure = error
            return result
        }
    }

    private static func digest(_ fileSystem: any FileSystem, _ path: String) -> LeafResult {
        var result = LeafResult(path: path)
        let digest = BagDigest(.sha256)
        do throws(FileError) {
            var offset = 0
            while true {
                let piece = try fileSystem.bytes(path, from: offset, count: 1 << 20)
                if piece.isEmpty { break }
                digest.update(piece)
                offset += piece.count
            }
            result.digest = digest.finish()
        } catch {
            result.isGone = error.code == .notFound
            if !result.isGone { result.failure = StoreError(.system, "\(error)", path: path) }
        }
        return result
    }

    /// - Complexity: O(rows): decompresses the block and hashes each record twice.
    private static func leaves(of block: Block) throws(StoreError) -> LeafRun {
        var run = LeafRun(first: block.firstIndex)
        run.leaves.reserveCapacity(block.count)
        let times = try block.times()
        let received = try block.received()
        let sources = try block.sourceNumbers()
        let senders = try block.senderNumbers()
        let flags = try block.flags()
        var hasher = LeafHasher(sources: block.sources, senders: block.senders)
        var record: [UInt8] = []
        for row in 0..<block.count {
            record.removeAll(keepingCapacity: true)
            try block.appendRecord(row: row, to: &record)
            hasher.append(
                source: Int(sources[row]), sender: Int(senders[row]),
                received: Timestamp(nanoseconds: received[row]),
                time: Timestamp(nanoseconds: times[row]), flags: RowFlags(rawValue: flags[row]),
                record: record.span, to: &run.leaves)
        }
        hasher.finish(to: &run.leaves)
        run.received =
            block.receivedRange.lowerBound.nanoseconds...block.receivedRange.upperBound.nanoseconds
        return run
    }

    private static func log(
        _ fileSystem: any FileSystem, _ path: String, _ zone: String, _ stream: String
    ) -> LeafResult {
        var result = LeafResult(path: path)
        do throws(StoreError) {
            var reader = try LogReader(fileSystem: fileSystem, path: path)
            var run = LeafRun(first: reader.name.firstIndex)
            while let frame = try reader.next() {
                guard let rows = frame.rows else { continue }
                if frame.firstIndex != run.end {
                    if !run.leaves.isEmpty { result.runs.append(run) }
                    run = LeafRun(first: frame.firstIndex)
                }
                LeafHasher.appendLeaves(of: rows, to: &run.leaves)
                for row in rows.rows { run.note(row.received.nanoseconds) }
            }
            if !run.leaves.isEmpty { result.runs.append(run) }
            result.damages = reader.damages
            result.isForeign =
                reader.isForeign
                || reader.zone.map { $0 != zone || reader.stream != stream } ?? false
            let tail = try reader.tailCount()
            if tail > 0 { result.tail = reader.offset..<reader.offset + tail }
        } catch {
            if error.code == .notFound { result.isGone = true } else { result.failure = error }
        }
        return result
    }
}
