import HisuiBytes
import HisuiEvent

/// Where a file says what its values are called: lines that begin with `#Fields:`, as in W3C
/// extended logs.
///
/// A line counts once all of it has been taken: then records behind it are read by it, also after
/// the next start. Files whose text is not ASCII have no such lines.
struct ColumnLinePlaces {
    static let mark = Array("#Fields:".utf8)

    /// The beginning of the last one.
    private(set) var last: UInt64?
    /// One that has not been taken whole.
    private var next: UInt64?
    /// What stands at `last`, once it was read.
    private var text: [UInt8]?

    /// Takes over what a position says.
    mutating func take(_ place: UInt64?) { last = place }

    /// Looks at bytes that were taken.
    ///
    /// - Parameters:
    ///   - chunk: with what stood before the bytes, so that a mark may begin there.
    ///   - chunkAt: where the chunk stands in the file.
    mutating func look(in chunk: Span<UInt8>, _ bytes: Range<Int>, chunkAt: UInt64) {
        var from = max(0, bytes.lowerBound - Self.mark.count + 1)
        while let place = ByteSearch.first(of: Self.mark, in: chunk, from..<bytes.upperBound) {
            from = place + 1
            let at = chunkAt + UInt64(place)
            guard at == 0 || place > 0 && chunk[place - 1] == 0x0A else { continue }
            // The one before was taken whole: another line has begun.
            commit(before: at)
            next = at
        }
    }

    /// Lets the line count that begins before the first record which is not whole.
    mutating func commit(before start: UInt64) {
        guard let place = next, place < start else { return }
        last = place
        next = nil
        text = nil
    }

    /// The last line; empty if there is none, or it is longer than one may be.
    ///
    /// - Parameter read: bytes of the file at a place, so many or as many as there are.
    mutating func line(_ read: (UInt64, Int) -> [UInt8]) -> [UInt8] {
        guard let last else { return [] }
        if let text { return text }
        let bytes = read(last, Limits.columnLineBytesMax + 1)
        var line: [UInt8] = []
        if bytes.starts(with: Self.mark), let end = bytes.firstIndex(of: 0x0A) {
            line = Array(bytes[..<end])
            if line.last == 0x0D { line.removeLast() }
        }
        text = line
        return line
    }
}
