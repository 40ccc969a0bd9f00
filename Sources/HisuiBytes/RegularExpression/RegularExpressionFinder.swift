/// A capturing expression at work: finds where in a value it fits.
///
/// All ways to go on are followed at once, byte by byte, in order of preference, each with the
/// places that it has passed; what comes behind a way that fits is given up. So the time is that
/// of `RegularExpression.matches`, and the memory does not depend on the value.
///
///     var finder = RegularExpressionFinder(expression)
///     if finder.find(in: value, from: 0) { finder.range; finder.range(ofGroup: 0) }
///
/// What fits begins at a character: nothing is found inside of one.
public struct RegularExpressionFinder {
    private let program: [RegularExpression.Instruction]
    private let automaton: RegularExpressionAutomaton
    /// The bytes with which what fits can begin; nil if it can be empty.
    private let firstBytes: RegularExpression.ByteSet?
    private let fitsAtStartOnly: Bool
    private var now: Threads
    private var next: Threads
    private var open: [Step] = []
    /// Of the way that is followed.
    private var places: [Int32]
    private var found: [Int32]

    /// Bytes at which ways were followed, in all calls: what finding has cost.
    public private(set) var bytesFollowed = 0

    private enum Step {
        case go(Int)
        /// A place as it was before a branch was followed.
        case restore(Int, Int32)
    }

    private static let nowhere: Int32 = -1

    public init(_ expression: CapturingExpression) {
        program = expression.program
        automaton = RegularExpressionAutomaton(expression.plain)
        (firstBytes, fitsAtStartOnly) = Self.beginnings(of: program)
        places = [Int32](repeating: Self.nowhere, count: 2 * expression.groupCount + 2)
        found = places
        now = Threads(program.count, places.count)
        next = now
    }

    /// Where the whole fitted that was found last.
    ///
    /// - Precondition: the last `find` was successful.
    public var range: Range<Int> { Int(found[0])..<Int(found[1]) }

    /// Where a remembered group fitted, the last time if it is repeated; nil if it was not met.
    ///
    /// - Parameter index: its index among those that were asked for.
    public func range(ofGroup index: Int) -> Range<Int>? {
        let (start, end) = (found[2 * index + 2], found[2 * index + 3])
        return start == Self.nowhere || end == Self.nowhere ? nil : Int(start)..<Int(end)
    }

    /// Finds the first part of the value that fits and begins at byte `start` or behind it; what
    /// stands before counts for `^` and `\b`.
    ///
    /// - Complexity: O(bytes · instructions · groups); O(bytes) where nothing fits from the
    ///   beginning on.
    /// - Precondition: the value has less than 2³¹ bytes.
    public mutating func find(in value: Span<UInt8>, from start: Int) -> Bool {
        precondition(start >= 0 && value.count < Int(Int32.max))
        if start == 0, !automaton.matches(value, 0..<value.count) { return false }
        var at = start
        var isFound = false
        now.removeAll()
        while at <= value.count {
            if !isFound {
                if now.isEmpty, !skip(value, &at) { return false }
                if !Self.isInsideCharacter(value, at) {
                    for place in places.indices { places[place] = Self.nowhere }
                    places[0] = Int32(at)
                    follow(0, value, at, nextStep: false)
                }
            } else if now.isEmpty {
                break
            }
            if now.isEmpty {
                // What was met without a byte here may be met again at the next place.
                now.removeAll()
            } else if step(value, at) {
                isFound = true
            }
            at += 1
        }
        return isFound
    }

    /// Goes on to a place at which what fits can begin; false if there is none.
    private func skip(_ value: Span<UInt8>, _ at: inout Int) -> Bool {
        if fitsAtStartOnly, at > 0 { return false }
        guard let firstBytes else { return true }
        while at < value.count, !firstBytes.contains(value[at]) { at += 1 }
        return at < value.count
    }

    /// Takes the byte at `at`: makes what can go on behind it the current ways.
    ///
    /// - Returns: whether one of the ways has reached its end here; it is kept in `found`.
    private mutating func step(_ value: Span<UInt8>, _ at: Int) -> Bool {
        bytesFollowed += 1
        next.removeAll()
        var isFound = false
        for row in 0..<now.count {
            let state = now.state(row)
            if case .bytes(let set) = program[state] {
                guard at < value.count, set.contains(value[at]) else { continue }
                now.load(row, to: &places)
                follow(state + 1, value, at + 1, nextStep: true)
            } else {
                // The end: the ways behind are less preferred.
                now.load(row, to: &found)
                found[1] = Int32(at)
                isFound = true
                break
            }
        }
        swap(&now, &next)
        return isFound
    }

