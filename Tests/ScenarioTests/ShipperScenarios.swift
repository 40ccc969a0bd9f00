import Foundation
import Testing

/// Requests as shippers send them, written after the documentation of each protocol.
private struct ShippedWay {
    var name: String
    var path: String
    var type: String
    /// A request with an entry for each number.
    var body: @Sendable (Range<Int>) -> Data

    func text(_ number: Int) -> String { Self.text(name, number) }

    private static func text(_ name: String, _ number: Int) -> String { "\(name) \(number) end" }

    private static func join(
        _ numbers: Range<Int>, _ separator: String, _ entry: (Int) -> String
    ) -> String { numbers.map(entry).joined(separator: separator) }

    static let all = [
        ShippedWay(name: "bulk", path: "/logs-x/_bulk", type: "application/x-ndjson") { numbers in
            Data(
                join(numbers, "") { "{\"create\":{}}\n{\"message\":\"\(text("bulk", $0))\"}\n" }
                    .utf8)
        },
        ShippedWay(name: "lines", path: "/insert/jsonline", type: "text/plain") { numbers in
            Data(join(numbers, "\n") { "{\"_msg\":\"\(text("lines", $0))\"}" }.utf8)
        },
        ShippedWay(name: "loki", path: "/loki/api/v1/push", type: "application/json") { numbers in
            let values = join(numbers, ",") {
                "[\"1795741200000000000\",\"\(text("loki", $0))\"]"
            }
            let stream = "{\"stream\":{\"a\":\"b\"},\"values\":[\(values)]}"
            return Data("{\"streams\":[\(stream)]}".utf8)
        },
        ShippedWay(name: "otlp", path: "/v1/logs", type: "application/json") { numbers in
            let records = join(numbers, ",") {
                "{\"body\":{\"stringValue\":\"\(text("otlp", $0))\"}}"
            }
            let scope = "{\"scopeLogs\":[{\"logRecords\":[\(records)]}]}"
            return Data("{\"resourceLogs\":[\(scope)]}".utf8)
        },
        ShippedWay(name: "proto", path: "/v1/logs", type: "application/x-protobuf") { numbers in
            let records = numbers.reduce(into: Data()) { out, number in
                out += field(2, field(5, field(1, Data(text("proto", number).utf8))))
            }
            return field(1, field(2, records))
        },
    ]

    /// A field of protobuf that is bytes or a message.
    private static func field(_ number: UInt8, _ value: Data) -> Data {
        var out = Data([number << 3 | 2])
        var rest = value.count
        while rest >= 0x80 {
            out.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        out.append(UInt8(rest))
        return out + value
    }
}

@Suite("what shippers send over HTTP", .serialized)
struct ShipperScenarios {
    private let folder: Scratch
    private let port: Int
    private let daemon: RunningDaemon

    init() throws {
        folder = try Scratch()
        port = try freePort()
        daemon = try RunningDaemon(
            sources: ["{ http: { shippers: \"127.0.0.1:\(port)\" }, id: ship }"])
    }

    private func arguments(_ path: String, _ file: String, _ fields: [String]) -> [String] {
        ["-sS", "--max-time", "20", "-w", "%{http_code}", "--data-binary", "@" + file]
            + fields.flatMap { ["-H", $0] } + ["http://127.0.0.1:\(port)\(path)"]
    }

    /// Sends a text; the status and what was answered.
    private func post(
        _ path: String, _ text: String, _ fields: [String]
    ) throws -> (status: String, body: String) {
        let file = folder.path + "/body"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let output = try Program.run("curl", arguments(path, file, fields)).text
        return (String(output.suffix(3)), String(output.dropLast(3)))
    }

    private func get(_ path: String) throws -> String {
        try Program.run("curl", ["-sS", "-i", "http://127.0.0.1:\(port)\(path)"]).text
    }

