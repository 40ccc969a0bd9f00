import HisuiBytes
import Synchronization

// Process ids of some rows.
extension SegmentBlock {
    /// Process ids of the rows `ordinals` of shape `shape`, which has them in a slot of their own.
    ///
    /// Those of other runs are passed over, not read.
    ///
    /// - Complexity: O(runs + bytes of the column / 8 + rows of the runs that have such rows).
    func pids(of shape: Int, within ordinals: Range<Int>) throws(StoreError) -> [UInt64] {
        if ordinals == 0..<shapeRows[shape] || cache.withLock({ $0.pids != nil }) {
            let all = try pids(of: shape)
            return Array(all[(all.startIndex + ordinals.lowerBound)...].prefix(ordinals.count))
        }
        let directory = try directory()
        let tallies = try tallies()
        let stored = try storedShapePlanes()
        let place = directory.rowColumns[RowColumn.pid.rawValue]
        let bytes = try chunk(place.chunk)
        do throws(ColumnDecoder.Malformed) {
            guard place.encoding == .runDelta else {
                throw ColumnDecoder.Malformed(what: "not an encoding of runs")
            }
            var reader = RunReader(shape, ordinals, bytes, place.range, shapesWithPid(directory))
            for run in tallies.runs.indices where !reader.isDone {
                try reader.read(tallies.runs[run], tallies.entries(ofRun: run), stored)
            }
            guard reader.isDone else { throw ColumnDecoder.Malformed(what: "too few numbers") }
            return reader.values
        } catch {
            throw damaged("column of process ids: \(error.what)", chunk: place.chunk)
        }
    }

    /// For each shape whether it has process ids in a slot of their own.
    private func shapesWithPid(_ directory: BlockDirectory) -> [Bool] {
        shapeRows.indices.map { shape in
            (firstColumns[shape]..<firstColumns[shape + 1]).contains {
                directory.encoding(of: $0) == .pid
            }
        }
    }
}

/// Goes through the process ids of a block, run by run, for those of some rows of a shape.
private struct RunReader {
    private let shape: Int
    private let ordinals: Range<Int>
    private let bytes: [UInt8]
    private let end: Int
    /// For each shape whether its rows have numbers.
    private let isKept: [Bool]
    private var position: Int
    private var shapes: [UInt32] = []
    private(set) var values: [UInt64] = []

    init(
        _ shape: Int, _ ordinals: Range<Int>, _ bytes: [UInt8], _ range: Range<Int>,
        _ isKept: [Bool]
    ) {
        self.shape = shape
        self.ordinals = ordinals
        self.bytes = bytes
        self.isKept = isKept
        position = range.lowerBound
        end = range.upperBound
    }

    var isDone: Bool { values.count == ordinals.count }

    mutating func read(
        _ run: RunLengths.Run, _ entries: ArraySlice<RowTallies.Entry>, _ stored: NumberPlanes
    ) throws(ColumnDecoder.Malformed) {
        let own = entries.first { Int($0.shape) == shape }
        guard let own, ordinals.overlaps(Int(own.first)..<Int(own.first + own.rows)) else {
            var count = 0
            for entry in entries where isKept[Int(entry.shape)] { count += Int(entry.rows) }
            let bytes = bytes
            position = try ColumnDecoder.end(ofVarints: count, in: bytes.span, position..<end)
            return
        }
        try stored.read(run.places, into: &shapes)
        let bytes = bytes
        let span = bytes.span
        var position = position
        var ordinal = Int(own.first)
        var number: UInt64 = 0
        for index in shapes.indices {
            let one = Int(shapes[index])
            guard isKept[one] else { continue }
            let difference = try ColumnDecoder.varint(span, &position, end)
            number = number &+ NumberField.unzigzag(difference)
            guard one == shape else { continue }
            if ordinals.contains(ordinal) { values.append(number) }
            ordinal += 1
        }
        self.position = position
    }
}

extension ColumnDecoder {
    /// Where some varints end that begin with `range`: the last byte of each is less than 0x80.
    ///
    /// - Complexity: O(bytes / 8).
    fileprivate static func end(
        ofVarints count: Int, in bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(Malformed) -> Int {
        var left = count
        var at = range.lowerBound
        precondition(range.upperBound <= bytes.count, "the numbers lie in the bytes")
        unsafe bytes.withUnsafeBytes { bytes in
            while left >= 8, range.upperBound - at >= 8 {
                // Safe: eight bytes from `at` on lie in the range, which lies in the bytes.
                let word = unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                left -= (~word & 0x8080_8080_8080_8080).nonzeroBitCount
                at += 8
            }
        }
        while left > 0 {
            guard at < range.upperBound else { throw Malformed(what: "fewer numbers than rows") }
            if bytes[at] < 0x80 { left -= 1 }
            at += 1
        }
        return at
    }
}
