import HisuiBytes
import HisuiShape
import Testing

@testable import HisuiParse

/// How the rules that a message can fit are found: nothing here may leave one out or change their
/// order.
@Suite struct CandidateTests {
    @Test func digitsAreCountedAndReadEightAtATime() {
        func word(_ text: String) -> UInt64 {
            text.utf8.prefix(8).enumerated().reduce(0) {
                $0 | UInt64($1.element) << ($1.offset * 8)
            }
        }
        #expect(word("12345678").digitCount == 8)
        #expect(word("1234567:").digitCount == 7)
        #expect(word("/0123456").digitCount == 0)
        #expect(word("7").digitCount == 1)
        #expect(word("99é99999").digitCount == 2)
        for byte in UInt8.min...UInt8.max {
            let isDigit = (0x30...0x39).contains(byte)
            #expect((UInt64(byte) | word("\u{0}x")).digitCount == (isDigit ? 1 : 0))
        }
        #expect(word("65535 ports").decimal(5) == 65535)
        #expect(word("0070.1").decimal(4) == 70)
        #expect(word("99999999").decimal(8) == 99_999_999)
        #expect(word("7é").decimal(1) == 7)
        #expect(word("a b  ").bytes(equalTo: 0x20).trailingZeroBitCount / 8 == 1)
        #expect(word("abcdefgh").bytes(equalTo: 0x20) == 0)
    }

    @Test func whatIsAskedOfAMessageHoldsForEveryOneThatFits() throws {
        var generator = RuleMatcherTests.Generator(random: Seeded(5))
        var (tried, choices, keyed, followed) = (0, 0, 0, 0)
        while tried < 2_000 {
            let template = generator.template()
            guard TemplateCheck(template, schema: ShippedFiles.schema).problems.isEmpty else {
                continue
            }
            let line = generator.line(for: template)
            guard ReferenceMatcher.match(template, line) != nil else { continue }
            tried += 1
            var chooser = ProbeChooser()
            chooser.add(template)
            let asked = Self.ask(
                line, chooser.probes(for: template), chooser.alternatives(for: template),
                chooser.keys(for: template))
            #expect(asked == Asked(), "\(template)")
            choices += chooser.alternatives(for: template).isEmpty ? 0 : 1
            keyed += chooser.keys(for: template).isEmpty ? 0 : 1
            let opening = RuleCode().opening(of: line.span, 0..<line.count)
            followed += opening.afterWord != MessageOpening.nothing ? 1 : 0
            #expect(Self.canBegin(template, opening), "\(template)")
        }
        #expect(choices > 0 && keyed > 0 && followed > 0)
    }

    /// What a message has of what a rule asks.
    struct Asked: Equatable {
        var hasProbes = true
        var hasChoice = true
        var hasKey = true
    }

    private static func ask(
        _ line: [UInt8], _ probes: MessageText.Probes, _ pairs: [MessageText.Pair],
        _ keys: [MessageText.Pair]
    ) -> Asked {
        var room = [UInt64](repeating: .max, count: MessageText.words)
        var text = MessageText(room.mutableSpan)
        var steps = NoSteps()
        RuleCode().look(at: line.span, 0..<line.count, &text, steps: &steps)
        var asked = Asked()
        asked.hasProbes = text.contains(probes)
        asked.hasChoice = pairs.isEmpty || text.containsOne(of: pairs, pairs.indices)
        asked.hasKey = keys.isEmpty || text.containsOne(of: keys, keys.indices)
        return asked
    }

    @Test(arguments: [
        ("key lost by me", Asked()), ("key left by me", Asked(hasChoice: false)),
        ("key lost to me", Asked(hasProbes: false, hasKey: false)),
        ("", Asked(hasProbes: false, hasChoice: false, hasKey: false)),
        ("ab", Asked(hasProbes: false, hasChoice: false, hasKey: false)),
    ])
    func whatATextHasNotIsTold(_ line: String, _ expected: Asked) throws {
        let template = try TemplateParser.parse("{_:word} (lost|found) by {_:rest}")
        var chooser = ProbeChooser()
        chooser.add(template)
        let pairs = chooser.alternatives(for: template)
        #expect(pairs.count == 2)
        let asked = Self.ask(
            Array(line.utf8), chooser.probes(for: template), pairs, chooser.keys(for: template))
        #expect(asked == expected)
    }

    @Test(arguments: [
        ("{_:int} a", ["7 a", "-7 a", "", "\t7 a"], ["x", "7:", "/"]),
        ("{_:quoted} a", ["\"x\" a"], ["a\"", "x"]),
        ("{_:path} a", ["/ a"], ["a/", "x"]),
        ("[[x]](y|z|){_:port} a", ["xy7 a", "7 a", "x7 a"], ["-", "a", "7:", "xy7:"]),
        ("{_:int}-{_:int} {_:int}:{_:rest}", ["2026-11 3:x"], ["192.0.2.1", "2026/11", "2026 11"]),
        ("a{_:int}{_:hex} b", ["a-1f b", "a1f b"], ["a1f.b", "a:"]),
        ("{_:ip} a", ["192.0.2.1 a", "2001:db8::1 a", "::1 a"], ["192 a", "x", "2001-db8"]),
    ])
    func howAMessageBeginsRulesOutOthers(
        _ template: String, _ fitting: [String], _ others: [String]
    ) throws {
        let template = try TemplateParser.parse(template)
        for (lines, isFitting) in [(fitting, true), (others, false)] {
            for line in lines {
                let bytes = Array(line.utf8)
                let opening = RuleCode().opening(of: bytes.span, 0..<bytes.count)
                #expect(Self.canBegin(template, opening) == isFitting, "\(line)")
            }
        }
    }

