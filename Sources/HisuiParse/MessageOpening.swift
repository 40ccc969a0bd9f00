/// How a message begins: what is asked of it before any text.
struct MessageOpening {
    /// Instead of a byte.
    static let nothing = 256

    /// Its first byte, if there is one.
    private(set) var first = nothing
    /// The byte behind the letters and digits it begins with, if it begins with some and something
    /// follows.
    private(set) var afterWord = nothing

    /// How far it is looked for.
    private static let wordMax = 32

    /// Of no message.
    init() {}

    /// - Parameter from: where the message begins.
    @inline(__always)
    init(_ reader: borrowing RuleReader, _ from: Int) {
        guard from < reader.end else { return }
        first = Int(reader.byte(from))
        for at in stride(from: from, to: min(from + Self.wordMax, reader.end), by: 8) {
            let others = ~LetterMask(reader.bytes(at)).bits & LetterMask.all
            if others == 0 { continue }
            let behind = at + others.trailingZeroBitCount / 8
            if behind > from, behind < reader.end { afterWord = Int(reader.byte(behind)) }
            return
        }
    }
}

/// Which of many beginnings of templates a message can have: a table of their numbers by byte.
struct BeginningTable: Sendable {
    /// Bits of one byte's row.
    private let words: Int
    /// For each byte, and for none, the beginnings that allow it first, or behind a word.
    private var first: [UInt64]
    private var afterWord: [UInt64]

    init(_ beginnings: [TemplateBeginning]) {
        words = (beginnings.count + 63) / 64
        first = Array(repeating: 0, count: 257 * words)
        afterWord = first
        for (number, beginning) in beginnings.enumerated() {
            for byte in 0...MessageOpening.nothing {
                let value = UInt8(exactly: byte)
                let (place, bit) = (byte * words + number / 64, UInt64(1) << UInt64(number % 64))
                if value.map(beginning.first.contains) ?? true { first[place] |= bit }
                if value.map(beginning.afterWord.contains) ?? true { afterWord[place] |= bit }
            }
        }
    }

    /// Whether a message can begin so.
    @inline(__always)
    func fits(_ number: UInt16, _ opening: MessageOpening) -> Bool {
        let word = Int(number / 64)
        let both =
            first[opening.first * words + word] & afterWord[opening.afterWord * words + word]
        return both &>> UInt64(number % 64) & 1 == 1
    }
}
