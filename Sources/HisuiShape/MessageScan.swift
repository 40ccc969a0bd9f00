import HisuiBytes

/// One pass over one message: the work of `AutomaticShape`.
///
/// All state that changes for each byte stays in local variables, and bytes are read without a
/// check of each index: this is the innermost loop of the way in. The rule that makes it safe: an
/// index that is read is below `end`, or not below `start`.
@safe struct MessageScan {
    private let record: UnsafePointer<UInt8>
    private let classes: UnsafePointer<UInt8>
    private let start: Int
    private let end: Int
    private let slotsMax: Int

    /// - Parameters:
    ///   - record: bytes that live as long as the scan, `message` among them.
    ///   - classes: 256 bytes that live as long.
    @unsafe
    init(
        _ record: UnsafePointer<UInt8>, _ message: Range<Int>, classes: UnsafePointer<UInt8>,
        slotsMax: Int
    ) {
        unsafe self.record = record
        unsafe self.classes = classes
        start = message.lowerBound
        end = message.upperBound
        self.slotsMax = slotsMax
    }

    @inline(__always)
    private func byte(_ at: Int) -> UInt8 {
        assert(at >= start && at < end)
        // Safe: by the rule above.
        return unsafe record[at]
    }

    @inline(__always)
    private func bits(_ at: Int) -> UInt8 {
        // Safe: the table has an entry for every byte.
        unsafe classes[Int(byte(at))]
    }

    /// Appends the slots.
    ///
    /// - Returns: how many bytes they have in all, or nil if the message should not be taken apart.
    @inline(__always)
    func run(_ slots: inout [ByteRange]) -> Int? {
        var out = Output()
        // No closing quote of this kind follows: it is not looked for again, or a line of nothing
        // but quotes would take quadratic time.
        var noDoubleQuote = false
        var noSingleQuote = false
        var at = start
        while at < end {
            let first = byte(at)
            // Safe: the table has an entry for every byte.
            if unsafe classes[Int(first)] & CharacterClass.stop == 0 {
                at = token(at, &slots, &out)
            } else if first == 0x22 {
                at += 1
                if !noDoubleQuote {
                    let close = closingDouble(at)
                    noDoubleQuote = close < 0
                    if close >= 0 {
                        if !isMemberName(at, close) { out.add(at, close, &slots) }
                        at = close + 1
                    }
                }
            } else if first == 0x27 {
                at += 1
                let opens = at - 1 == start || bits(at - 2) & CharacterClass.stop != 0
                if opens, !noSingleQuote {
                    let close = closingSingle(at)
                    noSingleQuote = close < 0
                    if close >= 0 {
                        out.add(at, close, &slots)
                        at = close + 1
                    }
                }
            } else if first < 0x20, !isPlainControl(first) {
                return nil
            } else {
                at += 1
            }
            if out.count > slotsMax { return nil }
        }
        return out.bytes
    }

    private struct Output {
        var count = 0
        var bytes = 0

        @inline(__always)
        mutating func add(_ first: Int, _ last: Int, _ slots: inout [ByteRange]) {
            slots.append(
                ByteRange(
                    offset: UInt32(truncatingIfNeeded: first),
                    count: UInt32(truncatingIfNeeded: last &- first)))
            bytes &+= last &- first
            count &+= 1
        }
    }

    /// Tab, line feed, carriage return, and the escape that begins a colour.
    @inline(__always)
    private func isPlainControl(_ byte: UInt8) -> Bool {
        byte == 0x09 || byte == 0x0A || byte == 0x0D || byte == 0x1B
    }

    // MARK: - Tokens

    /// Reads the run of bytes from `first` on that no stop interrupts; gives the index after it.
    @inline(__always)
    private func token(_ first: Int, _ slots: inout [ByteRange], _ out: inout Output) -> Int {
        var at = first
        var seen: UInt8 = 0
        while true {
            while at < end {
                let next = bits(at)
                if next & CharacterClass.stop != 0 { break }
                seen |= next
                at &+= 1
            }
            // `/find?user=x`: the `=` of a URL is no end of a key.
            let inURL = CharacterClass.slash | CharacterClass.address | CharacterClass.joiner
            guard seen & inURL != 0, at < end, byte(at) == 0x3D else { break }
            seen |= CharacterClass.digit
            at &+= 1
            if at == end || bits(at) & CharacterClass.stop != 0 { break }
        }
        if at < end, byte(at) == 0x3D, takesKey(first, at, seen) {
            return value(at &+ 1, &slots, &out)
        }
        let plain = CharacterClass.letter | CharacterClass.dot | CharacterClass.joiner
        if seen & ~plain == 0 {
            // Most words end here.
            if at &- first < AutomaticShape.longTokenBytes { return at }
        } else if seen & CharacterClass.digit == 0, !isPlace(first, at, seen) {
            return at
        }
        let punctuation = CharacterClass.dot | CharacterClass.colon | CharacterClass.joiner
        if seen & punctuation == 0 {
            out.add(first, at, &slots)
        } else {
            trimmed(first, at, seen, &slots, &out)
        }
        return at
    }

