import HisuiBytes

extension BlockDirectory {
    /// The columns that may have `probe` in a value, all judged at once: what hosts, programs,
    /// times and process ids can have is the same for all columns of the kind, and so is what
    /// numbers of a pattern can spell.
    ///
    /// - Parameters:
    ///   - patterns: those of the columns, by their numbers.
    ///   - spelling: for each pattern whether its numbers may spell the probe.
    ///   - chunks: for each chunk whether its text may have the probe.
    /// - Returns: a bit for each column: whether it may have the probe; and whether it may without
    ///   having text.
    /// - Complexity: O(bytes of the directory + columns of the kinds that may have the probe).
    func candidates(
        _ probe: TextProbe, _ patterns: PatternTable, spelling: [Bool], chunks: [Bool]
    ) -> (may: [UInt64], spelled: [UInt64]) {
        var spelled = [UInt64](repeating: 0, count: columnCount / 64 + 1)
        func add(_ column: UInt32) {
            spelled[Int(column) >> 6] |= 1 << UInt64(column & 63)
        }
        if headsMayContain(probe) {
            for column in columns(of: .constant) where head(of: Int(column), has: probe) {
                add(column)
            }
        }
        if hostsMayContain(probe) { columns(of: .host).forEach(add) }
        if programsMayContain(probe) { columns(of: .program).forEach(add) }
        if probe.bytes.allSatisfy({ $0 &- 0x30 <= 9 }) { columns(of: .pid).forEach(add) }
        if probe.bytes.allSatisfy({ TimeFormat.isOfTimes($0) }) {
            columns(of: .time).forEach(add)
        }
        if spelling.contains(true) {
            for encoding in [.patterns] + ColumnEncoding.allNumbers {
                for column in columns(of: encoding)
                where patterns.isAny(of: Int(column), in: spelling) {
                    add(column)
                }
            }
        }
        var may = spelled
        for chunk in chunks.indices where chunks[chunk] {
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
