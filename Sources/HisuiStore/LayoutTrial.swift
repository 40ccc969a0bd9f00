import HisuiBytes

/// Finds out which layout of numbers a codec makes smaller, by trying both on the first of them.
///
/// Numbers whose bytes are noise, or which repeat whole, are best kept together; numbers that
/// differ in their low bytes only are best kept in planes. Neither can be told from their range.
struct LayoutTrial {
    private let sink = ByteSink()
    private let compressor = Compressor(codec: .zstd, level: 1)

    /// Fewer values decide nothing.
    private static let valuesMin = 48
    private static let valuesMax = 2048

    func isInterleavedSmaller(_ numbers: NumberColumnEncoder, _ count: Int) -> Bool {
        guard count >= Self.valuesMin else { return true }
        let sample = min(count, Self.valuesMax)
        return size(numbers, sample, isInterleaved: true)
            <= size(numbers, sample, isInterleaved: false)
    }

    private func size(
        _ numbers: NumberColumnEncoder, _ count: Int, isInterleaved: Bool
    ) -> Int {
        sink.removeAll()
        numbers.append(count, isInterleaved: isInterleaved, to: sink)
        _ = sink.withBytes(upTo: sink.count) { compressor.compress($0) }
        return compressor.output.count
    }
}
