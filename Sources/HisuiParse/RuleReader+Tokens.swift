import HisuiBytes

// Captures that end by themselves.
extension RuleReader {
    @inline(__always)
    private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }

    @inline(__always)
    private func isHexDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 <= 9 || (byte | 0x20) &- 0x61 <= 5
    }

    @inline(__always)
    private func isHostByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20) &- 0x61 <= 25 || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    @inline(__always)
    private func digits<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        var at = from
        while at < end {
            let count = bytes(at).digitCount
            steps.add(count)
            at += count
            if count < 8 { break }
        }
        return at
    }

    @inline(__always)
    func int<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        let start = from < end && byte(from) == UInt8(ascii: "-") ? from + 1 : from
        let at = digits(start, &steps)
        return at > start ? at : -1
    }

    /// `-12`, `0.5`, `1.2e-3`; a full stop that no digit follows ends a sentence.
    func float<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        let start = from < end && (byte(from) == 0x2D || byte(from) == 0x2B) ? from + 1 : from
        var at = digits(start, &steps)
        guard at > start else { return -1 }
        if at + 1 < end, byte(at) == UInt8(ascii: "."), isDigit(byte(at + 1)) {
            at = digits(at + 1, &steps)
        }
        guard at + 1 < end, byte(at) | 0x20 == UInt8(ascii: "e") else { return at }
        let sign = byte(at + 1) == 0x2D || byte(at + 1) == 0x2B ? at + 2 : at + 1
        let exponent = digits(sign, &steps)
        return exponent > sign ? exponent : at
    }

    /// `192.0.2.0/24`, `2001:db8::/32`.
    func cidr<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        let slash = address(from, &steps)
        guard slash >= 0, slash < end, byte(slash) == UInt8(ascii: "/") else { return -1 }
        let at = digits(slash + 1, &steps)
        guard at > slash + 1, at - slash <= 4 else { return -1 }
        var length = 0
        for index in slash + 1..<at { length = length * 10 + Int(byte(index) &- 0x30) }
        return length <= (isIPv6(from, slash) ? 128 : 32) ? at : -1
    }

    func hex<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        var start = from
        if end - from > 2, byte(from) == 0x30, byte(from + 1) | 0x20 == 0x78,
            isHexDigit(byte(from + 2))
        {
            start = from + 2
        }
        var at = start
        while at < end, isHexDigit(byte(at)) {
            steps.add(1)
            at += 1
        }
        return at > start ? at : -1
    }

    @inline(__always)
    func port<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        let word = bytes(from)
        let count = word.digitCount
        steps.add(count)
        return count > 0 && count <= 5 && word.decimal(count) <= 65535 ? from + count : -1
    }

    func mac<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        guard end - from >= 17 else { return -1 }
        let separator = byte(from + 2)
        guard separator == UInt8(ascii: ":") || separator == UInt8(ascii: "-") else { return -1 }
        for index in 0..<17 {
            steps.add(1)
            let byte = self.byte(from + index)
            guard index % 3 == 2 ? byte == separator : isHexDigit(byte) else { return -1 }
        }
        // A seventh pair would make it something else: netfilter's MAC= has fourteen.
        if from + 17 < end, byte(from + 17) == separator { return -1 }
        return from + 17
    }

    func host<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        var at = from
        while at < end, isHostByte(byte(at)) {
            steps.add(1)
            at += 1
        }
        if at < end, byte(at) == UInt8(ascii: ":") { at = max(at, address(from, &steps)) }
        return at > from ? at : -1
    }
}

// MARK: - Addresses

extension RuleReader {
    /// Whether an address that `address` found is an IPv6 one.
    @inline(__always)
    func isIPv6(_ from: Int, _ to: Int) -> Bool {
        // An IPv4 address has its first dot after one to three digits and no colon before it.
        for index in from..<min(to, from + 5) {
            if byte(index) == UInt8(ascii: ":") { return true }
            if byte(index) == UInt8(ascii: ".") { return false }
        }
        return true
    }

