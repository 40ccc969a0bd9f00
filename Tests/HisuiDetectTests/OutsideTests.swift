import HisuiEvent
import Testing

@testable import HisuiDetect

/// Alerts of detectors that are not Hisui.
@Suite struct OutsideTests {
    private let rules =
        rule("kind: alert", id: "outside") + """

            hisui:
              title_ja: 外部の検知
              outside: { detector: [device, sender], alert: number, title: [name], level: [grave] }
            """

    private func alert(_ members: String) -> String { "{\"kind\":\"alert\",\(members)}" }

    @Test func aFindingHasTheTitleAndLevelOfWhoFoundIt() {
        let found = run(
            rules,
            [
                alert(
                    #""sender":"soc@pref.example","number":"A-1","name":"C2 の疑い","grave":"high""#),
                alert(#""device":"IDS","sender":"x","number":"A-2","name":"y","grave":"?""#),
                alert(#""name":"""#),
            ])
        #expect(found.refused.isEmpty)
        let findings = found.findings
        #expect(
            findings.map(\.ruleTitle) == [
                "Rule outside: C2 の疑い", "Rule outside: y", "Rule outside",
            ])
        #expect(findings.map(\.ruleTitleJapanese) == ["外部の検知: C2 の疑い", "外部の検知: y", "外部の検知"])
        #expect(findings.map(\.ruleLevel) == ["high", "low", "low"])
        #expect(findings.map { $0.outside?.detector } == ["soc@pref.example", "IDS", ""])
        #expect(findings.map { $0.outside?.alert } == ["A-1", "A-2", ""])
    }

    @Test func anAlertThatComesAgainIsOneFinding() {
        let first = alert(#""device":"IDS","number":"1","name":"x","grave":"low""#)
        let other = alert(#""device":"SOC","number":"1","name":"x""#)
        let unnumbered = alert(#""device":"IDS","name":"x""#)
        let found = run(rules, [first, other, first, unnumbered, unnumbered])
        // What has no number cannot be known again.
        #expect(found.events["outside"] == [[1], [2], [4], [5]])
        #expect(Set(found.findings.map(\.id)).count == 4)
        let again = run(rules, [other, first])
        #expect(Set(again.findings.map(\.id)) == Set(found.findings.prefix(2).map(\.id)))
        var detector = Detector(compile(rules).set)
        detector.recallOutside(again.findings.map(\.id))
        var findings: [Finding] = []
        detector.takeJSON(Array(first.utf8).span, number: 1, into: &findings)
        #expect(findings.isEmpty)
    }

    @Test func whatIsSaidCannotDisturbWhoReadsIt() {
        let name = String(repeating: "長", count: 1000)
        let found = run(
            rules, [alert(#""name":"a\u001b[31mb\n\#(name)","number":"\u0007","grave":"High""#)])
        let outside = found.findings[0].outside
        #expect(outside?.title.utf8.allSatisfy { $0 >= 0x20 } == true)
        #expect(outside.map { $0.title.unicodeScalars.count <= Limits.outsideColumnsMax } == true)
        #expect(found.findings[0].ruleLevel == "low")
    }

    @Test func onlyTheLastAlertsAreRemembered() {
        var told = ToldAlerts()
        let count = Limits.outsideAlertsMax
        let given = (0..<count).map { "\($0)" } + ["0", "new", "0", "2"]
        let isNew = given.map { told.insert($0) }
        #expect(isNew.prefix(count).allSatisfy { $0 })
        #expect(Array(isNew.suffix(4)) == [false, true, true, false])
    }

    @Test(arguments: [
        ("outside: [a]", "must be a mapping"), ("outside: { detector: a }", "needs `alert`"),
        ("outside: { detector: [], alert: a, title: a, level: a }", "needs `detector`"),
        ("outside: { detector: a, alert: a, title: a, level: a, x: a }", "unknown key"),
        ("outside: { detector: {a: b}, alert: a, title: a, level: a }", "must be text"),
    ])
    func whatIsNoOutsideDetectorIsRefused(text: String, why: String) {
        let (_, refused) = compile(rule("kind: alert") + "\nhisui:\n  \(text)")
        #expect(refused.count == 1 && refused.allSatisfy { $0.contains(why) }, "\(refused)")
    }
}
