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
    private let textBytes: UnsafeBufferPointer<UInt8>

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
        unsafe textBytes = unsafe bytes.withUnsafeBufferPointer { unsafe $0 }
    }

    /// The same, of a message that ends before.
    @_lifetime(copy other)
    init(_ other: borrowing RuleReader, end: Int) {
        precondition(end <= other.end, "it ends before")
        self.end = end
        // Safe: the pointers of the other, whose lifetime is that of this value too.
        unsafe record = other.record
        unsafe texts = other.texts
        unsafe textBytes = other.textBytes
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
        assert(unsafe at >= 0 && at < textBytes.count)
        // Safe: offsets and counts of texts lie inside the bytes they were compiled with.
        return unsafe textBytes[at]
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
        while count - index > 8 {
            steps.add(8)
            if word(at + index) != textWord(offset + index) { return -1 }
            index += 8
        }
        let rest = count - index
        steps.add(rest)
        // What stands behind the text is shifted out; a text of no bytes is in every place.
        let difference = bytes(at + index) ^ textWord(offset + index)
        if rest > 0, difference &<< UInt64(truncatingIfNeeded: 64 &- rest &* 8) != 0 { return -1 }
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

    /// Eight bytes, the first one lowest, with zeros for those from `end` on.
    @inline(__always)
    func bytes(_ at: Int) -> UInt64 {
        if at + 8 <= end { return word(at) }
        if end < 8 { return fewBytes(at) }
        return at < end ? word(end - 8) &>> UInt64(truncatingIfNeeded: (at + 8 - end) &* 8) : 0
    }

    @inline(never)
    private func fewBytes(_ at: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in stride(from: end - 1, through: at, by: -1) {
            word = word << 8 | UInt64(byte(index))
        }
        return word
    }

    /// Eight bytes of a text and what stands behind it.
    @inline(__always)
    private func textWord(_ at: Int) -> UInt64 {
        assert(unsafe at >= 0 && at + 8 <= textBytes.count)
        // Safe: `RuleCode` keeps eight bytes behind the last text.
        let word = unsafe UnsafeRawBufferPointer(textBytes).loadUnaligned(
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
        while at < end {
            let word = bytes(at)
            let found = word.bytes(equalTo: 0x20) | word.bytes(equalTo: 0x09)
            if found != 0 {
                at += found.trailingZeroBitCount / 8
                break
            }
            at += 8
        }
        at = min(at, end)
        steps.add(at - from)
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
            let found = bytes(at).bytes(equalTo: first)
            guard found != 0 else {
                steps.add(8)
                at += 8
                continue
            }
            let skipped = found.trailingZeroBitCount / 8
            steps.add(skipped + 1)
            at += skipped
            if literal(text.offset, text.count, at, &steps) >= 0 { return at }
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
