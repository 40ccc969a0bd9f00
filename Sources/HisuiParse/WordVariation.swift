import HisuiBytes
import HisuiEvent
import HisuiShape

/// Learns which words of a message vary, although nothing in the words themselves says so: names
/// of people, sections, places, methods.
///
/// Messages that are equal but for their words are a *group*; those of a group that agree in most
/// words are a *kind*. Once a kind has come in enough variants, the words in which they differ
/// become slots of whatever follows. Before that each variant is a shape of its own, if it comes
/// often enough; so `started` and `stopped` remain two shapes, and two thousand names become one.
///
/// Nothing here is trusted: words are compared by hashes of theirs, and a wrong guess costs a
/// shape that is too wide or too narrow, never a byte. Belongs to one parser.
struct WordVariation {
    /// Variants of a kind that are told apart; with this many, what varies becomes slots.
    static let variantsMin = 8
    /// Messages of more words do not vary by names; they are dumps.
    static let wordsMax = 64
    /// Kinds of a group that are told apart.
    static let kindsPerGroup = 16
    /// Kinds in all; then learning begins anew, which costs nothing but that.
    static let kindsMax = 16_384

    private struct Kind {
        /// In `hashes`: the words of its first message.
        var firstWord: Int
        var words: Int
        /// The words in which others differ from it.
        var varying: UInt64 = 0
        /// How many variants beside the first message were met, up to `variantsMin`.
        var variants = 0
        /// The next kind of the group, or -1.
        var next: Int
    }

    private var kinds: [Kind] = []
    /// The first kind of each group.
    private var groups: [UInt64: Int] = [:]
    private var hashes: [UInt32] = []
    /// For each kind the variants it has met, as hashes of all their words.
    private var variants: [UInt64] = []
    private var text = MessageWords()
    private var current: [UInt32] = []

    /// Makes slots of the words that vary in messages like this one.
    ///
    /// - Parameters:
    ///   - room: how many slots there may be in all.
    ///   - body: which of `slots` lie in the message.
    /// - Returns: how many of `slots` lie in the message now.
    /// - Complexity: O(length of the fixed text + kinds of the group × words).
    mutating func addVaryingWords(
        of record: Span<UInt8>, _ message: Range<Int>, _ encoding: TextEncoding, room: Int,
        _ body: Range<Int>, _ slots: inout [ByteRange]
    ) -> Int {
        // Words are looked for in bytes, and those of other encodings are no text yet.
        guard encoding.keepsASCII else { return body.count }
        text.scan(record, message, around: slots.span.extracting(body), encoding)
        let count = text.words.count
        guard count > 0, count <= WordVariation.wordsMax else { return body.count }
        current.removeAll(keepingCapacity: true)
        var whole: UInt64 = 0
        for word in text.words {
            let hash = Hash64.of(record.extracting(word.range))
            current.append(UInt32(truncatingIfNeeded: hash))
            whole = Hash64.mix(whole, hash)
        }
        let varying = learn(whole)
        let added = varying.nonzeroBitCount
        guard added > 0, slots.count + added <= room else { return body.count }
        text.insert(varying, into: &slots, body)
        return body.count + added
    }

    /// Finds the kind of the message in `text`; which of its words vary, if that is known.
    private mutating func learn(_ whole: UInt64) -> UInt64 {
        let group = Hash64.mix(text.frame, UInt64(current.count))
        var best = -1
        var bestVarying: UInt64 = 0
        var size = 0
        var at = groups[group] ?? -1
        while at >= 0 {
            let varying = kinds[at].varying | differing(from: kinds[at])
            // At least half of the words are the same in all of a kind.
            if varying.nonzeroBitCount <= (current.count + 1) / 2,
                best < 0 || varying.nonzeroBitCount < bestVarying.nonzeroBitCount
            {
                best = at
                bestVarying = varying
            }
            size += 1
            at = kinds[at].next
        }
        guard best >= 0 else {
            if size < WordVariation.kindsPerGroup { addKind(to: group) }
            return 0
        }
        kinds[best].varying = bestVarying
        if kinds[best].variants < WordVariation.variantsMin { meet(whole, best) }
        return kinds[best].variants < WordVariation.variantsMin ? 0 : bestVarying
    }

    /// Counts a variant that was not met before.
    private mutating func meet(_ whole: UInt64, _ kind: Int) {
        let first = kind * WordVariation.variantsMin
        for index in first..<first + kinds[kind].variants where variants[index] == whole { return }
        variants[first + kinds[kind].variants] = whole
        kinds[kind].variants += 1
    }

    private func differing(from kind: Kind) -> UInt64 {
        guard kind.words == current.count else { return .max }
        var differing: UInt64 = 0
        for index in current.indices where hashes[kind.firstWord + index] != current[index] {
            differing |= 1 << UInt64(index)
        }
        return differing
    }

    private mutating func addKind(to group: UInt64) {
        if kinds.count == WordVariation.kindsMax { self = WordVariation(keeping: self) }
        kinds.append(
            Kind(firstWord: hashes.count, words: current.count, next: groups[group] ?? -1))
        groups[group] = kinds.count - 1
        hashes.append(contentsOf: current)
        variants.append(contentsOf: repeatElement(0, count: WordVariation.variantsMin))
    }

    /// How many kinds are known.
    var kindCount: Int { kinds.count }

    init() {}

    /// Nothing learned, but the message at hand.
    private init(keeping other: WordVariation) {
        text = other.text
        current = other.current
    }
}
