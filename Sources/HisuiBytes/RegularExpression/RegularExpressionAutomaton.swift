/// A regular expression at work: its sets of states, numbered and made when they are first met, so
/// that a byte costs one look into a table.
///
///     state ──byte──▶ state        row of the state, column of the byte's class
///
/// A value may be fed in pieces: the state after the fixed text of a shape is the same for all of
/// its rows, and only what varies is fed row by row.
///
///     var state = automaton.start
///     state = automaton.advance(state, literal.span, 0..<literal.count)
///     …
///     automaton.accepts(state)
///
/// Bytes that no part of the expression tells apart are one class. The tables are bounded: where
/// an expression has too many sets of states, `isExhausted` becomes true, states mean nothing any
/// more, and the caller goes back to `RegularExpression.matches`, which is linear too.
///
/// Belongs to one thread at a time.
public final class RegularExpressionAutomaton {
    /// A state: where its row begins in the table.
    public typealias State = Int32

    /// No continuation fits.
    public static let dead: State = 0

    public let expression: RegularExpression
    /// Some part fits, whatever follows.
    public let matched: State
    /// Whether there were too many states; from then on every state is `dead`.
    public private(set) var isExhausted = false
    /// The state before the first byte.
    public private(set) var start: State = 0

    private let program: [RegularExpression.Instruction]
    /// The class of each byte.
    private let classes: [UInt8]
    /// One byte of each class.
    private let examples: [UInt8]
    /// Classes and the end of the value.
    private let stride: Int
    private var transitions: [State]
    private var members: [[Int32]] = [[], []]
    private var memberCount = 0
    private var before: [UInt8?] = [nil, nil]
    private var numbers: [Key: State] = [:]
    private let hasWordEdges: Bool
    private let hasLines: Bool

    private static let unknown: State = -1

    private struct Key: Hashable {
        var members: [Int32]
        var before: UInt8?
    }

    public init(_ expression: RegularExpression) {
        self.expression = expression
        program = expression.program
        (classes, examples) = Self.classes(of: program)
        stride = examples.count + 1
        hasWordEdges =
            program.contains(.assert(.wordEdge)) || program.contains(.assert(.noWordEdge))
        hasLines = program.contains(.assert(.lineStart)) || program.contains(.assert(.lineEnd))
        matched = State(stride)
        transitions = [State](repeating: Self.dead, count: stride)
        transitions += [State](repeating: matched, count: stride)
        // Counts are no states that could be numbered.
        isExhausted = !expression.counters.isEmpty
        if isExhausted { return }
        var set = MemberSet(program)
        let isMatched = set.follow(0)
        start = isMatched ? matched : number(of: set.sorted(), before: nil)
    }

    /// The state after the bytes of `range`.
    ///
    /// - Complexity: O(bytes), and O(instructions) for each transition that is new.
    public func advance(_ state: State, _ bytes: Span<UInt8>, _ range: Range<Int>) -> State {
        var state = state
        var at = range.lowerBound
        while true {
            run(bytes, range.upperBound, &at, &state)
            if at == range.upperBound { return state }
            state = addTransition(state, byteClass: Int(classes[Int(bytes[at])]))
            at += 1
        }
    }

    /// For each of `ordinals`, the state after one value: `states[n]` goes through the value at
    /// `ranges[ordinals[n]]`.
    ///
    /// - Complexity: O(bytes of these values); a value that stands there again and again is gone
    ///   through once.
    public func advance(
        _ states: inout [State], _ bytes: Span<UInt8>, _ ranges: Span<ByteRange>,
        at ordinals: Span<UInt32>
    ) {
        var last = ByteRange(offset: .max, count: .max)
        var lastState = Self.unknown
        var lastResult = Self.unknown
        for index in 0..<ordinals.count {
            let state = states[index]
            if state <= matched { continue }
            let range = ranges[Int(ordinals[index])]
            if range == last, state == lastState {
                states[index] = lastResult
                continue
            }
            last = range
            lastState = state
            lastResult = advance(state, bytes, range.range)
            states[index] = lastResult
        }
    }

    /// All of `states` after the same bytes.
    ///
    /// - Complexity: O(states + different states · bytes).
    public func advance(_ states: inout [State], through bytes: Span<UInt8>) {
        if bytes.isEmpty { return }
        var results: [State: State] = [:]
        var last = (from: Self.dead, to: Self.dead)
        for index in states.indices where states[index] > matched {
            let state = states[index]
            if state != last.from {
                let known = results[state] ?? advance(state, bytes, 0..<bytes.count)
                results[state] = known
                last = (state, known)
            }
            states[index] = last.to
        }
    }

    /// Whether a value that ends in this state fits.
    public func accepts(_ state: State) -> Bool {
        if state <= matched { return state == matched }
        let end = transitions[Int(state) + stride - 1]
        return (end == Self.unknown ? addTransition(state, byteClass: stride - 1) : end) == matched
    }

    /// Whether some part of `range` fits.
    public func matches(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        if !isExhausted {
            let fits = accepts(advance(start, bytes, range))
            if !isExhausted { return fits }
        }
        return expression.matches(bytes, range)
    }

