import HisuiBytes

/// A regular expression as the tests make it: rendered for the engine, and matched here by trying
/// everything, obviously and slowly.
indirect enum NaiveExpression {
    case literal([UInt8])
    case digits(Int, Int)
    case letters
    case anything
    case start, end
    case either(NaiveExpression, NaiveExpression)
    case sequence([NaiveExpression])
    /// ASCII letters in either case.
    case anyCase([UInt8])

    var text: String {
        switch self {
        case .literal(let bytes): return Self.escaped(bytes)
        case .digits(let least, let most): return "\\d{\(least),\(most)}"
        case .letters: return "[A-Za-zぁ-ん]+"
        case .anything: return ".*"
        case .start: return "^"
        case .end: return "$"
        case .either(let a, let b): return "(\(a.text)|\(b.text))"
        case .sequence(let parts): return parts.map(\.text).joined()
        case .anyCase(let bytes): return "(?i:\(Self.escaped(bytes)))"
        }
    }

    private static func escaped(_ bytes: [UInt8]) -> String {
        var out = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar == "\t" {
                out += "\\t"
                continue
            }
            if scalar.isASCII, !isLetter(scalar), !("0"..."9").contains(scalar) { out += "\\" }
            out.unicodeScalars.append(scalar)
        }
        return out
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }

    func matches(_ value: [UInt8]) -> Bool {
        (0...value.count).contains { !ends(value, $0).isEmpty }
    }

    /// Where a match that begins at `at` can end.
    private func ends(_ value: [UInt8], _ at: Int) -> Set<Int> {
        switch self {
        case .literal(let bytes):
            return value[at...].starts(with: bytes) ? [at + bytes.count] : []
        case .anyCase(let bytes):
            func lower(_ bytes: some Sequence<UInt8>) -> [UInt8] {
                bytes.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }
            }
            return lower(value[at...]).starts(with: lower(bytes)) ? [at + bytes.count] : []
        case .digits(let least, let most):
            let run = value[at...].prefix { $0 >= 0x30 && $0 <= 0x39 }.count
            return run < least ? [] : Set((least...min(most, run)).map { at + $0 })
        case .letters:
            return run(value, at) {
                Self.isLetter($0) || ($0.value >= 0x3041 && $0.value <= 0x3093)
            }.subtracting([at])
        case .anything: return run(value, at) { _ in true }
        case .start: return at == 0 ? [at] : []
        case .end: return at == value.count ? [at] : []
        case .either(let a, let b): return a.ends(value, at).union(b.ends(value, at))
        case .sequence(let parts):
            return parts.reduce([at]) { places, part in
                places.reduce(into: []) { $0.formUnion(part.ends(value, $1)) }
            }
        }
    }

    /// The ends of runs of characters that begin at `at`; bytes that are no text end them.
    private func run(
        _ value: [UInt8], _ at: Int, _ fits: (Unicode.Scalar) -> Bool
    ) -> Set<Int> {
        var ends: Set<Int> = [at]
        var at = at
        while at < value.count {
            let (count, scalar) = UTF8Text.character(value.span, at..<value.count)
            guard let scalar = scalar.flatMap(Unicode.Scalar.init), fits(scalar) else { break }
            at += count
            ends.insert(at)
        }
        return ends
    }
}
