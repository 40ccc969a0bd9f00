import HisuiBytes

/// Which columns of a block may have a probe in constants or numbers, of those that may by the
/// footer: the directory tells more.
struct SpelledColumns {
    private let probe: TextProbe
    private let directory: BlockDirectory
    private let patterns: PatternTable
    /// For each pattern of the index whether its numbers may spell the probe.
    private let spelling: [Bool]

    init(
        _ probe: TextProbe, _ directory: BlockDirectory, _ patterns: PatternTable,
        _ index: PatternIndex
    ) {
        self.probe = probe
        self.directory = directory
        self.patterns = patterns
        spelling = probe.patterns.answers(probe, index)
    }

    func mayHave(_ column: Int) -> Bool {
        let encoding = directory.encoding(of: column)
        if encoding == .constant { return directory.head(of: column, has: probe) }
        guard encoding == .patterns || encoding.isNumbers else { return false }
        return patterns.isAny(of: column, in: spelling)
    }
}

extension BlockDirectory {
    /// Adds the columns that may have a probe if any of their kind may: hosts, programs, times,
    /// process ids.
    func addKinds(_ probe: TextProbe, to columns: inout [UInt64]) {
        func add(_ encoding: ColumnEncoding) {
            for column in self.columns(of: encoding) {
                columns[Int(column) >> 6] |= 1 << UInt64(column & 63)
            }
        }
        if hostsMayContain(probe) { add(.host) }
        if programsMayContain(probe) { add(.program) }
        if probe.bytes.allSatisfy({ $0 &- 0x30 <= 9 }) { add(.pid) }
        if probe.bytes.allSatisfy({ TimeFormat.isOfTimes($0) }) { add(.time) }
    }

    /// Adds the columns with text in chunks that may have a probe.
    ///
    /// - Parameters:
    ///   - columns: a bit for each column.
    ///   - chunks: for each chunk whether its text may have the probe.
    func addText(of chunks: [Bool], to columns: inout [UInt64]) {
        for chunk in chunks.indices where chunks[chunk] {
            for column in self.columns(ofChunk: chunk) where hasText(Int(column)) {
                columns[Int(column) >> 6] |= 1 << UInt64(column & 63)
            }
        }
    }

    /// Whether there is text in a column's data: if it is no column of text, that of exceptions.
    func hasText(_ column: Int) -> Bool {
        let encoding = encoding(of: column)
        // The first byte of a head says whether there are exceptions.
        if encoding.isNumbers { return headFlags(of: column) & 2 != 0 }
        return encoding != .patterns || headFlags(of: column) & 1 != 0
    }
}
