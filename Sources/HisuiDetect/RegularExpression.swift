import HisuiEvent

/// A regular expression that is matched in linear time: all states at once, byte by byte, as Pike
/// and Thompson described it. It says whether some part of a value fits, and nothing of where.
///
/// Known are literals, `.`, classes, groups, `|`, `* + ? {n,m}` (lazy or not, which is the same
/// here), `^ $ \A \z \b \B`, `\d \w \s` and their opposites, and the flags i, m and s. What no such
/// machine can do (look-around, back-references, possessive quantifiers) is refused.
struct RegularExpression: Hashable, Sendable {
    enum Instruction: Hashable, Sendable {
        case bytes(ByteSet)
        case split(Int, Int)
        case jump(Int)
        case assert(Assertion)
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
    }

    let program: [Instruction]

    /// - Throws: why the text cannot be honoured.
    init(
        _ text: String, ignoresCase: Bool = false, multiline: Bool = false,
        dotTakesAll: Bool = false
    ) throws(RegularExpressionError) {
        var parser = RegularExpressionParser(text)
        parser.ignoresCase = ignoresCase
        parser.multiline = multiline
        parser.dotTakesAll = dotTakesAll
        let node = try parser.parse()
        var program: [Instruction] = []
        try RegularExpression.emit(node, to: &program)
        program.append(.match)
        self.program = program
    }

    private static func emit(
        _ node: RegularExpressionNode, to program: inout [Instruction]
    ) throws(RegularExpressionError) {
        guard program.count < Limits.expressionInstructionsMax else {
            throw RegularExpressionError(
                "the expression is too long once its repeats are written out")
        }
        switch node {
        case .empty: break
        case .bytes(let set): program.append(.bytes(set))
        case .assertion(let assertion): program.append(.assert(assertion))
        case .sequence(let nodes): for node in nodes { try emit(node, to: &program) }
        case .choice(let nodes):
            var ends: [Int] = []
            for (index, node) in nodes.enumerated() {
                let split = program.count
                if index + 1 < nodes.count { program.append(.split(split + 1, 0)) }
                try emit(node, to: &program)
                if index + 1 < nodes.count {
                    ends.append(program.count)
                    program.append(.jump(0))
                    program[split] = .split(split + 1, program.count)
                }
            }
            for end in ends { program[end] = .jump(program.count) }
        case .repeated(let node, let least, let most):
            for _ in 0..<least {
                let count = program.count
                try emit(node, to: &program)
                // Nothing repeated is nothing; repeats of it within each other would take for ever.
                if program.count == count { return }
            }
            guard let most else {
                let split = program.count
                program.append(.split(split + 1, 0))
                try emit(node, to: &program)
                program.append(.jump(split))
                program[split] = .split(split + 1, program.count)
                return
            }
            var splits: [Int] = []
            for _ in least..<max(least, most) {
                splits.append(program.count)
                program.append(.split(program.count + 1, 0))
                try emit(node, to: &program)
            }
            for split in splits { program[split] = .split(split + 1, program.count) }
        }
    }

    /// Whether some part of `range` fits.
    ///
    /// - Complexity: O(bytes · instructions).
    func matches(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var now = StateSet(program.count)
        var next = StateSet(program.count)
        var at = range.lowerBound
        while true {
            if follow(0, bytes, range, at, &now) { return true }
            guard at < range.upperBound else { return false }
            let byte = bytes[at]
            at += 1
            next.removeAll()
            for index in 0..<now.count {
                guard case .bytes(let set) = program[now[index]], set.contains(byte) else {
                    continue
                }
                if follow(now[index] + 1, bytes, range, at, &next) { return true }
            }
            swap(&now, &next)
        }
    }

    /// Adds a state and all that are reached from it without a byte; true if the match is.
    private func follow(
        _ first: Int, _ bytes: Span<UInt8>, _ range: Range<Int>, _ at: Int, _ set: inout StateSet
    ) -> Bool {
        var open = [first]
        while let state = open.popLast() {
            guard set.insert(state) else { continue }
            switch program[state] {
            case .match: return true
            case .bytes: break
            case .jump(let target): open.append(target)
            case .split(let a, let b): open += [b, a]
            case .assert(let assertion):
                if RegularExpression.holds(assertion, bytes, range, at) { open.append(state + 1) }
            }
        }
        return false
    }

    private static func holds(
        _ assertion: Assertion, _ bytes: Span<UInt8>, _ range: Range<Int>, _ at: Int
    ) -> Bool {
        let before = at > range.lowerBound ? bytes[at - 1] : nil
        let after = at < range.upperBound ? bytes[at] : nil
        switch assertion {
        case .start: return before == nil
        case .end: return after == nil
        case .lineStart: return before == nil || before == 0x0A
        case .lineEnd: return after == nil || after == 0x0A
        case .wordEdge: return isWord(before) != isWord(after)
        case .noWordEdge: return isWord(before) == isWord(after)
        }
    }

    private static func isWord(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return RegularExpressionParser.word.contains(byte)
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

/// Why a regular expression is refused.
struct RegularExpressionError: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
