import HisuiBytes

/// What a chunk holds: columns of one kind lie together, so that a codec sees what resembles each
/// other, and a search for a word reads no numbers.
///
/// The raw value is stored; never renumber.
enum ChunkKind: UInt8, CaseIterable, Sendable {
    /// Columns that every row has, one in a chunk.
    case rows = 0
    case numbers1 = 1
    case numbers2 = 2
    case numbers3 = 3
    case numbers4 = 4
    case numbersLong = 5
    case patterns = 6
    case dictionary = 7
    case text = 8
    /// Filters of the chunks before; the last chunk but one of a block.
    case filters = 9
    /// Where everything is; the last chunk of a block.
    case directory = 10
}

/// Gathers columns by kind until they fill a chunk.
final class ChunkSinks {
    private let sinks = ChunkKind.allCases.map { _ in ByteSink() }
    /// What text occurs in each open chunk.
    private var filters = ChunkKind.allCases.map { _ in GramFilter() }
    /// Columns with data in each open chunk.
    var columns = [Int](repeating: 0, count: ChunkKind.allCases.count)

    func sink(_ kind: ChunkKind) -> ByteSink { sinks[Int(kind.rawValue)] }

    /// Where columns of an encoding with data go.
    func sink(of encoding: ColumnEncoding) -> ByteSink {
        guard let kind = encoding.chunkKind else {
            preconditionFailure("\(encoding) has no data")
        }
        return sink(kind)
    }

    /// Notes text that goes to where columns of an encoding go.
    func note(_ values: ColumnValues, _ index: Int, of encoding: ColumnEncoding) {
        note(values, values.range(index), of: encoding)
    }

    func note(_ values: ColumnValues, _ range: ByteRange, of encoding: ColumnEncoding) {
        guard let kind = encoding.chunkKind else { return }
        unsafe values.withValue(range) { value, count in
            // Safe: the value has that many bytes.
            unsafe filters[Int(kind.rawValue)].insert(value, count)
        }
    }

    /// Appends what was noted of a kind since the last time.
    ///
    /// - Returns: the binary logarithm of the filter's bits; 0 if there was no text, 1 if there was
    ///   too much.
    func takeFilter(_ kind: ChunkKind, bytesMax: Int, into out: inout [UInt8]) -> UInt8 {
        let index = Int(kind.rawValue)
        return filters[index].isEmpty ? 0 : filters[index].take(bytesMax: bytesMax, into: &out)
    }
}
