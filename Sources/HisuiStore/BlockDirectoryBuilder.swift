import HisuiBytes

/// Gathers what the last chunk of a block says.
///
/// Keeps its memory from block to block.
struct BlockDirectoryBuilder {
    private var out: [UInt8] = []
    private var rowColumns: [UInt8] = []
    private var encodings: [UInt8] = []
    private var lengths: [UInt8] = []
    private var heads: [UInt8] = []
    private var chunks: [UInt8] = []
    private var chunkCount = 0

    /// Begins the directory of a block.
    mutating func begin(_ plan: BlockPlan, _ origins: RowOrigins) {
        out.removeAll(keepingCapacity: true)
        rowColumns.removeAll(keepingCapacity: true)
        encodings.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        heads.removeAll(keepingCapacity: true)
        chunks.removeAll(keepingCapacity: true)
        chunkCount = 0
        out.appendVarint(UInt64(origins.origins.count))
        for origin in origins.origins {
            out.appendVarint(UInt64(origin.source))
            out.appendVarint(UInt64(origin.sender))
            out.appendCounted(origins.names[origin.host.range])
        }
        out.appendVarint(UInt64(origins.programs.count))
        for program in origins.programs { out.appendCounted(origins.names[program.range]) }
        for roles in plan.roles { out.append(UInt8(roles.fractionDigits)) }
    }

    mutating func append(_ column: RowColumn, _ encoding: ColumnEncoding, length: Int) {
        rowColumns.append(encoding.rawValue)
        rowColumns.appendVarint(UInt64(length))
    }

    /// Appends the next slot column, by shape and slot.
    mutating func append(_ column: ColumnEncoder.Result, head: [UInt8]) {
        encodings.append(column.encoding.rawValue)
        if column.encoding.chunkKind != nil { lengths.appendVarint(UInt64(column.length)) }
        if column.encoding.hasHead { heads.appendCounted(head) }
    }

    /// - Parameter filter: the binary logarithm of its bits; 0 if there is none.
    mutating func endChunk(_ kind: ChunkKind, columns: Int, filter: UInt8) {
        chunks.append(kind.rawValue)
        chunks.append(filter)
        chunks.appendVarint(UInt64(columns))
        chunkCount += 1
    }

    /// Appends the directory.
    mutating func append(to sink: ByteSink) {
        for part in [rowColumns, encodings, lengths, heads] { out += part }
        out.appendVarint(UInt64(chunkCount))
        out += chunks
        sink.append(out)
    }
}
