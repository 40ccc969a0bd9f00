import HisuiBytes
import HisuiEvent
import HisuiFile
import HisuiShape
import Testing

@testable import HisuiStore

/// A small log of a few commits on a simulated disk, and what is in it.
struct SmallLog {
    let disk: SimulatedFileSystem
    let path: String
    let bytes: [UInt8]
    var maker: RowMaker
    /// Number of rows after each commit, and the file's size then.
    var commits: [(rows: Int, size: Int)] = []
    static let logs = "/store/zones/local/default/wal"

    init(seed: UInt64, commits count: Int = 4, rows: Int = 4) throws {
        disk = SimulatedFileSystem()
        maker = RowMaker(seed: seed)
        maker.addShape()
        let writer = try Self.open(disk)
        var path = ""
        for number in 0..<count {
            maker.addShape()
            for _ in 0..<2 {
                let batch = maker.batch(rows, source: "s\(number % 2)", length: 0...9)
                _ = try writer.append(
                    batch, shapes: maker.table, definitions: LogModel.digest)
            }
            try writer.commit()
            path = Path.join(Self.logs, try #require(try disk.list(Self.logs).first))
            commits.append((maker.expected.count, try disk.size(path)))
        }
        try writer.close()
        self.path = path
        bytes = try disk.bytes(path, from: 0, count: .max)
    }

    static func open(_ disk: SimulatedFileSystem) throws -> ZoneWriter {
        try ZoneWriter.open(
            fileSystem: disk, store: "/store", zone: "local",
            now: { Timestamp(nanoseconds: 123) })
    }

    /// The same disk with other bytes in the log.
    func changed(to bytes: [UInt8]) throws -> SimulatedFileSystem {
        let copy = disk.killed()
        try copy.tamper(path) { $0 = bytes }
        return copy
    }

    /// What a reader makes of the log on `disk`: rows with their indices.
    func read(
        _ disk: SimulatedFileSystem
    ) throws -> (rows: [(index: UInt64, row: ExpectedRow)], reader: LogReader, tail: Int) {
        var reader = try LogReader(fileSystem: disk, path: path)
        var found: [(index: UInt64, row: ExpectedRow)] = []
        while let frame = try reader.next() {
            guard let rows = frame.rows else { continue }
            for (number, row) in expectedRows(of: rows).enumerated() {
                found.append((frame.firstIndex + UInt64(number), row))
            }
        }
        return (found, reader, try reader.tailCount())
    }
}

/// The rows of a batch as a test remembers them.
func expectedRows(of batch: RowBatch) -> [ExpectedRow] {
    batch.rows.map { row in
        let end = Int(row.offset + row.count)
        return ExpectedRow(
            record: Array(batch.bytes[Int(row.offset)..<end]), time: row.time.nanoseconds,
            received: row.received.nanoseconds, source: batch.source,
            sender: batch.senders[Int(row.sender)], flags: row.flags.rawValue)
    }
}

/// Whether shapes and slots of a batch make up its records.
func isConsistent(_ batch: RowBatch, _ shapes: ShapeTable) -> Bool {
    batch.rows.allSatisfy { row in
        let shape = shapes[row.shape]
        let first = Int(row.firstSlot)
        var record: [UInt8] = []
        shape.appendRecord(
            slots: batch.slots[first..<first + shape.slots.count], of: batch.bytes.span,
            to: &record)
        return record == Array(batch.bytes[Int(row.offset)..<Int(row.offset + row.count)])
    }
}
