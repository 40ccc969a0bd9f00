import HisuiBytes
import HisuiEvent
import HisuiYAML
import Testing

@testable import HisuiParse

/// `when` and `cases` of templates, and the local names they ask for.
@Suite struct CaseTests {
    static let yaml = """
        parser: test.vpn
        version: 1
        match: { program: vpnd }
        defaults: { event.action: logon, event.outcome: unknown }
        cases:
          auth.method: { cert: { auth.key: certificate }, "pass*": { auth.key: password } }
        rules:
          - id: local
            line: "{_where:word} login[[ by {auth.method:word}]]: {_result:text}"
            when: { _where: ["console*", "*-tty"] }
            set: { event.action: console-logon }
            cases:
              _result:
                ok: { event.outcome: success }
                "denied*": { event.outcome: failure, event.reason: denied }
                "*expired": { event.outcome: failure, event.reason: expired }
          - id: remote
            line: "{_where:word} login[[ by {auth.method:word}]]: {_:text}"
            cases: { _where: { "*": { event.reason: remote } } }
        samples:
          - line: "console1 login by cert: ok"
            is: { rule: local, event.outcome: success, auth.method: cert, auth.key: certificate }
          - line: "a-tty login by password: denied by policy"
            is: { rule: local, event.outcome: failure, event.reason: denied, auth.key: password }
          - line: "console1 login: account expired"
            is: { rule: local, event.reason: expired, auth.key: ~, auth.method: ~ }
          - line: "console1 login by otp: later"
            is: { rule: local, event.outcome: unknown, auth.method: otp, auth.key: ~ }
          - line: "office login: ok"
            is: { rule: remote, event.outcome: unknown, event.reason: remote }
          - reject: "office logout: ok"
        """

    @Test func valuesDecideWhetherARuleFitsAndWhatFollows() {
        #expect(TestRules.problems(Self.yaml) == [])
    }

    /// Having taken the prefix is the highest bit of the choices, the first case the lowest.
    @Test func casesGoTogetherWithAPrefix() {
        let yaml = """
            parser: test.vpn
            version: 1
            match: { program: vpnd }
            prefix: "<{_:int}> "
            defaults: { event.action: logon }
            rules:
              - id: one
                line: "login {_result:word}"
                cases: { _result: { ok: { event.outcome: success } } }
            samples:
              - line: "<42> login ok"
                is: { rule: one, event.outcome: success }
              - line: "login ok"
                is: { rule: one, event.outcome: success }
              - line: "<42> login no"
                is: { rule: one, event.outcome: ~ }
              - reject: "logout"
            """
        #expect(TestRules.problems(yaml) == [])
    }

    @Test func eachWayThatCasesComeOutIsAShapeOfItsOwn() throws {
        let set = TestRules.compile(Self.yaml).set
        var choices: Set<UInt64> = []
        for line in ["ok", "denied", "x expired", "?"] {
            let record = Array("vpnd console login: \(line)".utf8)
            var scratch = RowScratch()
            let match = try #require(
                set.match(
                    record.span, message: 5..<record.count, program: 0..<4, form: .line,
                    into: &scratch))
            choices.insert(match.choices)
            #expect(scratch.slots.count == 2)
        }
        #expect(choices.count == 4)
    }

    @Test(arguments: [
        ("{_Result:word} x", "", "test.yaml:7:13: `_Result` is no local name"),
        ("{_a:word} {_a:word}", "", "test.yaml:7:22: `_a` stands twice in the template"),
        ("{_a:word} x", "", "test.yaml:7:11: nothing asks for `_a` (name it in `when`"),
        (
            "{_a:word} x", "cases: { _b: { x: { event.outcome: success } } }",
            "test.yaml:9:14: `cases` asks for `_b`, which the line does not capture (did you mean"
        ),
        (
            "{_a:word} x", "cases: { _a: { \"x*\": { tags: a }, xy: { tags: b } } }",
            "test.yaml:9:39: `x*` before it takes all that is `xy`"
        ),
        (
            "{_a:word} x", "cases: { _a: { x: { event.outcome: good } } }",
            "test.yaml:9:40: unknown event.outcome `good`"
        ),
        ("{_a:word} x", "cases: { _a: x }", "test.yaml:9:18: `_a` needs a mapping of values"),
        (
            "{user.name:text} is {_a:word} x", "cases: { _a: { y: { event.outcome: success } } }",
            "test.yaml:7:12: whoever writes `user.name` could put ` is ` into it and choose `_a`"
        ),
        (
            "\(String(repeating: "[[a]]", count: 50))x {_a:word}",
            "cases: { _a: { a: { tags: a }, b: { tags: b } } }",
            "test.yaml:7:12: too many optional parts, alternatives, addresses and cases: "
                + "they need 53"
        ),
    ])
    func mistakesAreTold(_ line: String, _ more: String, _ expected: String) {
        let problems = TestRules.problems(
            """
            parser: test.one
            version: 1
            match: { program: test }
            untrusted: [user.name]
            rules:
              - id: one
                line: "\(line)"
                set: { event.action: logon }
                \(more)
            samples:
              - { line: "a x", is: { rule: one } }
              - reject: "goodbye"
            """)
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
    }

    @Test func aCaseOfTheDefinitionThatNoLineAsksForIsTold() {
        let yaml = Self.yaml.replacing("  auth.method: {", with: "  auth.service: {")
        #expect(
            TestRules.problems(yaml).contains {
                $0.hasPrefix("test.yaml:6:3: no line captures `auth.service`")
            })
    }

    @Test func theTableSaysWhatLookingAtOneAfterTheOtherSays() {
        var random = Seeded(7)
        let letters: [UInt8] = [0x61, 0x62]
        func text(_ lengths: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: lengths, using: &random)).map { _ in
                letters.randomElement(using: &random)!
            }
        }
        for _ in 0..<3_000 {
            let values = (0..<Int.random(in: 1...8, using: &random)).map { _ -> ValuePattern in
                switch Int.random(in: 0..<7, using: &random) {
                case 0: .prefix(text(1...3))
                case 1: .suffix(text(1...3))
                case 2: .something
                default: .exact(text(0...4))
                }
            }
            let line = text(0...5)
            let one = values.firstIndex { $0.matches(line.span, 0..<line.count) }
            var steps = StepCount()
            let table = ValueTable(values)
            let found = table.find(line.span, 0..<line.count, steps: &steps)
            #expect(steps.total <= table.cost * line.count)
            if ValueTable.firstHidden(in: values) == nil {
                #expect(found == one ?? -1, "\(values) \(line)")
            } else {
                #expect((found >= 0) == (one != nil))
            }
        }
    }
}
