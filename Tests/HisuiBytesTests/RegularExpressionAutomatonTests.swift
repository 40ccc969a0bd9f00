import Testing

@testable import HisuiBytes

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}

/// An expression as the tests make it: written for the engine, and matched here by trying
/// everything, obviously and slowly.
indirect enum PlainExpression {
    case character(UInt8)
    case set([UInt8], isNegated: Bool)
    case any
    case start, end, edge, noEdge
    case sequence([PlainExpression])
    case choice([PlainExpression])
    case repeated(PlainExpression, Int, Int)

    var text: String {
        switch self {
        case .character(let byte): Self.text(byte)
        case .set(let bytes, let isNegated):
            "[" + (isNegated ? "^" : "") + bytes.map(Self.text).joined() + "]"
        case .any: "."
        case .start: "^"
        case .end: "$"
        case .edge: #"\b"#
        case .noEdge: #"\B"#
        case .sequence(let parts): parts.map(\.text).joined()
        case .choice(let parts): "(" + parts.map(\.text).joined(separator: "|") + ")"
        case .repeated(let part, let least, let most): "(\(part.text)){\(least),\(most)}"
        }
    }

    private static func text(_ byte: UInt8) -> String {
        byte == 0x0A ? #"\n"# : String(UnicodeScalar(byte))
    }

    /// Where a match that begins at `at` can end.
    func ends(_ value: [UInt8], _ at: Int) -> Set<Int> {
        let here = at < value.count ? value[at] : nil
        switch self {
        case .character(let byte): return here == byte ? [at + 1] : []
        case .set(let bytes, let isNegated):
            guard let here else { return [] }
            return bytes.contains(here) != isNegated ? [at + 1] : []
        case .any: return here == nil || here == 0x0A ? [] : [at + 1]
        case .start: return at == 0 ? [at] : []
        case .end: return here == nil ? [at] : []
        case .edge, .noEdge:
            let before = at > 0 && Self.isWord(value[at - 1])
            let isEdge = before != (here.map(Self.isWord) ?? false)
            if case .edge = self { return isEdge ? [at] : [] }
            return isEdge ? [] : [at]
        case .sequence(let parts):
            return parts.reduce([at]) { places, part in
                places.reduce(into: []) { $0.formUnion(part.ends(value, $1)) }
            }
        case .choice(let parts):
            return parts.reduce(into: []) { $0.formUnion($1.ends(value, at)) }
        case .repeated(let part, let least, let most):
            var reached: Set<Int> = least == 0 ? [at] : []
            var places: Set<Int> = [at]
            for count in 1...max(1, most) where most > 0 {
                places = places.reduce(into: []) { $0.formUnion(part.ends(value, $1)) }
                if count >= least { reached.formUnion(places) }
            }
            return reached
        }
    }

    func matches(_ value: [UInt8]) -> Bool {
        (0...value.count).contains { !ends(value, $0).isEmpty }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }

    static let alphabet: [UInt8] = Array("ab1 -\n".utf8)

    static func random(_ generator: inout SplitMix, depth: Int) -> PlainExpression {
        func character(_ generator: inout SplitMix) -> UInt8 {
            alphabet[generator.number(0...alphabet.count - 1)]
        }
        switch generator.number(0...(depth > 0 ? 15 : 7)) {
        case 0...3: return .character(character(&generator))
        case 4:
            // A hyphen between others would be a range.
            let set = (0..<generator.number(1...3)).map { _ in character(&generator) }
            return .set(set.filter { $0 != 0x2D } + [0x61], isNegated: generator.number(0...1) == 0)
        case 5: return .any
        case 6: return [.start, .end][generator.number(0...1)]
        case 7: return [.edge, .noEdge][generator.number(0...1)]
        case 8...11:
            return .sequence(
                (0..<generator.number(1...4)).map { _ in random(&generator, depth: depth - 1) })
        case 12, 13:
            return .choice(
                (0..<generator.number(1...3)).map { _ in random(&generator, depth: depth - 1) })
        default:
            let least = generator.number(0...2)
            return .repeated(
                random(&generator, depth: depth - 1), least, least + generator.number(0...2))
        }
    }
}

