import Testing

@testable import HisuiShape

@Suite struct CharacterClassTests {
    @Test func tableSaysWhatTheWordsSay() {
        #expect(CharacterClass.table.count == 256)
        for value in 0...255 { #expect(CharacterClass.table[value] == classify(UInt8(value))) }
    }

    private func classify(_ byte: UInt8) -> UInt8 {
        if byte >= 0x80 { return CharacterClass.stop }
        let character = Character(UnicodeScalar(byte))
        if character.isLetter || character == "_" || character == "-" {
            return CharacterClass.letter
        }
        if character.isNumber { return CharacterClass.digit }
        switch character {
        case ".": return CharacterClass.dot
        case ":": return CharacterClass.colon
        case "/": return CharacterClass.slash
        case "@", "\\": return CharacterClass.address
        default:
            return "#%&*+?!$^~".contains(character) ? CharacterClass.joiner : CharacterClass.stop
        }
    }
}
