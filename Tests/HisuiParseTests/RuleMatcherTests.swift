import HisuiBytes
import HisuiEvent
import HisuiShape
import Testing

@testable import HisuiParse

@Suite struct RuleMatcherTests {
    /// Few bytes and short texts, so that lines collide with templates in every way.
    struct Generator {
        var random: Seeded
        let alphabet = Array("ab :/\"1".utf8)

        mutating func bytes(_ count: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: count, using: &random)).map { _ in
                alphabet.randomElement(using: &random)!
            }
        }

        mutating func capture(rightAnchored: Bool) -> Template.Kind {
            if rightAnchored, Int.random(in: 0..<4, using: &random) == 0 {
                return .capture(
                    .init(
                        field: nil, type: [.text, .user, .path].randomElement(using: &random)!,
                        isRightAnchored: true))
            }
            let types: [CaptureType] = [
                .word, .int, .port, .path, .quoted, .user, .text, .rest, .blank,
            ]
            return .capture(.init(field: nil, type: types.randomElement(using: &random)!))
        }

        /// One right-anchored capture at most: with several, the matcher gives up earlier ones.
        mutating func template() -> Template {
            var mayAnchor = true
            func elements(_ count: Int, depth: Int) -> [Template.Element] {
                (0..<count).map { _ in
                    let kind: Template.Kind
                    switch Int.random(in: 0..<(depth == 2 ? 6 : 8), using: &random) {
                    case 0...2: kind = .literal(bytes(1...3))
                    case 3...4:
                        kind = capture(rightAnchored: mayAnchor)
                        if case .capture(let capture) = kind, capture.isRightAnchored {
                            mayAnchor = false
                        }
                    case 5:
                        let isEmpty = Int.random(in: 0..<3, using: &random) == 0
                        kind = .alternatives([
                            bytes(1...2) + [0x61], isEmpty ? [] : bytes(1...2) + [0x62],
                        ])
                    default:
                        kind = .optional(
                            elements(Int.random(in: 1...3, using: &random), depth: depth + 1))
                    }
                    return Template.Element(kind: kind, offset: 0)
                }
            }
            return Template(
                elements: elements(Int.random(in: 1...5, using: &random), depth: 0))
        }

        /// A line that has good chances to fit.
        mutating func line(for template: Template) -> [UInt8] {
            if Int.random(in: 0..<8, using: &random) == 0 { return bytes(0...12) }
            func text(_ elements: [Template.Element]) -> [UInt8] {
                elements.flatMap { element -> [UInt8] in
                    switch element.kind {
                    case .literal(let bytes): return bytes
                    case .alternatives(let choices): return choices.randomElement(using: &random)!
                    case .optional(let inner):
                        return Bool.random(using: &random) ? text(inner) : []
                    case .capture(let capture):
                        switch capture.type {
                        case .int, .port: return Array("11".utf8)
                        case .quoted: return [0x22] + bytes(0...2).filter { $0 != 0x22 } + [0x22]
                        case .path: return [0x2F] + bytes(0...4)
                        case .word: return [0x61] + bytes(0...2).filter { $0 != 0x20 }
                        case .blank: return Array(repeating: 0x20, count: 2)
                        default: return bytes(0...5)
                        }
                    }
                }
            }
            return text(template.elements)
        }
    }

    @Test func agreesWithTheReference() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = Generator(random: Seeded(seed))
        var fitted = 0
        var tried = 0
        while tried < 30_000 {
            let template = generator.template()
            guard TemplateCheck(template, schema: ShippedFiles.schema).problems.isEmpty else {
                continue
            }
            // Blanks before a padded first field are a matter of the compiled form only.
            if case .capture(let first) = template.elements[0].kind, first.type.skipsBlanksAtStart {
                continue
            }
            let set = TestRules.set(template)
            for _ in 0..<4 {
                let line = generator.line(for: template)
                tried += 1
                if compare(template, set, line, seed) { fitted += 1 }
            }
        }
        #expect(fitted > 5_000, "seed \(seed)")
    }

    /// Whether the line fits; records an issue if the two do not agree.
    private func compare(
        _ template: Template, _ set: DefinitionSet, _ line: [UInt8], _ seed: UInt64
    ) -> Bool {
        var scratch = RowScratch()
        scratch.key = 7
        let match = TestRules.match(set, line, &scratch)
        let expected = ReferenceMatcher.match(template, line)
        let text = String(decoding: line, as: UTF8.self)
        guard let match, let expected else {
            let agrees = match == nil && expected == nil
            #expect(agrees, "seed \(seed): \(template) on \(text)")
            #expect(match != nil || scratch.slots.isEmpty)
            #expect(match != nil || scratch.key == 7)
            return false
        }
        var found: [Range<Int>] = []
        set.forEachSlot(of: match) { _, slot in found.append(scratch.slots[slot].range) }
        #expect(found == expected.map(\.range), "seed \(seed): \(template) on \(text)")
        #expect(set.kinds(of: match).count == scratch.slots.count)
        // Slots are in order and inside the line, so with the gaps they make up the line.
        var at = 0
        for slot in scratch.slots {
            #expect(slot.range.lowerBound >= at && slot.range.upperBound <= line.count)
            at = slot.range.upperBound
        }
        return true
    }

    @Test(arguments: [
        ("192.0.2.1", true), ("255.255.255.255", true), ("256.0.0.1", false), ("1.2.3", false),
        ("192.0.2.1.", true), ("192.0.2.1.example.org", false), ("192.0.2.1a", false),
        ("192.0.2.1-x", false), ("::", true), ("::1", true), ("2001:db8::8:800:200c:417a", true),
        ("1:2:3:4:5:6:7:8", true), ("1:2:3:4:5:6:7", false), ("1:2:3:4:5:6:7::", true),
        ("::ffff:192.0.2.1", true), ("fe80::1%eth0", true), ("1::2::3", false),
        ("12345::1", false), ("host", false), ("", false), (":", false), ("1:", false),
        ("2001:db8::1.example", false), ("::1x", false),
    ])
    func addresses(_ text: String, _ isAddress: Bool) throws {
        let template = try TemplateParser.parse("a {_:ip}[[.]] z")
        let set = TestRules.set(template)
        var scratch = RowScratch()
        let line = Array("a \(text) z".utf8)
        #expect((TestRules.match(set, line, &scratch) != nil) == isAddress)
    }

    @Test func kindsOfAddressesMakeTwoShapes() throws {
        let set = TestRules.set(try TemplateParser.parse("from {source.ip:ip}"))
        var four = RowScratch()
        var six = RowScratch()
        let first = TestRules.match(set, Array("from 192.0.2.1".utf8), &four)
        let second = TestRules.match(set, Array("from 2001:db8::1".utf8), &six)
        #expect(first.map { set.kinds(of: $0) } == [Shape.Slot(.ipv4)])
        #expect(second.map { set.kinds(of: $0) } == [Shape.Slot(.ipv6)])
        #expect(first?.choices != second?.choices)
        #expect(four.key != six.key)
    }

    @Test(arguments: [
        ("host", "a.example-1.org_x", true), ("host", "2001:db8::1", true), ("host", "", false),
        ("host", "a/b", false), ("mac", "00:1a:2B:3c:4d:5e", true),
        ("mac", "00-1a-2b-3c-4d-5e", true), ("mac", "00:1a:2b:3c:4d", false),
        ("mac", "00:1a:2b:3c:4d:5e:6f", false), ("hex", "0xdeadBEEF", true), ("hex", "12ab", true),
        ("hex", "0x", false), ("hex", "g", false), ("int", "-12", true), ("int", "-", false),
        ("int", "1.5", false), ("port", "65535", true), ("port", "65536", false),
        ("port", "000001", false), ("path", "/a b", true), ("path", "a", false),
    ])
    func tokens(_ type: String, _ text: String, _ fits: Bool) throws {
        let set = TestRules.set(try TemplateParser.parse("a {_:\(type)} z"))
        var scratch = RowScratch()
        let found = TestRules.match(set, Array("a \(text) z".utf8), &scratch) != nil
        #expect(found == fits, "\(type) on \(text)")
    }

    @Test func paddingBeforeAFirstFieldIsASlotOfItsOwn() throws {
        let set = TestRules.set(try TemplateParser.parse("{user.name:user} : {_:rest}"))
        var scratch = RowScratch()
        let match = try #require(TestRules.match(set, Array("   tanaka : x".utf8), &scratch))
        #expect(scratch.slots.map(\.range) == [0..<3, 3..<9, 12..<13])
        let fields = set.fields(of: match, firstSlot: 5).fields
        #expect(fields == [Shape.Field("user.name", .keyword, .slot(6, .raw))])
    }

    @Test func theFirstRuleThatFitsWinsWhateverItBeginsWith() throws {
        let templates = try ["{_:text} end", "begin {_:text} end", "begin x {_:rest}"]
            .map { text throws(TemplateParser.Problem) in try TemplateParser.parse(text) }
        let set = TestRules.set(templates)
        var scratch = RowScratch()
        #expect(TestRules.match(set, Array("begin x end".utf8), &scratch)?.rule == 0)
        #expect(TestRules.match(set, Array("begin x y".utf8), &scratch)?.rule == 2)
        let turned = TestRules.set(Array(templates.reversed()))
        #expect(TestRules.match(turned, Array("begin x end".utf8), &scratch)?.rule == 0)
        #expect(TestRules.match(turned, Array("begin y end".utf8), &scratch)?.rule == 1)
        #expect(TestRules.match(turned, Array("y end".utf8), &scratch)?.rule == 2)
    }

    @Test func programsAreFoundExactlyByPatternOrNotAtAll() throws {
        let template = try TemplateParser.parse("hello {_:rest}")
        func matches(_ pattern: Definition.ProgramPattern, _ program: String?) -> Bool {
            let set = TestRules.set(template, program: pattern)
            let record = Array((program ?? "").utf8) + Array("hello you".utf8)
            let count = program?.utf8.count ?? 0
            var scratch = RowScratch()
            return set.match(
                record.span, message: count..<record.count,
                program: program == nil ? nil : 0..<count, form: .line, into: &scratch) != nil
        }
        let exact = Definition.ProgramPattern.exact(Array("sshd".utf8))
        let pattern = Definition.ProgramPattern.prefix(Array("postfix/".utf8))
        #expect(matches(exact, "sshd"))
        #expect(!matches(exact, "sshd2"))
        #expect(!matches(exact, "ssh"))
        #expect(!matches(exact, nil))
        #expect(matches(pattern, "postfix/smtpd"))
        #expect(!matches(pattern, "postfix"))
        #expect(matches(.any, "anything"))
        #expect(matches(.any, nil))
    }
}
