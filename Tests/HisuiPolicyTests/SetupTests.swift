import HisuiBytes
import HisuiYAML
import Testing

@testable import HisuiPolicy

private func classes() throws -> RetentionClasses {
    let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let files = try ["municipal.yaml", "plain.yaml"].map {
        ($0, try contents(root + "/retention/" + $0))
    }
    return RetentionClasses.load(directories: [files]).classes
}

private func interview() throws -> SetupInterview {
    SetupInterview(hasJournal: true, classes: try classes())
}

private func mistakes(_ text: String) throws -> [String] {
    var interview = try interview()
    return interview.answer(Array(text.utf8), file: "f").map { String($0.description.dropFirst(2)) }
}

@Suite struct SetupTests {
    /// Goes through all questions; those not named take their defaults.
    private func run(_ answers: [String: [String]]) throws -> SetupInterview {
        var interview = try interview()
        var given = answers
        var asked: [String] = []
        while let question = interview.question {
            if asked.last != question.key { asked.append(question.key) }
            let next =
                given[question.key]?.isEmpty == false ? given[question.key]?.removeFirst() : ""
            let problem = interview.answer(next ?? "")
            try #require(problem == nil, "\(question.key): \(problem?.english ?? "")")
            try #require(asked.count < 100)
        }
        #expect(Set(asked).count == asked.count)
        return interview
    }

    private func configuration(_ interview: SetupInterview) throws -> Configuration {
        for japanese in [false, true] {
            let bytes = Array(interview.configuration(japanese: japanese).utf8)
            let (found, wrong) = Configuration.load(bytes, file: "f")
            #expect(wrong.map(\.description) == [])
            #expect(try found?.check(against: classes()).isEmpty == true)
        }
        let bytes = Array(interview.configuration(japanese: true).utf8)
        return try #require(Configuration.load(bytes, file: "f").configuration)
    }

    @Test func aCityNeedsItsNameAndItsZone() throws {
        let found = try configuration(run(["organisation": ["翡翠市"], "zone": ["lgwan"]]))
        #expect(found.organisation.name == "翡翠市")
        #expect(found.zones.map(\.id) == ["mynumber", "lgwan", "internet"])
        #expect(found.zones.map(\.zoneClass) == [.isolated, .restricted, .exposed])
        #expect(found.zones[1].nameJapanese == "LGWAN 接続系")
        #expect(found.zone == "lgwan")
        #expect(found.sources.map(\.id) == ["journal"])
        #expect(found.streams.map(\.retentionClass) == ["standard"])
        #expect(found.openingHours == Configuration.OpeningHours())
    }

