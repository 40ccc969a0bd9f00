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

    /// The class of every byte, as the words above say; a test derives it from them.
    ///
    /// A literal, so that the compiler lays it out and no first use has to be guarded.
    static let table: [UInt8] = [
        128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
        128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
        128, 64, 128, 64, 64, 64, 64, 128, 128, 128, 64, 64, 128, 1, 4, 16,
        2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 8, 128, 128, 128, 128, 64,
        32, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 128, 32, 128, 64, 1,
        128, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 128, 128, 128, 64, 128,
        128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
        128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
        128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
        128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
        128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
        128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
        128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
        128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
    ]
}
