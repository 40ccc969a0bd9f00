/// What one byte of a message means to `AutomaticShape`: bits, so that a whole token's bits can be
/// gathered while it is read.
enum CharacterClass {
    /// Letters, and what joins them inside a name: `_` and `-`.
    static let letter: UInt8 = 1
    static let digit: UInt8 = 2
    static let dot: UInt8 = 4
    static let colon: UInt8 = 8
    static let slash: UInt8 = 16
    /// `@` and `\`: names of accounts, paths of Windows.
    static let address: UInt8 = 32
    /// What else may stand inside a token: `# % & * + ? ! $ ^ ~`.
    static let joiner: UInt8 = 64
    /// Ends a token: blanks, brackets, quotes, `=`, `,`, `;`, control characters, and the first
    /// byte of anything that is not ASCII.
    static let stop: UInt8 = 128

    /// The class of every byte.
    static let table: [UInt8] = (0...255).map { classify(UInt8($0)) }

    private static func classify(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            letter
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit
        case UInt8(ascii: "."): dot
        case UInt8(ascii: ":"): colon
        case UInt8(ascii: "/"): slash
        case UInt8(ascii: "@"), UInt8(ascii: "\\"): address
        case UInt8(ascii: "#"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "*"),
            UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "!"), UInt8(ascii: "$"),
            UInt8(ascii: "^"), UInt8(ascii: "~"):
            joiner
        default: stop
        }
    }
}
