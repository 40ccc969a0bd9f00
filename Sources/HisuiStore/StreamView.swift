import HisuiEvent
import HisuiShape

/// What a snapshot gathers of one stream.
struct StreamView {
    let stream: Snapshot.Stream
    let path: String
    /// Rows before this are not wanted.
    let first: UInt64
    var problems: [StoreError] = []
    private(set) var logPaths: [String] = []
    private(set) var segmentPaths: [String] = []
    private var blocks: [Block] = []
    /// What the files answer for, readable or not.
    private var covered: [Range<UInt64>] = []
    /// States and gaps of a file, by the file's first index: the later one holds.
    private var parts: [(firstIndex: UInt64, states: [SourceState], gaps: [Gap])] = []

    init(_ stream: Snapshot.Stream, path: String, first: UInt64) {
        self.stream = stream
        self.path = path
        self.first = first
    }

    mutating func take(_ log: KnownLog, path: String, firstIndex: UInt64) {
        logPaths.append(path)
        problems += log.problems
        blocks += log.blocks
        cover(firstIndex..<max(firstIndex, log.nextIndex))
        parts.append((firstIndex, log.states, log.gaps))
    }

    mutating func take(_ segment: SegmentReader, path: String) {
        segmentPaths.append(path)
        blocks += segment.blocks
        parts.append((segment.leaves.lowerBound, segment.sourceStates, segment.gaps))
    }

    /// Notes a file that is there.
    mutating func cover(_ range: Range<UInt64>) { covered.append(range) }

    /// One past the last row of all files; tells of rows that no file has. Old ones may be gone:
    /// retention drops files from the old end.
    private mutating func checkCover() -> UInt64 {
        covered.sort { $0.lowerBound < $1.lowerBound }
        var next = covered.first?.lowerBound ?? first
        for range in covered {
            if range.lowerBound > max(next, first) {
                problems.append(
                    StoreError(
                        .damaged,
                        "no file holds records \(max(next, first)) to \(range.lowerBound - 1)",
                        path: path, advice: "run `hisui status`"))
            }
            next = max(next, range.upperBound)
        }
        return max(next, first)
    }

    /// Puts everything in order, without rows that were seen.
    mutating func finish(into snapshot: inout Snapshot) {
        snapshot.nextIndices[stream] = checkCover()
        snapshot.problems += problems
        var end = first
        // Segments before logs where both hold a row: the sort keeps their order.
        let ordered = blocks.enumerated().sorted { a, b in
            (a.element.firstIndex, a.element.isInMemory ? 1 : 0, a.offset)
                < (b.element.firstIndex, b.element.isInMemory ? 1 : 0, b.offset)
        }
        for (_, block) in ordered where block.endIndex > end {
            snapshot.blocks.append(block.isInMemory ? block.suffix(from: end) : block)
            end = block.endIndex
        }
        var states = SourceStates()
        var gaps: [Gap] = []
        for part in parts.sorted(by: { $0.firstIndex < $1.firstIndex }) {
            gaps += part.gaps
            for state in part.states { states.set(state) }
        }
        snapshot.sourceStates[stream] = states.all
        snapshot.gaps[stream] = gaps
    }
}

extension Block {
    var isInMemory: Bool {
        if case .memory = backing { return true }
        return false
    }

    /// The rows from leaf `index` on, of a block in memory; all if it begins there or later.
    func suffix(from index: UInt64) -> Block {
        guard case .memory(let arena) = backing, index > firstIndex else { return self }
        precondition(index < endIndex, "a block has rows")
        var rows = arena.suffix(Int(index - firstIndex))
        var numbers = [UInt32?](repeating: nil, count: shapes.count)
        var left: [(shape: Shape, rows: Int)] = []
        for row in rows.shapes.indices {
            let old = Int(rows.shapes[row])
            let new = numbers[old] ?? UInt32(left.count)
            if numbers[old] == nil {
                numbers[old] = new
                left.append((shapes[old].shape, 0))
            }
            rows.shapes[row] = new
            left[Int(new)].rows += 1
        }
        return Block(
            zone: zone, stream: stream, firstIndex: index, count: rows.count,
            timeRange: BlockBuilder.range(rows.times),
            receivedRange: BlockBuilder.range(rows.received), shapes: left, sources: sources,
            senders: senders, backing: .memory(rows))
    }
}

extension RowArena {
    /// The rows from `first` on; their bytes and slots are shared with this one.
    func suffix(_ first: Int) -> RowArena {
        var rows = RowArena()
        rows.bytes = bytes
        rows.slots = slots
        rows.offsets = Array(offsets[first...])
        rows.counts = Array(counts[first...])
        rows.shapes = Array(shapes[first...])
        rows.firstSlots = Array(firstSlots[first...])
        rows.times = Array(times[first...])
        rows.received = Array(received[first...])
        rows.sources = Array(sources[first...])
        rows.senders = Array(senders[first...])
        rows.flags = Array(flags[first...])
        return rows
    }
}
