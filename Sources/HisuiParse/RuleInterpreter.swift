import HisuiBytes
import HisuiShape

extension RuleCode {
    /// Runs the program at `start` over the message from `position` on.
    ///
    /// Slots are appended to `slots` and decisions to `choices` as they are made: on failure the
    /// caller takes them back.
    ///
    /// - Parameter reached: set to the furthest operation that was run.
    /// - Returns: the position after what matched, or -1.
    /// - Complexity: O(message length) times the texts the program looks for.
    @inline(__always)
    func run<Steps: StepCounting>(
        _ start: Int, on record: Span<UInt8>, at position: Int, end: Int,
        into slots: inout RuleSlots, choices: inout UInt64, reached: inout Int,
        steps: inout Steps
    ) -> Int {
        let instructions = instructions.span
        let (tables, masks, formats) = (tables.span, masks.span, formats.span)
        let reader = RuleReader(record: record, end: end, texts: texts.span, bytes: bytes.span)
        var pc = start
        var at = position
        // The optional part being tried, and the one that it stands in.
        var current = RuleOptional()
        var outer = RuleOptional()
        var depth = 0
        var retry = RuleRetry()
        reached = start
        while true {
            let one = instructions[pc]
            if pc > reached { reached = pc }
            steps.reach(pc, at: at)
            pc += 1
            var next = -1
            switch one.operation {
            case .literal:
                next = reader.literal(one.a, one.b, at, &steps)
            case .alternatives:
                let choice = reader.choice(one.a, one.b, at, &steps)
                if choice >= 0 {
                    let text = reader.text(choice)
                    choices |= UInt64(text.number) << UInt64(one.bit)
                    next = at + Int(text.count)
                }
            case .optionalBegin:
                outer = current
                current = RuleOptional(
                    resume: Int(one.a), at: at, slots: slots.count, choices: choices)
                depth += 1
                continue
            case .optionalEnd:
                choices |= 1 << UInt64(one.bit)
                // What stood in an optional part that was taken is settled.
                if retry.depth == depth { retry = RuleRetry() }
                current = outer
                depth -= 1
                continue
            case .leadingBlanks:
                next = reader.blanks(at, &steps)
                if next > at {
                    choices |= 1 << UInt64(one.bit)
                    slots.append(at, next)
                }
                at = next
                continue
            case .oneOf:
                let slot = slots.last
                if tables[Int(one.a)].find(record, slot, steps: &steps) >= 0 { continue }
                return -1
            case .branch:
                let slot = slots.last
                let number = tables[Int(one.a)].find(record, slot, steps: &steps)
                choices |= UInt64(number + 1) << UInt64(one.bit)
                continue
            case .require:
                let mask = masks[Int(one.a)]
                if choices & mask == mask { continue }
                return -1
            case .end:
                if at == end { return at }
            case .done:
                return at
            case .quoted:
                next = reader.quoted(at, &steps)
                if next >= 0 { slots.append(at + 1, next - 1) }
            case .ip, .ipBeforePort:
                next =
                    one.operation == .ip
                    ? reader.address(at, &steps) : reader.addressBeforePort(at, &steps)
                if next >= 0 {
                    if reader.isIPv6(at, next) { choices |= 1 << UInt64(one.bit) }
                    slots.append(at, next)
                }
            case .time:
                if let found = formats[Int(one.a)].read(record, at..<end) {
                    next = found.end
                    steps.add(next - at)
                    slots.append(at, next)
                }
            case .textLast, .pathLast:
                retry = RuleRetry(
                    pc: pc, from: at, slots: slots.count, choices: choices,
                    depth: depth)
                next = retry.start(one, reader, &steps)
                if next >= 0 { slots.append(at, next) }
            default:
                next = reader.capture(one, at, &steps)
                if next >= 0 { slots.append(at, next) }
            }
            if next >= 0 {
                at = next
            } else if retry.depth == depth, retry.placesLeft > 0,
                let earlier = retry.next(instructions[retry.pc - 1], reader, &steps)
            {
                pc = retry.pc
                at = earlier
                choices = retry.choices
                slots.truncate(to: retry.slots)
                slots.append(retry.from, earlier)
            } else {
                guard depth > 0 else { return -1 }
                if retry.depth == depth { retry = RuleRetry() }
                pc = current.resume
                at = current.at
                choices = current.choices
                slots.truncate(to: current.slots)
                current = outer
                depth -= 1
            }
        }
    }
}

