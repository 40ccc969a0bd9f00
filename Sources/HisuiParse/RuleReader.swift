import HisuiBytes

/// Looks at one message on behalf of a rule.
///
/// Every function says where what it was asked for ends, or -1 where it does not stand. None looks
/// at a byte more than once for each text it seeks.
///
/// This is the innermost loop of parsing, so places are not checked again at every byte: positions
/// stay within `0 ..< end` because every function compares with `end` before it reads, and numbers
/// of texts and offsets of their bytes come from the compiler of the code they point into. Debug
/// builds, tests and fuzzers check each of them.
@safe
struct RuleReader: ~Escapable {
    /// The record, valid up to `end`.
    private let record: UnsafePointer<UInt8>
    let end: Int
    private let texts: UnsafeBufferPointer<RuleCode.Text>
    private let bytes: UnsafeBufferPointer<UInt8>

    /// - Parameter end: where the message ends, within `record`. A message of no bytes may have no
    ///   memory either; it is never read.
    @_lifetime(copy record, copy texts, copy bytes)
    @inline(__always)
    init(
        record: Span<UInt8>, end: Int, texts: Span<RuleCode.Text>, bytes: Span<UInt8>
    ) {
        precondition(end <= record.count, "the message lies inside the record")
        self.end = end
        // Safe: the pointers leave the closures, but not the lifetime of the spans, which is that
        // of this value.
        unsafe self.record = unsafe record.withUnsafeBufferPointer { buffer in
            unsafe buffer.baseAddress ?? Self.nothing
        }
        unsafe self.texts = unsafe texts.withUnsafeBufferPointer { unsafe $0 }
        unsafe self.bytes = unsafe bytes.withUnsafeBufferPointer { unsafe $0 }
    }

    /// Where the bytes of an empty record are: nobody reads them.
    private static var nothing: UnsafePointer<UInt8> {
        // Safe: a pointer that is never dereferenced.
        unsafe UnsafePointer(bitPattern: 1)!
    }

    @inline(__always)
    func byte(_ at: Int) -> UInt8 {
        assert(at >= 0 && at < end)
        // Safe: every caller has compared `at` with `end`, which `init` has checked.
        return unsafe record[at]
    }

    @inline(__always)
    func text(_ index: Int) -> RuleCode.Text {
        assert(unsafe index >= 0 && index < texts.count)
        // Safe: indices come from the code that the texts belong to.
        return unsafe texts[index]
    }

    @inline(__always)
    private func textByte(_ at: Int) -> UInt8 {
        assert(unsafe at >= 0 && at < bytes.count)
        // Safe: offsets and counts of texts lie inside the bytes they were compiled with.
        return unsafe bytes[at]
    }

    /// The place after a text of the compiled bytes, if it stands at `at`.
    @inline(__always)
    func literal<S: StepCounting>(_ offset: UInt32, _ count: UInt32, _ at: Int, _ steps: inout S)
        -> Int
    {
        let count = Int(count)
        guard end - at >= count else { return -1 }
        let offset = Int(offset)
        var index = 0
        while count - index >= 8 {
            steps.add(8)
            if word(at + index) != textWord(offset + index) { return -1 }
            index += 8
        }
        while index < count {
            steps.add(1)
            if byte(at + index) != textByte(offset + index) { return -1 }
            index += 1
        }
        return at + count
    }

    /// Eight bytes, the first one lowest.
    @inline(__always)
    func word(_ at: Int) -> UInt64 {
        assert(at >= 0 && at + 8 <= end)
        // Safe: the caller has compared with `end`.
        let word = unsafe UnsafeRawPointer(record).loadUnaligned(
            fromByteOffset: at, as: UInt64.self)
        return UInt64(littleEndian: word)
    }

    @inline(__always)
    private func textWord(_ at: Int) -> UInt64 {
        assert(unsafe at >= 0 && at + 8 <= bytes.count)
        // Safe: as for a single byte; the text has 8 more.
        let word = unsafe UnsafeRawBufferPointer(bytes).loadUnaligned(
            fromByteOffset: at, as: UInt64.self)
        return UInt64(littleEndian: word)
    }

    /// Index of the first of some texts that stands here.
    func choice<S: StepCounting>(_ first: UInt32, _ count: UInt32, _ at: Int, _ steps: inout S)
        -> Int
    {
        for index in Int(first)..<Int(first + count)
        where literal(text(index).offset, text(index).count, at, &steps) >= 0 {
            return index
        }
        return -1
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
        case .float: float(at, &steps)
        case .cidr: cidr(at, &steps)
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

    func startsPath(_ at: Int) -> Bool { at < end && byte(at) == UInt8(ascii: "/") }

    @inline(__always)
    private func word<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        var at = from
        while at < end, !isBlank(byte(at)) {
            steps.add(1)
            at += 1
        }
        return at > from ? at : -1
    }

    private func wordUntil<S: StepCounting>(
        _ one: RuleCode.Instruction, _ from: Int, _ steps: inout S
    ) -> Int {
        var at = from
        while at < end, !isBlank(byte(at)) {
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
            let text = self.text(index)
            steps.add(1)
            if textByte(Int(text.offset)) == byte(at),
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
        let text = self.text(Int(one.a))
        let first = textByte(Int(text.offset))
        let last = end - Int(text.count)
        var at = from
        while at <= last {
            steps.add(1)
            if byte(at) == first, literal(text.offset, text.count, at, &steps) >= 0 {
                return at
            }
            at += 1
        }
        return one.orEnd ? end : -1
    }

    private func until<S: StepCounting>(
        _ one: RuleCode.Instruction, _ from: Int, _ steps: inout S
    ) -> Int {
        if one.b == 1, text(Int(one.a)).number != 0 {
            let text = self.text(Int(one.a))
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
        if one.b > 1 || text(Int(one.a)).number != 0 {
            var at = limit - 1
            while at >= from {
                if isStop(one, at, &steps) { return at }
                at -= 1
            }
            return -1
        }
        let text = self.text(Int(one.a))
        let first = textByte(Int(text.offset))
        var at = min(limit - 1, end - Int(text.count))
        while at >= from {
            steps.add(1)
            if byte(at) == first, literal(text.offset, text.count, at, &steps) >= 0 { return at }
            at -= 1
        }
        return -1
    }

    func quoted<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        guard from < end, byte(from) == UInt8(ascii: "\"") else { return -1 }
        var at = from + 1
        while at < end {
            steps.add(1)
            switch byte(at) {
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
        while at < end, isBlank(byte(at)) {
            steps.add(1)
            at += 1
        }
        return at
    }
}
