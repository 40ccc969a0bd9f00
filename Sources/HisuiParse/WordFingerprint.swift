/// Which words stand in a text, in 64 bits: one for each pair of bytes that follows a blank.
///
/// A message that lacks a bit of a rule's fingerprint cannot fit the rule, so where many rules
/// begin alike (all of `pam_unix(`), most of them need not be run. It never says that a rule fits.
enum WordFingerprint {
    @inline(__always)
    static func bit(_ first: UInt8, _ second: UInt8) -> UInt64 {
        1 &<< UInt64((first &* 37) ^ (second &* 11))
    }

    /// What every message has that fits a template: the words inside its unconditional texts.
    static func required(by template: Template) -> UInt64 {
        var bits: UInt64 = 0
        for element in template.elements {
            guard case .literal(let bytes) = element.kind, bytes.count > 2 else { continue }
            for at in 1..<bytes.count - 1 where bytes[at - 1] == 0x20 {
                bits |= bit(bytes[at], bytes[at + 1])
            }
        }
        return bits
    }
}

extension RuleReader {
    /// The words from `from` to the end of the message, the one at `from` left out.
    @inline(__always)
    func fingerprint<S: StepCounting>(_ from: Int, _ steps: inout S) -> UInt64 {
        steps.add(end - from)
        var bits: UInt64 = 0
        var at = from
        while at + 8 <= end {
            // A byte of `blanks` has its top bit set where the word has a blank, exactly.
            let other = word(at) ^ 0x2020_2020_2020_2020
            let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
            var blanks = ~(((other & low) &+ low) | other | low)
            while blanks != 0 {
                let next = at + blanks.trailingZeroBitCount / 8 + 1
                if next + 1 < end { bits |= WordFingerprint.bit(byte(next), byte(next + 1)) }
                blanks &= blanks &- 1
            }
            at += 8
        }
        while at + 2 < end {
            if byte(at) == 0x20 { bits |= WordFingerprint.bit(byte(at + 1), byte(at + 2)) }
            at += 1
        }
        return bits
    }
}
