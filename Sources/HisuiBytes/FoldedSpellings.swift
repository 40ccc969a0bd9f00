/// All ways to write a text that folds to another, as far as runs of four bytes tell whether one
/// of them may stand somewhere.
///
///     wanted    e r r o r
///     arcs      e ｅ Ｅ ⓔ …, r ｒ Ｒ …, and so on; each leads over what it folds to
///
/// What is between two places of the wanted text may be written by each arc that leads there. An
/// arc may begin before the text or end behind it: 株 stands in ㈱.
///
/// Made once for a text, and asked for each of its pieces.
public final class FoldedSpellings: Sendable {
    /// What is looked for, folded: the beginning of a long text.
    public let wanted: [UInt8]

    private struct Arc {
        var end: Int
        var bytes: UInt32
        var count: UInt8
        /// Whether bytes follow that are not known.
        var goesOn = false
    }

    /// By the place where they begin, those that begin before the text first.
    private let arcs: [[Arc]]
    private let firstPlace: Int
    private let textBytesMax: Int
    /// The characters beyond ASCII that arcs are of, as a set of their keys.
    private let characters: [UInt64]

    /// More of a text tells little more.
    public static let bytesMax = 64

    /// - Parameter folded: not empty. nil if the ways are not known: of what is no UTF-8, or has
    ///   pieces of syllables of Hangul, which are not in the table.
    public init?(_ folded: [UInt8]) {
        guard UTF8Text.isValid(folded.span, 0..<folded.count), !TextFolding.hasSyllables(folded)
        else { return nil }
        var wanted = folded
        if wanted.count > Self.bytesMax {
            var end = Self.bytesMax
            while end > 0, wanted[end] & 0xC0 == 0x80 { end -= 1 }
            wanted.removeSubrange(end...)
        }
        self.wanted = wanted
        textBytesMax = TextFolding.textBytesMax
        var gathered = Gathered(wanted, before: textBytesMax)
        gathered.addAll()
        arcs = gathered.arcs.map { arcs in
            arcs.sorted { ($0.bytes.byteSwapped, $0.end) < ($1.bytes.byteSwapped, $1.end) }
        }
        firstPlace = -textBytesMax
        var characters = [UInt64](repeating: 0, count: 1 << 16 / 64)
        for arc in arcs.joined() where arc.bytes & 0xFF >= 0x80 {
            // Of some the last byte is any.
            let bytes = (0..<4).map { index in
                index < arc.count ? UInt8(truncatingIfNeeded: arc.bytes >> (8 * index)) : 0x80
            }
            if let (key, _) = Self.key(of: bytes.span, 0..<4) {
                characters[key >> 6] |= 1 << UInt64(key & 63)
            }
        }
        self.characters = characters
    }

    /// Where the bytes of `range` have the first character beyond ASCII of which a way to write
    /// some of the text may be made; if there is none, only ASCII writes the text there.
    ///
    /// - Complexity: O(n), eight bytes at a time where they are ASCII.
    public func firstBeyondASCII(in bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var at = range.lowerBound
        while true {
            at = UTF8Text.asciiEnd(bytes, at..<range.upperBound)
            while at < range.upperBound, bytes[at] >= 0x80 {
                // What is no UTF-8 writes nothing.
                guard let (key, count) = Self.key(of: bytes, at..<range.upperBound) else {
                    at += 1
                    continue
                }
                if characters[key >> 6] & 1 << UInt64(key & 63) != 0 { return at }
                at += count
            }
            if at == range.upperBound { return nil }
        }
    }

    /// A number below 2^16 for the character that `range` begins with, and its bytes: that of the
    /// character, or beyond U+FFFF the first of its two in UTF-16, which 1024 have in common; nil
    /// for what is no beginning of one.
    @inline(__always)
    private static func key(
        of bytes: Span<UInt8>, _ range: Range<Int>
    ) -> (key: Int, count: Int)? {
        let at = range.lowerBound
        let first = bytes[at]
        let count = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0
        if count == 0 || count > range.count { return nil }
        var value = Int(first) & (0xFF >> (count + 1))
        for index in 1..<min(count, 3) {
            if bytes[at + index] & 0xC0 != 0x80 { return nil }
            value = value << 6 | Int(bytes[at + index] & 0x3F)
        }
        if count < 4 { return (value, count) }
        // The last six bits are among those that are not told apart.
        return bytes[at + 3] & 0xC0 == 0x80 ? (0xD7C0 + value >> 4 & 0xFFFF, count) : nil
    }

