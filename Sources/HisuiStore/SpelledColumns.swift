import HisuiBytes

// What a directory tells of columns that may have a text.
extension BlockDirectory {
    /// The columns that may have a probe in something that is not text of a chunk: hosts, programs,
    /// times, process ids, constants, and numbers by `patterns`.
    ///
    /// - Parameter spelling: for each pattern of the index whether its numbers may spell the probe.
    /// - Complexity: O(columns / 64 + columns that may have it), and a search through the heads.
    func columns(
        thatMaySpell probe: TextProbe, _ patterns: PatternTable, _ spelling: [Bool]
    ) -> ColumnSet {
        var columns = ColumnSet(count: columnCount)
        if hostsMayContain(probe) { columns.formUnion(set(of: .host)) }
        if programsMayContain(probe) { columns.formUnion(set(of: .program)) }
        if probe.bytes.allSatisfy({ $0 &- 0x30 <= 9 }) { columns.formUnion(set(of: .pid)) }
        if probe.bytes.allSatisfy({ TimeFormat.isOfTimes($0) }) {
            columns.formUnion(set(of: .time))
        }
        addConstants(with: probe, to: &columns)
        patterns.addColumns(of: spelling, to: &columns)
        return columns
    }

    /// Adds the columns with text in chunks that may have a probe.
    ///
    /// - Parameter filters: the sets of the block's chunks.
    func addText(with probe: TextProbe, _ filters: [UInt8], to columns: inout ColumnSet) {
        for (chunk, filter) in self.filters.enumerated()
        where probe.mayOccur(inChunkOf: filter, filters) {
            let own = self.columns(ofChunk: chunk)
            guard let first = own.first, let last = own.last else { continue }
            columns.formUnion(textSet(of: chunkKinds[chunk]), in: Int(first)...Int(last))
        }
    }
}

extension TextProbe {
    /// Whether the text may occur in a chunk.
    ///
    /// - Parameter filter: that of the chunk, as a directory has it.
    func mayOccur(inChunkOf filter: Range<Int>?, _ filters: [UInt8]) -> Bool {
        // So little text is almost everywhere, and in values of less than four bytes too.
        guard let filter, !grams.isEmpty else { return true }
        // An empty one: no value of the chunk has four bytes.
        return !filter.isEmpty
            && mayOccur(
                in: filters.span.extracting(filter),
                logSize: (filter.count * 8).trailingZeroBitCount)
    }
}