    @inline(__always)
    func address<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        let v4 = ipv4(from, &steps)
        if v4 >= 0 { return endsName(v4) ? v4 : -1 }
        let v6 = ipv6(from, &steps)
        return v6 >= 0 && (endsName(v6) || beginsPort(v6)) ? v6 : -1
    }

    /// As `address`, where a colon and a number follow: of an IPv6 address, which has colons of its
    /// own, these are the last one and what is behind it.
    func addressBeforePort<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        let v4 = ipv4(from, &steps)
        if v4 >= 0 { return endsName(v4) ? v4 : -1 }
        var at = from
        var colon = -1
        while at < end, isHostByte(byte(at)) || byte(at) == 0x3A || byte(at) == 0x25 {
            steps.add(1)
            if byte(at) == 0x3A, at + 1 < end, isDigit(byte(at + 1)) { colon = at }
            at += 1
        }
        guard colon > from else { return -1 }
        return RuleReader(self, end: colon).ipv6(from, &steps) == colon ? colon : -1
    }

    /// Whether `.443` stands here: some devices write a port so behind an IPv6 address.
    private func beginsPort(_ start: Int) -> Bool {
        guard byte(start) == UInt8(ascii: ".") else { return false }
        var at = start + 1
        var port = 0
        while at < end, isDigit(byte(at)), at - start <= 5 {
            port = port * 10 + Int(byte(at) &- 0x30)
            at += 1
        }
        return at > start + 1 && port <= 65_535 && endsName(at)
    }

    /// Whether no letter, digit or further label goes on at `at`: what makes
    /// `192.0.2.1.example.org` a name and not an address with something behind it.
    @inline(__always)
    private func endsName(_ at: Int) -> Bool {
        guard at < end else { return true }
        let byte = self.byte(at)
        guard isHostByte(byte) else { return true }
        // A full stop after an address ends a sentence.
        return byte == UInt8(ascii: ".") && (at + 1 == end || !isHostByte(self.byte(at + 1)))
    }

    @inline(__always)
    private func ipv4<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        var at = from
        for octet in 0..<4 {
            if octet > 0 {
                guard at < end, byte(at) == UInt8(ascii: ".") else { return -1 }
                at += 1
            }
            let word = bytes(at)
            let count = word.digitCount
            steps.add(count)
            guard count > 0, count <= 3, word.decimal(count) <= 255 else { return -1 }
            at += count
        }
        return at
    }

    /// RFC 4291 §2.2, with `::` once, an IPv4 tail, and `%interface` (RFC 4007 §11) behind it.
    private func ipv6<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        var at = from
        var groups = 0
        var hasGap = false
        if end - at >= 2, byte(at) == UInt8(ascii: ":") {
            guard byte(at + 1) == UInt8(ascii: ":") else { return -1 }
            hasGap = true
            at += 2
        }
        var last = hasGap ? at : -1
        while groups < 8 {
            let start = at
            while at < end, at - start < 4, isHexDigit(byte(at)) {
                steps.add(1)
                at += 1
            }
            guard at > start else { break }
            if at < end, byte(at) == UInt8(ascii: "."), groups <= 6 {
                let tail = ipv4(start, &steps)
                guard tail >= 0 else {
                    // The dot does not belong to it.
                    groups += 1
                    last = at
                    break
                }
                groups += 2
                last = tail
                break
            }
            groups += 1
            last = at
            guard at + 1 < end, byte(at) == UInt8(ascii: ":"), groups < 8 else { break }
            if byte(at + 1) == UInt8(ascii: ":") {
                guard !hasGap else { break }
                hasGap = true
                at += 2
                last = at
            } else {
                guard isHexDigit(byte(at + 1)) else { break }
                at += 1
            }
        }
        guard last >= 0, hasGap ? groups < 8 : groups == 8 else { return -1 }
        return zone(last, &steps)
    }

    /// After `%interface`, if one stands here.
    private func zone<S: StepCounting>(_ from: Int, _ steps: inout S) -> Int {
        guard from < end, byte(from) == UInt8(ascii: "%") else { return from }
        var at = from + 1
        while at < end, isHostByte(byte(at)) {
            steps.add(1)
            at += 1
        }
        return at > from + 1 ? at : from
    }
}
