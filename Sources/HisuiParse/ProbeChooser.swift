/// Chooses for each rule what to ask of a message before it is run: what fewest other rules ask.
struct ProbeChooser {
    /// How many rules have a bit in their texts.
    private var counts = [UInt32](repeating: 0, count: MessageText.count)

    mutating func add(_ template: Template) {
        for bit in Set(Self.places(of: template).map(\.bit)) { counts[Int(bit)] += 1 }
        for choice in template.elements.flatMap({ Self.choices(of: $0) ?? [] }) {
            for bit in Set(choice) { counts[Int(bit)] += 1 }
        }
    }

    /// Bits that every message has that fits: the rarest, and such as do not overlap.
    ///
    /// - Precondition: all templates were added.
    func probes(for template: Template) -> MessageText.Probes {
        var probes = MessageText.noProbes
        let places = Self.places(of: template).sorted { isRarer($0.bit, $1.bit) }
        var chosen: [Place] = []
        for isApart in [true, false] {
            for place in places where chosen.count < probes.scalarCount {
                guard !chosen.contains(where: { $0.bit == place.bit }),
                    !isApart || !chosen.contains(where: { abs($0.at - place.at) < 3 })
                else { continue }
                chosen.append(place)
            }
        }
        for (index, place) in chosen.enumerated() { probes[index] = place.bit }
        return probes
    }

    /// Pairs of bits of which every message that fits has one, both of it, from the texts one of
    /// which it must have: of those the ones that fewest rules have, for each text; empty if that
    /// would say little.
    ///
    /// - Precondition: all templates were added.
    func alternatives(for template: Template) -> [MessageText.Pair] {
        template.elements.compactMap { Self.choices(of: $0) }
            .map { choices in choices.map { pair($0) } }
            .min { rarity($0.map { $0[0] }) < rarity($1.map { $0[0] }) } ?? []
    }

    /// Pairs of bits of which every message that fits has one; empty if nothing is known.
    ///
    /// - Precondition: all templates were added.
    func keys(for template: Template) -> [MessageText.Pair] {
        let places = Self.places(of: template)
        let alternatives = Set(alternatives(for: template)).sorted { $0[0] < $1[0] }
        let key = key(places.filter { $0.bit < MessageText.runs }, of: places)
        if let key, alternatives.isEmpty || rarity([key[0]]) <= rarity(alternatives.map { $0[0] }) {
            return [key]
        }
        if !alternatives.isEmpty { return alternatives }
        return self.key(places.filter { Self.tells($0.bit) }, of: places).map { [$0] } ?? []
    }

    /// The rarest of some bits, and the rarest of all that do not overlap it.
    private func key(_ bits: [Place], of all: [Place]) -> MessageText.Pair? {
        bits.min { isRarer($0.bit, $1.bit) }.map { first in
            let apart = all.filter { abs($0.at - first.at) >= 3 && $0.bit != first.bit }
            let second = apart.min { isRarer($0.bit, $1.bit) }
            return MessageText.Pair(first.bit, second?.bit ?? MessageText.always)
        }
    }

    /// Whether a bit is that of a byte that not every message has.
    private static func tells(_ bit: UInt16) -> Bool {
        guard bit >= MessageText.runs else { return false }
        let byte = UInt8((Int(bit) - MessageText.runs) / 8)
        return byte > 0x20 && !LetterMask.isLetter(byte) && !".:-,".utf8.contains(byte)
    }

    private func isRarer(_ one: UInt16, _ other: UInt16) -> Bool {
        (counts[Int(one)], one) < (counts[Int(other)], other)
    }

    /// The rarest run of a text, and the rarest of those that do not overlap it, if there is one.
    private func pair(_ runs: [UInt16]) -> MessageText.Pair {
        let places = runs.indices
        guard let first = places.min(by: { isRarer(runs[$0], runs[$1]) }) else {
            return MessageText.Pair(repeating: MessageText.always)
        }
        let second =
            places.filter { abs($0 - first) >= 3 }.min { isRarer(runs[$0], runs[$1]) }
            ?? places.filter { $0 != first }.min { isRarer(runs[$0], runs[$1]) } ?? first
        return MessageText.Pair(runs[first], runs[second])
    }

    private func rarity(_ bits: [UInt16]) -> UInt32 { bits.reduce(0) { $0 + counts[Int($1)] } }

    /// The runs of each of some alternatives; nil if it is something else, or one has no run.
    private static func choices(of element: Template.Element) -> [[UInt16]]? {
        guard case .alternatives(let texts) = element.kind, texts.count <= choicesMax,
            texts.allSatisfy({ $0.count >= 3 })
        else { return nil }
        return texts.map { text in (0...text.count - 3).map { run(text, $0) } }
    }

    private static func run(_ text: [UInt8], _ at: Int) -> UInt16 {
        MessageText.run((0..<3).reduce(0) { $0 | UInt64(text[at + $1]) << (8 * $1) })
    }

    /// With more, nearly every message has a bit of one.
    private static let choicesMax = 32

    /// A bit, and where in the texts of the template it stands.
    private struct Place {
        var bit: UInt16
        var at: Int
    }

    /// What every message has that fits: the runs inside the unconditional texts, and the bytes of
    /// those too short for one.
    private static func places(of template: Template) -> [Place] {
        var places: [Place] = []
        var start = 0
        for element in template.elements {
            guard case .literal(let bytes) = element.kind else { continue }
            for at in bytes.indices {
                if at + 3 <= bytes.count {
                    places.append(Place(bit: run(bytes, at), at: start + at))
                } else if bytes.count < 3, bytes[at] < 128 {
                    places.append(
                        Place(bit: MessageText.bit(of: bytes[at]), at: start + at))
                }
            }
            // Texts apart do not overlap.
            start += bytes.count + 3
        }
        return places
    }
}
