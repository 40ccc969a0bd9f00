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
    /// Where everything is; the last chunk of a block.
    case directory = 9
}

/// Gathers columns by kind until they fill a chunk.
final class ChunkSinks {
    private let sinks = ChunkKind.allCases.map { _ in ByteSink() }
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
}
