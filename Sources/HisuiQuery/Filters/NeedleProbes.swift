import HisuiBytes
import HisuiStore
import Synchronization

/// What of a needle must stand in a column for the needle to stand there, or to cross its border.
///
/// Shared by all copies of the needle.
final class NeedleProbes: Sendable {
    private let bytes: [UInt8]
    private let likeness: Needle.Likeness
    /// The ways to write a needle that is looked for folded, if they are known.
    private let spellings: FoldedSpellings?
    /// Those for pieces that are no beginning and no end, made when they are asked for.
    private let pieces = Mutex<[Range<Int>: TextProbe]>([:])
    /// For the needle as a whole; of a long one that is looked for folded, for its beginning.
    let whole: TextProbe
    /// For what stands where a character of a needle that is looked for folded is cut in two.
    let beyondASCII: TextProbe?
    /// For its first bytes, by their number less one; empty if the needle is too long.
    private let beginnings: [TextProbe]
    /// For its bytes from the second, third, … on.
    private let ends: [TextProbe]

    /// Of longer needles only the whole is asked for.
    static let partsMax = FoldedSpellings.bytesMax

    init(_ bytes: [UInt8], _ likeness: Needle.Likeness) {
        self.bytes = bytes
        self.likeness = likeness
        beyondASCII = likeness == .folded ? TextProbe.beyondASCII() : nil
        let spellings = likeness == .folded ? FoldedSpellings(bytes) : nil
        self.spellings = spellings
        func probe(_ piece: Range<Int>) -> TextProbe {
            Self.probe(bytes, piece, likeness, spellings)
        }
        whole = probe(0..<bytes.count)
        let hasParts = bytes.count <= Self.partsMax
        beginnings = hasParts ? (1..<bytes.count).map { probe(0..<$0) } : []
        ends = hasParts ? (1..<bytes.count).map { probe($0..<bytes.count) } : []
    }

    /// Whether the needle may be written with what a value has beyond ASCII; true if that is not
    /// known.
    func mayBeWritten(in value: Span<UInt8>) -> Bool {
        spellings.map { $0.firstBeyondASCII(in: value, 0..<value.count) != nil } ?? true
    }

    /// The probe for a part that is a beginning or an end of the needle; nil if there is none.
    func part(_ range: Range<Int>) -> TextProbe? {
        if beginnings.isEmpty || range.isEmpty { return nil }
        if range.lowerBound == 0 { return beginnings[range.upperBound - 1] }
        return range.upperBound == bytes.count ? ends[range.lowerBound - 1] : nil
    }

    /// The probe for any piece.
    func piece(_ range: Range<Int>) -> TextProbe {
        if let part = part(range) { return part }
        return pieces.withLock { pieces in
            if let known = pieces[range] { return known }
            let made = Self.probe(bytes, range, likeness, spellings)
            pieces[range] = made
            return made
        }
    }

    private static func probe(
        _ bytes: [UInt8], _ piece: Range<Int>, _ likeness: Needle.Likeness,
        _ spellings: FoldedSpellings?
    ) -> TextProbe {
        guard let spellings else {
            // Where it is not known how text can be written, it may stand anywhere.
            if likeness == .folded { return TextProbe([]) }
            return TextProbe(Array(bytes[piece]), ignoresCase: likeness == .anyCase)
        }
        return TextProbe(spellings, piece.clamped(to: 0..<spellings.wanted.count))
    }
}
