import HisuiBytes
import Synchronization

/// Where the process ids of each run stand.
///
/// Immutable; made once for a block.
struct PidPlaces: Sendable {
    /// For each run where its numbers begin in their chunk.
    let starts: [UInt32]
    /// For each shape whether its rows have numbers.
    let isKept: [Bool]

    var byteCount: Int { starts.count * 4 + isKept.count }
}

// Process ids of some rows.
extension SegmentBlock {
    /// Process ids of the rows `ordinals` of shape `shape`, which has them in a slot of their own.
    ///
    /// Those of other runs are not looked at, once it is known where each run begins.
    ///
    /// - Complexity: O(runs of the shape + rows of those that have such rows); the first time
    ///   O(bytes of the column / 8), too.
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
            let known = try pidPlaces(tallies, directory, bytes)
            var reader = RunReader(shape, ordinals, bytes, place.range.upperBound, known.isKept)
            for entry in tallies.entries(ofShape: shape) where entry.ordinals.overlaps(ordinals) {
                let run = Int(entry.run)
                try reader.read(
                    from: Int(known.starts[run]), tallies.runs[run].places, entry.ordinals, stored)
            }
            guard reader.values.count == ordinals.count else {
                throw ColumnDecoder.Malformed(what: "too few numbers")
            }
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

    /// - Parameter bytes: the chunk of process ids.
    private func pidPlaces(
        _ tallies: RowTallies, _ directory: BlockDirectory, _ bytes: [UInt8]
    ) throws(ColumnDecoder.Malformed) -> PidPlaces {
        if let known = cache.withLock({ $0.pidPlaces }) { return known }
        let place = directory.rowColumns[RowColumn.pid.rawValue]
        let isKept = shapesWithPid(directory)
        guard place.encoding == .runDelta else {
            throw ColumnDecoder.Malformed(what: "not an encoding of runs")
        }
        var starts: [UInt32] = []
        starts.reserveCapacity(tallies.runs.count)
        var position = place.range.lowerBound
        for run in tallies.runs.indices {
            starts.append(UInt32(position))
            var count = 0
            for entry in tallies.entries(ofRun: run) where isKept[Int(entry.shape)] {
                count += Int(entry.rows)
            }
            position = try ColumnDecoder.end(
                ofVarints: count, in: bytes.span, position..<place.range.upperBound)
        }
        guard position == place.range.upperBound else {
            throw ColumnDecoder.Malformed(what: "bytes left over")
        }
        let made = PidPlaces(starts: starts, isKept: isKept)
        cache.withLock { $0.pidPlaces = made }
        return made
    }
}

/// Goes through the process ids of runs for those of some rows of a shape.
private struct RunReader {
    private let shape: Int
    private let ordinals: Range<Int>
    private let bytes: [UInt8]
    private let end: Int
    /// For each shape whether its rows have numbers.
    private let isKept: [Bool]
    private var shapes: [UInt32] = []
    private(set) var values: [UInt64] = []

    init(
        _ shape: Int, _ ordinals: Range<Int>, _ bytes: [UInt8], _ end: Int, _ isKept: [Bool]
    ) {
        self.shape = shape
        self.ordinals = ordinals
        self.bytes = bytes
        self.end = end
        self.isKept = isKept
        values.reserveCapacity(ordinals.count)
    }

    /// Reads those of a run, up to the last that is wanted.
    ///
    /// - Parameters:
    ///   - start: where its numbers begin.
    ///   - places: its rows, in stored order.
    ///   - own: those of its rows that are of the shape.
    mutating func read(
        from start: Int, _ places: Range<Int>, _ own: Range<Int>, _ stored: NumberPlanes
    ) throws(ColumnDecoder.Malformed) {
        try stored.read(places, into: &shapes)
        let bytes = bytes
        let span = bytes.span
        var position = start
        var ordinal = own.lowerBound
        let last = min(own.upperBound, ordinals.upperBound)
        var number: UInt64 = 0
        for index in shapes.indices where ordinal < last {
            let one = Int(shapes[index])
            guard isKept[one] else { continue }
            let difference = try ColumnDecoder.varint(span, &position, end)
            number = number &+ NumberField.unzigzag(difference)
            guard one == shape else { continue }
            if ordinal >= ordinals.lowerBound { values.append(number) }
            ordinal += 1
        }
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