    private static func canBegin(_ template: Template, _ opening: MessageOpening) -> Bool {
        BeginningTable([TemplateBeginning(template)]).fits(0, opening)
    }

    @Test func whatCanBeginWithAnythingIsNotRuledOut() throws {
        for text in ["{_:word} a", "{_:text}a", "[[a ]]{_:user>} b", "[[a]][[b]]", "{_:rest}"] {
            let template = try TemplateParser.parse(text)
            for line in ["", "a", "7.", "-", "\u{3042}", "[x", "a7/"] {
                let bytes = Array(line.utf8)
                let opening = RuleCode().opening(of: bytes.span, 0..<bytes.count)
                #expect(Self.canBegin(template, opening), "\(text) \(line)")
            }
        }
    }

    /// Rules that begin with text, with few bytes and with anything, in any order: the first that
    /// fits is found.
    @Test func theFirstRuleThatFitsWinsHoweverTheyBegin() throws {
        var texts = [
            "{_:word} from here", "hello from here", "{_:text} here", "{_:int} from here",
            "[[hello ]]{_:word} here", "{_:word} {_:word} {_:word}x", "hello {_:word} here",
            "{_:user>} from {_:word}",
        ]
        let lines = [
            "hello from here", "12 from here", "a b here", "a b cx", "hello there here",
            "x from y", "12 from y", "nothing", "",
        ]
        var random = Seeded(9)
        for _ in 0..<200 {
            texts.shuffle(using: &random)
            let templates = try texts.map { try TemplateParser.parse($0) }
            let set = TestRules.set(templates)
            for line in lines {
                let line = Array(line.utf8)
                let expected = templates.firstIndex {
                    ReferenceMatcher.match($0, line) != nil
                }
                var scratch = RowScratch()
                let found = TestRules.match(set, line, &scratch)
                #expect(found.map { Int($0.rule) } == expected, "\(texts) on \(line)")
            }
        }
    }

    /// Hundreds of rules that begin with a field: marks need several words.
    @Test func manyRulesThatBeginWithAField() throws {
        let templates = try (0..<300).map { number in
            try TemplateParser.parse("{_:word} says w\(number) to {_:word}")
        }
        let set = TestRules.set(templates)
        for number in [0, 1, 63, 64, 127, 128, 255, 299] {
            var scratch = RowScratch()
            let line = Array("somebody says w\(number) to me".utf8)
            #expect(TestRules.match(set, line, &scratch)?.rule == UInt32(number))
        }
    }

    /// Three definitions for any program, of which the middle one has a prefix.
    @Test(arguments: [
        ("a says hello", "one"), ("[12] a says hello", "two"), ("[12] a says goodbye", "three"),
        ("a says goodbye", "three"), ("a says more", "two"), ("[12] b", nil),
    ])
    func aPrefixKeepsTheOrderOfDefinitions(_ line: String, _ rule: String?) {
        func definition(_ name: String, _ prefix: String, _ rules: [(String, String)]) -> [UInt8] {
            let samples = rules.map { "  - { line: never, is: { rule: \($0.0) } }" }
            let rules = rules.map { "  - { id: \($0.0), line: \"\($0.1)\" }" }
            return Array(
                """
                parser: \(name)
                version: 1
                match: { program: "*" }
                \(prefix)
                defaults: { event.action: logon }
                rules:
                \(rules.joined(separator: "\n"))
                samples:
                \(samples.joined(separator: "\n"))
                  - reject: "nothing"

                """.utf8)
        }
        let files = [
            definition("a", "", [("one", "{_:word} says hello")]),
            definition(
                "b", "prefix: \"[{_:int}] \"",
                [("two", "{_:word} says (hello|more)")]),
            definition("c", "", [("three", "[[[{_:int}] ]]{_:word} says goodbye")]),
        ]
        let set = Self.set(files)
        let bytes = Array(line.utf8)
        var scratch = RowScratch()
        let found = TestRules.match(set, bytes, &scratch)
        #expect(found.map { set.rules[Int($0.rule)].id } == rule)
    }

    /// A set whose samples are not run.
    private static func set(_ files: [[UInt8]]) -> DefinitionSet {
        let definitions = files.enumerated().compactMap { number, bytes in
            DefinitionReader.read(
                bytes, file: "\(number).yaml", schema: ShippedFiles.schema, HisuiYAMLLog.make())
        }
        #expect(definitions.count == files.count)
        return DefinitionSet(definitions, schema: ShippedFiles.schema)
    }

    @Test func aShapeKnowsTheTextAroundItsSlots() {
        let shape = Shape(
            literals: [Array("a ".utf8), Array(" b".utf8)], slots: [Shape.Slot(.word)])
        let slots = [ByteRange(2..<5)]
        for (text, fits) in [("a xyz b", true), ("a xyz c", false), ("b xyz b", false)] {
            let record = Array(text.utf8)
            #expect(shape.isFixedText(of: record.span, around: slots.span) == fits)
        }
    }
}
