import HisuiYAML
import Testing

@testable import HisuiParse

enum HisuiYAMLLog {
    static func make() -> Diagnostics { Diagnostics() }
}

/// Every mistake is told at its place, with the way out.
@Suite struct DefinitionErrorTests {
    static let samples = """
          - line: "hello you"
            is: { rule: one }
          - reject: "goodbye"
        """

    /// The template stands in line 7, its text from column 12 on.
    @Test(arguments: [
        (
            "hello {user.nam:rest}",
            "test.yaml:7:19: unknown field `user.nam` (did you mean `user.name`?)"
        ),
        ("hello {user.name:wrd}", "test.yaml:7:29: unknown type `wrd` (did you mean `word`?)"),
        ("hello {user.name}", "test.yaml:7:18: `{user.name}` names no type"),
        ("hello {user.name:rest", "test.yaml:7:18: the field that begins here does not end"),
        ("hello {:rest}", "test.yaml:7:18: a field without a name"),
        (
            "hello {source.ip:word}",
            "test.yaml:7:29: `source.ip` is an IP address and cannot be a word "
                + "(write {source.ip:ip})"
        ),
        ("hello {_:int>}", "test.yaml:7:21: `int>` does not exist"),
        (
            "hello {_:kv(x)}",
            "test.yaml:7:21: unknown type `kv(x)` (this version does not read kv(x) yet)"
        ),
        (
            "hello {_:text}{_:text}",
            "test.yaml:7:18: nothing says where `_` ends: another field follows directly"
        ),
        ("hello {_:word}{_:int}", "test.yaml:7:18: nothing says where `_` ends"),
        (
            "hello {_:rest} x",
            "test.yaml:7:18: `_` takes the rest of the message, but something follows it"
        ),
        ("hello {_:text>}", "test.yaml:7:18: `_` ends the message"),
        ("hello {user.name:word} {user.name:word}", "test.yaml:7:35: `user.name` stands twice"),
        ("{user.name:word}", "test.yaml:7:12: the template has no text of its own"),
        ("[[hello]]", "test.yaml:7:12: the template has no text of its own"),
        ("hello [[x [[y [[z]] ]] ]]", "test.yaml:7:26: an optional part inside two others"),
        ("hello [[x", "test.yaml:7:18: the optional part that begins here does not end"),
        ("hello [[]]", "test.yaml:7:18: an empty optional part"),
        ("(hello|)", "test.yaml:7:12: the template has no text of its own"),
        ("hello (a|a)", "test.yaml:7:18: the same alternative twice"),
        ("hello \\\\d+", "test.yaml:7:18: `\\d` means nothing here"),
        ("hello {event.action:word}", "test.yaml:7:18: `event.action` is both captured and set"),
    ])
    func templates(_ line: String, _ expected: String) {
        let problems = TestRules.problems(TestRules.yaml(line: line, samples: Self.samples))
        #expect(
            problems.contains { $0.hasPrefix(expected) }, "\(problems.joined(separator: "\n"))")
    }

    @Test(arguments: [
        (
            "event.outcome: sucess",
            "test.yaml:8:27: unknown event.outcome `sucess` (did you mean `success`?)"
        ),
        (
            "event.actoin: x",
            "test.yaml:8:12: unknown field `event.actoin` (did you mean `event.action`?)"
        ),
        (
            "class: authentication/login",
            "test.yaml:8:19: unknown class `authentication/login` "
                + "(did you mean `authentication/logon`?)"
        ),
        ("source.port: many", "test.yaml:8:25: `many` is not a whole number, as `source.port` is"),
        ("source.ip: 1.2.3", "test.yaml:8:23: `1.2.3` is not an IP address, as `source.ip` is"),
        ("user.name: []", "test.yaml:8:23: `user.name` needs one value"),
    ])
    func constants(_ set: String, _ expected: String) {
        let problems = TestRules.problems(
            TestRules.yaml(line: "hello {_:rest}", set: set, samples: Self.samples))
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
    }

    @Test func aRuleMustSayWhatHappened() {
        let problems = TestRules.problems(
            TestRules.yaml(
                line: "hello {_:rest}", set: "event.outcome: success", samples: Self.samples))
        #expect(problems.count == 1)
        #expect(
            problems.first?.contains("test.yaml:7:11: the rule does not say what happened") == true)
    }

    @Test(arguments: [
        ("  - reject: \"x\"", "7:11: the rule `one` has no sample"),
        ("  - line: \"hello you\"\n    is: { rule: one }", "10:3: no sample is rejected"),
        (
            samples + "\n  - line: \"hi\"\n    is: { rule: on }",
            "the rule `on`, which does not exist (did you mean `one`?)"
        ),
        (
            samples + "\n  - line: \"hi\"\n    is: { rule: one }",
            "no rule knows the line, and `one` should"
        ),
        (
            samples + "\n  - reject: \"hello there\"",
            "should be rejected, but the rule `one` knows it"
        ),
        (
            samples + "\n  - line: \"hello you\"\n    is: { rule: one, user.name: me }",
            "`user.name` should be `me`, but is `you`"
        ),
        (
            samples + "\n  - line: \"hello you\"\n    is: { rule: one, user.name: ~ }",
            "`user.name` should be absent, but is `you`"
        ),
        (samples + "\n  - line: \"hello you\"", "the sample does not say what it `is`"),
        (
            samples + "\n  - is: { rule: one }",
            "needs one of `line`, `lines`, `record` and `reject`"
        ),
        (
            samples + "\n  - line: \"hello you\"\n    is: { rule: one, user.nam: me }",
            "unknown field `user.nam`"
        ),
        (
            samples + "\n  - lines: []\n    is: { rule: one }",
            "a sample needs one of `line`, `lines`"
        ),
    ])
    func samplesAreChecked(_ samples: String, _ expected: String) {
        let text = TestRules.yaml(line: "hello {user.name:rest}", samples: samples)
        let (set, diagnostics) = TestRules.compile(text)
        #expect(diagnostics.contains { "\($0)".contains(expected) }, "\(diagnostics)")
        #expect(set.members.isEmpty)
    }

    @Test(arguments: [
        ("<86>Nov 23 01:02:03 web1 test[4711]: hello you", "host.name: web1", ""),
        ("<86>Nov 23 01:02:03 web1 test[4711]: hello you", "host.name: web2", "should be `web2`"),
        ("<86>Nov 23 01:02:03 web1 other[4711]: hello you", "host.name: web1", "no rule knows"),
    ])
    func aSampleMayBeAWholeRecord(_ record: String, _ field: String, _ expected: String) {
        let text = TestRules.yaml(
            line: "hello {user.name:rest}",
            samples: Self.samples
                + "\n  - record: \"\(record)\"\n    is: { rule: one, user.name: you, \(field) }")
        let problems = TestRules.problems(text)
        #expect(expected.isEmpty ? problems.isEmpty : problems.contains { $0.contains(expected) })
    }

    @Test func untrustedFieldsNeedAHostileSample() {
        let text = TestRules.yaml(
            line: "hello {user.name:rest}", untrusted: "user.name", samples: Self.samples)
        #expect(
            TestRules.problems(text).contains {
                $0.contains("test.yaml:4:12: no hostile sample tries to lie through `user.name`")
            })
    }

    @Test(arguments: [
        ("parser: Test One", "1:9: `Test One` is no name for a parser"),
        ("version: 0", "`version` is 0"), ("match: { file: x }", "cannot match by `file` yet"),
        ("match: {}", "`match` names no program"),
        ("match: { program: \"a*b\" }", "only stand at the end"),
        ("input: record", "unknown input `record`"),
        ("untrusted: [usr.name]", "did you mean `user.name`?"),
        ("rles: []", "unknown key `rles`"), ("prefix: \"{_:text} x\"", "a prefix must be plain"),
        ("prefix: \"x {_:int}\"", "a prefix must be plain and end with text"),
        ("rules: []", "needs at least one rule"),
    ])
    func topLevel(_ line: String, _ expected: String) {
        var lines = TestRules.yaml(line: "hello {_:rest}", samples: Self.samples)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let key = line.prefix { $0 != ":" }
        if key == "rules" { lines.removeSubrange(5..<8) }
        if let place = lines.firstIndex(where: { $0.hasPrefix(key + ":") }) {
            lines[place] = line
        } else {
            lines.insert(line, at: 0)
        }
        let problems = TestRules.problems(lines.joined(separator: "\n"))
        #expect(problems.contains { $0.contains(expected) }, "\(problems)")
    }

    @Test(arguments: [
        ("{user.name:word}: {_:rest}", "program: \"*\"", "with 2 bytes of text"),
        ("{_:word} (a|bcdef) [[and more ]]{_:rest}", "program: \"*\"", "with 3 bytes of text"),
        ("{_:word} at {_:rest}", "program: \"*\"", ""), ("{_:word}: {_:rest}", "program: test", ""),
        ("%F: {_:rest}", "first: \"%F\"", ""),
    ])
    func aRuleForAnyProgramNeedsText(_ line: String, _ match: String, _ expected: String) {
        let text = TestRules.yaml(line: line, samples: Self.samples)
            .replacing("program: test", with: match)
        let found = TestRules.problems(text).filter { $0.contains("would know messages of others") }
        #expect(found.count == (expected.isEmpty ? 0 : 1))
        #expect(found.allSatisfy { $0.contains(expected) })
    }

    @Test func whenAsksOnlyForWhatIsCaptured() {
        let text = TestRules.yaml(
            line: "hello {user.name:rest}\"\n    when: { user.nme: [x] }\n    about: \"x",
            samples: Self.samples)
        #expect(
            TestRules.problems(text).contains {
                $0.contains("which the line does not capture (did you mean `user.name`?)")
            })
    }

    @Test func costHasALimit() {
        let long = String(repeating: "a", count: 400)
        let line = "hello {_:text} \(long) {_:text} \(long) {_:text} \(long) {_:text} \(long) x"
        let problems = TestRules.problems(TestRules.yaml(line: line, samples: Self.samples))
        #expect(problems.contains { $0.contains("comparisons for each byte of a message") })
    }
}
