import Glibc
import HisuiBytes

/// What `math` computes: numbers of 64 bits with a point; what is no number is `NaN`.
indirect enum MathExpression: Hashable, Sendable {
    /// A number with the text that the query has for it.
    case number(Double, [UInt8])
    case field(String)
    case negative(MathExpression)
    case binary(Operator, MathExpression, MathExpression)
    case call(Function, [MathExpression])

    enum Operator: String, Hashable, Sendable {
        case power = "^"
        case times = "*"
        case by = "/"
        case modulo = "%"
        case plus = "+"
        case minus = "-"
        case and = "&"
        case xor
        case or
        case otherwise = "default"

        /// Binds the tighter the larger.
        var precedence: Int {
            switch self {
            case .power: 7
            case .times, .by, .modulo: 6
            case .plus, .minus: 5
            case .and: 4
            case .xor: 3
            case .or: 2
            case .otherwise: 1
            }
        }
    }

    enum Function: String, Hashable, Sendable, CaseIterable {
        case abs, ceil, exp, floor, ln, max, min, now, round

        /// How many arguments it takes.
        var arguments: ClosedRange<Int> {
            switch self {
            case .now: 0...0
            case .max, .min: 1...256
            case .round: 1...2
            default: 1...1
            }
        }
    }

    var fields: Set<String> {
        switch self {
        case .number: []
        case .field(let name): [name]
        case .negative(let inner): inner.fields
        case .binary(_, let a, let b): a.fields.union(b.fields)
        case .call(_, let arguments): arguments.reduce(into: []) { $0.formUnion($1.fields) }
        }
    }

    func print(to out: inout String) {
        switch self {
        case .number(_, let text): Self.print(text, isNumber: true, to: &out)
        case .field(let name): Self.print(Array(name.utf8), isNumber: false, to: &out)
        case .negative(let inner):
            out += "-"
            inner.printOperand(to: &out)
        case .binary(let sign, let a, let b):
            a.printOperand(to: &out)
            out += " \(sign.rawValue) "
            b.printOperand(to: &out)
        case .call(let function, let arguments):
            out += function.rawValue + "("
            for (number, argument) in arguments.enumerated() {
                if number > 0 { out += ", " }
                argument.print(to: &out)
            }
            out += ")"
        }
    }

    /// Appends a number or a name so that it is read as one.
    private static func print(_ text: [UInt8], isNumber: Bool, to out: inout String) {
        let word = String(decoding: text, as: UTF8.self)
        let first = text.first ?? 0
        if text.allSatisfy(isNamePart), beginsNumber(first) == isNumber, !text.isEmpty,
            Operator(rawValue: word.lowercased()) == nil, word.utf8.elementsEqual(text)
        {
            out += word
        } else {
            Quoting.appendQuoted(text, to: &out)
        }
    }

    /// Whether what begins so is a number and no name.
    static func beginsNumber(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 || byte == 0x2E }

    /// Whether names and numbers consist of such bytes.
    static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            0x30...0x39, UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "@"), 0x80...0xFF:
            true
        default: false
        }
    }

    private func printOperand(to out: inout String) {
        switch self {
        case .binary, .negative:
            out += "("
            print(to: &out)
            out += ")"
        default: print(to: &out)
        }
    }
}

/// An expression whose fields are numbers of a row's fields.
indirect enum MathProgram {
    case number(Double)
    case field(Int32)
    case negative(MathProgram)
    case binary(MathExpression.Operator, MathProgram, MathProgram)
    case call(MathExpression.Function, [MathProgram])

    /// - Parameter now: the time of the query, in nanoseconds.
    init(_ expression: MathExpression, _ names: FieldNames, now: Int64) {
        switch expression {
        case .number(let value, _): self = .number(value)
        case .field(let name): self = .field(names.number(name))
        case .negative(let inner): self = .negative(MathProgram(inner, names, now: now))
        case .binary(let sign, let a, let b):
            self = .binary(
                sign, MathProgram(a, names, now: now), MathProgram(b, names, now: now))
        case .call(.now, _): self = .number(Double(now))
        case .call(let function, let arguments):
            self = .call(function, arguments.map { MathProgram($0, names, now: now) })
        }
    }

    func value(of row: borrowing ResultRow) -> Double {
        switch self {
        case .number(let value): return value
        case .field(let number):
            return Number(row.bytes.span.extracting(row.range(ofNumber: number)))?.value ?? .nan
        case .negative(let inner): return -inner.value(of: row)
        case .binary(let sign, let a, let b):
            let left = a.value(of: row)
            if sign == .otherwise { return left.isNaN ? b.value(of: row) : left }
            return Self.compute(sign, left, b.value(of: row))
        case .call(let function, let arguments):
            var values: [Double] = []
            for argument in arguments { values.append(argument.value(of: row)) }
            return Self.compute(function, values)
        }
    }

    private static func compute(
        _ sign: MathExpression.Operator, _ a: Double, _ b: Double
    ) -> Double {
        switch sign {
        case .power: pow(a, b)
        case .times: a * b
        case .by: a / b
        case .modulo: fmod(a, b)
        case .plus: a + b
        case .minus: a - b
        case .and: bits(a, b) { $0 & $1 }
        case .or: bits(a, b) { $0 | $1 }
        case .xor: bits(a, b) { $0 ^ $1 }
        case .otherwise: a.isNaN ? b : a
        }
    }

    /// Of whole numbers from 0 to 2⁵³ - 1; of others nothing.
    private static func bits(
        _ a: Double, _ b: Double, _ sign: (UInt64, UInt64) -> UInt64
    ) -> Double {
        guard let left = UInt64(exactly: a), let right = UInt64(exactly: b),
            left < 1 << 53, right < 1 << 53
        else { return .nan }
        return Double(sign(left, right))
    }

    private static func compute(
        _ function: MathExpression.Function, _ values: [Double]
    ) -> Double {
        let first = values.first ?? .nan
        switch function {
        case .abs: return first.magnitude
        case .ceil: return first.rounded(.up)
        case .exp: return exp(first)
        case .floor: return first.rounded(.down)
        case .ln: return log(first)
        // What is no number is neither the greatest nor the least.
        case .max: return values.filter { !$0.isNaN }.max() ?? .nan
        case .min: return values.filter { !$0.isNaN }.min() ?? .nan
        case .now: return .nan
        case .round:
            guard values.count > 1 else { return first.rounded() }
            return rounded(first, to: values[1])
        }
    }

    /// The nearest multiple of a step: of `0.1` the decimal number, not one beside it.
    private static func rounded(_ value: Double, to step: Double) -> Double {
        guard step > 0, step.isFinite else { return .nan }
        let inverse = (1 / step).rounded()
        let isFraction = step < 1 && (1 / inverse) == step
        return isFraction
            ? (value * inverse).rounded() / inverse : (value / step).rounded() * step
    }
}