    @Test("killed again and again: nothing that was acknowledged is lost")
    func killed() throws {
        let perRequest = 400
        var sent = [String: Int]()
        var (refused, requests) = (0, 0)
        // Before a kill, in microseconds: near the time that a request takes here.
        var delay: UInt32 = 20_000
        try daemon.start()
        for round in 0..<60 where round < 10 || refused < 4 {
            let way = ShippedWay.all[round % ShippedWay.all.count]
            let first = sent[way.name, default: 0]
            let file = folder.path + "/request"
            try way.body(first..<first + perRequest).write(to: URL(fileURLWithPath: file))
            let what = arguments(way.path, file, ["Content-Type: " + way.type])
            var isAcknowledged = false
            while !isAcknowledged {
                requests += 1
                let output = folder.path + "/status"
                let curl = try Child(
                    try Program.find("curl"), what, output: output,
                    errors: folder.path + "/errors")
                // The last try of each is let through, or it would take for ever.
                let isKilled = requests % 3 != 0
                if isKilled {
                    usleep(delay)
                    daemon.kill9()
                    _ = try curl.wait(seconds: 30)
                    try daemon.start()
                } else {
                    _ = try curl.wait(seconds: 30)
                }
                let answer = try String(contentsOfFile: output, encoding: .utf8)
                isAcknowledged = answer.suffix(3).hasPrefix("2")
                guard isKilled else { continue }
                if !isAcknowledged { refused += 1 }
                delay = isAcknowledged ? delay / 2 : min(max(2 * delay, 1000), 40_000)
            }
            sent[way.name] = first + perRequest
        }
        daemon.kill9()
        try daemon.start()
        #expect(refused >= 4, "kills met requests: \(refused) of \(requests)")
        for way in ShippedWay.all {
            let messages = Set(try daemon.messages("\(way.name) end"))
            let missing = (0..<sent[way.name, default: 0]).filter {
                !messages.contains(way.text($0))
            }
            #expect(missing.isEmpty, "\(way.name): \(missing.count) of \(sent)")
        }
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }

    @Test("filebeat and winlogbeat: handshake, documents, and what the lines in them say")
    func beats() throws {
        try daemon.start()
        let about = try get("/")
        #expect(about.contains("X-Elastic-Product: Elasticsearch") && about.contains("8.17.0"))
        for path in [
            "/_license?human=false", "/_ilm/policy/filebeat", "/_index_template/filebeat-8.17.0",
            "/_data_stream/filebeat-8.17.0", "/_cluster/health",
        ] { #expect(try get(path).hasPrefix("HTTP/1.1 200 OK"), "\(path)") }
        let host = #""host":{"name":"web01"},"agent":{"type":"filebeat","version":"8.17.0"}"#
        let line =
            "Nov 27 10:00:00 web01 sshd[7]: Failed password for invalid user tanaka from "
            + "192.0.2.9 port 4022 ssh2"
        let action = #"{"create":{"_index":"filebeat-8.17.0"}}"#
        let documents = [
            #"{"@timestamp":"2026-11-27T01:00:01.000Z","message":"\#(line)","#
                + #""input":{"type":"filestream"},"#
                + #""log":{"file":{"path":"/var/log/auth.log"}},\#(host)}"#,
            #"{"@timestamp":"2026-11-27T01:00:02.000Z","message":"nobody knows this line","#
                + #""input":{"type":"filestream"},\#(host)}"#,
            #"{"@timestamp":"2026-11-27T01:00:03.000Z","winlog":{"channel":"Security","#
                + #""event_id":"4625","computer_name":"dc01","event_data":{"#
                + #""TargetUserName":"sato","IpAddress":"192.0.2.7","LogonType":"3"}},"#
                + #""agent":{"type":"winlogbeat"}}"#,
        ]
        let body = documents.map { "\(action)\n\($0)\n" }.joined()
        let answer = try post("/_bulk", body, ["Content-Type: application/json"])
        #expect(answer.status == "200" && answer.body.contains(#""errors":false"#))
        let known = try #require(try daemon.search("user.name:=tanaka").first)
        #expect(known["source.ip"] as? String == "192.0.2.9")
        #expect(known["host.name"] as? String == "web01")
        #expect(known["log.file.path"] as? String == "/var/log/auth.log")
        #expect(known["hisui.parser"] as? String == "linux.sshd")
        let unknown = try #require(try daemon.search("\"nobody knows\"").first)
        #expect(unknown["_msg"] as? String == "nobody knows this line")
        #expect(unknown["host.name"] as? String == "web01")
        #expect(unknown["_time"] as? String == "2026-11-27T01:00:02Z")
        let windows = try #require(try daemon.search("user.name:=sato").first)
        #expect(windows["event.outcome"] as? String == "failure")
        let raw = try Program.hisui(
            "search", "--store", daemon.store, "--format", "raw", "user.name:=tanaka")
        #expect(raw.lines == [documents[0]])
        #expect(try daemon.stop() == 0)
    }

    @Test("Vector, Fluent Bit, Loki and OpenTelemetry: host, program, severity and time are theirs")
    func others() throws {
        try daemon.start()
        let line = "Failed password for invalid user %@ from 192.0.2.9 port 4022 ssh2"
        func login(_ user: String) -> String { line.replacingOccurrences(of: "%@", with: user) }
        let json = ["Content-Type: application/json"]
        let vector =
            #"{"appname":"sshd","hostname":"web02","message":"\#(login("vector"))","procid":7,"#
            + #""severity":"info","source_type":"syslog","timestamp":"2026-11-27T01:00:01Z"}"#
        #expect(
            try post("/_bulk", "{\"index\":{}}\n\(vector)\n", json).body.contains("\"status\":201"))
        let fluent =
            #"{"date":"2026-11-27T01:00:02Z","log":"<38>Nov 27 10:00:02 x sshd[7]: "#
            + #"\#(login("fluent"))\n","stream":"stderr","kubernetes":{"host":"node3"}}"#
        #expect(try post("/insert/jsonline", fluent + "\n", json).status == "200")
        let loki =
            #"{"streams":[{"stream":{"host":"web04","level":"warn"},"values":[["#
            + #""1795741203000000000","Nov 27 10:00:03 web04 sshd[7]: \#(login("loki"))","#
            + #"{"trace_id":"ab12"}]]}]}"#
        #expect(try post("/loki/api/v1/push", loki, json).status == "204")
        let otlp =
            #"{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":"#
            + #"{"stringValue":"web05"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"#
            + #""1795741204000000000","severityText":"WARN","severityNumber":13,"#
            + #""body":{"stringValue":"<38>sshd[7]: \#(login("otlp"))"}}]}]}]}"#
        #expect(try post("/v1/logs", otlp, json).body == "{}")
        for (user, host, time, level) in [
            ("vector", "web02", "2026-11-27T01:00:01Z", "info"),
            ("fluent", "node3", "2026-11-27T01:00:02Z", nil),
            ("loki", "web04", "2026-11-27T01:00:03Z", "warn"),
            ("otlp", "web05", "2026-11-27T01:00:04Z", "WARN"),
        ] {
            let row = try #require(try daemon.search("user.name:=\(user)").first, "\(user)")
            #expect(row["host.name"] as? String == host, "\(user)")
            #expect(row["_time"] as? String == time, "\(user)")
            #expect(row["log.level"] as? String == level, "\(user)")
            #expect(row["process.name"] as? String == "sshd", "\(user)")
            #expect(row["event.action"] as? String == "ssh-logon", "\(user)")
            #expect(row["hisui.source"] as? String == "ship/127.0.0.1", "\(user)")
        }
        #expect(try daemon.count("loki.metadata.trace_id:=ab12") == 1)
        #expect(try daemon.count("otlp.severityNumber:=13") == 1)
        #expect(try daemon.stop() == 0)
    }

