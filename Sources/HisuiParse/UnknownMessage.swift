import HisuiBytes

/// Messages that are alike and that no rule knows: a draft of a rule is made of them.
///
///     message = literals[0] value literals[1] value … literals[n]
///
/// As in a shape, but decoded to UTF-8, and without two values side by side: nothing would say
/// where the first one ends.
public struct UnknownMessage: Sendable {
    /// Fixed text; only the first and the last may be empty.
    let literals: [[UInt8]]
    /// By value, what all of its bytes in all messages are.
    private(set) var kinds: [ValueKind]
    /// How many messages there were.
    public private(set) var count: UInt64 = 0
    /// The first different ones.
    private(set) var messages: [[UInt8]] = []

    /// Messages kept to try a draft on; three of them become samples.
    private static let messagesMax = 32

    init(literals: [[UInt8]]) {
        self.literals = literals
        kinds = [ValueKind](repeating: .all, count: literals.count - 1)
    }

    /// Counts a message with these values, one for each gap between literals.
    mutating func count(_ values: [[UInt8]]) {
        count += 1
        var message = literals[0]
        for (index, value) in values.enumerated() {
            kinds[index].formIntersection(ValueKind(value))
            message += value
            message += literals[index + 1]
        }
        if messages.count < Self.messagesMax, !messages.contains(message) {
            messages.append(message)
        }
    }

    /// Bytes of fixed text.
    var fixedBytes: Int { literals.reduce(0) { $0 + $1.count } }

    /// Whether the fixed text has a letter: a rule of blanks and colons would know anything.
    var hasWords: Bool {
        literals.joined().contains { byte in
            byte >= 0x80 || (0x41...0x5A).contains(byte & 0xDF)
        }
    }

    /// The key before value number `index`, as in `port=`; nil if there is none.
    func key(_ index: Int) -> String? {
        guard let mark = literals[index].last, mark == 0x3D || mark == 0x3A else { return nil }
        let name = literals[index].dropLast().reversed().prefix { byte in
            (0x41...0x5A).contains(byte & 0xDF) || (0x30...0x39).contains(byte)
                || [0x2D, 0x2E, 0x5F].contains(byte)
        }
        return name.isEmpty ? nil : String(decoding: name.reversed(), as: UTF8.self)
    }
}

/// The types of a template that take a value; any takes none of them for certain, `text` always.
struct ValueKind: OptionSet, Sendable {
    var rawValue: UInt8

    static let int = ValueKind(rawValue: 1)
    static let ip = ValueKind(rawValue: 2)
    static let hex = ValueKind(rawValue: 4)
    static let word = ValueKind(rawValue: 8)
    static let all: ValueKind = [.int, .ip, .hex, .word]

    /// Shorter ones are words that happen to have no letter behind f.
    private static let hexDigitsMin = 6

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ value: [UInt8]) {
        self = []
        guard !value.isEmpty, !value.contains(where: { $0 == 0x20 || $0 == 0x09 }) else { return }
        insert(.word)
        let digits = value[0] == 0x2D ? value[1...] : value[...]
        if !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) { insert(.int) }
        if IPAddress.parse(value.span, 0..<value.count) != nil { insert(.ip) }
        let hex = value.starts(with: [0x30, 0x78]) ? value[2...] : value[...]
        if hex.count >= Self.hexDigitsMin,
            hex.allSatisfy({
                (0x30...0x39).contains($0) || (0x41...0x46).contains($0 & 0xDF)
            })
        {
            insert(.hex)
        }
    }

    /// The narrowest type that takes all values seen.
    var narrowest: CaptureType {
        if contains(.int) { return .int }
        if contains(.ip) { return .ip }
        if contains(.hex) { return .hex }
        return contains(.word) ? .word : .text
    }
}
