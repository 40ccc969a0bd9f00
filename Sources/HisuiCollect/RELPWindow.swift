import CCrypto
import HisuiBytes
public import HisuiEvent

/// What a RELP sender may send again: digests of the last records of each of its sessions, in the
/// order in which they were taken.
///
/// A sender whose session was cut sends every record again that it did not hear acknowledged, from
/// the first: those are the last records of the session before, whether or not they were stored,
/// or acknowledged with an answer that was lost. So a new session that begins with exactly the last
/// *n* records of an earlier one, to the end of it, repeats them.
///
/// The window is the position of the sender's source, and durable with the records it speaks of:
///
///     u8 version = 1, u8 lanes, each: u16 count, count × u64 digest        (little-endian)
///
/// A digest is the beginning of a record's SHA-256: a sender cannot make a record look like
/// another one's repetition but by repeating it.
public struct RELPWindow: Sendable {
    /// The records of one session, and of those that went on with it after a cut.
    struct Lane: Hashable, Sendable {
        /// What it is known by while the window is in memory.
        fileprivate(set) var id: UInt64 = 0
        /// Which session writes it now; 0: none.
        fileprivate(set) var session: UInt64 = 0
        /// Ring: the oldest stands at `start` when it is full.
        fileprivate var digests: [UInt64] = []
        fileprivate var start = 0

        /// The digests, oldest first.
        var inOrder: [UInt64] { Array(digests[start...] + digests[..<start]) }

        fileprivate mutating func append(_ digest: UInt64, _ max: Int) {
            if digests.count < max {
                digests.append(digest)
            } else {
                digests[start] = digest
                start = (start + 1) % max
            }
        }
    }

    /// Oldest first.
    private(set) var lanes: [Lane] = []
    private var lanesMade: UInt64 = 0
    private let recordsMax: Int

    /// - Parameter recordsMax: records of a session that are remembered; the sender's own window
    ///   must not be larger.
    init(recordsMax: Int) { self.recordsMax = recordsMax }

    /// Reads a position; what is none is an empty window.
    public init(position: [UInt8], recordsMax: Int = Limits.relpWindowDefault) {
        self.recordsMax = recordsMax
        guard position.count >= 2, position[0] == 1, position[1] <= Limits.relpLanesMax else {
            return
        }
        var reader = ByteReader(position.span, 2..<position.count)
        var read: [Lane] = []
        for _ in 0..<position[1] {
            guard let count = try? reader.u16(), count <= Limits.relpWindowMax else { return }
            lanesMade += 1
            var lane = Lane(id: lanesMade)
            for _ in 0..<count {
                guard let digest = try? reader.u64() else { return }
                lane.append(digest, recordsMax)
            }
            read.append(lane)
        }
        if reader.position == position.count { lanes = read }
    }

    /// The window as a position.
    public var position: [UInt8] {
        var bytes: [UInt8] = [1, UInt8(lanes.count)]
        for lane in lanes {
            let digests = lane.inOrder
            bytes.append(UInt8(truncatingIfNeeded: digests.count))
            bytes.append(UInt8(truncatingIfNeeded: digests.count >> 8))
            for digest in digests {
                for shift in stride(from: 0, to: 64, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: digest >> UInt64(shift)))
                }
            }
        }
        return bytes
    }

    static func digest(_ record: Span<UInt8>) -> UInt64 {
        var hash = [UInt8](repeating: 0, count: 32)
        // Safe: the bytes are read inside the closure; the call writes 32 bytes.
        unsafe record.withUnsafeBufferPointer { buffer in
            unsafe hisui_sha256(buffer.baseAddress, buffer.count, nil, 0, &hash)
        }
        return (0..<8).reduce(0) { $0 | UInt64(hash[$1]) << UInt64(8 * $1) }
    }

    /// Remembers a record of a session.
    mutating func append(_ digest: UInt64, session: UInt64) {
        if let known = lanes.lastIndex(where: { $0.session == session }) {
            lanes[known].append(digest, recordsMax)
            return
        }
        if lanes.count == Limits.relpLanesMax {
            // Of those that nobody writes, the one that was left alone for longest.
            lanes.remove(at: lanes.firstIndex { $0.session == 0 } ?? 0)
        }
        lanesMade += 1
        var lane = Lane(id: lanesMade, session: session)
        lane.append(digest, recordsMax)
        lanes.append(lane)
    }

    /// Lets a session go on with a lane whose records it has repeated.
    mutating func takeOver(lane id: UInt64, session: UInt64) {
        // It may have made room for another one meanwhile.
        guard let number = lanes.firstIndex(where: { $0.id == id }) else { return }
        var lane = lanes.remove(at: number)
        lane.session = session
        lanes.append(lane)
    }

    /// A session has ended: its lane is one that another may go on with.
    mutating func leave(session: UInt64) {
        for number in lanes.indices where lanes[number].session == session {
            lanes[number].session = 0
        }
    }
}

/// How much of the beginning of a session repeats the end of an earlier one: open as long as all
/// that has come may be such a repetition, and could still be a longer one.
///
/// In a session that follows another one it is asked again after each answer, for the length of a
/// window, about the session's own records: rsyslog hands the record at which the old session broke
/// to its library, which repeats it with the window, and then sends it once more by itself.
struct RELPOverlap {
    private let lanes: [RELPWindow.Lane]
    private let digests: [[UInt64]]
    /// Where the next record has to be, for each way in which the records so far fit.
    private var candidates: [(lane: Int, next: Int)] = []
    private var taken = 0
    /// How many of the records that were taken repeat the end of `lane`.
    private(set) var repeated = 0
    private var best = 0

    /// - Parameter session: looks at the lane of this session only; nil: at all.
    init(_ window: RELPWindow, of session: UInt64? = nil) {
        lanes = session.map { id in window.lanes.filter { $0.session == id } } ?? window.lanes
        digests = lanes.map(\.inOrder)
    }

    /// The lane whose end was repeated, by its id; of no meaning while nothing was.
    var lane: UInt64 { lanes.isEmpty ? 0 : lanes[best].id }

    /// Looks at the next record.
    ///
    /// - Returns: whether nothing that comes can change `repeated` any more.
    /// - Complexity: O(records remembered) for the first, then O(ways to go on).
    mutating func take(_ digest: UInt64) -> Bool {
        if taken == 0 {
            for (lane, digests) in digests.enumerated() {
                for place in digests.indices where digests[place] == digest {
                    candidates.append((lane, place + 1))
                }
            }
        } else {
            candidates = candidates.compactMap { lane, next in
                digests[lane][next] == digest ? (lane, next + 1) : nil
            }
        }
        taken += 1
        candidates.removeAll { lane, next in
            guard next == digests[lane].count else { return false }
            repeated = taken
            best = lane
            return true
        }
        return candidates.isEmpty
    }
}