    @Test("bodies are compressed with gzip and zstd, refused with a reason, and both are counted")
    func bodies() throws {
        try daemon.start()
        let file = folder.path + "/lines"
        try "{\"_msg\":\"packed one\"}\n{\"_msg\":\"packed two\"}\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        try Program.shell("gzip -k '\(file)'; zstd -q '\(file)' -o '\(file).zst'")
        for (coding, ending) in [("gzip", "gz"), ("zstd", "zst")] {
            let answer = try Program.run(
                "curl",
                arguments(
                    "/insert/jsonline", "\(file).\(ending)", ["Content-Encoding: " + coding]))
            #expect(answer.text.hasSuffix("200"), "\(answer.text)")
        }
        #expect(try daemon.count("packed") == 4)
        let refused = try post("/insert/jsonline", "{\"_msg\":\"good\"}\n{\"_msg\":", [])
        #expect(refused.status == "400" && refused.body.contains("line 2"))
        #expect(try daemon.count("good") == 0)
        try eventually("the refusal is told") {
            let shown = try Program.hisui("sources", "--store", daemon.store, "--format", "jsonl")
            return shown.text.contains("\"http-body\"")
        }
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }

    @Test("import reads files of such lines: _time and _msg are time and message")
    func importedLines() throws {
        let file = folder.path + "/app.jsonl"
        let lines = [
            #"{"_time":"2026-11-27T01:00:00.5Z","_msg":"imported one","#
                + #""_stream":"{a=\"b\"}","n":7}"#,
            #"{"_msg":"imported two","_time":"2026-11-27T10:00:01+09:00","level":"warn"}"#,
        ]
        try (lines.joined(separator: "\n") + "\n").write(
            toFile: file, atomically: true, encoding: .utf8)
        let store = folder.path + "/store"
        let loaded = try Program.hisui(
            "import", "--store", store, "--zone", "z", "--parsers",
            RunningDaemon.repository + "/parsers", file)
        #expect(loaded.status == 0, "\(loaded.errors)")
        let found = try Program.hisui(
            "search", "--store", store, "--format", "jsonl", "imported | sort by (_time)")
        let rows = try found.lines.map {
            try #require(
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(rows.map { $0["_msg"] as? String } == ["imported one", "imported two"])
        #expect(
            rows.map { $0["_time"] as? String }
                == ["2026-11-27T01:00:00.500Z", "2026-11-27T01:00:01Z"])
        #expect(rows[0]["n"] as? Int == 7 && rows[1]["level"] as? String == "warn")
        let raw = try Program.hisui("search", "--store", store, "--format", "raw", "imported")
        #expect(Set(raw.lines) == Set(lines))
    }
}
