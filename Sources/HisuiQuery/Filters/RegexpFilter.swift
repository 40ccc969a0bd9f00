import HisuiBytes
import HisuiStore
import Synchronization

/// `~"regexp"`: some part of the value fits a regular expression of RE2; `!~` is its opposite.
///
/// As in VictoriaLogs, `.` fits a line feed too.
struct RegexpFilter: ValueTest {
    let text: [UInt8]
    let automata: AutomatonPool
    /// What must stand in a value that fits, of each clause at least one; the clauses that tell
    /// most, first.
    let required: [[Needle]]
    /// What everything that fits begins with, if it is long enough to be looked for.
    let beginning: Needle?

    /// Clauses that are looked for before the expression is asked: further ones tell little more.
    static let clausesMax = 2
    /// Shorter text stands nearly everywhere.
    private static let requiredBytesMin = 2

    init(_ text: [UInt8], _ expression: RegularExpression) {
        self.text = text
        automata = AutomatonPool(expression)
        var clauses = expression.required.filter { clause in
            clause.allSatisfy { $0.bytes.count >= Self.requiredBytesMin }
        }
        var chosen: [[Needle]] = []
        while chosen.count < Self.clausesMax, let best = RequiredText.best(of: clauses) {
            clauses.removeAll { $0 == best }
            chosen.append(
                best.map {
                    Needle(
                        $0.bytes, wholeStart: false, wholeEnd: false,
                        $0.ignoresCase ? .anyCase : .exact)
                })
        }
        required = chosen
        beginning =
            expression.beginning.count < Self.requiredBytesMin
            ? nil : Needle(expression.beginning, wholeStart: false, wholeEnd: false)
    }

    var regexp: RegexpFilter? { self }
    var probes: [TextProbe] { required.first?.map(\.probes.whole) ?? [] }

    func matches(_ value: Span<UInt8>) -> Bool {
        let automaton = automata.take()
        defer { automata.give(automaton) }
        return automaton.matches(value, 0..<value.count)
    }

    func print(to out: inout String) {
        out += "~"
        Quoting.append(text, to: &out)
    }

    /// Takes what stands after `~`.
    ///
    /// - Parameter whole: the whole value has to fit, and not some part of it.
    static func parse(
        _ parser: inout Parser, whole: Bool = false
    ) throws(QueryError) -> RegexpFilter {
        let token = parser.current
        let given = try parser.value()
        let text = whole ? Array("\\A(?:".utf8) + given + Array(")\\z".utf8) : given
        let string = String(decoding: text, as: UTF8.self)
        guard string.utf8.elementsEqual(text) else {
            throw parser.error("a regular expression has to be valid UTF-8", at: token)
        }
        do {
            return RegexpFilter(text, try RegularExpression(string, dotTakesAll: true))
        } catch {
            throw parser.error("the regular expression is refused: \(error.reason)", at: token)
        }
    }
}

extension RegexpFilter {
    /// Takes `("expression")`, the older way to write the same.
    static func parseFunction(_ parser: inout Parser) throws(QueryError) -> RegexpFilter {
        try parser.expect("(")
        let test = try parse(&parser)
        try parser.expect(")")
        return test
    }
}

/// The automata of one expression: each thread that asks takes one of its own, and the states that
/// one of them has met serve the next block too.
final class AutomatonPool: Sendable {
    private let expression: RegularExpression
    private let idle = Mutex<[Idle]>([])

    /// Nobody has an automaton that lies here.
    private struct Idle: @unchecked Sendable {
        let automaton: RegularExpressionAutomaton
    }

    init(_ expression: RegularExpression) { self.expression = expression }

    func take() -> RegularExpressionAutomaton {
        idle.withLock { $0.popLast() }?.automaton ?? RegularExpressionAutomaton(expression)
    }

    func give(_ automaton: RegularExpressionAutomaton) {
        let idle = Idle(automaton: automaton)
        self.idle.withLock { $0.append(idle) }
    }
}
