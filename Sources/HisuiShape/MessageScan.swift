import HisuiBytes

/// One pass over one message: the work of `AutomaticShape`.
struct MessageScan {
    private let start: Int
    private let end: Int
    private let slotsMax: Int
    private var at: Int
    private var count = 0
    /// Bytes of all slots.
    private(set) var slotBytes = 0
    /// No closing quote of this kind follows: it is not looked for again, or a line of nothing but
    /// quotes would take quadratic time.
    private var noDoubleQuote = false
    private var noSingleQuote = false

    init(_ message: Range<Int>, slotsMax: Int) {
        start = message.lowerBound
        end = message.upperBound
        at = start
        self.slotsMax = slotsMax
    }

    /// Appends the slots; false if the message should not be taken apart.
    @inline(__always)
    mutating func run(
        _ record: Span<UInt8>, _ classes: Span<UInt8>, _ slots: inout [ByteRange]
    ) -> Bool {
        while at < end {
            let byte = record[at]
            let bits = classes[Int(byte)]
            if bits & CharacterClass.stop == 0 {
                token(record, classes, &slots)
            } else if byte == 0x20 {
                at += 1
            } else if byte == 0x22 {
                doubleQuote(record, &slots)
            } else if byte == 0x27 {
                singleQuote(record, classes, &slots)
            } else if byte < 0x20, !isPlainControl(byte) {
                return false
            } else {
                at += 1
            }
            if count > slotsMax { return false }
        }
        return true
    }

    /// Tab, line feed, carriage return, and the escape that begins a colour.
    private func isPlainControl(_ byte: UInt8) -> Bool {
        byte == 0x09 || byte == 0x0A || byte == 0x0D || byte == 0x1B
    }

    @inline(__always)
    private mutating func add(_ first: Int, _ last: Int, _ slots: inout [ByteRange]) {
        slots.append(
            ByteRange(
                offset: UInt32(truncatingIfNeeded: first),
                count: UInt32(truncatingIfNeeded: last &- first)))
        slotBytes &+= last &- first
        count &+= 1
    }

    /// A run of bytes that no stop interrupts; `at` is its first.
    @inline(__always)
    private mutating func token(
        _ record: Span<UInt8>, _ classes: Span<UInt8>, _ slots: inout [ByteRange]
    ) {
        let first = at
        var bits: UInt8 = 0
        var stop: UInt8 = 0
        while true {
            var next = classes[Int(record[at])]
            while next & CharacterClass.stop == 0 {
                bits |= next
                at += 1
                if at == end { break }
                next = classes[Int(record[at])]
            }
            stop = at < end ? record[at] : 0
            // `/find?user=x`: the `=` of a URL is no end of a key.
            let inURL = CharacterClass.slash | CharacterClass.address | CharacterClass.joiner
            guard stop == 0x3D, bits & inURL != 0 else { break }
            bits |= CharacterClass.digit
            at += 1
            if at == end || classes[Int(record[at])] & CharacterClass.stop != 0 { break }
        }
        if stop == 0x3D, takesKey(record, first, bits) {
            value(record, classes, &slots)
            return
        }
        let plain = CharacterClass.letter | CharacterClass.dot | CharacterClass.joiner
        if bits & ~plain == 0 {
            // Most words end here.
            if at - first >= AutomaticShape.longTokenBytes { trimmed(record, first, bits, &slots) }
            return
        }
        if bits & CharacterClass.digit != 0 || isPlace(record, first, bits) {
            trimmed(record, first, bits, &slots)
        }
    }

    /// Whether the token from `first` to the `=` at `at` names a value that follows.
    @inline(__always)
    private func takesKey(_ record: Span<UInt8>, _ first: Int, _ bits: UInt8) -> Bool {
        let key = CharacterClass.letter | CharacterClass.digit | CharacterClass.dot
        guard bits & ~key == 0, at - first <= AutomaticShape.keyBytesMax else { return false }
        guard record[first] > 0x39 || record[first] == 0x2D else { return false }
        if at + 1 == end || record[at + 1] <= 0x20 {
            // The padding of base64 looks like this too.
            return bits & CharacterClass.digit == 0 && at - first < AutomaticShape.longTokenBytes
        }
        return record[at + 1] != 0x3D
    }

