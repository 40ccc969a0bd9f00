import Testing

@testable import HisuiBytes

/// Repeats that are counted mean what they mean written out.
@Suite struct CharacterCounterTests {
    private func fits(_ expression: String, _ text: String) throws -> Bool {
        let bytes = Array(text.utf8)
        let expression = try RegularExpression(expression)
        let answer = expression.matches(bytes.span, 0..<bytes.count)
        // An automaton gives such an expression back at once.
        let automaton = RegularExpressionAutomaton(expression)
        #expect(automaton.matches(bytes.span, 0..<bytes.count) == answer)
        return answer
    }

    @Test func ofAnyCharacter() throws {
        for character in ["x", "é", "翠", "🀄"] {
            let thousand = String(repeating: character, count: 1000)
            #expect(try fits(".{1000,}", thousand))
            #expect(try fits(".{1000,}", "\n" + thousand))
            #expect(try !fits(".{1000,}", String(thousand.dropLast())))
            #expect(try !fits(".{1000,}", String(thousand.dropLast()) + "\n" + character))
            #expect(try fits("^.{1000,1000}$", thousand))
            #expect(try !fits("^.{1000,1000}$", thousand + character))
            #expect(try fits("^(.{1000}|a)+$", thousand + "a" + thousand))
            #expect(try !fits("^(.{1000}|a)+$", thousand + "b"))
        }
    }

    @Test func withBoundsOnBothSides() throws {
        let expression = #"\\[^\\]{1,256}$"#
        func value(_ count: Int) -> String {
            #"C:\x\"# + String(repeating: "翠", count: count)
        }
        #expect(try fits(expression, value(1)))
        #expect(try fits(expression, value(256)))
        #expect(try !fits(expression, value(257)))
        #expect(try !fits(expression, value(0)))
        #expect(try fits(#"^[^\\]{0,256}\\$"#, #"\"#))
        #expect(try fits(#"x[^\\]{300,900}?y"#, "x" + String(repeating: "y", count: 301)))
        #expect(try !fits(#"x[^\\]{300,900}?y"#, "x" + String(repeating: "y", count: 300)))
    }

    /// A value takes as long for the thousandth repeat as for the first.
    @Test func takesLinearTime() throws {
        let expression = try RegularExpression(".{1000}x.{1000}\n")
        func seconds(_ count: Int) -> Double {
            let bytes = [UInt8](repeating: 0x78, count: count)
            return (0..<3).map { _ in
                var fits = true
                let time = ContinuousClock().measure {
                    fits = expression.matches(bytes.span, 0..<bytes.count)
                }
                #expect(!fits)
                return time / .seconds(1)
            }.min() ?? 0
        }
        #expect(seconds(160_000) < seconds(20_000) * 24)
    }

    @Test func agreesWithRepeatsWrittenOut() throws {
        let parts = ["[é翠x]", ".", "x", "(?:é|翠)", "[^x]", "(y)"]
        let around = [("^", "$"), ("", "x$"), ("^y?", ""), ("(?:", "y|x)+$"), ("y(", "y){2}")]
        let texts = ["x", "é", "翠", "y", "xé", "\n"]
        var fitting = 0
        for part in parts {
            for (before, after) in around {
                for bounds in ["{0,2}", "{1,3}", "{2,}", "{3}", "*", "+?"] {
                    var parser = RegularExpressionParser(before + part + bounds + after)
                    let node = try parser.parse()
                    let plain = try RegularExpression(node)
                    let counting = try RegularExpression(node, countedLeast: 0)
                    for seed in 0..<60 {
                        let text = (0..<(seed % 8)).map { texts[(seed * 7 + $0 * 5) % 6] }
                        let bytes = Array(text.joined().utf8)
                        let expected = plain.matches(bytes.span, 0..<bytes.count)
                        let counted = counting.matches(bytes.span, 0..<bytes.count)
                        #expect(
                            counted == expected,
                            "\(before)\(part)\(bounds)\(after) on \(text)")
                        fitting += expected ? 1 : 0
                    }
                }
            }
        }
        #expect(fitting > 1000)
    }

    @Test func whatIsNoSingleCharacterIsRefusedWhereItIsTooLong() {
        #expect(throws: RegularExpressionError.self) { try RegularExpression("(?:翠x.){1000,}") }
        #expect(throws: RegularExpressionError.self) { try RegularExpression(#"(?:\C{5}){1000}"#) }
    }
}
