import HisuiBytes
import HisuiEvent

/// What a frame of the spill ring says. Specified in docs/format.md.
///
///     u8 kind
///     1, records   state: the source, no position, what was dropped before
///                  varint senders, each counted text
///                  varint gaps, each as in a log
///                  varint records, each: varint bytes, signed varint nanoseconds of its receive
///                  time after that of the record before, varint sender, varint flags
///                  the records' bytes
///     2, drops     u8 class and u64 first number of the file that was dropped, 255 and 0 for none
///                  varint sources, each a state with the records dropped
///
/// Around it: u32 bytes of the payload, u32 CRC-32C over number and payload, u64 number.
enum SpillFrame {
    case records(RecordBatch)
    case drops(file: Dropped?, [SourceState])

    struct Dropped: Hashable {
        var spillClass: UInt8
        var first: UInt64
    }

    static let headBytes = 16
    private static let noFile: UInt8 = 255

    /// Appends a whole frame to `out`.
    func encode(number: UInt64, into out: inout [UInt8]) {
        let start = out.count
        out.appendLittleEndian(UInt32(0))
        out.appendLittleEndian(UInt32(0))
        out.appendLittleEndian(number)
        switch self {
        case .records(let batch): Self.encode(batch, into: &out)
        case .drops(let file, let states):
            out.append(2)
            out.append(file?.spillClass ?? Self.noFile)
            out.appendLittleEndian(file?.first ?? 0)
            out.appendVarint(UInt64(states.count))
            for state in states { state.encode(into: &out) }
        }
        let count = UInt32(out.count - start - Self.headBytes)
        let sum = CRC32C.of(out.span.extracting(start + 8..<out.count))
        var head: [UInt8] = []
        head.appendLittleEndian(count)
        head.appendLittleEndian(sum)
        out.replaceSubrange(start..<start + 8, with: head)
    }

    private static func encode(_ batch: RecordBatch, into out: inout [UInt8]) {
        out.append(1)
        SourceState(source: batch.source, account: batch.account).encode(into: &out)
        out.appendVarint(UInt64(batch.senders.count))
        for sender in batch.senders { out.appendCounted(sender.utf8) }
        out.appendVarint(UInt64(batch.gaps.count))
        for gap in batch.gaps { gap.encode(into: &out) }
        out.appendVarint(UInt64(batch.entries.count))
        var before: Int64 = 0
        for entry in batch.entries {
            out.appendVarint(UInt64(entry.count))
            out.appendSignedVarint(entry.received.nanoseconds &- before)
            before = entry.received.nanoseconds
            out.appendVarint(UInt64(entry.sender))
            out.appendVarint(UInt64(entry.flags.rawValue))
        }
        out.append(contentsOf: batch.bytes)
    }

    /// Number and bytes of the payload of the frame whose head stands at the beginning of `bytes`;
    /// nil where there is none.
    static func head(_ bytes: Span<UInt8>) -> (number: UInt64, count: Int, sum: UInt32)? {
        var reader = ByteReader(bytes)
        guard let count = try? reader.u32(), let sum = try? reader.u32(),
            let number = try? reader.u64(), count <= Limits.spillFrameBytesMax
        else { return nil }
        return (number, Int(count), sum)
    }

    /// Reads a whole frame.
    init(decoding frame: Span<UInt8>) throws(FormatError) {
        guard let head = Self.head(frame), frame.count == Self.headBytes + head.count,
            CRC32C.of(frame.extracting(8..<frame.count)) == head.sum
        else { throw FormatError("no frame, or its checksum does not match") }
        var reader = ByteReader(frame)
        do {
            _ = try reader.take(Self.headBytes)
            switch try reader.u8() {
            case 1: self = .records(try Self.batch(&reader))
            case 2:
                let spillClass = try reader.u8()
                let first = try reader.u64()
                var states: [SourceState] = []
                for _ in 0..<(try reader.count(ofSize: SourceState.encodedBytesMin)) {
                    states.append(try SourceState(decoding: &reader))
                }
                let file = Dropped(spillClass: spillClass, first: first)
                self = .drops(file: spillClass == Self.noFile ? nil : file, states)
            default: throw FormatError("unknown kind of frame")
            }
        } catch {
            throw FormatError(error)
        }
    }

    private static func batch(_ reader: inout ByteReader) throws -> RecordBatch {
        let state = try SourceState(decoding: &reader)
        var batch = RecordBatch(source: state.source)
        batch.account = state.account
        batch.senders = []
        for _ in 0..<(try reader.count()) { batch.senders.append(try reader.countedText()) }
        for _ in 0..<(try reader.count(ofSize: Gap.encodedBytesMin)) {
            batch.gaps.append(try Gap(decoding: &reader))
        }
        var before: Int64 = 0
        var offset = 0
        for _ in 0..<(try reader.count(ofSize: 4)) {
            let count = try reader.varint()
            before &+= try reader.signedVarint()
            let sender = try reader.varint()
            let flags = UInt32(truncatingIfNeeded: try reader.varint())
            guard count <= UInt64(Limits.recordBytesMax), sender < UInt64(batch.senders.count),
                offset + Int(count) <= Limits.spillFrameBytesMax
            else { throw FormatError("a record lies outside of its frame") }
            batch.entries.append(
                RecordBatch.Entry(
                    offset: UInt32(offset), count: UInt32(count),
                    received: Timestamp(nanoseconds: before), sender: UInt32(sender),
                    flags: RowFlags(rawValue: flags)))
            offset += Int(count)
        }
        guard reader.remaining == offset else { throw FormatError("records of another length") }
        batch.bytes = try reader.array(offset)
        return batch
    }
}