    /// Whether the token from `first` to the `=` at `at` names a value that follows.
    @inline(__always)
    private func takesKey(_ first: Int, _ at: Int, _ seen: UInt8) -> Bool {
        let key = CharacterClass.letter | CharacterClass.digit | CharacterClass.dot
        guard seen & ~key == 0, at - first <= AutomaticShape.keyBytesMax else { return false }
        guard byte(first) > 0x39 || byte(first) == 0x2D else { return false }
        if at + 1 == end || byte(at + 1) <= 0x20 {
            // The padding of base64 looks like this too.
            return seen & CharacterClass.digit == 0 && at - first < AutomaticShape.longTokenBytes
        }
        return byte(at + 1) != 0x3D
    }

    /// Reads the value from `first` on; gives the index after it.
    @inline(__always)
    private func value(_ first: Int, _ slots: inout [ByteRange], _ out: inout Output) -> Int {
        var at = first
        if at < end {
            switch byte(at) {
            case 0x22, 0x27, 0x28, 0x5B, 0x7B: return at  // " ' ( [ { are looked at themselves.
            default: break
            }
        }
        while at < end {
            if bits(at) & CharacterClass.stop != 0, endsValue(byte(at)) { break }
            at &+= 1
        }
        var last = at
        // What ends a clause is no part of its last value.
        while last > first + 1, byte(last - 1) == 0x2E || byte(last - 1) == 0x3A { last -= 1 }
        out.add(first, last, &slots)
        return at
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
    @inline(never)
    private func isPlace(_ first: Int, _ last: Int, _ seen: UInt8) -> Bool {
        if seen & CharacterClass.address != 0 { return seen & CharacterClass.letter != 0 }
        guard seen & CharacterClass.slash != 0 else { return false }
        if seen & CharacterClass.colon != 0 {
            for index in first..<last - 1 where byte(index) == 0x2F && byte(index + 1) == 0x2F {
                return true
            }
        }
        guard byte(first) == 0x2F else { return false }
        for index in first + 1..<last where byte(index) == 0x2F { return true }
        return false
    }

    /// Adds the token without the punctuation around it.
    @inline(__always)
    private func trimmed(
        _ from: Int, _ to: Int, _ seen: UInt8, _ slots: inout [ByteRange], _ out: inout Output
    ) {
        var first = from
        var last = to
        trim: while last - first > 1 {
            switch byte(last - 1) {
            case 0x2E, 0x21, 0x25, 0x3F: last -= 1  // . ! % ?
            case 0x3A where byte(last - 2) != 0x3A: last -= 1  // : but not ::
            default: break trim
            }
        }
        trim: while last - first > 1 {
            switch byte(first) {
            case 0x23, 0x24, 0x2A: first += 1  // # $ *
            case 0x3A where byte(first + 1) != 0x3A: first += 1
            default: break trim
            }
        }
        let addressAndPort = CharacterClass.dot | CharacterClass.colon
        if seen & addressAndPort == addressAndPort {
            let colon = portSeparator(first, last)
            if colon > 0 {
                out.add(first, colon, &slots)
                first = colon + 1
            }
        }
        out.add(first, last, &slots)
    }

    /// Where the colon of `192.0.2.1:443` stands, or 0 if the token is not that.
    @inline(never)
    private func portSeparator(_ first: Int, _ last: Int) -> Int {
        var dots = 0
        var colon = 0
        for index in first..<last {
            let byte = byte(index)
            if byte == 0x3A {
                guard dots == 3, colon == 0, self.byte(index - 1) != 0x2E else { return 0 }
                colon = index
            } else if byte == 0x2E {
                guard colon == 0 else { return 0 }
                dots += 1
            } else if byte &- 0x30 > 9 {
                return 0
            }
        }
        return colon < last - 1 ? colon : 0
    }

    // MARK: - Quotes

    /// Index of the `"` that closes what begins at `from`, or -1.
    @inline(never)
    private func closingDouble(_ from: Int) -> Int {
        var at = from
        while at < end {
            let byte = byte(at)
            if byte == 0x22 { return at }
            at += byte == 0x5C && at + 1 < end ? 2 : 1
        }
        return -1
    }

    /// Whether what stands between quotes is the name of a JSON member.
    @inline(__always)
    private func isMemberName(_ first: Int, _ close: Int) -> Bool {
        close + 1 < end && byte(close + 1) == 0x3A
            && close - first <= AutomaticShape.keyBytesMax
    }

    /// Index of the `'` that closes what begins at `from`, or -1: one that no letter follows.
    @inline(never)
    private func closingSingle(_ from: Int) -> Int {
        let ends = CharacterClass.stop | CharacterClass.dot | CharacterClass.colon
        for at in from..<end where byte(at) == 0x27 {
            if at + 1 == end || bits(at + 1) & ends != 0 { return at }
        }
        return -1
    }
}