    @Test func everyAnswerFindsItsPlace() throws {
        let found = try configuration(
            run([
                "organisation": ["Works \"A\" \\ B"], "organisation_ja": ["製作所"],
                "fiscal_year_start": ["1"], "time_zone": ["UTC"], "zones": ["own"],
                "own_zones": ["office, restricted, Office, 事務系", "plant、isolated、Plant"],
                "addresses.office": ["10.2.0.0/16, fd00:2::/32"],
                "addresses.plant": ["10.9.0.0/16"],
                "zone": ["plant"], "store": ["/srv/hisui"], "journal": ["no"],
                "syslog_udp": ["514"], "syslog_tcp": ["127.0.0.1:6514"],
                "files": ["/var/log/a/*.log, /var/log/b.log"], "retention_class": ["自治体機密性3A"],
                "opening_days": ["mon, sat"], "opening_from": ["18:00"], "opening_to": ["23:30"],
                "contacts": ["情報政策課, a@example.jp", "CSIRT, 03-0000-0000"],
                "operators": ["Tanaka, tanaka, analyst", "Sato, sato, single-operator"],
            ]))
        #expect(found.organisation.name == "Works \"A\" \\ B")
        #expect(found.organisation.fiscalYearStart == 1)
        #expect(found.zones.map(\.name) == ["Office", "Plant"])
        #expect(found.zones[0].addresses.count == 2)
        #expect(found.zone == "plant")
        #expect(
            found.sources.map(\.id) == [
                "syslog-udp-0.0.0.0:514", "syslog-tcp-127.0.0.1:6514", "files-var-log-a-_.log",
                "files-var-log-b.log",
            ])
        #expect(found.streams[0].retentionClass == "自治体機密性3A")
        #expect(found.openingHours.opens == 18 * 60)
        #expect(found.contacts.map(\.mail) == ["a@example.jp", nil])
        #expect(found.contacts.map(\.telephone) == [nil, "03-0000-0000"])
        #expect(found.operators[0].roles["office"] == [.analyst])
        #expect(found.operators[1].isSingle)
    }

    @Test(
        arguments: [
            ("organisation", ""), ("fiscal_year_start", "13"), ("time_zone", "Asia/Tokio"),
            ("zones", "town"), ("addresses.mynumber", "10.1"),
            ("addresses.mynumber", "10.1.2.3/16"),
            ("addresses.lgwan", "10.1.5.0/24"), ("zone", "wan"), ("store", "var/hisui"),
            ("journal", "maybe"), ("syslog_udp", "514x"), ("syslog_udp", "70000"),
            ("files", "app.log"), ("files", "/var/lib/hisui/*"), ("retention_class", "standart"),
            ("opening_days", "monday"), ("opening_from", "8.30"), ("opening_to", "8:00"),
            ("contacts", "CSIRT"), ("contacts", "CSIRT, nobody"), ("operators", "Tanaka, tanaka"),
            ("operators", "Tanaka, ta naka, analyst"), ("operators", "Tanaka, tanaka, admin"),
        ])
    func aWrongAnswerIsAskedAgain(key: String, wrong: String) throws {
        let right = [
            "organisation": "City", "addresses.mynumber": "10.1.0.0/16", "zone": "lgwan",
        ]
        var interview = try interview()
        while let question = interview.question, question.key != key {
            let problem = interview.answer(right[question.key] ?? "")
            #expect(problem == nil, "\(question.key)")
        }
        let before = interview.configuration(japanese: false)
        let answer = interview.answer(wrong)
        let problem = try #require(answer)
        #expect(!problem.english.isEmpty && !problem.japanese.isEmpty)
        #expect(interview.question?.key == key)
        #expect(interview.configuration(japanese: false) == before)
    }

    @Test func somethingMustBeCollected() throws {
        var interview = try interview()
        while let question = interview.question, question.key != "files" {
            let answers = ["organisation": "City", "zone": "lgwan", "journal": "no"]
            let problem = interview.answer(answers[question.key] ?? "")
            #expect(problem == nil)
        }
        let nothing = interview.answer("")
        #expect(nothing != nil)
        let file = interview.answer("/var/log/app.log")
        #expect(file == nil)
    }

    @Test func aFileMayAnswer() throws {
        let text = """
            organisation: Hisui City
            organisation_ja: 翡翠市
            addresses: {lgwan: [10.2.0.0/16], mynumber: 10.1.0.0/16}
            zone: lgwan
            journal: yes
            syslog_udp: 514
            files: []
            opening_from: 8:45
            contacts: ["CSIRT, csirt@example.jp"]
            """
        var interview = try interview()
        let wrong = interview.answer(Array(text.utf8), file: "f")
        #expect(wrong.map(\.description) == [])
        let found = try configuration(interview)
        #expect(found.zones[1].addresses.map(\.description) == ["10.2.0.0/16"])
        #expect(found.sources.map(\.id) == ["journal", "syslog-udp-0.0.0.0:514"])
        #expect(found.openingHours.opens == 8 * 60 + 45)
        #expect(found.contacts.count == 1)
    }

    @Test func mistakesInAFileHavePlaces() throws {
        let head = "organisation: C\nzone: lgwan\n"
        #expect(
            try mistakes("zone: lgwan\n") == ["1:1: an answers file needs the key `organisation`"])
        #expect(
            try mistakes(head + "sylog_udp: 514\n") == [
                "3:1: unknown key `sylog_udp` in an answers file (did you mean `syslog_udp`?)"
            ])
        #expect(
            try mistakes(head + "addresses: {lgwann: 10.1.0.0/16}\n") == [
                "3:13: unknown zone `lgwann` (did you mean `lgwan`?)"
            ])
        #expect(
            try mistakes(head + "opening_from: 25:00\n").first?.hasPrefix("3:15: `25:00`") == true)
        #expect(
            try mistakes(head + "contacts: [{name: x}]\n") == [
                "3:12: an answer is text or a list of texts, not a mapping"
            ])
        #expect(
            try mistakes(head + "own_zones: [x]\n") == [
                "3:12: `own_zones` without `zones: own` (remove one of them)"
            ])
    }
}
