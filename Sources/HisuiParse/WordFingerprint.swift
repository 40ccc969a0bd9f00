/// Which words stand in a text, in 128 bits: one for each pair of bytes that follows a blank, or
/// for the first of them if it is punctuation.
///
/// A message that lacks a bit of a rule's fingerprint cannot fit the rule, so where many rules
/// begin alike (all of `pam_unix(`), or with a field, most of them need not be run. It never says
/// that a rule fits.
struct WordFingerprint: Hashable, Sendable {
    private(set) var low: UInt64 = 0
    private(set) var high: UInt64 = 0

    /// The number of the bit for a word that begins so, below `count`.
    @inline(__always)
    static func bit(_ first: UInt8, _ second: UInt8) -> UInt8 {
        let isPunctuation =
            first < 0x30 || first &- 0x3A < 7 || first &- 0x5B < 6 || first &- 0x7B < 4
        return ((first &* 37) ^ (isPunctuation ? 0 : second &* 11)) & 0x7F
    }

    static let count = 128

    @inline(__always)
    mutating func insert(_ bit: UInt8) {
        let mask: UInt64 = 1 &<< UInt64(bit & 63)
        if bit & 64 == 0 { low |= mask } else { high |= mask }
    }

    /// Whether all bits of `other` are here.
    @inline(__always)
    func contains(_ other: WordFingerprint) -> Bool {
        other.low & ~low | other.high & ~high == 0
    }

    /// What every message has that fits a template: the words inside its unconditional texts.
    init(requiredBy template: Template) {
        for element in template.elements {
            guard case .literal(let bytes) = element.kind, bytes.count > 1 else { continue }
            for at in 1..<bytes.count where bytes[at - 1] == 0x20 {
                let second: UInt8? = at + 1 < bytes.count ? bytes[at + 1] : nil
                let bit = Self.bit(bytes[at], second ?? 0)
                if second != nil || bit == Self.bit(bytes[at], 1) { insert(bit) }
            }
        }
    }

    init() {}

    /// The numbers of the bits.
    var bits: [UInt8] {
        (0..<UInt8(Self.count)).filter { bit in
            (bit & 64 == 0 ? low : high) &>> UInt64(bit & 63) & 1 == 1
        }
    }
}

extension RuleReader {
    /// The words from `from` to the end of the message, the one at `from` left out.
    @inline(__always)
    func fingerprint<S: StepCounting>(_ from: Int, _ steps: inout S) -> WordFingerprint {
        steps.add(end - from)
        var words = WordFingerprint()
        var at = from
        while at < end {
            // A byte of `blanks` has its top bit set where the word has a blank, exactly.
            let other = bytes(at) ^ 0x2020_2020_2020_2020
            let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
            var blanks = ~(((other & low) &+ low) | other | low)
            while blanks != 0 {
                let next = at + blanks.trailingZeroBitCount / 8 + 1
                let pair = bytes(next)
                words.insert(
                    WordFingerprint.bit(
                        UInt8(truncatingIfNeeded: pair), UInt8(truncatingIfNeeded: pair &>> 8)))
                blanks &= blanks &- 1
            }
            at += 8
        }
        return words
    }
}
