/// A regular expression that is matched in linear time: all states at once, byte by byte, as Pike
/// and Thompson described it. It says whether some part of a value fits; where it does says
/// `RegularExpressionFinder`.
///
/// The syntax is that of RE2: literals, `.`, classes (`[a-z]`, `[[:alpha:]]`, `[ぁ-ん]`, `\d \w \s`
/// and their opposites), groups, `|`, `* + ? {n,m}` (lazy or not, which is one where only
/// whether a value fits is asked),
/// `^ $ \A \z \b \B`, `\Q…\E`, and the flags i, m, s and U. What no such machine can do
/// (look-around, back-references, possessive quantifiers) is refused, and so are classes of
/// Unicode (`\p{…}`) but for the three scripts of Japanese.
///
/// A character is one of valid UTF-8: neither `.` nor a negated class fits a byte that is no text;
/// `\C` fits any byte.
///
///     RegularExpression            what the text says: a program for a machine with sets of states
///     CapturingExpression          the same with its groups, for a machine that says where
///     RegularExpressionAutomaton   the machine's sets of states as numbers, made when they are
///                                  first met: one look into a table for each byte
///     RequiredText                 what must stand in a value that fits, to be searched for first
public struct RegularExpression: Hashable, Sendable {
    enum Instruction: Hashable, Sendable {
        case bytes(ByteSet)
        /// Goes on at both, the first being preferred.
        case split(Int, Int)
        case jump(Int)
        case assert(Assertion)
        /// Remembers the place as that number; only where places are asked for.
        case save(Int)
        /// Repeats of one character, counted; not where places are asked for.
        case count(CharacterCounter)
        case match
    }

    enum Assertion: Hashable, Sendable {
        case start, end, lineStart, lineEnd, wordEdge, noWordEdge
    }

    /// A set of bytes, one bit each.
    struct ByteSet: Hashable, Sendable {
        var words: SIMD4<UInt64> = .zero

        func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }
        mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
        mutating func insert(_ range: ClosedRange<UInt8>) { for byte in range { insert(byte) } }
        /// The bytes of the set, ascending.
        var members: [UInt8] { (UInt8.min...UInt8.max).filter(contains) }
    }

    let program: [Instruction]
    /// Where repeats are counted: only where they were too many to be written out.
    let counters: [Int]
    /// What must stand in every value that fits: of each clause at least one text.
    public let required: [[RequiredText]]
    /// The bytes with which everything that fits begins; empty if there are none.
    public let beginning: [UInt8]

    /// - Throws: why the text cannot be honoured.
    public init(
        _ text: String, ignoresCase: Bool = false, multiline: Bool = false,
        dotTakesAll: Bool = false
    ) throws(RegularExpressionError) {
        var parser = RegularExpressionParser(text)
        parser.ignoresCase = ignoresCase
        parser.multiline = multiline
        parser.dotTakesAll = dotTakesAll
        try self.init(try parser.parse())
    }

    /// - Parameter countedLeast: repeats of one character are counted from that many on; nil: only
    ///   where they are too many to be written out.
    init(
        _ node: RegularExpressionNode, countedLeast: Int? = nil
    ) throws(RegularExpressionError) {
        let made: [Instruction]
        do {
            made = try RegularExpressionCompiler.program(
                of: node, saving: [], countedLeast: countedLeast)
        } catch {
            made = try RegularExpressionCompiler.program(
                of: node, saving: [], countedLeast: ExpressionLimits.repeatsCountedLeast)
        }
        program = made
        counters = made.indices.filter { if case .count = made[$0] { true } else { false } }
        required = RequiredText.clauses(of: node)
        beginning = RequiredText.beginning(of: node)
    }

    /// Whether some part of `range` fits.
    ///
    /// - Complexity: O(bytes · instructions). Who asks often asks a `RegularExpressionAutomaton`.
    public func matches(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var now = StateSet(program.count)
        var next = StateSet(program.count)
        var open: [Int] = []
        var running = counters.map { _ in CharacterCounter.Running() }
        var at = range.lowerBound
        while true {
            if follow(0, bytes, range, at, &now, &open, &running) { return true }
            guard at < range.upperBound else { return false }
            let byte = bytes[at]
            for (index, place) in counters.enumerated() {
                guard case .count(let counter) = program[place] else { continue }
                running[index].take(counter, bytes, at, range.upperBound)
            }
            at += 1
            next.removeAll()
            for index in 0..<now.count {
                guard case .bytes(let set) = program[now[index]], set.contains(byte) else {
                    continue
                }
                if follow(now[index] + 1, bytes, range, at, &next, &open, &running) { return true }
            }
            for (index, place) in counters.enumerated() {
                guard case .count(let counter) = program[place],
                    running[index].ends(counter, at)
                else { continue }
                if follow(place + 1, bytes, range, at, &next, &open, &running) { return true }
            }
            swap(&now, &next)
        }
    }

    /// Adds a state and all that are reached from it without a byte; true if the match is.
    private func follow(
        _ first: Int, _ bytes: Span<UInt8>, _ range: Range<Int>, _ at: Int, _ set: inout StateSet,
        _ open: inout [Int], _ running: inout [CharacterCounter.Running]
    ) -> Bool {
        open.removeAll(keepingCapacity: true)
        open.append(first)
        while let state = open.popLast() {
            guard set.insert(state) else { continue }
            switch program[state] {
            case .match: return true
            case .bytes: break
            case .jump(let target): open.append(target)
            case .save: open.append(state + 1)
            case .count(let counter):
                if let index = counters.firstIndex(of: state) { running[index].begin(at) }
                if counter.least == 0 { open.append(state + 1) }
            case .split(let a, let b):
                open.append(b)
                open.append(a)
            case .assert(let assertion):
                let before = at > range.lowerBound ? bytes[at - 1] : nil
                let after = at < range.upperBound ? bytes[at] : nil
                if assertion.holds(between: before, and: after) { open.append(state + 1) }
            }
        }
        return false
    }

    /// States in order of insertion, each once.
    private struct StateSet {
        private var places: [Int]
        private var states: [Int]
        private(set) var count = 0

        init(_ capacity: Int) {
            places = [Int](repeating: 0, count: capacity)
            states = [Int](repeating: 0, count: capacity)
        }

        subscript(index: Int) -> Int { states[index] }

        mutating func insert(_ state: Int) -> Bool {
            let place = places[state]
            if place < count, states[place] == state { return false }
            places[state] = count
            states[count] = state
            count += 1
            return true
        }

        mutating func removeAll() { count = 0 }
    }
}

extension RegularExpression.Assertion {
    /// Whether it holds between two bytes; nil is the beginning or the end of the value.
    func holds(between before: UInt8?, and after: UInt8?) -> Bool {
        switch self {
        case .start: before == nil
        case .end: after == nil
        case .lineStart: before == nil || before == 0x0A
        case .lineEnd: after == nil || after == 0x0A
        case .wordEdge: Self.isWord(before) != Self.isWord(after)
        case .noWordEdge: Self.isWord(before) == Self.isWord(after)
        }
    }

    private static func isWord(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return ScalarSet.word.ascii.contains(byte)
    }
}

/// Why a regular expression is refused.
public struct RegularExpressionError: Error {
    public let reason: String
    public init(_ reason: String) { self.reason = reason }
}
