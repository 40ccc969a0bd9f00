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
        _ probe: TextProbe, _ directory: BlockDirectory, _ patterns: PatternTable,
        _ index: PatternIndex, chunks: [Bool]
    ) {
        self.probe = probe
        self.chunks = chunks
        self.patterns = patterns
        spelling = probe.patterns.answers(probe, index)
        isOfNumbers = spelling.contains(true)
        isOfHeads = directory.headsMayContain(probe)
        isOfHosts = directory.hostsMayContain(probe)
        isOfPrograms = directory.programsMayContain(probe)
        isOfTimes = probe.bytes.allSatisfy { TimeFormat.isOfTimes($0) }
        isOfDigits = probe.bytes.allSatisfy { $0 &- 0x30 <= 9 }
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
        func add(_ column: UInt32) {
            spelled[Int(column) >> 6] |= 1 << UInt64(column & 63)
        }
        if judge.isOfHeads {
            for column in columns(of: .constant) where head(of: Int(column), has: judge.probe) {
                add(column)
            }
        }
        if judge.isOfHosts { columns(of: .host).forEach(add) }
        if judge.isOfPrograms { columns(of: .program).forEach(add) }
        if judge.isOfDigits { columns(of: .pid).forEach(add) }
        if judge.isOfTimes { columns(of: .time).forEach(add) }
        if judge.isOfNumbers {
            for encoding in [.patterns] + ColumnEncoding.allNumbers {
                for column in columns(of: encoding)
                where judge.patterns.isAny(of: Int(column), in: judge.spelling) {
                    add(column)
                }
            }
        }
        may = spelled
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
