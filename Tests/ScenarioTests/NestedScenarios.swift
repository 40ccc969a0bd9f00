import Foundation
import Testing

@Suite("messages inside records: what a shipper wrapped is known, and stored as it came")
struct NestedScenarios {
    private let folder: Scratch
    private var store: String { folder.path + "/store" }
    private var log: String { folder.path + "/log.jsonl" }
    private var shipped: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../parsers").standardized.path
    }

    init() throws {
        folder = try Scratch()
        try Program.shell("mkdir '\(folder.path)/own'")
        try #"""
        parser: site.shipper
        version: 1
        input: json
        match: { when: { log: "*" } }
        nested: { log: syslog }
        fields: { host.name: node }
        samples:
          - line: '{"log":"<34>Nov 27 10:00:00 web01 sshd[1]: x\n","node":"n1"}'
            is: { nested: "<34>Nov 27 10:00:00 web01 sshd[1]: x" }
          - { line: '{"log":"x\",\"log\":\"y"}', hostile: true, is: { nested: 'x","log":"y' } }
          - reject: '{"log":7}'

        """#.write(
            toFile: folder.path + "/own/site.shipper.yaml", atomically: true, encoding: .utf8)
    }

    private func write(_ count: Int) throws -> String {
        let lines = (0..<count).map { number in
            let line =
                "<38>Nov 23 10:00:\(10 + number % 50) web01 sshd[\(number)]: Failed password for "
                + "invalid user a\\\"\(number) from 192.0.2.\(number % 5) port "
                + "40\(10 + number % 50) ssh2\\n"
            return "{\"log\":\"\(line)\",\"stream\":\"stdout\",\"node\":\"node\(number % 2)\"}"
        }
        let text = lines.joined(separator: "\n") + "\n{\"log\":\"no rule knows it\"}\n"
        try text.write(toFile: log, atomically: true, encoding: .utf8)
        return text
    }

    private func search(_ query: String, _ format: String = "jsonl") throws -> Finished {
        try Program.hisui("search", "--store", store, "--format", format, query)
    }

    @Test("a definition is checked; failed logins inside objects are found, counted and verified")
    func importAndSearch() throws {
        let checked = try Program.hisui("check", "parsers", folder.path + "/own")
        #expect(checked.status == 3)  // Without the shipped directory there is no schema.
        let definition = folder.path + "/own/site.shipper.yaml"
        #expect(try Program.hisui("check", "parsers", definition).status == 0)
        let text = try write(2_000)
        let loaded = try Program.hisui(
            "import", "--store", store, "--zone", "z", "--parsers", shipped, "--parsers",
            folder.path + "/own", log)
        #expect(loaded.status == 0, "\(loaded.errors)")
        let counted = try search(
            "event.action:=ssh-logon source.ip:=192.0.2.3 | stats by (host.name, event.outcome) "
                + "count() n | sort by (host.name)")
        #expect(
            counted.lines == [
                #"{"host.name":"node0","event.outcome":"failure","n":200}"#,
                #"{"host.name":"node1","event.outcome":"failure","n":200}"#,
            ], "\(counted.text) \(counted.errors)")
        let one = try search("user.name:=\"a\\\"7\" | fields process.pid, log.syslog.hostname")
        #expect(one.lines == [#"{"process.pid":7,"log.syslog.hostname":"web01"}"#], "\(one.text)")
        #expect(try search("hisui.parser:\"\" | stats count() n").lines == [#"{"n":1}"#])
        let raw = try search("*", "raw")
        #expect(raw.lines.sorted() == text.split(separator: "\n").map(String.init).sorted())
        let verified = try Program.hisui("verify", "--store", store, "--full")
        #expect(verified.status == 0, "\(verified.text) \(verified.errors)")
    }

    @Test("a daemon that follows such a file knows the lines, also after a kill -9")
    func followed() throws {
        let daemon = try RunningDaemon(
            sources: ["files: { paths: [ \(folder.path)/*.jsonl ] }"],
            parsers: "\(shipped), \(folder.path)/own")
        _ = try write(500)
        try daemon.start()
        try eventually("failed logins") { try daemon.count("event.action:=ssh-logon") == 500 }
        daemon.kill9()
        try Program.shell("head -1 '\(log)' >> '\(log)'")
        try daemon.start()
        try eventually("one more") { try daemon.count("event.action:=ssh-logon") == 501 }
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }
}
