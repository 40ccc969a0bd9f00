import HisuiBytes

/// Feeds every parser of text in `HisuiBytes`; the first byte chooses which.
///
/// Beside not trapping, each must keep what its documentation promises.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBytes(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    // Safe: libFuzzer gives `count` readable bytes, which are copied before anything else.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    let range = 1..<bytes.count
    switch bytes[0] % 8 {
    case 0: fuzzTime(bytes, range)
    case 1: fuzzAddress(bytes, range)
    case 2: fuzzScanner(bytes, range)
    case 3: fuzzUTF8(bytes, range)
    case 4: fuzzTerminal(bytes, range)
    case 5: fuzzUnescape(bytes, range)
    case 6: fuzzZone(bytes, range)
    default: fuzzGlob(bytes, range)
    }
    return 0
}

private func fuzzTime(_ bytes: [UInt8], _ range: Range<Int>) {
    for found in [
        TimeText.rfc3339(bytes.span, range), TimeText.rfc3164(bytes.span, range),
    ] {
        guard let found else { continue }
        precondition(found.end > range.lowerBound && found.end <= range.upperBound)
        precondition(found.value.fractionDigits >= 0)
        let received: Int64 = 1_800_000_000_000_000_000
        let time = found.value.nanoseconds(zone: .tokyo, received: received)
        var resolver = TimeResolver(zone: .tokyo)
        precondition(resolver.nanoseconds(found.value, received: received) == time)
        precondition(resolver.nanoseconds(found.value, received: received) == time)
        guard let time else { continue }
        // What is printed reads as the same instant.
        var out: [UInt8] = []
        TimeText.appendRFC3339(
            nanoseconds: time, offsetSeconds: 32_400, fractionDigits: 9, to: &out)
        let again = TimeText.rfc3339(out.span, 0..<out.count)
        precondition(again?.value.nanoseconds(zone: .utc, received: 0) == time)
    }
    for unit in TimeText.Unit.allCases {
        if let found = TimeText.epoch(bytes.span, range, unit: unit) {
            precondition(found.end > range.lowerBound && found.end <= range.upperBound)
        }
    }
}

private func fuzzAddress(_ bytes: [UInt8], _ range: Range<Int>) {
    if let address = IPAddress.parse(bytes.span, range) {
        var out: [UInt8] = []
        address.appendText(to: &out)
        precondition(IPAddress.parse(out.span, 0..<out.count) == address)
        if address.isV4 { precondition(out == Array(bytes[range])) }
    }
    if let network = IPNetwork.parse(bytes.span, range) {
        precondition(network.contains(network.address))
    }
}

private func fuzzScanner(_ bytes: [UInt8], _ range: Range<Int>) {
    var scanner = JSONScanner(bytes.span, range, depthMax: 16)
    var last = range.lowerBound
    while let token = try? scanner.next() {
        precondition(scanner.position >= last && scanner.depth >= 0 && scanner.depth <= 16)
        last = scanner.position
        switch token {
        case .end:
            precondition(last == range.upperBound)
            return
        case .key(let text), .string(let text):
            var out: [UInt8] = []
            JSONText.appendUnescaped(bytes.span, text.range, to: &out)
            precondition(UTF8Text.isValid(out.span, 0..<out.count))
        default:
            break
        }
    }
}

private func fuzzUTF8(_ bytes: [UInt8], _ range: Range<Int>) {
    let valid = UTF8Text.isValid(bytes.span, range)
    precondition(valid == (String(validating: bytes[range], as: UTF8.self) != nil))
    var repaired: [UInt8] = []
    precondition(UTF8Text.appendRepaired(bytes.span, range, to: &repaired) == valid)
    precondition(repaired == Array(String(decoding: bytes[range], as: UTF8.self).utf8))
    // Written as JSON and read back it is the same text.
    var json: [UInt8] = []
    JSONText.appendString(bytes.span, range, to: &json)
    var scanner = JSONScanner(json.span, 0..<json.count, depthMax: 1)
    guard case .string(let text) = try? scanner.next() else { preconditionFailure("no string") }
    var back: [UInt8] = []
    JSONText.appendUnescaped(json.span, text.range, to: &back)
    precondition(back == repaired)
}

private func fuzzTerminal(_ bytes: [UInt8], _ range: Range<Int>) {
    var out: [UInt8] = []
    let columns = TerminalText.appendEscaped(bytes.span, range, columnsMax: 40, to: &out)
    precondition(columns <= 40 && UTF8Text.isValid(out.span, 0..<out.count))
    precondition(TerminalText.displayWidth(out.span, 0..<out.count) == columns)
    precondition(out.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
}

private func fuzzUnescape(_ bytes: [UInt8], _ range: Range<Int>) {
    var out: [UInt8] = []
    JSONText.appendUnescaped(bytes.span, range, to: &out)
    precondition(UTF8Text.isValid(out.span, 0..<out.count))
    var reader = ByteReader(bytes.span, range)
    while let value = try? reader.varint() {
        var again: [UInt8] = []
        again.appendVarint(value)
        let end = reader.position
        precondition(Array(bytes[end - again.count..<end]) == again)
    }
    if let number = DecimalText.parse(bytes.span, range) {
        var again: [UInt8] = []
        again.appendDecimal(number)
        precondition(DecimalText.parse(again.span, 0..<again.count) == number)
    }
}

private func fuzzZone(_ bytes: [UInt8], _ range: Range<Int>) {
    let file = Array(bytes[range])
    guard let zone = TimeZoneRules(name: "fuzz", file: file.span) else { return }
    for nanoseconds: Int64 in [.min, -1, 0, 1_800_000_000_000_000_000, .max] {
        let offset = zone.offsetSeconds(atUTCNanoseconds: nanoseconds)
        precondition(abs(offset) < 86_400)
        _ = zone.utcNanoseconds(local: CivilTime(nanoseconds: nanoseconds))
    }
}

private func fuzzGlob(_ bytes: [UInt8], _ range: Range<Int>) {
    let middle = (range.lowerBound + range.upperBound) / 2
    let pattern = Array(bytes[range.lowerBound..<middle])
    let path = Array(bytes[middle..<range.upperBound])
    _ = Glob.match(pattern.span, path.span)
    // A text without signs matches itself alone.
    if !path.contains(where: { "*?[\\".utf8.contains($0) }) {
        precondition(Glob.match(path.span, path.span))
    }
}
