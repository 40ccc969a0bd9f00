import HisuiBytes

// What a directory tells of columns that may have a text.
extension BlockDirectory {
    /// Whether a column may have a probe in something that is not text of a chunk: a constant,
    /// hosts, programs, times, process ids, numbers. Of numbers only their range is known beside
    /// what the segment's footer told.
    func maySpell(_ probe: TextProbe, in column: Int) -> Bool {
        switch encoding(of: column) {
        case .constant: probe.occurs(in: bytes, headRange(of: column))
        case .host: hostsMayContain(probe)
        case .program: programsMayContain(probe)
        case .text, .dictionary8, .dictionary16: false
        case let encoding where encoding.isNumbers: mayReach(probe, in: column)
        default: true
        }
    }

    /// Whether the numbers of a column may be so large that one has the digits of a probe; true
    /// where that is not known.
    private func mayReach(_ probe: TextProbe, in column: Int) -> Bool {
        guard let least = probe.number else { return true }
        let heads = bytes
        var reader = ByteReader(heads.span, headRange(of: column))
        guard let head = try? NumberColumn.Head(decoding: &reader),
            head.pattern.numbers.allSatisfy({ $0.notation == .decimal }),
            !head.pattern.text.contains(where: { $0 &- 0x30 <= 9 || probe.folds && $0 >= 0x80 })
        else { return true }
        // Whatever stands around the digits, the number is no less than they are alone.
        return head.fields.contains { $0.greatest >= least }
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
        return mayOccur(
            in: filters.span.extracting(filter),
            logSize: (filter.count * 8).trailingZeroBitCount)
    }
}
