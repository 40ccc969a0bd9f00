/// A set of characters: what a class of a regular expression stands for.
struct ScalarSet: Hashable, Sendable {
    /// Scalars, ascending, not touching each other.
    private(set) var ranges: [ClosedRange<UInt32>]

    init(_ ranges: [ClosedRange<UInt32>] = []) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, last.upperBound >= range.upperBound { continue }
            if let last = self.ranges.last, last.upperBound + 1 >= range.lowerBound {
                self.ranges[self.ranges.count - 1] = last.lowerBound...range.upperBound
            } else {
                self.ranges.append(range)
            }
        }
    }

    init(_ ranges: ClosedRange<Unicode.Scalar>...) {
        self.init(ranges.map { $0.lowerBound.value...$0.upperBound.value })
    }

    static let digit = ScalarSet("0"..."9")
    static let word = ScalarSet("0"..."9", "A"..."Z", "_"..."_", "a"..."z")
    static let space = ScalarSet("\t"..."\r", " "..." ")
    static let newline = ScalarSet("\n"..."\n")

    /// The classes of POSIX, as in `[[:alpha:]]`: ASCII only.
    static let posix: [String: ScalarSet] = [
        "alnum": ScalarSet("0"..."9", "A"..."Z", "a"..."z"),
        "alpha": ScalarSet("A"..."Z", "a"..."z"), "ascii": ScalarSet("\0"..."\u{7F}"),
        "blank": ScalarSet("\t"..."\t", " "..." "),
        "cntrl": ScalarSet("\0"..."\u{1F}", "\u{7F}"..."\u{7F}"), "digit": digit,
        "graph": ScalarSet("!"..."~"), "lower": ScalarSet("a"..."z"),
        "print": ScalarSet(" "..."~"),
        "punct": ScalarSet("!"..."/", ":"..."@", "["..."`", "{"..."~"), "space": space,
        "upper": ScalarSet("A"..."Z"), "word": word,
        "xdigit": ScalarSet("0"..."9", "A"..."F", "a"..."f"),
    ]

    /// The scripts that `\p{…}` knows.
    static let scripts: [String: ScalarSet] = [
        "Hiragana": ScalarSet([
            0x3041...0x3096, 0x309D...0x309F, 0x1_B001...0x1_B11F, 0x1_B150...0x1_B152,
            0x1_F200...0x1_F200,
        ]),
        "Katakana": ScalarSet([
            0x30A1...0x30FA, 0x30FD...0x30FF, 0x31F0...0x31FF, 0x32D0...0x32FE, 0x3300...0x3357,
            0xFF66...0xFF6F, 0xFF71...0xFF9D, 0x1_B000...0x1_B000, 0x1_B164...0x1_B167,
        ]),
        "Han": ScalarSet([
            0x2E80...0x2E99, 0x2E9B...0x2EF3, 0x2F00...0x2FD5, 0x3005...0x3005, 0x3007...0x3007,
            0x3021...0x3029, 0x3038...0x303B, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFA6D,
            0xFA70...0xFAD9, 0x2_0000...0x2_A6DF, 0x2_A700...0x2_EBE0, 0x2_F800...0x2_FA1D,
            0x3_0000...0x3_23AF,
        ]),
    ]

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    /// All other characters.
    var complement: ScalarSet {
        var left: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { left.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10_FFFF { left.append(next...0x10_FFFF) }
        return ScalarSet(left)
    }

    /// With each character also its other case.
    var ignoringCase: ScalarSet {
        var more = ranges
        for range in ranges where range.count <= ExpressionLimits.foldedRangeMax {
            for value in range {
                guard let scalar = Unicode.Scalar(value) else { continue }
                let mappings = [
                    scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping,
                ]
                for mapping in mappings where mapping.unicodeScalars.count == 1 {
                    for other in mapping.unicodeScalars { more.append(other.value...other.value) }
                }
            }
        }
        return ScalarSet(more)
    }

    /// The characters of ASCII among them.
    var ascii: RegularExpression.ByteSet {
        var set = RegularExpression.ByteSet()
        for range in ranges where range.lowerBound < 0x80 {
            set.insert(UInt8(range.lowerBound)...UInt8(min(range.upperBound, 0x7F)))
        }
        return set
    }

    /// What fits one of these characters in UTF-8.
    var node: RegularExpressionNode {
        var choices: [RegularExpressionNode] = []
        let ascii = ascii
        if ascii.words != .zero || ranges.isEmpty { choices.append(.bytes(ascii)) }
        if let last = ranges.last, last.lowerBound <= 0x80, last.upperBound == 0x10_FFFF {
            // All others, a case of its own because it is so frequent.
            choices += Self.beyondASCII
        } else {
            for range in ranges where range.upperBound >= 0x80 {
                Self.addSequences(max(range.lowerBound, 0x80)...range.upperBound, to: &choices)
            }
        }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private static let beyondASCII: [RegularExpressionNode] = {
        let follower = bytes(0x80...0xBF)
        return [
            .sequence([bytes(0xC2...0xDF), follower]),
            .sequence([bytes(0xE0...0xEF), follower, follower]),
            .sequence([bytes(0xF0...0xF4), follower, follower, follower]),
        ]
    }()

    private static func bytes(_ range: ClosedRange<UInt8>) -> RegularExpressionNode {
        var set = RegularExpression.ByteSet()
        set.insert(range)
        return .bytes(set)
    }

    /// Adds sequences of byte ranges that are together the characters of a range: it is divided
    /// until the first bytes of a part are equal or what follows them is all there can be.
    private static func addSequences(
        _ range: ClosedRange<UInt32>, to choices: inout [RegularExpressionNode]
    ) {
        let (low, high) = (range.lowerBound, range.upperBound)
        func divide(after end: UInt32) {
            addSequences(low...end, to: &choices)
            addSequences(end + 1...high, to: &choices)
        }
        for end in [UInt32(0x7FF), 0xFFFF] where low <= end && end < high {
            return divide(after: end)
        }
        let followers: UInt32 = low <= 0x7FF ? 1 : low <= 0xFFFF ? 2 : 3
        for follower in 1...followers {
            let mask = (UInt32(1) << (6 * follower)) - 1
            guard low & ~mask != high & ~mask else { continue }
            if low & mask != 0 { return divide(after: low | mask) }
            if high & mask != mask { return divide(after: (high & ~mask) - 1) }
        }
        let lead: UInt32 = [0xC0, 0xE0, 0xF0][Int(followers) - 1]
        var nodes: [RegularExpressionNode] = []
        for place in 0...followers {
            let shift = 6 * (followers - place)
            let mark = place == 0 ? lead : 0x80
            let part: UInt32 = place == 0 ? 0x1F : 0x3F
            nodes.append(
                bytes(UInt8(mark | low >> shift & part)...UInt8(mark | high >> shift & part)))
        }
        choices.append(.sequence(nodes))
    }
}
