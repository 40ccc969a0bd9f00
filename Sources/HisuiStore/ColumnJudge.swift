import HisuiBytes

/// What a probe means to the columns of a block, by their encodings: worked out once, asked for
/// each column.
struct ColumnJudge {
    let probe: TextProbe
    /// For each chunk whether its text may have the probe.
    let chunks: [Bool]
    let patterns: PatternTable
    /// For each of the patterns whether its numbers may spell the probe.
    let spelling: [Bool]
    /// Whether any number may spell it.
    let isOfNumbers: Bool
    // What hosts, programs, times and process ids can have is the same for all columns of the kind.
    let isOfHeads: Bool
    let isOfHosts: Bool
    let isOfPrograms: Bool
    let isOfTimes: Bool
    let isOfDigits: Bool

    init(
        _ probe: TextProbe, _ directory: BlockDirectory, _ patterns: PatternTable, chunks: [Bool]
    ) {
        self.probe = probe
        self.chunks = chunks
        self.patterns = patterns
        spelling = patterns.patterns.indices.map {
            probe.mayOccur(inPattern: patterns.patterns[$0], alphabet: patterns.alphabets[$0])
        }
        isOfNumbers = spelling.contains(true)
        isOfHeads = directory.headsMayContain(probe)
        isOfHosts = directory.origins.contains { probe.occurs(in: $0.host) }
        isOfPrograms = directory.programs.contains { probe.occurs(in: $0) }
        isOfTimes = probe.bytes.allSatisfy { TimeFormat.isOfTimes($0) }
        isOfDigits = probe.bytes.allSatisfy { $0 &- 0x30 <= 9 }
    }

    /// Whether the column may spell the probe without having text.
    @inline(__always)
    func isSpelled(_ encoding: ColumnEncoding, _ column: Int, _ directory: BlockDirectory) -> Bool {
        switch encoding {
        case .constant: isOfHeads && directory.head(of: column, has: probe)
        case .host: isOfHosts
        case .program: isOfPrograms
        case .pid: isOfDigits
        case .time: isOfTimes
        default:
            isOfNumbers && (encoding.isNumbers || encoding == .patterns)
                && patterns.isAny(of: column, in: spelling)
        }
    }
}

extension BlockDirectory {
    /// Asks for all columns.
    ///
    /// - Returns: a bit for each column: whether it may have the probe; and whether it may without
    ///   having text.
    func judge(_ judge: ColumnJudge) -> (may: [UInt64], spelled: [UInt64]) {
        var may = [UInt64](repeating: 0, count: columnCount / 64 + 1)
        var spelled = may
        for column in 0..<columnCount {
            let bit: UInt64 = 1 << UInt64(column & 63)
            if judge.isSpelled(encoding(of: column), column, self) {
                spelled[column >> 6] |= bit
                may[column >> 6] |= bit
            }
        }
        for chunk in judge.chunks.indices where judge.chunks[chunk] {
            for column in columns(ofChunk: chunk) where hasText(Int(column)) {
                may[Int(column) >> 6] |= 1 << UInt64(column & 63)
            }
        }
        return (may, spelled)
    }

    /// Whether there is text in a column's data: if it is no column of text, that of exceptions.
    private func hasText(_ column: Int) -> Bool {
        let encoding = encoding(of: column)
        // The first byte of a head says whether there are exceptions.
        if encoding.isNumbers { return headFlags(of: column) & 2 != 0 }
        return encoding != .patterns || headFlags(of: column) & 1 != 0
    }
}