    /// Adds a way at `first`, and where it leads to without a byte, in order of preference.
    private mutating func follow(
        _ first: Int, _ value: Span<UInt8>, _ at: Int, nextStep: Bool
    ) {
        open.append(.go(first))
        while let step = open.popLast() {
            guard case .go(let state) = step else {
                if case .restore(let place, let old) = step { places[place] = old }
                continue
            }
            guard nextStep ? next.meet(state) : now.meet(state) else { continue }
            switch program[state] {
            case .jump(let target): open.append(.go(target))
            case .split(let preferred, let other):
                open.append(.go(other))
                open.append(.go(preferred))
            case .assert(let assertion):
                let before = at > 0 ? value[at - 1] : nil
                let after = at < value.count ? value[at] : nil
                if assertion.holds(between: before, and: after) { open.append(.go(state + 1)) }
            case .save(let place):
                open.append(.restore(place, places[place]))
                open.append(.go(state + 1))
                places[place] = Int32(at)
            // Repeats are written out where places are asked for.
            case .count: break
            case .bytes, .match:
                if nextStep { next.add(state, places) } else { now.add(state, places) }
            }
        }
    }

    /// Whether the byte at `at` is inside a character that began before it.
    private static func isInsideCharacter(_ value: Span<UInt8>, _ at: Int) -> Bool {
        guard at < value.count, value[at] & 0xC0 == 0x80 else { return false }
        for back in 1...3 where at >= back && value[at - back] & 0xC0 != 0x80 {
            let (length, scalar) = UTF8Text.character(value, at - back..<value.count)
            return scalar != nil && length > back
        }
        return false
    }

    /// The bytes with which what fits can begin, nil if it can be empty; and whether it can begin
    /// at the beginning of the value only.
    private static func beginnings(
        of program: [RegularExpression.Instruction]
    ) -> (RegularExpression.ByteSet?, Bool) {
        var bytes = RegularExpression.ByteSet()
        var canBeEmpty = false
        var isElsewhere = false
        for passesStart in [false, true] {
            var seen = [Bool](repeating: false, count: program.count)
            var open = [0]
            while let state = open.popLast() {
                if seen[state] { continue }
                seen[state] = true
                switch program[state] {
                case .jump(let target): open.append(target)
                case .split(let preferred, let other): open += [other, preferred]
                case .assert(.start) where !passesStart: break
                case .assert, .save: open.append(state + 1)
                case .count: break
                case .bytes(let set):
                    bytes.words |= set.words
                    if !passesStart { isElsewhere = true }
                case .match:
                    canBeEmpty = true
                    if !passesStart { isElsewhere = true }
                }
            }
        }
        return (canBeEmpty ? nil : bytes, !isElsewhere)
    }
}

/// Ways to go on, in order of preference: the instructions at which they wait, and the places that
/// they have passed.
private struct Threads {
    private var met: [Int32]
    private var numbers: [Int32]
    private var metCount = 0
    private var states: [Int32] = []
    private var places: [Int32]
    private let stride: Int

    init(_ instructions: Int, _ placeCount: Int) {
        met = [Int32](repeating: 0, count: instructions)
        numbers = met
        places = [Int32](repeating: 0, count: instructions * placeCount)
        stride = placeCount
    }

    var count: Int { states.count }
    var isEmpty: Bool { states.isEmpty }

    mutating func removeAll() {
        metCount = 0
        states.removeAll(keepingCapacity: true)
    }

    /// Notes that an instruction was met; false if it was before.
    mutating func meet(_ state: Int) -> Bool {
        let number = Int(numbers[state])
        if number < metCount, met[number] == Int32(state) { return false }
        numbers[state] = Int32(metCount)
        met[metCount] = Int32(state)
        metCount += 1
        return true
    }

    /// Adds a way that waits at `state`, less preferred than those before.
    mutating func add(_ state: Int, _ passed: [Int32]) {
        let row = states.count * stride
        states.append(Int32(state))
        for place in 0..<stride { places[row + place] = passed[place] }
    }

    func state(_ row: Int) -> Int { Int(states[row]) }

    func load(_ row: Int, to passed: inout [Int32]) {
        for place in 0..<stride { passed[place] = places[row * stride + place] }
    }
}
