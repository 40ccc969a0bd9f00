import HisuiStore
import Synchronization

/// What of a needle must stand in a column for the needle to stand there, or to cross its border.
///
/// Shared by all copies of the needle.
final class NeedleProbes: Sendable {
    private let bytes: [UInt8]
    private let ignoresCase: Bool
    /// Those for pieces that are no beginning and no end, made when they are asked for.
    private let pieces = Mutex<[Range<Int>: TextProbe]>([:])
    /// For the needle as a whole.
    let whole: TextProbe
    /// For its first bytes, by their number less one; empty if the needle is too long.
    private let beginnings: [TextProbe]
    /// For its bytes from the second, third, … on.
    private let ends: [TextProbe]

    /// Of longer needles only the whole is asked for.
    static let partsMax = 64

    init(_ bytes: [UInt8], ignoresCase: Bool) {
        self.bytes = bytes
        self.ignoresCase = ignoresCase
        whole = Self.probe(bytes[...], ignoresCase)
        let hasParts = bytes.count <= Self.partsMax
        beginnings =
            hasParts ? (1..<bytes.count).map { Self.probe(bytes[..<$0], ignoresCase) } : []
        ends = hasParts ? (1..<bytes.count).map { Self.probe(bytes[$0...], ignoresCase) } : []
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
            let made = Self.probe(bytes[range], ignoresCase)
            pieces[range] = made
            return made
        }
    }

    /// Where case does not matter, letters that are the other case of something beyond ASCII (the
    /// Kelvin sign, the dotted capital I) and all that is beyond it are left out: the longest run
    /// of other bytes is asked for.
    private static func probe(_ bytes: ArraySlice<UInt8>, _ ignoresCase: Bool) -> TextProbe {
        guard ignoresCase else { return TextProbe(Array(bytes)) }
        let runs = bytes.split {
            $0 >= 0x80 || $0 == UInt8(ascii: "k") || $0 == UInt8(ascii: "i")
        }
        let longest = runs.max { $0.count < $1.count } ?? []
        return TextProbe(Array(longest), ignoresCase: true)
    }
}
