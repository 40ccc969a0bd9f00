import HisuiBytes
import HisuiEvent
import HisuiFile

/// A file of the spill ring, and what is known of it without reading it again.
///
///     "HISUISPL", u32 version, u32 class, then frames with rising numbers
struct SpillFile: Sendable {
    static let magic = Array("HISUISPL".utf8)
    static let version: UInt32 = 1
    static let headBytes = 16

    var path: String
    var spillClass: SpillClass
    /// Number of its first frame, which is in its name.
    var first: UInt64
    /// Bytes of whole frames, the head included: what lies behind is not read.
    var end = SpillFile.headBytes
    /// Where the next frame to hand out begins.
    var read = SpillFile.headBytes
    /// Whether a frame was handed out: it may be on its way into the store.
    var isHanded = false
    /// Records that were not handed out, by source.
    var records: [Source: Waiting] = [:]
    /// The number of the last frame of each source.
    var lastOf: [String: UInt64] = [:]

    /// Records of one source, and when they came.
    struct Waiting: Sendable {
        var count: UInt64
        var span: MomentSpan
    }

    /// How many records were not handed out.
    var waiting: UInt64 { records.values.reduce(0) { $0 + $1.count } }

    static func head(_ spillClass: SpillClass) -> [UInt8] {
        var head = magic
        head.appendLittleEndian(version)
        head.appendLittleEndian(UInt32(spillClass.rawValue))
        return head
    }

    /// Notes a frame that was appended.
    mutating func took(_ frame: SpillFrame, number: UInt64, bytes: Int) {
        end += bytes
        note(frame, number)
    }

    /// Notes what a frame holds that is still to be handed out.
    mutating func note(_ frame: SpillFrame, _ number: UInt64) {
        switch frame {
        case .records(let batch):
            lastOf[batch.source.id] = number
            guard let span = batch.receivedSpan else { return }
            records[batch.source, default: Waiting(count: 0, span: span)].count +=
                UInt64(batch.entries.count)
            records[batch.source]?.span.cover(span)
        case .drops(_, let states):
            for state in states { lastOf[state.source.id] = number }
        }
    }

    /// Notes that so many records of a source were handed out.
    mutating func handedOut(_ count: Int, of source: Source) {
        guard var waiting = records[source] else { return }
        waiting.count -= min(waiting.count, UInt64(count))
        records[source] = waiting.count == 0 ? nil : waiting
    }

    /// Whether nothing of it is needed any more.
    func isDone(_ durable: [String: UInt64]) -> Bool {
        read == end && lastOf.allSatisfy { durable[$0.key, default: 0] >= $0.value }
    }
}