/// The state to go back to when an optional part does not fit.
struct RuleOptional {
    /// The operation after the part.
    var resume = -1
    var at = 0
    var slots = 0
    var choices: UInt64 = 0
}

/// Where a right-anchored capture can end if what follows it does not fit.
///
/// Its end is looked for from the end of the message backwards. How many places have to be tried
/// is known when the template is compiled: one more than the text it stops at stands in what
/// follows. Whatever somebody puts into the capture itself lies further left and is never reached
/// before the right place.
struct RuleRetry {
    /// After the capture's operation.
    var pc = 0
    var from = 0
    /// State before the capture.
    var slots = 0
    var choices: UInt64 = 0
    /// In how many optional parts the capture stands.
    var depth = 0
    private(set) var placesLeft = 0
    /// The place tried now.
    private var at = 0

    init() {}

    init(pc: Int, from: Int, slots: Int, choices: UInt64, depth: Int) {
        self.pc = pc
        self.from = from
        self.slots = slots
        self.choices = choices
        self.depth = depth
    }

    /// The last place, or -1.
    @inline(__always)
    mutating func start<Steps: StepCounting>(
        _ one: RuleCode.Instruction, _ reader: borrowing RuleReader, _ steps: inout Steps
    ) -> Int {
        if one.operation == .pathLast, !reader.startsPath(from) { return -1 }
        placesLeft = Int(one.places)
        at = reader.end
        return next(one, reader, &steps) ?? -1
    }

    /// The next place to the left; at last, where the message may end there, its end.
    mutating func next<Steps: StepCounting>(
        _ one: RuleCode.Instruction, _ reader: borrowing RuleReader, _ steps: inout Steps
    ) -> Int? {
        guard placesLeft > 0 else { return nil }
        placesLeft -= 1
        let found = placesLeft > 0 || !one.orEnd ? reader.last(one, from, before: at, &steps) : -1
        if found >= 0 {
            at = found
            return found
        }
        placesLeft = 0
        return one.orEnd ? reader.end : nil
    }
}

extension RuleCode {
    /// The rules that a message can fit by its first bytes: places for `RuleTrie.candidate`.
    @inline(__always)
    func candidates<Steps: StepCounting>(
        _ trie: RuleTrie, _ root: Int, _ record: Span<UInt8>, _ message: Range<Int>,
        steps: inout Steps
    ) -> Range<Int> {
        let reader = RuleReader(
            record: record, end: message.upperBound, texts: texts.span, bytes: bytes.span)
        return trie.find(reader, from: message.lowerBound, root: root, steps: &steps)
    }

    /// How a message begins.
    @inline(__always)
    func opening(of record: Span<UInt8>, _ message: Range<Int>) -> MessageOpening {
        let reader = RuleReader(
            record: record, end: message.upperBound, texts: texts.span, bytes: bytes.span)
        return MessageOpening(reader, message.lowerBound)
    }

    /// Takes down what stands in a message, if that has not been done.
    @inline(__always)
    func look<Steps: StepCounting>(
        at record: Span<UInt8>, _ message: Range<Int>, _ text: inout MessageText,
        steps: inout Steps
    ) {
        if text.isKnown { return }
        let reader = RuleReader(
            record: record, end: message.upperBound, texts: texts.span, bytes: bytes.span)
        text.take(reader, from: message.lowerBound, &steps)
    }
}
