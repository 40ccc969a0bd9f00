import HisuiBytes

/// Looks at one message on behalf of a rule.
///
/// Every function says where what it was asked for ends, or -1 where it does not stand. None looks
/// at a byte more than once for each text it seeks.
struct RuleReader: ~Escapable {
    let record: Span<UInt8>
    let end: Int
    let texts: Span<RuleCode.Text>
    let bytes: Span<UInt8>

    @_lifetime(copy record, copy texts, copy bytes)
    init(
        record: Span<UInt8>, end: Int, texts: Span<RuleCode.Text>, bytes: Span<UInt8>
    ) {
        self.record = record
        self.end = end
        self.texts = texts
        self.bytes = bytes
    }

    /// The text at `offset` of the compiled bytes.
    @inline(__always)
    func literal<S: StepCounting>(_ offset: UInt32, _ count: UInt32, _ at: Int, _ steps: inout S)
        -> Int
    {
        let count = Int(count)
        guard end - at >= count else { return -1 }
        let offset = Int(offset)
        var index = 0
        while index < count {
            steps.add(1)
            if record[at + index] != bytes[offset + index] { return -1 }
            index += 1
        }
        return at + count
    }

    /// Index of the first of some texts that stands here.
    func choice<S: StepCounting>(_ first: UInt32, _ count: UInt32, _ at: Int, _ steps: inout S)
        -> Int
    {
        for index in Int(first)..<Int(first + count)
        where literal(texts[index].offset, texts[index].count, at, &steps) >= 0 {
            return index
        }
        return -1
    }

    /// Whether a slot is, as a whole, one of some texts.
    func isOne<S: StepCounting>(
        of first: UInt32, _ count: UInt32, _ slot: ByteRange, _ steps: inout S
    ) -> Bool {
        for index in Int(first)..<Int(first + count) where texts[index].count == slot.count {
            let text = texts[index]
            if literal(text.offset, text.count, Int(slot.offset), &steps) >= 0 { return true }
        }
        return false
    }

    @inline(__always)
    func capture<S: StepCounting>(_ one: RuleCode.Instruction, _ at: Int, _ steps: inout S) -> Int {
        switch one.operation {
        case .word: word(at, &steps)
        case .wordUntil: wordUntil(one, at, &steps)
        case .int: int(at, &steps)
        case .hex: hex(at, &steps)
        case .port: port(at, &steps)
        case .host: host(at, &steps)
        case .mac: mac(at, &steps)
        case .blank: blanks(at, &steps)
        case .textUntilOne: untilOne(one, at, &steps)
        case .textUntil: until(one, at, &steps)
        case .pathUntil: startsPath(at) ? until(one, at, &steps) : -1
        case .rest: end
        default: -1
        }
    }
}

// MARK: - Texts that end where another text stands

extension RuleReader {
    @inline(__always)
    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    func startsPath(_ at: Int) -> Bool { at < end && record[at] == UInt8(ascii: "/") }

    @inline(__always)
    private func word<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        var at = from
        while at < end, !isBlank(record[at]) {
            steps.add(1)
            at += 1
        }
        return at > from ? at : -1
    }

    private func wordUntil<S: StepCounting>(
        _ one: RuleCode.Instruction, _ from: Int, _ steps: inout S
    ) -> Int {
        var at = from
        while at < end, !isBlank(record[at]) {
            if isStop(one, at, &steps) { return at > from ? at : -1 }
            at += 1
        }
        return at > from ? at : -1
    }

    @inline(__always)
    private func isStop<S: StepCounting>(
        _ one: RuleCode.Instruction, _ at: Int, _ steps: inout S
    ) -> Bool {
        for index in Int(one.a)..<Int(one.a + one.b) {
            let text = texts[index]
            steps.add(1)
            if bytes[Int(text.offset)] == record[at],
                text.number == 0 || at + Int(text.count) == end,
                literal(text.offset, text.count, at, &steps) >= 0
            {
                return true
            }
        }
        return false
    }

    /// Until the only text that can follow, which need not end the message.
    @inline(__always)
    private func untilOne<S: StepCounting>(
        _ one: RuleCode.Instruction, _ from: Int, _ steps: inout S
    ) -> Int {
        let text = texts[Int(one.a)]
        let first = bytes[Int(text.offset)]
        let last = end - Int(text.count)
        var at = from
        while at <= last {
            steps.add(1)
            if record[at] == first, literal(text.offset, text.count, at, &steps) >= 0 {
                return at
            }
            at += 1
        }
        return one.orEnd ? end : -1
    }

    private func until<S: StepCounting>(
        _ one: RuleCode.Instruction, _ from: Int, _ steps: inout S
    ) -> Int {
        if one.b == 1, texts[Int(one.a)].number != 0 {
            let text = texts[Int(one.a)]
            let at = end - Int(text.count)
            if at >= from, literal(text.offset, text.count, at, &steps) >= 0 { return at }
            return one.orEnd ? end : -1
        }
        var at = from
        while at < end {
            if isStop(one, at, &steps) { return at }
            at += 1
        }
        return one.orEnd ? end : -1
    }

    /// The last place before `limit` where one of the texts stands.
    func last<S: StepCounting>(
        _ one: RuleCode.Instruction, _ from: Int, before limit: Int, _ steps: inout S
    ) -> Int {
        var at = limit - 1
        while at >= from {
            if isStop(one, at, &steps) { return at }
            at -= 1
        }
        return -1
    }

    func quoted<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        guard from < end, record[from] == UInt8(ascii: "\"") else { return -1 }
        var at = from + 1
        while at < end {
            steps.add(1)
            switch record[at] {
            case UInt8(ascii: "\""): return at + 1
            case UInt8(ascii: "\\"): at += 2
            default: at += 1
            }
        }
        return -1
    }

    @inline(__always)
    func blanks<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        var at = from
        while at < end, isBlank(record[at]) {
            steps.add(1)
            at += 1
        }
        return at
    }
}
