/// What a byte may be part of in a syslog header.
enum HeaderClass {
    /// Letters, digits, `- . _ / + @ ( ) # $ ~ \ ] *` and all that is not ASCII.
    static let program: UInt8 = 1
    /// Letters, digits, `- . _ : %` and all that is not ASCII.
    static let host: UInt8 = 2
    static let letter: UInt8 = 4
    static let digit: UInt8 = 8
    /// `-` and `.`: what names of hosts have and words of a sentence seldom.
    static let joiner: UInt8 = 16
    static let colon: UInt8 = 32
    static let high: UInt8 = 64
    /// `[`, before the number of a process.
    static let bracket: UInt8 = 128

    /// The class of every byte, as the words above say; a test derives it from them.
    ///
    /// A literal, so that the compiler lays it out and no first use has to be guarded.
    static let table: [UInt8] = [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 1, 1, 2, 0, 0, 1, 1, 1, 1, 0, 19, 19, 1,
        11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 34, 0, 0, 0, 0, 0,
        1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 128, 1, 1, 0, 3,
        0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 0, 1, 0,
        67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
        67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
        67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
        67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
        67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
        67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
        67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
        67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67, 67,
    ]
}