    private struct Gathered {
        let wanted: [UInt8]
        /// How far before what is wanted arcs begin.
        let before: Int
        var arcs: [[Arc]]

        init(_ wanted: [UInt8], before: Int) {
            self.wanted = wanted
            self.before = before
            arcs = [[Arc]](repeating: [], count: wanted.count + before)
        }

        mutating func addAll() {
            addThemselves()
            var gathered = self
            // Safe: the text lives as long as the program.
            unsafe TextFolding.forEach { scalar, text in
                unsafe gathered.add(scalar, text)
            }
            self = gathered
        }

        private mutating func add(_ place: Int, _ end: Int, _ bytes: [UInt8], goesOn: Bool = false)
        {
            var packed: UInt32 = 0
            for byte in bytes.reversed() { packed = packed << 8 | UInt32(byte) }
            arcs[place + before].append(
                Arc(end: end, bytes: packed, count: UInt8(bytes.count), goesOn: goesOn))
        }

        /// Characters that are themselves, and variation selectors between all.
        private mutating func addThemselves() {
            var at = 0
            while at < wanted.count {
                let count = UTF8Text.character(wanted.span, at..<wanted.count).count
                add(at, at + count, Array(wanted[at..<at + count]))
                if at > 0 {
                    for last in UInt8(0x80)...0x8F {
                        add(at, at, [0xEF, 0xB8, last], goesOn: true)
                    }
                    for third in UInt8(0x84)...0x87 {
                        add(at, at, [0xF3, 0xA0, third], goesOn: true)
                    }
                }
                at += count
            }
        }

        /// A character of the table, wherever a piece of its text is a piece of what is wanted.
        @unsafe
        private mutating func add(_ scalar: UInt32, _ text: UnsafeBufferPointer<UInt8>) {
            guard !text.isEmpty, wanted.count > 0 else { return }
            var bytes: [UInt8] = []
            for place in 1 - text.count..<wanted.count {
                let common = max(place, 0)..<min(place + text.count, wanted.count)
                var isSame = true
                // Safe: the place lies within the text as it lies within `common`.
                for at in common where unsafe wanted[at] != text[at - place] {
                    isSame = false
                    break
                }
                guard isSame else { continue }
                if bytes.isEmpty { UTF8Text.append(scalar: scalar, to: &bytes) }
                add(place, place + text.count, bytes)
            }
        }
    }

    /// Whether a way to write a piece of what is wanted may stand where four bytes next to each
    /// other are only what `mayStand` says.
    ///
    /// - Parameters:
    ///   - piece: of `wanted`.
    ///   - mayStand: of four bytes, the first in the lowest bits.
    /// - Complexity: O(ways to write two characters of the piece), more where these may stand.
    public func mayStand(_ piece: Range<Int>, _ mayStand: (UInt32) -> Bool) -> Bool {
        if piece.isEmpty { return true }
        var steps = 0
        /// Follows the arcs of a place; whether a way leads to the end of the piece.
        func follow(_ place: Int, _ last: UInt32, _ count: Int) -> Bool {
            // Arcs that begin with the same byte stand next to each other, and fail with it.
            var refused: UInt32 = .max
            next: for arc in arcs[place - firstPlace] {
                let first = arc.bytes & 0xFF
                if first == refused { continue }
                if arc.end <= piece.lowerBound { continue }
                // Behind one that is nothing further ones are taken to stand.
                if arc.end == place, count == 0 { continue }
                steps += 1
                // So much may stand there that it is not worth to ask on.
                if steps > Self.stepsMax { return true }
                var (last, count) = (last, count)
                for index in 0..<UInt32(arc.count) {
                    last = last >> 8 | (arc.bytes >> (8 * index) & 0xFF) << 24
                    count = min(count + 1, 4)
                    if count == 4, !mayStand(last) {
                        if index == 0 { refused = first }
                        continue next
                    }
                }
                if arc.end >= piece.upperBound { return true }
                if follow(arc.end, last, arc.goesOn ? 0 : min(count, 3)) {
                    return true
                }
            }
            return false
        }
        for place in max(piece.lowerBound - textBytesMax, firstPlace)...piece.lowerBound
        where follow(place, 0, 0) { return true }
        return false
    }

    /// Arcs that are looked at.
    private static let stepsMax = 8192
}
