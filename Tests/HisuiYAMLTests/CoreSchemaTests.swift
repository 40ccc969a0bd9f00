import HisuiYAML
import Testing

@Suite struct CoreSchemaTests {
    func value(_ text: String) throws -> YAMLNode {
        try #require(try parse("a: \(text)\n").first?["a"])
    }

    @Test(arguments: [
        "yes", "no", "on", "2026-11-23", "10.0.0.1", "10.0.0.0/8", "1_000", "0b1",
        "+", ".", "e5", "1e", "0x", "0o8", "0xg", "nuLL", "tRue", "1:30", "'5'", "\"true\"",
        "'~'", "\"\"",
    ])
    func text(_ text: String) throws {
        let node = try value(text)
        #expect(node.string != nil)
        #expect(node.int == nil && node.bool == nil && node.double == nil && !node.isNull)
    }

    @Test(arguments: ["", "~", "null", "Null", "NULL"])
    func null(_ text: String) throws {
        let node = try value(text)
        #expect(node.isNull && node.string == nil && node.text == text)
    }

    @Test(arguments: [("true", true), ("True", true), ("FALSE", false), ("false", false)])
    func bool(_ text: String, _ expected: Bool) throws {
        let node = try value(text)
        #expect(node.bool == expected && node.string == nil && node.int == nil)
    }

    @Test(arguments: [
        ("0", 0), ("-12", -12), ("+7", 7), ("0o17", 15), ("0xfF", 255), ("007", 7),
        ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
    ])
    func int(_ text: String, _ expected: Int) throws {
        let node = try value(text)
        #expect(node.int == expected && node.string == nil && node.double == Double(expected))
    }

    @Test func anIntegerBeyond64BitsIsNoTextAndHasNoValue() throws {
        let node = try value("9223372036854775808")
        #expect(node.int == nil && node.string == nil)
    }

    @Test(arguments: [
        ("1.5", 1.5), (".5", 0.5), ("-.5", -0.5), ("3.", 3), ("1e3", 1000), ("2.E-1", 0.2),
        ("-1.25e+2", -125), (".inf", Double.infinity), ("-.INF", -Double.infinity),
    ])
    func double(_ text: String, _ expected: Double) throws {
        let node = try value(text)
        #expect(node.double == expected && node.string == nil && node.int == nil)
    }

    @Test func notANumber() throws {
        #expect(try value(".nan").double?.isNaN == true)
    }

    @Test func blockTextIsText() throws {
        #expect(try value("|-\n  5").string == "5")
    }
}
