import HisuiYAML
import Testing

@testable import HisuiDetect

@Suite struct FilterTests {
    private func filter(
        rules: String, source: String = "{ product: test }", condition: String = "not selection",
        id: String = "f"
    ) -> String {
        """
        title: Filter \(id)
        id: \(id)
        logsource: \(source)
        filter:
          rules: \(rules)
          selection: { user|startswith: adm_ }
          condition: \(condition)
        """
    }

    /// Rule `r` of product test, called `named`; events of two users.
    private func found(_ filter: String) -> (users: [UInt64], run: Run, set: RuleSet) {
        let text =
            rule("a: x", id: "r").replacing("id: r\n", with: "id: r\nname: named\n") + "\n---\n"
            + filter
        let run = run(text, [#"{"a":"x","user":"adm_1"}"#, #"{"a":"x","user":"suzuki"}"#])
        return (run.findings.flatMap { $0.events.map(\.index) }, run, compile(text).set)
    }

    @Test(arguments: ["[r]", "[named]", "r", "any", "all", "[other, r]"])
    func leavesOutWhatItDescribes(rules: String) {
        let (users, run, set) = found(filter(rules: rules))
        #expect(users == [2] && run.refused.isEmpty && set.warnings.isEmpty)
    }

    /// As the reference implementation has it: the filter's condition is one more that must hold.
    @Test func withoutANotItKeepsWhatItDescribesAndIsWarnedAbout() {
        let (users, _, set) = found(filter(rules: "[r]", condition: "selection"))
        #expect(users == [1])
        #expect(set.warnings.count == 1)
        #expect(set.warnings[0].description.hasPrefix("r.yaml:11:1: the filter `Filter f` has no"))
    }

    @Test(
        arguments: [
            ("[other]", "{ product: test }"), ("[r]", "{ product: windows }"),
            ("any", "{ product: test, service: s }"),
        ])
    func thatIsForNoRuleIsWarnedAbout(rules: String, source: String) {
        let (users, run, set) = found(filter(rules: rules, source: source))
        #expect(users == [1, 2] && run.refused.isEmpty)
        #expect(set.warnings.map(\.description).first?.contains("filters nothing") ?? false)
    }

    @Test func everyConditionOfTheRuleIsNarrowed() {
        let text =
            rule("a: x", condition: "[selection, selection]") + "\n---\n" + filter(rules: "[r]")
            + "\n---\n" + filter(rules: "any", id: "g").replacing("adm_", with: "suz")
        let events = [#"{"a":"x","user":"adm_"}"#, #"{"a":"x","user":"suz"}"#, #"{"a":"x"}"#]
        #expect(run(text, events).events == ["r": [[3]]])
    }

    @Test(
        arguments: [
            ("filter: x", "must be a mapping"), ("filter: { condition: a }", "needs `rules`"),
            ("filter: { rules: [a] }", "no `condition`"),
            ("filter: { rules: [], s: x, condition: s }", "list of rules is empty"),
            ("filter: { rules: [a], s: x, condition: [s] }", "has one condition"),
            ("filter: { rules: [a], s: x, condition: t }", "which is no selection"),
            ("detection: { s: x }\nfilter: { rules: [a] }", "has no `detection`"),
            ("filter: { rules: [{}], s: x, condition: s }", "by its id or name"),
        ])
    func refusals(body: String, message: String) {
        let refused = compile("title: F\nlogsource: { product: test }\n" + body).refused
        #expect(refused.count == 1 && refused[0].contains(message), "\(refused)")
    }
}

@Suite struct PlaceholderTests {
    private func compile(_ text: String, _ placeholders: String) -> (
        set: RuleSet, refused: [String]
    ) {
        var given = Placeholders()
        let problems = given.add(Array(placeholders.utf8), file: "p.yaml")
        #expect(problems.isEmpty, "\(problems)")
        let (set, refused) = RuleSet.compile(
            files: [("r.yaml", Array(text.utf8))], sources: LogSources(), placeholders: given)
        return (set, refused.map(\.description))
    }

    @Test(
        arguments: [
            ("a|expand: '%p%'", "ws-7", true), ("a|expand: '%p%'", "srv", false),
            ("a|expand: '%p%'", "jump", true), ("a|expand: 'x%p%y'", "xws-7y", true),
            ("a|contains|expand: '%p%'", "the jump host", true),
            ("a|expand: '%p%/%n%'", "jump/5", true), ("a|expand: '%p%/%n%'", "jump/6", false),
            (#"a|expand: '\%p%'"#, "%p%", true), (#"a|expand: '\\%n%'"#, #"\5"#, true),
            (#"a|expand: '\%plain%n%'"#, "%plain5", true), ("a|expand: '50% %'", "50% %", true),
            ("a: '%p%'", "%p%", true), ("a|gt|expand: '%n%'", "6", true),
            ("a|cidr|expand: '%net%'", "10.2.3.4", true),
            ("a|windash|expand: '-%n% %d%'", "/5 -x", false),
            ("a|expand|windash: '-%n% %d%'", "/5 /x", true),
            ("a|all|expand: ['%p%', '*7']", "ws-7", true),
            ("a|expand|base64: 'a%n%'", "YTU=", true), ("a|neq|expand: '%p%'", "srv", true),
            ("'|expand': '%p%'", "at jump now", true),
        ])
    func standForTheirValues(selection: String, value: String, expected: Bool) {
        let given = "p: [jump, 'ws-*']\nn: 5\nnet: [192.0.2.0/24, 10.0.0.0/8]\nd: '-x'"
        let (set, refused) = compile(rule(selection), given)
        #expect(refused.isEmpty && set.waiting.isEmpty, "\(refused)")
        var detector = Detector(set)
        var findings: [Finding] = []
        let json = NaiveJSON.object([("a", .string(value))]).text
        detector.takeJSON(Array(json.utf8).span, number: 1, into: &findings)
        #expect(findings.isEmpty != expected, "\(selection) on \(value)")
    }

    /// A rule that waits is no mistake; what it takes part in waits as well.
    @Test func rulesWaitForWhatNobodyGave() {
        let text =
            rule("a|expand: ['%p%', '%q%', '%given%', '%p%']", id: "w") + "\n---\n"
            + rule("a: x", id: "r") + "\n---\n"
            + CorrelationTests.correlation(
                "c", "type: event_count, rules: [w], timespan: 1m, condition: { gte: 1 }")
            + "\n---\ntitle: F\nlogsource: { product: test }\n"
            + "filter: { rules: any, s: { a|expand: '%z%' }, condition: not s }"
        let (set, refused) = compile(text, "given: x")
        #expect(refused.isEmpty && set.count == 1)
        #expect(set.waiting.map(\.id) == ["w", "c", "F"])
        #expect(set.waiting.map(\.placeholders) == [["p", "q"], ["p", "q"], ["z"]])
        #expect(
            set.waiting[0].diagnostic.description.hasPrefix(
                "r.yaml:1:1: the rule `Rule w` waits for `%p%`, `%q%`"))
    }

    @Test func ofOtherValuesTheRulesAreOthers() {
        let text = rule("a|expand: '%p%'")
        #expect(compile(text, "p: x").set.digest != compile(text, "p: y").set.digest)
    }

    @Test func tooManyValuesAreRefused() {
        let many = (0..<200).map { "v\($0)" }.joined(separator: ", ")
        let refused = compile(rule("a|expand: '%p%%p%%p%'"), "p: [\(many)]").refused
        #expect(refused.count == 1 && refused[0].contains("stands for more than"), "\(refused)")
        let dashes = String(repeating: "-a ", count: 9)
        let other = compile(rule("a|windash|base64: '\(dashes)'"), "p: x").refused
        #expect(other.count == 1 && other[0].contains("stands for more than"), "\(other)")
    }

    @Test(
        arguments: [
            ("- x", "a mapping of names"), ("'a b': x", "no name of a placeholder"),
            ("a: []", "has no value"), ("a: [{}]", "must be text"), ("a: null", "must be text"),
        ])
    func mistakesOfTheFile(text: String, message: String) {
        var given = Placeholders()
        let problems = given.add(Array(text.utf8), file: "p.yaml").map(\.description)
        #expect(problems.count == 1 && problems[0].contains(message), "\(problems)")
        #expect(problems[0].hasPrefix("p.yaml:1:"))
    }

    /// The documents with which the specification tests its schemas.
    @Test func theSpecificationsOwnDocumentsLoad() {
        let text = """
            title: A Title
            id: rule-1
            related:
              - { id: rule-3, type: similar }
            status: test
            taxonomy: ecs
            date: 2017-05-09
            scope: [server]
            logsource: { category: network, service: dns, definition: any }
            detection:
              selection: { dns.question.name: sigmahq }
              condition: selection
            ---
            title: Filter google
            taxonomy: ecs
            logsource: { category: network, service: dns }
            filter:
              rules:
                - rule-1
                - rule-2
              selection: { dns.question.name|startswith: www.google. }
              condition: selection
            """
        let (set, refused) = compile(text, "{}")
        #expect(refused.isEmpty && set.count == 1 && set.warnings.count == 1)
    }
}
