/// What a byte may be part of in a syslog header.
enum HeaderClass {
    static let program: UInt8 = 1
    static let host: UInt8 = 2
    static let letter: UInt8 = 4
    static let digit: UInt8 = 8
    /// `-` and `.`: what names of hosts have and words of a sentence seldom.
    static let joiner: UInt8 = 16
    static let colon: UInt8 = 32
    static let high: UInt8 = 64

    static let table: [UInt8] = (0...255).map { classify(UInt8($0)) }

    private static func classify(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
            program | host | letter
        case UInt8(ascii: "0")...UInt8(ascii: "9"): program | host | digit
        case UInt8(ascii: "-"), UInt8(ascii: "."): program | host | joiner
        case UInt8(ascii: "_"): program | host
        case UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "~"),
            UInt8(ascii: "\\"), UInt8(ascii: "]"), UInt8(ascii: "*"):
            program
        case UInt8(ascii: ":"): host | colon
        case UInt8(ascii: "%"): host
        case 0x80...: program | host | high
        default: 0
        }
    }
}
