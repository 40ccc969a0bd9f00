/// Which runs of three bytes, and which bytes of ASCII, stand in a text: where words do not tell
/// rules apart, these do.
///
/// A message that lacks one that a rule's texts have cannot fit the rule. It never says that a rule
/// fits: runs share bits.
struct TextFingerprint: ~Copyable {
    /// Up to four bits that a message has to have.
    typealias Probes = SIMD4<UInt16>

    /// One bit for each value of the hash of a run, one for each byte, and one that is always set.
    private var bits = InlineArray<19, UInt64>(repeating: 0)

    static let runs = 1024
    static let always = UInt16(runs + 128)
    static let count = runs + 128
    /// Of a rule that says nothing.
    static let noProbes = Probes(repeating: always)

    init() { insert(Self.always) }

    /// The bit of three bytes, the first one lowest; what stands above them does not count.
    @inline(__always)
    static func run(_ bytes: UInt64) -> UInt16 {
        let hash = UInt32(truncatingIfNeeded: bytes & 0xFF_FFFF) &* 0x9E37_79B1
        return UInt16(truncatingIfNeeded: hash &>> 22)
    }

    @inline(__always)
    private mutating func insert(_ bit: UInt16) {
        bits[Int(bit &>> 6)] |= 1 &<< UInt64(bit & 63)
    }

    @inline(__always)
    private func has(_ bit: UInt16) -> UInt64 { bits[Int(bit &>> 6)] &>> UInt64(bit & 63) & 1 }

    /// Whether all bits are here.
    @inline(__always)
    func contains(_ probes: Probes) -> Bool {
        has(probes[0]) & has(probes[1]) & has(probes[2]) & has(probes[3]) != 0
    }

    /// Whether one of some bits is here.
    @inline(__always)
    func containsOne(of bits: [UInt16], _ range: Range<Int>) -> Bool {
        var found: UInt64 = 0
        for index in range { found |= has(bits[index]) }
        return found != 0
    }

    /// Adds the bytes and runs that begin in the first six of eight bytes, `count` at the most.
    @inline(__always)
    fileprivate mutating func insert(_ bytes: UInt64, _ count: Int) {
        var rest = bytes
        for _ in 0..<count {
            insert(Self.run(rest))
            let byte = UInt16(truncatingIfNeeded: rest) & 0xFF
            insert(byte < 128 ? UInt16(Self.runs) + byte : Self.always)
            rest &>>= 8
        }
    }
}

extension RuleReader {
    /// The fingerprint of the message from `from` on.
    ///
    /// - Complexity: O(length).
    func text<S: StepCounting>(_ from: Int, _ steps: inout S) -> TextFingerprint {
        steps.add(end - from)
        var text = TextFingerprint()
        var at = from
        while at < end {
            text.insert(bytes(at), min(6, end - at))
            at += 6
        }
        return text
    }
}

/// Chooses for each rule what to ask of a message: what fewest other rules ask.
struct ProbeChooser {
    /// How many rules have a bit in their texts.
    private var counts = [UInt32](repeating: 0, count: TextFingerprint.count)

    mutating func add(_ template: Template) {
        for bit in Self.bits(of: template) { counts[Int(bit)] += 1 }
        for choice in template.elements.flatMap({ Self.choices(of: $0) ?? [] }) {
            for bit in choice { counts[Int(bit)] += 1 }
        }
    }

    /// Bits of which every message that fits has one, from the texts one of which it must have: of
    /// those the one that fewest rules have, for each text; empty if that would say little.
    ///
    /// - Precondition: all templates were added.
    func alternatives(for template: Template) -> [UInt16] {
        template.elements.compactMap { Self.choices(of: $0) }
            .map { choices in
                choices.compactMap { $0.min { (counts[Int($0)], $0) < (counts[Int($1)], $1) } }
            }
            .min { rarity($0) < rarity($1) } ?? []
    }

    private func rarity(_ bits: [UInt16]) -> UInt32 { bits.reduce(0) { $0 + counts[Int($1)] } }

    /// - Precondition: all templates were added.
    func probes(for template: Template) -> TextFingerprint.Probes {
        var probes = TextFingerprint.noProbes
        let rarest = Self.bits(of: template).sorted {
            (counts[Int($0)], $0) < (counts[Int($1)], $1)
        }
        for (place, bit) in rarest.prefix(probes.scalarCount).enumerated() { probes[place] = bit }
        return probes
    }

    /// The runs of each of some alternatives; nil if it is something else, or one has no run.
    private static func choices(of element: Template.Element) -> [Set<UInt16>]? {
        guard case .alternatives(let texts) = element.kind, texts.count <= choicesMax,
            texts.allSatisfy({ $0.count >= 3 })
        else { return nil }
        return texts.map { text in Set((0...text.count - 3).map { run(text, $0) }) }
    }

    private static func run(_ text: [UInt8], _ at: Int) -> UInt16 {
        TextFingerprint.run((0..<3).reduce(0) { $0 | UInt64(text[at + $1]) << (8 * $1) })
    }

    /// With more, nearly every message has a bit of one.
    private static let choicesMax = 24

    /// What every message has that fits: the runs inside the unconditional texts, and the bytes of
    /// those too short for one, unless a word has them, too.
    private static func bits(of template: Template) -> Set<UInt16> {
        var bits: Set<UInt16> = []
        for element in template.elements {
            guard case .literal(let bytes) = element.kind else { continue }
            for at in bytes.indices {
                if at + 3 <= bytes.count {
                    bits.insert(run(bytes, at))
                } else if bytes.count < 3, bytes[at] < 128 {
                    bits.insert(UInt16(TextFingerprint.runs) + UInt16(bytes[at]))
                }
            }
        }
        return bits
    }
}