    /// Follows known transitions up to `end`: stops before a byte whose transition is not known.
    @inline(__always)
    private func run(_ bytes: Span<UInt8>, _ end: Int, _ at: inout Int, _ state: inout State) {
        let matched = matched
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe transitions.withUnsafeBufferPointer { transitions in
                unsafe classes.withUnsafeBufferPointer { classes in
                    precondition(at >= 0 && end <= bytes.count)
                    while at < end {
                        // Safe: `at` is inside the bytes; there are 256 classes, each less than a
                        // row is long; a state is the beginning of a row of the table.
                        let column = unsafe classes[Int(bytes[at])]
                        let next = unsafe transitions[Int(state) + Int(column)]
                        if next <= matched {
                            if next == Self.unknown { return }
                            state = next
                            at = end
                            return
                        }
                        state = next
                        at += 1
                    }
                }
            }
        }
    }
}

// Making states.
extension RegularExpressionAutomaton {
    /// Works out where a state leads to.
    private func addTransition(_ state: State, byteClass: Int) -> State {
        if isExhausted { return Self.dead }
        let row = Int(state) / stride
        let byte = byteClass < examples.count ? examples[byteClass] : nil
        let next = step(members[row], before[row], byte)
        // The table may have been given up on the way.
        if !isExhausted { transitions[Int(state) + byteClass] = next }
        return next
    }

    private func step(_ members: [Int32], _ before: UInt8?, _ byte: UInt8?) -> State {
        var now = MemberSet(program)
        var next = MemberSet(program)
        for member in members where now.follow(Int(member), between: before, and: byte) {
            return matched
        }
        guard let byte else { return Self.dead }
        for member in now.members {
            guard case .bytes(let set) = program[Int(member)], set.contains(byte) else { continue }
            if next.follow(Int(member) + 1) { return matched }
        }
        // A part that fits may begin anywhere.
        if next.follow(0) { return matched }
        // Behind a byte there is no beginning.
        let left = next.sorted().filter { program[Int($0)] != .assert(.start) }
        return left.isEmpty ? Self.dead : number(of: left, before: kind(of: byte))
    }

    /// A byte that stands for all that assertions do not tell apart from this one.
    private func kind(of byte: UInt8) -> UInt8 {
        if hasLines, byte == 0x0A { return 0x0A }
        return hasWordEdges && ScalarSet.word.ascii.contains(byte) ? 0x61 : 0x20
    }

    private func number(of set: [Int32], before byte: UInt8?) -> State {
        let key = Key(members: set, before: byte)
        if let known = numbers[key] { return known }
        memberCount += set.count
        guard transitions.count + stride <= ExpressionLimits.transitionsMax,
            memberCount <= ExpressionLimits.memberInstructionsMax
        else {
            isExhausted = true
            return Self.dead
        }
        let state = State(transitions.count)
        transitions += [State](repeating: Self.unknown, count: stride)
        members.append(set)
        before.append(byte)
        numbers[key] = state
        return state
    }

    /// Divides the bytes into classes that no instruction tells apart.
    private static func classes(
        of program: [RegularExpression.Instruction]
    ) -> (classes: [UInt8], examples: [UInt8]) {
        var sets: Set<RegularExpression.ByteSet> = []
        for instruction in program {
            switch instruction {
            case .bytes(let set): sets.insert(set)
            case .assert(.wordEdge), .assert(.noWordEdge): sets.insert(ScalarSet.word.ascii)
            case .assert(.lineStart), .assert(.lineEnd): sets.insert(ScalarSet.newline.ascii)
            default: break
            }
        }
        var classes = [Int](repeating: 0, count: 256)
        var count = 1
        for set in sets where count < 256 {
            // Each class falls into those of its bytes that are in the set and those that are not.
            var numbers: [Int: Int] = [:]
            count = 0
            for byte in 0..<256 {
                let key = classes[byte] * 2 + (set.contains(UInt8(byte)) ? 1 : 0)
                let number = numbers[key] ?? count
                if number == count {
                    numbers[key] = number
                    count += 1
                }
                classes[byte] = number
            }
        }
        var examples = [UInt8](repeating: 0, count: count)
        for byte in 0..<256 { examples[classes[byte]] = UInt8(byte) }
        return (classes.map { UInt8($0) }, examples)
    }
}

/// Instructions that are reached together.
private struct MemberSet {
    /// Those that wait for a byte or for what stands around, in order of insertion.
    private(set) var members: [Int32] = []
    private var seen: [Bool]
    private var open: [Int] = []
    private let program: [RegularExpression.Instruction]

    init(_ program: [RegularExpression.Instruction]) {
        self.program = program
        seen = [Bool](repeating: false, count: program.count)
    }

    func sorted() -> [Int32] { members.sorted() }

    /// Adds an instruction and all that are reached from it without a byte; assertions wait. True
    /// if the match is reached.
    mutating func follow(_ first: Int) -> Bool { follow(first) { _ in false } }

    /// The same, assertions being decided by the bytes around.
    mutating func follow(_ first: Int, between before: UInt8?, and after: UInt8?) -> Bool {
        follow(first) { $0.holds(between: before, and: after) }
    }

    private mutating func follow(
        _ first: Int, _ holds: (RegularExpression.Assertion) -> Bool
    ) -> Bool {
        open.removeAll(keepingCapacity: true)
        open.append(first)
        while let state = open.popLast() {
            if seen[state] { continue }
            seen[state] = true
            switch program[state] {
            case .match: return true
            case .bytes: members.append(Int32(state))
            case .jump(let target): open.append(target)
            case .save: open.append(state + 1)
            // An automaton of such a program is exhausted from the start.
            case .count: break
            case .split(let a, let b):
                open.append(b)
                open.append(a)
            case .assert(let assertion):
                members.append(Int32(state))
                if holds(assertion) { open.append(state + 1) }
            }
        }
        return false
    }
}
