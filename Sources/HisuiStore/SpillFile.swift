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
    var records: [Source: UInt64] = [:]
    /// The number of the last frame of each source.
    var lastOf: [String: UInt64] = [:]

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
            if !batch.entries.isEmpty {
                records[batch.source, default: 0] += UInt64(batch.entries.count)
            }
        case .drops(_, let states):
            for state in states { lastOf[state.source.id] = number }
        }
    }

    /// Whether nothing of it is needed any more.
    func isDone(_ durable: [String: UInt64]) -> Bool {
        read == end && lastOf.allSatisfy { durable[$0.key, default: 0] >= $0.value }
    }
}
