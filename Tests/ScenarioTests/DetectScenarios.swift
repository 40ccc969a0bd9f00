import Foundation
import Testing

@Suite("detection over files, as a user runs it")
struct DetectScenarios {
    /// One line of the output.
    struct Found {
        var rule: String
        var events: [Int]
        var entities: [String: Any]

        init(_ line: String) throws {
            let object = try #require(
                JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            rule = try #require(object["rule.id"] as? String)
            events = try #require(object["events"] as? [Int])
            entities = try #require(object["entities"] as? [String: Any])
            #expect(object["rule.title"] is String)
            #expect(object.keys.contains("rule.level"))
        }
    }

    @Test("the shipped rules over text: line numbers go on over files, gzip too")
    func shippedRules() throws {
        let folder = try Scratch()
        let failures = (0..<10).map {
            "Nov 23 02:10:\($0 + 10) gw01 sshd[81\($0)]: Failed password for root from "
                + "198.51.100.7 port 4000\($0) ssh2"
        }
        // A blank line is a line, and the last one has no line feed.
        try write(["", failures[0]] + failures[2...], folder.path + "/one.log", ending: "")
        try write(
            [
                failures[1],
                "Nov 23 02:11:00 gw01 sshd[900]: Accepted password for root from 198.51.100.7 "
                    + "port 41000 ssh2",
                "Nov 23 02:12:00 gw01 sudo:   suzuki : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; "
                    + "USER=root ; COMMAND=/bin/bash",
            ], folder.path + "/two.log", ending: "\n")
        try Program.shell("gzip '\(folder.path)/two.log'")
        let finished = try Program.hisui(
            "detect", folder.path + "/one.log", folder.path + "/two.log.gz")
        #expect(finished.status == 0, "\(finished.errors)")
        #expect(finished.errors.isEmpty)
        let found = try finished.lines.map { try Found($0) }
        #expect(
            found.map(\.rule) == [
                "hisui-sudo-not-in-sudoers", "hisui-ssh-brute-force",
                "hisui-ssh-success-after-failures",
            ])
        #expect(found.map(\.events) == [[13], Array(2...11), Array(2...12)])
        #expect(found[0].entities["user.name"] as? String == "suzuki")
        #expect(found[1].entities["source.ip"] as? String == "198.51.100.7")
        #expect(found[1].entities["host.name"] as? String == "gw01")
        let again = try Program.hisui(
            "detect", folder.path + "/one.log", folder.path + "/two.log.gz")
        #expect(again.output == finished.output)
    }

    @Test("own rules over JSON lines; what cannot be honoured is named and the rest runs")
    func ownRules() throws {
        let folder = try Scratch()
        let rules = folder.path + "/rules/deep/er"
        try Program.shell("mkdir -p '\(rules)'")
        try write(
            [
                "title: Log cleared", "id: own",
                "logsource: { product: windows, service: security }",
                "detection: { s: { EventID: 1102 }, condition: s }",
            ], rules + "/good.yml", ending: "\n")
        try write(
            [
                "title: Never", "logsource: { product: windows }", "detection:",
                "  s: { Image|guess: x }", "  condition: s",
            ], rules + "/bad.yml", ending: "\n")
        try write(
            [
                "title: Not yet", "id: late", "logsource: { product: windows }", "detection:",
                "  s: { Computer|expand: '%Servers%' }", "  condition: s",
            ], rules + "/late.yml", ending: "\n")
        try write(["Servers: [fs*]"], folder.path + "/names.yaml", ending: "\n")
        try write(
            [
                #"{"Channel":"Security","EventID":1102,"Computer":"fs01","#
                    + #""SubjectUserName":"業者01"}"#,
                "no JSON", #"{"Channel":"Application","EventID":1102}"#,
            ], folder.path + "/events.jsonl", ending: "\n")
        let finished = try Program.hisui(
            "detect", "--rules", folder.path + "/rules", "--input", "jsonl",
            folder.path + "/events.jsonl")
        #expect(finished.status == 0)
        #expect(finished.errors.contains("bad.yml:4:8: the rule `Never` is refused"))
        #expect(finished.errors.contains("late.yml:1:1: the rule `Not yet` waits for `%Servers%`"))
        #expect(finished.errors.contains("1 line(s) are no JSON"))
        let found = try finished.lines.map { try Found($0) }
        #expect(found.map(\.rule) == ["own"])
        #expect(found.map(\.events) == [[1]])
        #expect(found[0].entities["user.name"] as? String == "業者01")
        #expect(found[0].entities["host.name"] as? String == "fs01")
        let named = try Program.hisui(
            "detect", "--rules", folder.path + "/rules", "--placeholders",
            folder.path + "/names.yaml", "--input", "jsonl", folder.path + "/events.jsonl")
        #expect(!named.errors.contains("waits"))
        #expect(try named.lines.map { try Found($0).rule } == ["late", "own"])
    }

    @Test("a rule with the names of web logs finds requests of an access log in another format")
    func webNames() throws {
        let folder = try Scratch()
        try write(
            [
                "title: Way out of the folder", "id: web", "logsource: { category: webserver }",
                "detection:",
                "  s: { cs-method: GET, cs-uri-query|contains: '/../', sc-status: 200,",
                "    c-ip: 203.0.113.7, cs-user-agent|startswith: curl }", "  condition: s",
            ], folder.path + "/web.yml", ending: "\n")
        let request = " - - [23/Nov/2026:10:00:00 +0900] \"GET /a/../../b HTTP/1.1\" 200 12 \"-\" "
        try write(
            [
                "Nov 23 10:00:00 www nginx: 203.0.113.7" + request + "\"curl/8.0\"",
                "Nov 23 10:00:01 www nginx: 203.0.113.8" + request + "\"curl/8.0\"",
                "Nov 23 10:00:02 www nginx: 203.0.113.7" + request + "\"Mozilla/5.0\"",
            ], folder.path + "/access", ending: "\n")
        let finished = try Program.hisui(
            "detect", "--rules", folder.path + "/web.yml", folder.path + "/access")
        #expect(finished.status == 0, "\(finished.errors)")
        let found = try finished.lines.map { try Found($0) }
        #expect(found.map(\.rule) == ["web"])
        #expect(found.map(\.events) == [[1]])
    }

    @Test("ends with 3 when rules or files cannot be read, or a sample is not as it says")
    func refusals() throws {
        let folder = try Scratch()
        let nowhere = folder.path + "/nowhere"
        #expect(try Program.hisui("detect", "--rules", nowhere, "-").status == 3)
        #expect(try Program.hisui("detect", nowhere).status == 3)
        #expect(try Program.hisui("detect").status == 2)
        let path = folder.path + "/wrong.yaml"
        try write(
            [
                "title: Wrong", "logsource: { product: linux }", "detection:",
                "  s: { process.name: app }", "  condition: s", "hisui:", "  samples:",
                "    - expect: nothing", "      lines: |", "        Nov 23 02:10:00 h app: x",
                "    - expect: finding", "      lines: |", "        Nov 23 02:10:00 h other: x",
            ], path, ending: "\n")
        let checked = try Program.hisui("check", "rules", path)
        #expect(checked.status == 3)
        #expect(checked.errors.contains("wrong.yaml:8:7: the rule `Wrong` finds something"))
        #expect(checked.errors.contains("wrong.yaml:11:7: the rule `Wrong` finds nothing"))
        #expect(try Program.hisui("check", "rules").status == 0)
    }

    private func write(_ lines: [String], _ path: String, ending: String) throws {
        let text = lines.joined(separator: "\n") + ending
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
}