    /// The value after the `=` at `at`.
    @inline(__always)
    private mutating func value(
        _ record: Span<UInt8>, _ classes: Span<UInt8>, _ slots: inout [ByteRange]
    ) {
        at += 1
        let first = at
        if at < end {
            switch record[at] {
            case 0x22, 0x27, 0x28, 0x5B, 0x7B: return  // " ' ( [ { are looked at for themselves.
            default: break
            }
        }
        while at < end {
            let byte = record[at]
            if classes[Int(byte)] & CharacterClass.stop != 0, endsValue(byte) { break }
            at += 1
        }
        var last = at
        // What ends a clause is no part of its last value.
        while last > first + 1, record[last - 1] == 0x2E || record[last - 1] == 0x3A { last -= 1 }
        add(first, last, &slots)
    }

    @inline(__always)
    private func endsValue(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x22, 0x29, 0x2C, 0x3B, 0x3E, 0x5D, 0x7C, 0x7D: true  // " ) , ; > ] | }
        default: byte <= 0x20
        }
    }

    /// Whether a token without digits names a place: an account, a path of more than one step, a
    /// URL.
    private func isPlace(_ record: Span<UInt8>, _ first: Int, _ bits: UInt8) -> Bool {
        if bits & CharacterClass.address != 0 { return bits & CharacterClass.letter != 0 }
        guard bits & CharacterClass.slash != 0 else { return false }
        if bits & CharacterClass.colon != 0 {
            for index in first..<at - 1 where record[index] == 0x2F && record[index + 1] == 0x2F {
                return true
            }
        }
        guard record[first] == 0x2F else { return false }
        for index in first + 1..<at where record[index] == 0x2F { return true }
        return false
    }

    /// Adds the token from `first` to `at` without the punctuation around it.
    @inline(__always)
    private mutating func trimmed(
        _ record: Span<UInt8>, _ first: Int, _ bits: UInt8, _ slots: inout [ByteRange]
    ) {
        var first = first
        var last = at
        let punctuation = CharacterClass.dot | CharacterClass.colon | CharacterClass.joiner
        if bits & punctuation != 0 {
            trim: while last - first > 1 {
                switch record[last - 1] {
                case 0x2E, 0x21, 0x25, 0x3F: last -= 1  // . ! % ?
                case 0x3A where record[last - 2] != 0x3A: last -= 1  // : but not ::
                default: break trim
                }
            }
            trim: while last - first > 1 {
                switch record[first] {
                case 0x23, 0x24, 0x2A: first += 1  // # $ *
                case 0x3A where record[first + 1] != 0x3A: first += 1
                default: break trim
                }
            }
            let addressAndPort = CharacterClass.dot | CharacterClass.colon
            if bits & addressAndPort == addressAndPort,
                let colon = portSeparator(record, first, last)
            {
                add(first, colon, &slots)
                add(colon + 1, last, &slots)
                return
            }
        }
        add(first, last, &slots)
    }

    /// Where the colon of `192.0.2.1:443` stands, if the token is that.
    private func portSeparator(_ record: Span<UInt8>, _ first: Int, _ last: Int) -> Int? {
        var dots = 0
        var colon = 0
        for index in first..<last {
            let byte = record[index]
            if byte == 0x3A {
                guard dots == 3, colon == 0, index > first, record[index - 1] != 0x2E else {
                    return nil
                }
                colon = index
            } else if byte == 0x2E {
                guard colon == 0 else { return nil }
                dots += 1
            } else if byte &- 0x30 > 9 {
                return nil
            }
        }
        return colon > 0 && colon < last - 1 ? colon : nil
    }

    /// A `"` at `at`.
    private mutating func doubleQuote(_ record: Span<UInt8>, _ slots: inout [ByteRange]) {
        at += 1
        if noDoubleQuote { return }
        var close = at
        while close < end, record[close] != 0x22 {
            close += record[close] == 0x5C && close + 1 < end ? 2 : 1
        }
        guard close < end else {
            noDoubleQuote = true
            return
        }
        let isMemberName =
            close + 1 < end && record[close + 1] == 0x3A
            && close - at <= AutomaticShape.keyBytesMax
        if !isMemberName { add(at, close, &slots) }
        at = close + 1
    }

    /// A `'` at `at`: a quote only where a word cannot have one.
    private mutating func singleQuote(
        _ record: Span<UInt8>, _ classes: Span<UInt8>, _ slots: inout [ByteRange]
    ) {
        at += 1
        let opens =
            at - 1 == start || classes[Int(record[at - 2])] & CharacterClass.stop != 0
        if noSingleQuote || !opens { return }
        var close = at
        while close < end {
            if record[close] == 0x27 {
                if close + 1 == end { break }
                let after = classes[Int(record[close + 1])]
                let ends = CharacterClass.stop | CharacterClass.dot | CharacterClass.colon
                if after & ends != 0 { break }
            }
            close += 1
        }
        guard close < end else {
            noSingleQuote = true
            return
        }
        add(at, close, &slots)
        at = close + 1
    }
}