@Suite struct RegularExpressionAutomatonTests {
    /// 8 × 300 expressions on 20 values each, whole and in pieces.
    @Test(arguments: UInt64(1)...8)
    func agreesWithPlainExpression(seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        var fitting = 0
        for _ in 0..<300 {
            let plain = PlainExpression.random(&generator, depth: 3)
            let expression = try RegularExpression(plain.text)
            let automaton = RegularExpressionAutomaton(expression)
            for _ in 0..<20 {
                let value = (0..<generator.number(0...8)).map { _ in
                    PlainExpression.alphabet[generator.number(0...5)]
                }
                let expected = plain.matches(value)
                fitting += expected ? 1 : 0
                let direct = expression.matches(value.span, 0..<value.count)
                let whole = automaton.matches(value.span, 0..<value.count)
                #expect(direct == expected, "\(plain.text) on \(value)")
                #expect(whole == expected, "\(plain.text) on \(value)")
                let cut = generator.number(0...value.count)
                let half = automaton.advance(automaton.start, value.span, 0..<cut)
                let state = automaton.advance(half, value.span, cut..<value.count)
                #expect(automaton.accepts(state) == expected, "\(plain.text) on \(value) in pieces")
                if expected { expectRequired(expression, in: value) }
            }
        }
        #expect(fitting > 500 && fitting < 5500, "some values fit and some do not: \(fitting)")
    }

    private func expectRequired(_ expression: RegularExpression, in value: [UInt8]) {
        for clause in expression.required {
            let stands = clause.contains { text in
                ByteSearch.first(of: text.bytes, in: value.span) != nil
            }
            #expect(stands, "\(expression.required) in \(value)")
        }
    }

    /// Any text is an expression or is refused, and both ways to match agree on it.
    @Test(arguments: UInt64(1)...4)
    func anyTextIsReadOrRefused(seed: UInt64) {
        var generator = SplitMix(state: seed &* 977)
        let pieces = [
            "a", "b", "1", "[", "]", "[^", "(", ")", "(?i)", "(?:", "(?P<n>", "^", "$", "-", "\\",
            "{",
            "}", "{2}", "{1,3}", "{,2}", "?", "*", "+", "|", ".", ",", ":", "[:alpha:]", "\\d",
            "\\W",
            "\\b", "\\B", "\\x", "\\x61", "\\x{", "\\Q", "\\E", "\\p{Han}", "\\C", "é", "日", "k",
            "K",
        ]
        let values =
            ["", "a", "ab1", "日本", "a-b a", "kK\nb", "É"].map { Array($0.utf8) } + [[0xFF]]
        var accepted = 0
        for _ in 0..<1500 {
            let text = (0..<generator.number(1...9)).map { _ in
                pieces[generator.number(0...pieces.count - 1)]
            }.joined()
            guard let expression = try? RegularExpression(text) else { continue }
            accepted += 1
            let automaton = RegularExpressionAutomaton(expression)
            for value in values {
                let direct = expression.matches(value.span, 0..<value.count)
                let other = automaton.matches(value.span, 0..<value.count)
                #expect(direct == other, "seed \(seed): \(text) on \(value)")
            }
        }
        #expect(accepted > 200, "many texts are expressions: \(accepted)")
    }

    @Test func manyValuesAtOnce() throws {
        let expression = try RegularExpression(#"^a\d+b$"#)
        let automaton = RegularExpressionAutomaton(expression)
        let bytes = Array("12x7".utf8)
        let ranges = [ByteRange(0..<2), ByteRange(2..<3), ByteRange(3..<4), ByteRange(3..<4)]
        let ordinals: [UInt32] = [0, 1, 3]
        var states = [automaton.start, automaton.start, automaton.start]
        automaton.advance(&states, through: Array("a".utf8).span)
        automaton.advance(&states, bytes.span, ranges.span, at: ordinals.span)
        automaton.advance(&states, through: Array("b".utf8).span)
        #expect(states.map(automaton.accepts) == [true, false, true])
    }
}
