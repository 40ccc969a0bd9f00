import HisuiBytes
import HisuiEvent
import HisuiProof
import HisuiShape
import HisuiStore

/// Random numbers that a seed repeats.
struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Hash64.mix(state, state >> 31)
    }

    mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }

    /// True once in so many times.
    mutating func once(in count: Int) -> Bool { below(count) == 0 }
}

/// Makes batches of rows as a parser would; every record names its stream and number, so that no
/// two are the same.
struct BatchMaker {
    let table = ShapeTable()
    private let shapes: [(number: UInt32, shape: Shape)]

    init() {
        var shapes: [(UInt32, Shape)] = [(0, .any)]
        for text in [
            ["<38>sshd[", "]: Accepted password for ", ""], ["", " 残高照会 ", "\u{0}"],
            ["GET /", " HTTP/1.1 200 ", ""],
        ] {
            let shape = Shape(
                literals: text.map { Array($0.utf8) },
                slots: [Shape.Slot(.text, role: .none), Shape.Slot(.text, role: .none)],
                fields: [], parser: "campaign", rule: "r\(shapes.count)")
            shapes.append((table.intern(shape), shape))
        }
        self.shapes = shapes
    }

    /// A batch of `count` rows for a stream, and its entry in the book.
    ///
    /// - Parameter length: bytes of filling in a record.
    func make(
        _ count: Int, length: Int, definitions: [UInt8], for stream: Ledger.Stream,
        in book: inout Ledger.Book, clock: inout Int64, _ chance: inout Chance
    ) -> RowBatch {
        let source = Source(
            id: "file:/var/log/\(chance.below(3))", kind: .file, form: .line)
        var records = RecordBatch(source: source)
        records.senders = ["", "192.0.2.7"]
        records.position = Array("\(book.batches.count)".utf8)
        let dropped = UInt64(chance.below(3))
        records.account[.queueFull] = dropped
        var batch = RowBatch(takingOver: records)
        for number in 0..<count {
            clock += Int64(chance.below(1_000_000_000))
            let name = "\(stream.zone)/\(stream.stream)#\(book.records.count + number)"
            let filling = (0..<chance.below(length + 1)).map { _ in
                chance.once(in: 20) ? UInt8(chance.below(256)) : UInt8(0x61 + chance.below(26))
            }
            append([Array(name.utf8), filling], to: &batch, clock, &chance)
        }
        for row in batch.rows {
            book.records.append(Ledger.Record(row, of: batch))
        }
        LeafHasher.appendLeaves(of: batch, to: &book.leaves)
        book.batches.append(
            Ledger.Batch(
                end: book.records.count, source: source, position: batch.position,
                dropped: dropped, definitions: definitions))
        return batch
    }

    private func append(
        _ values: [[UInt8]], to batch: inout RowBatch, _ clock: Int64, _ chance: inout Chance
    ) {
        let (number, shape) = shapes[chance.below(shapes.count)]
        let offset = batch.bytes.count
        let firstSlot = batch.slots.count
        let values = shape.slots.count == 1 ? [Array(values.joined())] : values
        batch.bytes += shape.literals[0]
        for (slot, value) in values.enumerated() {
            let start = batch.bytes.count
            batch.bytes += value
            batch.slots.append(ByteRange(start..<batch.bytes.count))
            batch.bytes += shape.literals[slot + 1]
        }
        batch.rows.append(
            RowBatch.Row(
                offset: UInt32(offset), count: UInt32(batch.bytes.count - offset), shape: number,
                firstSlot: UInt32(firstSlot),
                time: Timestamp(nanoseconds: clock - Int64(chance.below(5)) * 1_000_000_000),
                received: Timestamp(nanoseconds: clock), sender: UInt32(chance.below(2)),
                flags: RowFlags(rawValue: UInt32(chance.below(4)))))
    }
}

extension Ledger.Record {
    init(_ row: RowBatch.Row, of batch: borrowing RowBatch) {
        let end = Int(row.offset + row.count)
        self.init(
            bytes: Array(batch.bytes[Int(row.offset)..<end]), time: row.time.nanoseconds,
            received: row.received.nanoseconds, source: batch.source.id,
            sender: batch.senders[Int(row.sender)], flags: row.flags.rawValue)
    }
}

/// Something that must not be.
struct Violation: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
