import HisuiBytes
import Testing

@Suite struct Base64Tests {
    /// RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func vectors(_ plain: String, _ text: String) {
        #expect(Base64Text.text(Array(plain.utf8)) == text)
        #expect(Base64Text.decode(text.utf8) == Array(plain.utf8))
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm8==", "====", "Z===", "Zg==Zg==", "Zm9v\n", "Zm-_",
    ])
    func otherFormsAreRefused(_ text: String) {
        #expect(Base64Text.decode(text.utf8) == nil)
    }

    @Test func everyByteReadsBack() {
        var random = Randomness()
        for _ in 0..<500 {
            let bytes = random.bytes(70)
            #expect(Base64Text.decode(Base64Text.text(bytes).utf8) == bytes)
        }
    }
}
