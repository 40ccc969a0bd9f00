import Testing

@testable import HisuiDetect

/// What cannot be honoured is named, with its place, and the rest goes on.
@Suite struct RefusalTests {
    @Test(
        arguments: [
            ("a|sounds: x", "6:5: the rule `Rule bad` is refused: the modifier `sounds`"),
            ("a|containss: x", "did you mean `contains`?"),
            ("a|hour: 24", "`hour` is a number from 0 to 23"), ("a|week: 0", "from 1 to 53"),
            ("a|hour: late", "a number is needed"), ("a|gt|hour: 3", "write `hour|gt`"),
            ("a|gt|lt: 3", "either `gt` or `lt`"), ("a|gt: .nan", "a number is needed"),
            ("a|re|cidr: x", "either `re` or `cidr`"), ("a|i|re: x", "belong to `re`"),
            ("a|re|contains: x", "says itself what it fits"), ("a|re|cased: x", "says itself"),
            ("a|re|expand: '%x%'", "says itself"), ("a|cidr|cased: 10.0.0.0/8", "no text"),
            ("a|contains|endswith: x", "are two places"),
            ("a|contains|base64: x", "write `base64` before `contains`"),
            ("a|base64|windash: -x", "write `windash` before the encoding"),
            ("a|wide|utf16be|base64: x", "two encodings"), ("a|base64offset: ''", "too short"),
            ("a|base64offset|contains: x", "too short"),
            ("a|exists|neq: true", "`exists` stands alone"),
            ("a|fieldref|windash: b", "is a name and no text"),
            ("a|fieldref: b*", "the name of one field"),
            ("a|expand|base64: '%'\n\nb|exists: 1", "`exists` takes true or false"),
            ("a: [null, x]", "null is no value"), ("- ''", "an empty word"),
            ("'|startswith': x", "stand anywhere"), ("'|neq': x", "stand anywhere"),
            ("'|gt': 1", "needs the name of a field"),
            ("a|re: '(?=x)'", "6:11: the rule `Rule bad` is refused: the regular expression"),
            ("a|cidr: 10.0.0.0/99", "is no address range"), ("a|gt: many", "a number is needed"),
            ("a|exists: maybe", "`exists` takes true or false"), ("a: []", "empty list"),
            ("a: { b: c }", "a value must be text"), ("a|cidr|contains: 10.0.0.0/8", "together"),
            ("a|base64: 'x*'", "wildcards cannot be encoded"), ("a|wide: x", "without `base64`"),
            ("a|contains: null", "null can only be"), ("- null", "null can only be"),
        ])
    func selections(selection: String, message: String) {
        let good = rule("a: x", id: "good")
        let result = run(rule(selection, id: "bad") + "\n---\n" + good, [#"{"a":"x"}"#])
        #expect(result.refused.count == 1)
        #expect(result.refused.first?.contains(message) ?? false, "\(result.refused)")
        #expect(result.refused.first?.hasPrefix("r.yaml:") ?? false)
        #expect(result.events == ["good": [[1]]])
    }

    @Test(
        arguments: [
            ("selection and", "ends where a selection"), ("nothing", "`nothing`, which is no"),
            ("(selection", "`)` is expected"), ("selection)", "`)` stands where"),
            ("1 of x*", "no selection is called like `x*`"), ("0 of them", "is no quantity"),
            ("2 of them", "2 of 1 selections can never hold"),
            ("selection | count() > 5", "write a correlation rule"),
            ("selection selection", "stands"),
            (String(repeating: "not ", count: 200) + "selection", "more than 100"),
        ])
    func conditions(condition: String, message: String) {
        let result = compile(rule("a: x", condition: condition))
        #expect(result.set.count == 0)
        #expect(result.refused.count == 1)
        #expect(result.refused.first?.contains("r.yaml:7:14:") ?? false, "\(result.refused)")
        #expect(result.refused.first?.contains(message) ?? false, "\(result.refused)")
    }

    @Test(
        arguments: [
            (
                "type: value_count, rules: [f], timespan: 1m, condition: { gte: 1 }",
                "needs a `field`"
            ),
            ("type: event_counts, rules: [f], timespan: 1m", "unknown correlation type"),
            ("type: event_count, rules: [f], timespan: 1m", "needs a `condition`"),
            ("type: event_count, rules: [f], timespan: 1m, condition: { lt: 1 }", "never seen"),
            ("type: event_count, rules: [f], timespan: 1m, condition: { lte: 0 }", "never seen"),
            ("type: event_count, rules: [f], timespan: 1m, condition: { gte: 0 }", "one event"),
            (
                "type: event_count, rules: [f], timespan: 1m, condition: { gt: 3, lt: 4 }",
                "no count"
            ),
            (
                "type: event_count, rules: [f], timespan: 1m, condition: { lte: 1, neq: 1 }",
                "no count"
            ),
            ("type: event_count, rules: [f], timespan: 1m, condition: { gte: 100001 }", "100000"),
            ("type: event_count, rules: [f], timespan: 1m, condition: { above: 1 }", "unknown"),
            ("type: event_count, rules: [f], timespan: 1m, condition: { gte: 1.5 }", "a count"),
            ("type: event_count, rules: [f], timespan: 1m, condition: { field: h }", "no `field`"),
            ("type: event_count, rules: [f], timespan: 1m, condition: {}", "compares with nothing"),
            ("type: temporal, rules: [f], timespan: 1m, condition: { gte: 2 }", "refers to 1"),
            (
                "type: value_sum, rules: [f], timespan: 1m, condition: { field: [a, b], gt: 1 }",
                "one field"
            ),
            (
                "type: value_sum, rules: [f], timespan: 1m, condition: { field: a, gt: x }",
                "a number is needed"
            ),
            (
                "type: value_avg, rules: [f], timespan: 1m, condition: { field: a, gt: 3, lt: 2 }",
                "no number"
            ),
            (
                "type: value_percentile, rules: [f], timespan: 1m, "
                    + "condition: { field: a, percentile: 101, gt: 3 }", "up to 100"
            ),
            (
                "type: value_percentile, rules: [f], timespan: 1m, "
                    + "condition: { field: a, gte: 500 }", "a share in percent"
            ),
            (
                "type: event_count, rules: [f], timespan: 1m, condition: { gte: 1 }, "
                    + "group-by: [w], aliases: { w: { g: x } }", "not among its rules"
            ),
            ("type: event_count, rules: [f], timespan: 1M, condition: { gte: 3 }", "no timespan"),
            ("type: event_count, rules: [g], timespan: 1m, condition: { gte: 3 }", "`g`, which is"),
            ("type: temporal, rules: [c], timespan: 1m", "leads back to it"),
            ("type: temporal, rules: [], timespan: 1m", "needs `rules`"),
        ])
    func correlations(body: String, message: String) {
        let text = CorrelationTests.base("f") + "\n---\n" + CorrelationTests.correlation("c", body)
        let result = run(text, [#"{"kind":"f"}"#])
        #expect(result.refused.count == 1)
        #expect(result.refused.first?.contains(message) ?? false, "\(result.refused)")
        // The rule below it is a rule of its own now.
        #expect(result.events == ["f": [[1]]])
    }

    @Test func aRefusedRuleTakesItsCorrelationsAlong() {
        let text =
            rule("a|sounds: x", id: "f") + "\n---\n"
            + CorrelationTests.correlation(
                "c", "type: event_count, rules: [f], timespan: 1m, condition: { gte: 1 }")
        #expect(compile(text).refused.count == 2)
    }

    @Test func documentsThatAreNoRulesOrTwice() {
        let refused = compile(
            """
            just text
            ---
            title: No detection
            ---
            title: Collection
            action: global
            ---
            title: Filter
            filter: { rules: [a] }
            ---
            title: Other names
            taxonomy: ocsf
            ---
            title: Not fit for use
            status: unsupported
            ---
            \(rule("a: x"))
            ---
            \(rule("a: y"))
            """
        ).refused
        #expect(refused.count == 7, "\(refused)")
        #expect(refused.last?.contains("is the name of the rule at r.yaml:17") ?? false)
        #expect(compile("a: [").refused.first?.hasPrefix("r.yaml:") ?? false)
    }
}
