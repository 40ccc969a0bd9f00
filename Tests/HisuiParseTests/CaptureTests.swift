import HisuiBytes
import HisuiEvent
import HisuiShape
import HisuiYAML
import Testing

@testable import HisuiParse

/// What captures take, and what becomes of it by the type of the field.
@Suite struct CaptureTests {
    /// The message between the brackets of a rule `[…]` that captures it with a type.
    static func fits(_ type: String, _ text: String) throws -> Bool {
        let set = TestRules.set(try TemplateParser.parse("<{_:\(type)}>"))
        var scratch = RowScratch()
        return TestRules.match(set, Array("<\(text)>".utf8), &scratch) != nil
    }

    @Test func networks() throws {
        for text in ["192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1/128"] {
            #expect(try Self.fits("cidr", text), "\(text)")
        }
        for text in [
            "192.0.2.0", "192.0.2.0/", "192.0.2.0/33", "2001:db8::/129", "x/24", "1.2.3/8",
        ] {
            #expect(try !Self.fits("cidr", text), "\(text)")
        }
    }

    @Test func numbersWithAFraction() throws {
        for text in ["1", "-1", "+1.5", "0.25", "1e6", "1.5E-3"] {
            #expect(try Self.fits("float", text), "\(text)")
        }
        for text in ["", ".", "1.", ".5", "1e", "--1", "1.5.2", "x"] {
            #expect(try !Self.fits("float", text), "\(text)")
        }
    }

    /// A word ends at the text that follows, also where that is no blank.
    @Test func wordsEndAtTheFollowingText() throws {
        let set = TestRules.set(try TemplateParser.parse("{_:word}->{_:word}, {_:word}"))
        var scratch = RowScratch()
        let line = Array("a:b-1->c/d, e".utf8)
        #expect(TestRules.match(set, line, &scratch) != nil)
        let texts = scratch.slots.map { String(decoding: line[$0.range], as: UTF8.self) }
        #expect(texts == ["a:b-1", "c/d", "e"])
        #expect(TestRules.match(set, Array("a b->c, e".utf8), &scratch) == nil)
    }

    @Test func numbersBecomeIntegersOfTheSchema() {
        let yaml = TestRules.yaml(
            line: "code {process.exit_code:hex} of {process.pid:int}",
            samples: """
                  - line: "code 0x1F of -5"
                    is: { rule: one, process.exit_code: 31, process.pid: -5 }
                  - line: "code ff of 5"
                    is: { rule: one, process.exit_code: 255 }
                  - line: "code ffffffffffffffffff of 5"
                    is: { rule: one, process.exit_code: ffffffffffffffffff }
                  - reject: "goodbye"
                """)
        #expect(TestRules.problems(yaml) == [])
    }

    @Test func addressesAndTheirPorts() {
        let yaml = TestRules.yaml(
            line: "from {source.ip:ip}(.|:|]:){source.port:port}",
            samples: """
                  - line: "from 192.0.2.1:443"
                    is: { rule: one, source.ip: 192.0.2.1, source.port: 443 }
                  - line: "from 2001:db8::1.443"
                    is: { rule: one, source.ip: "2001:db8::1", source.port: 443 }
                  - line: "from 2001:db8:0:1:2:3:4:5.65535"
                    is: { rule: one, source.ip: "2001:db8:0:1:2:3:4:5", source.port: 65535 }
                  - line: "from 2001:db8::192.0.2.1.80"
                    is: { rule: one, source.ip: "2001:db8::192.0.2.1", source.port: 80 }
                  - line: "from 2001:db8::1]:443"
                    is: { rule: one, source.ip: "2001:db8::1", source.port: 443 }
                  - reject: "from 192.0.2.1.443"
                  - reject: "from 2001:db8::1.65536"
                  - reject: "from 2001:db8::1.44.5"
                  - reject: "from 2001:db8::1.443x"
                """)
        #expect(TestRules.problems(yaml) == [])
    }

    /// One address has one name, so that what it does is counted together.
    @Test func addressesMappedIntoVersion6AreThoseOfVersion4() {
        let yaml = TestRules.yaml(
            line: "from {source.ip:ip} to {destination.ip:ip}",
            samples: """
                  - line: "from ::ffff:192.0.2.1 to ::FFFF:192.0.2.2"
                    is: { rule: one, source.ip: 192.0.2.1, destination.ip: 192.0.2.2 }
                  - line: "from 192.0.2.1 to ::fffe:192.0.2.2"
                    is: { rule: one, source.ip: 192.0.2.1, destination.ip: "::fffe:192.0.2.2" }
                  - line: "from ::ffff:c000:201 to ::1"
                    is: { rule: one, source.ip: "::ffff:c000:201", destination.ip: "::1" }
                  - reject: "from ::ffff:192.0.2.256 to ::1"
                """)
        #expect(TestRules.problems(yaml) == [])
        let definitions = TestRules.compile(yaml).set
        let line = "<1>Nov 23 01:02:03 h test: from ::ffff:192.0.2.1 to ::1"
        let parsed = parse([Array(line.utf8)], definitions: definitions)
        #expect(parsed.value("source.ip") == "192.0.2.1")
        #expect(parsed.message() == "from ::ffff:192.0.2.1 to ::1")
        #expect(parsed.record(0) == Array(line.utf8))
    }

    @Test func aLoneHyphenIsNothing() {
        var yaml = TestRules.yaml(
            line: "user {user.name:word} from {_:word}",
            samples: """
                  - line: "user tanaka from x"
                    is: { rule: one, user.name: tanaka }
                  - line: "user -- from x"
                    is: { rule: one, user.name: "--" }
                  - reject: "user - from x"
                """)
        yaml = yaml.replacing("    set:", with: "    when: { user.name: [\"*\"] }\n    set:")
        #expect(TestRules.problems(yaml) == [])
        // It can be asked for behind `*`.
        let values = ["*", "-", "-*", "a"].map(ValuePattern.init)
        #expect(ValueTable.firstHidden(in: Array(values.prefix(3))) == nil)
        #expect(ValueTable.firstHidden(in: values)?.hidden == 3)
    }

    @Test func partsInPartsAndNothingAsAnAlternative() {
        let yaml = TestRules.yaml(
            line: "link[[ {_:word}[[ of {user.name:word}]] is]] (up|down|){event.reason:rest}",
            samples: """
                  - line: "link a of tanaka is up now"
                    is: { rule: one, user.name: tanaka, event.reason: " now" }
                  - line: "link a is down"
                    is: { rule: one, user.name: ~, event.reason: "" }
                  - line: "link a of is lost"
                    is: { rule: one, user.name: ~, event.reason: "a of is lost" }
                  - line: "link unknown"
                    is: { rule: one, event.reason: unknown }
                  - reject: "goodbye"
                """)
        #expect(TestRules.problems(yaml) == [])
    }
}
