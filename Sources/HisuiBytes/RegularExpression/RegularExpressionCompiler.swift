/// Turns what a regular expression says into a program.
///
/// Of what can go on in two ways the first is preferred: the branch that stands first, one repeat
/// more before none, or with a lazy repeat none before one more.
struct RegularExpressionCompiler {
    typealias Instruction = RegularExpression.Instruction

    private var program: [Instruction] = []
    /// Where the places of a group are kept, by its number.
    private let saved: [Int: Int]
    /// Repeats of one character are counted from that many on; nil: never.
    private let countedLeast: Int?
    private var counters = 0

    /// The program of an expression.
    ///
    /// - Parameter groups: whose places it remembers: of the group at index n as 2n + 2 and
    ///   2n + 3. What is left out costs nothing.
    /// - Parameter countedLeast: repeats of one character are counted from that many on; nil where
    ///   places are asked for.
    static func program(
        of node: RegularExpressionNode, saving groups: [Int], countedLeast: Int? = nil
    ) throws(RegularExpressionError) -> [Instruction] {
        let places = groups.enumerated().map { ($1, 2 * $0 + 2) }
        var compiler = RegularExpressionCompiler(
            saved: Dictionary(places, uniquingKeysWith: { first, _ in first }),
            countedLeast: countedLeast)
        try compiler.emit(node)
        compiler.program.append(.match)
        return compiler.program
    }

    private init(saved: [Int: Int], countedLeast: Int?) {
        self.saved = saved
        self.countedLeast = countedLeast
    }

    private mutating func emit(_ node: RegularExpressionNode) throws(RegularExpressionError) {
        guard program.count < ExpressionLimits.instructionsMax else {
            throw RegularExpressionError(
                "the expression is too long once its repeats are written out")
        }
        switch node {
        case .empty: break
        case .bytes(let set): program.append(.bytes(set))
        case .assertion(let assertion): program.append(.assert(assertion))
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .choice(let nodes): try emit(choice: nodes)
        case .group(let node, let number):
            guard let place = saved[number] else { return try emit(node) }
            program.append(.save(place))
            try emit(node)
            program.append(.save(place + 1))
        case .repeated(let node, let least, let most, let isLazy):
            try emit(node, least, most, isLazy)
        }
    }

    private mutating func emit(
        choice nodes: [RegularExpressionNode]
    ) throws(RegularExpressionError) {
        var ends: [Int] = []
        for (index, node) in nodes.enumerated() {
            let split = program.count
            if index + 1 < nodes.count { program.append(.split(split + 1, 0)) }
            try emit(node)
            if index + 1 < nodes.count {
                ends.append(program.count)
                program.append(.jump(0))
                program[split] = .split(split + 1, program.count)
            }
        }
        for end in ends { program[end] = .jump(program.count) }
    }

    private mutating func emit(
        _ node: RegularExpressionNode, _ least: Int, _ most: Int?, _ isLazy: Bool
    ) throws(RegularExpressionError) {
        if let countedLeast, max(least, most ?? 0) >= countedLeast,
            let counter = CharacterCounter(repeating: node, least: least, most: most)
        {
            counters += 1
            guard counters <= ExpressionLimits.countersMax else {
                throw RegularExpressionError(
                    "the expression has more than \(ExpressionLimits.countersMax) long repeats "
                        + "once its own are written out")
            }
            return program.append(.count(counter))
        }
        var last = program.count
        for _ in 0..<least {
            last = program.count
            try emit(node)
            // Nothing repeated is nothing; repeats of it within each other would take for ever.
            if program.count == last { return }
        }
        guard let most else {
            var splits: [Int] = []
            if least == 0 {
                // What can be nothing is none or some: an empty repeat is one, and ends it.
                splits.append(program.count)
                program.append(.jump(0))
                last = program.count
                try emit(node)
            }
            let split = program.count
            program.append(branch(last, split + 1, isLazy))
            for place in splits { program[place] = branch(place + 1, program.count, isLazy) }
            return
        }
        var splits: [Int] = []
        for _ in least..<max(least, most) {
            splits.append(program.count)
            program.append(.jump(0))
            try emit(node)
        }
        for place in splits { program[place] = branch(place + 1, program.count, isLazy) }
    }

    private func branch(_ more: Int, _ after: Int, _ isLazy: Bool) -> Instruction {
        isLazy ? .split(after, more) : .split(more, after)
    }
}
