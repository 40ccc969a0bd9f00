import HisuiEvent
import HisuiYAML
import Testing

@testable import HisuiPolicy

private func policy(_ classes: String, head: String = "") -> [UInt8] {
    Array("retention: site\nversion: 1\nname: Site\n\(head)classes:\n\(classes)".utf8)
}

private func problems(_ bytes: [UInt8]) -> [String] {
    RetentionClasses.load(directories: [[("f", bytes)]]).diagnostics
        .map { String($0.description.dropFirst(2)) }
}

private let short = "  - {class: short, name: S, keep: 90d, count_from: received}\n"

@Suite struct RetentionClassTests {
    @Test func theShippedClassesLoadAndOnlyPlan() throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let files = try ["municipal.yaml", "plain.yaml"].map {
            ($0, try contents(root + "/retention/" + $0))
        }
        let (found, diagnostics) = RetentionClasses.load(directories: [files])
        #expect(diagnostics.map(\.description) == [])
        for name in [
            "short", "standard", "default", "long", "permanent", "自治体機密性3A", "自治体機密性3B",
            "自治体機密性3C", "自治体機密性2", "自治体機密性1", "municipal-3a",
        ] {
            #expect(found.find(name) != nil, "\(name)")
        }
        #expect(found.classes.allSatisfy { $0.approval == nil && $0.digest.count == 32 })
        #expect(found.find("自治体機密性3A")?.start == .fiscalYearEnd)
        let configuration = try #require(
            Configuration.load(try example(), file: "f").configuration)
        #expect(configuration.check(against: found).map(\.description) == [])
    }

    @Test func laterDirectoriesOverrideByID() {
        let site = policy(
            "  - {class: short, name: S, keep: 30d, count_from: received}\n",
            head: "basis: Rule 7\napproved_by: CISO\napproved_on: 2026-04-01\n")
        let (found, diagnostics) = RetentionClasses.load(
            directories: [[("a", policy(short))], [("b", site)]])
        #expect(diagnostics.isEmpty)
        let short = found.find("short")
        #expect(short?.term == .days(30))
        #expect(short?.basis == "Rule 7")
        #expect(short?.approval?.by == "CISO")
        #expect(found.files.map(\.name) == ["b"])
        #expect(Day("2026-03-31").map { short?.isApproved(on: $0) } == false)
        #expect(Day("2026-04-01").map { short?.isApproved(on: $0) } == true)
    }

    @Test func aClassMayTakeBackTheApprovalOfItsPolicy() {
        let bytes = policy(
            "  - {class: a, name: A, keep: 1y, count_from: received, approved_by: ''}\n"
                + "  - {class: b, name: B, keep: 1y, count_from: received}\n",
            head: "approved_by: CISO\napproved_on: 2026-04-01\n")
        let (found, diagnostics) = RetentionClasses.load(directories: [[("f", bytes)]])
        #expect(diagnostics.isEmpty)
        #expect(found.find("a")?.approval == nil)
        #expect(found.find("b")?.approval != nil)
    }

    @Test(
        arguments: [
            (
                "  - {class: a, name: A, keep: 1w, count_from: received}\n",
                "5:31: `1w` is no term (write it like 90d, 6m, 3y (at most 200 years) or forever)"
            ),
            (
                "  - {class: a, name: A, keep: 1y, count_from: recieved}\n",
                "5:47: unknown count_from `recieved` (did you mean `received`?)"
            ),
            (
                "  - {class: A B, name: A, keep: 1y, count_from: received}\n",
                "5:13: `A B` is no id for a retention class "
                    + "(1 to 63 of a-z, 0-9 and -, the first no -)"
            ),
            (
                "  - {class: a, name: A, keep: 1y, count_from: received, aprovedby: x}\n",
                "5:57: unknown key `aprovedby` in a retention class "
                    + "(did you mean `approved_by`?)"
            ),
            (
                "  - {class: a, name: A, keep: 1y, count_from: received, approved_by: x}\n",
                "5:5: `approved_by` without `approved_on` "
                    + "(give both, or leave both empty: then nothing is deleted)"
            ),
            (
                "  - {class: a, name: A, keep: 1y, count_from: received, approved_by: x, "
                    + "approved_on: 2026-02-30}\n",
                "5:86: `2026-02-30` is no date for an approval (write it like 2026-04-01)"
            ),
        ])
    func mistakesAreTold(classes: String, problem: String) {
        #expect(problems(policy(classes)) == [problem])
    }

    @Test func noTwoClassesOfOneNameInADirectory() {
        let (_, diagnostics) = RetentionClasses.load(
            directories: [[("a", policy(short)), ("b", policy(short))]])
        #expect(diagnostics.count == 1)
        #expect(diagnostics.first?.file == "b")
        #expect(problems(policy(short + short)).count == 1)
        let aliases =
            "  - {class: a, also: x, name: A, keep: 1y, count_from: received}\n"
            + "  - {class: x, name: X, keep: 1y, count_from: received}\n"
        #expect(problems(policy(aliases)).count == 1)
    }

    @Test func streamsNeedKnownClassesEachItsOwn() throws {
        let (found, _) = RetentionClasses.load(
            directories: [
                [
                    (
                        "f",
                        policy(
                            "  - {class: short, also: 短期, name: S, keep: 9d, "
                                + "count_from: received}\n"
                                + "  - {class: long, name: L, keep: 9y, count_from: received}\n")
                    )
                ]
            ])
        let wrong = try #require(
            loaded(
                text(
                    extra: """
                        streams:
                          - {name: a, class: shrot, sources: [x]}
                          - {name: b, class: short, sources: [y]}
                          - {name: c, class: 短期, sources: [z]}
                        """)))
        #expect(
            wrong.check(against: found).map { String($0.description.dropFirst(2)) } == [
                "7:22: unknown retention class `shrot` (did you mean `short`?)",
                "9:22: the streams `b` and `c` have the same retention class "
                    + "(make them one stream)",
            ])
        // The stream that nobody wrote down is no mistake of his.
        #expect(try #require(loaded(text())).check(against: found).isEmpty)
    }
}
