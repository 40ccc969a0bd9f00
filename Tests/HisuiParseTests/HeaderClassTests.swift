import Testing

@testable import HisuiParse

@Suite struct HeaderClassTests {
    @Test func tableSaysWhatTheWordsSay() {
        #expect(HeaderClass.table.count == 256)
        for value in 0...255 { #expect(HeaderClass.table[value] == classify(UInt8(value))) }
    }

    private func classify(_ byte: UInt8) -> UInt8 {
        let both = HeaderClass.program | HeaderClass.host
        if byte >= 0x80 { return both | HeaderClass.high }
        let character = Character(UnicodeScalar(byte))
        if character.isLetter { return both | HeaderClass.letter }
        if character.isNumber { return both | HeaderClass.digit }
        switch character {
        case "-", ".": return both | HeaderClass.joiner
        case "_": return both
        case ":": return HeaderClass.host | HeaderClass.colon
        case "%": return HeaderClass.host
        case "[": return HeaderClass.bracket
        default: return "/+@()#$~\\]*".contains(character) ? HeaderClass.program : 0
        }
    }
}
