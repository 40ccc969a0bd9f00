import HisuiBytes
import HisuiShape

extension RuleCode {
    /// Runs the program at `start` over the message from `position` on.
    ///
    /// Slots are appended to `scratch` and decisions to `choices` as they are made: on failure the
    /// caller takes them back.
    ///
    /// - Returns: the position after what matched, or -1.
    /// - Complexity: O(message length) times the texts the program looks for.
    @inline(__always)
    func run<Steps: StepCounting>(
        _ start: Int, on record: Span<UInt8>, at position: Int, end: Int,
        into scratch: inout RowScratch, choices: inout UInt64, steps: inout Steps
    ) -> Int {
        let instructions = instructions.span
        let texts = texts.span
        let reader = RuleReader(record: record, end: end, texts: texts, bytes: bytes.span)
        var pc = start
        var at = position
        // The state to go back to when the optional part being tried does not fit.
        var resume = -1
        var resumeAt = 0
        var resumeSlots = 0
        var resumeChoices: UInt64 = 0
        while true {
            let one = instructions[pc]
            pc += 1
            var next = -1
            switch one.operation {
            case .literal:
                next = reader.literal(one.a, one.b, at, &steps)
            case .alternatives:
                let choice = reader.choice(one.a, one.b, at, &steps)
                if choice >= 0 {
                    let text = texts[choice]
                    choices |= UInt64(text.number) << UInt64(one.bit)
                    next = at + Int(text.count)
                }
            case .optionalBegin:
                resume = Int(one.a)
                resumeAt = at
                resumeSlots = scratch.slots.count
                resumeChoices = choices
                continue
            case .optionalEnd:
                choices |= 1 << UInt64(one.bit)
                resume = -1
                continue
            case .leadingBlanks:
                next = reader.blanks(at, &steps)
                if next > at {
                    choices |= 1 << UInt64(one.bit)
                    scratch.append(at..<next, .word)
                }
                at = next
                continue
            case .oneOf:
                if reader.isOne(of: one.a, one.b, scratch.slots[scratch.slots.count - 1], &steps) {
                    continue
                }
                return -1
            case .require:
                let mask = masks[Int(one.a)]
                if choices & mask == mask { continue }
                return -1
            case .end:
                if at == end { return at }
                return -1
            case .done:
                return at
            case .quoted:
                next = reader.quoted(at, &steps)
                if next >= 0 { scratch.append(at + 1..<next - 1, one.kind) }
            case .ip:
                next = reader.address(at, &steps)
                if next >= 0 {
                    let isV6 = reader.isIPv6(at, next)
                    if isV6 { choices |= 1 << UInt64(one.bit) }
                    scratch.append(at..<next, isV6 ? .ipv6 : .ipv4)
                }
            default:
                next = reader.capture(one, at, &steps)
                if next >= 0 { scratch.append(at..<next, one.kind) }
            }
            if next >= 0 {
                at = next
            } else {
                guard resume >= 0 else { return -1 }
                pc = resume
                resume = -1
                at = resumeAt
                choices = resumeChoices
                scratch.truncate(to: resumeSlots)
            }
        }
    }
}

extension RuleCode {
    /// Whether a text stands anywhere in the message; true for the empty one.
    @inline(__always)
    func holds<Steps: StepCounting>(
        _ text: (offset: UInt32, count: UInt32), _ record: Span<UInt8>, _ range: Range<Int>,
        _ steps: inout Steps
    ) -> Bool {
        if text.count == 0 { return true }
        steps.add(range.count)
        let bytes = bytes.span
        let place = Int(text.offset)..<Int(text.offset + text.count)
        return ByteSearch.first(of: bytes.extracting(place), in: record, range) != nil
    }
}

extension RowScratch {
    /// Takes back the slots from number `count` on.
    @inline(__always)
    mutating func truncate(to count: Int) {
        let surplus = slots.count - count
        guard surplus > 0 else { return }
        slots.removeLast(surplus)
        kinds.removeLast(surplus)
    }
}
