import Foundation
import Testing

/// Listeners to which peers connect: Unix stream sockets, and who is turned away.
@Suite("listeners and whom they turn away", .serialized)
struct ListenerScenarios {
    private static func certificates() throws -> Scratch {
        let folder = try Scratch()
        try Program.shell(
            "bash '\(RunningDaemon.repository)/Tests/KillCampaign/certificates.sh' '\(folder.path)'"
        )
        return folder
    }

    private static func objects(_ text: String) throws -> [[String: Any]] {
        try text.split(separator: "\n").map { line in
            try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                "\(line)")
        }
    }

    @Test(
        "a Unix socket, as /dev/log, with what the kernel says of the sender: nothing is lost",
        arguments: ["unix", "unix_stream"])
    func unixSocket(key: String) throws {
        let daemon = try RunningDaemon(sources: ["{ syslog: { \(key): FOLDER/log }, id: local }"])
        try daemon.start()
        let path = daemon.folder.path + "/log"
        try eventually("the socket is there") { FileManager.default.fileExists(atPath: path) }
        try Program.shell(
            "seq -f 'unix %.0f end' 1 5000 | logger -u '\(path)' -t unix-scenario -p auth.err")
        try eventually("all are found") { try daemon.count("hisui.source:=local unix") == 5000 }
        let row = try #require(try daemon.search("\"unix 4711 end\"").first)
        #expect(row["process.name"] as? String == "unix-scenario")
        #expect("\(row["log.syslog.severity.code"] ?? "")" == "3")
        #expect("\(row["hisui.sender.uid"] ?? "")" == "\(getuid())")
        #expect(Int("\(row["hisui.sender.pid"] ?? "")") ?? 0 > 1)
        daemon.kill9()
        // The dead daemon's socket is in the way, and is replaced.
        try daemon.start()
        try eventually("it listens again") {
            try Program.shell("logger -u '\(path)' -t unix-scenario again 2>/dev/null || true")
            return try daemon.count("again") > 0
        }
        #expect(try daemon.stop() == 0)
        #expect(!FileManager.default.fileExists(atPath: path))
        try expectEquation(daemon.store)
    }

    @Test("who is turned away is counted, and shown with the last one, why and when")
    func refused() throws {
        let folder = try Self.certificates()
        let (port, limited) = (try freePort(), try freePort())
        let daemon = try RunningDaemon(
            sources: [
                "{ syslog: { tcp: \"127.0.0.1:\(port)\" }, id: secure, tls: { certificate: "
                    + "\(folder.path)/server.pem, key: \(folder.path)/server.key, authorities: "
                    + "\(folder.path)/authority.pem, permitted: [server.example] } }",
                "{ syslog: { tcp: \"127.0.0.1:\(limited)\" }, id: narrow, connections_max: 1 }",
            ])
        try daemon.start()
        // Plain text, a certificate of nobody's authority twice, one that is not permitted.
        try Program.shell("echo '<13>plain' > /dev/tcp/127.0.0.1/\(port)")
        for name in ["stranger", "stranger", "client"] {
            try Program.shell(
                """
                (echo '<13>let me in'; sleep 0.3) | timeout 5 openssl s_client -quiet \
                    -connect 127.0.0.1:\(port) -cert '\(folder.path)/\(name).pem' \
                    -key '\(folder.path)/\(name).key' >/dev/null 2>&1 || true
                """)
        }
        try Program.shell(
            "exec 3<>/dev/tcp/127.0.0.1/\(limited); echo '<13>first' >&3; sleep 0.5; "
                + "echo '<13>second' > /dev/tcp/127.0.0.1/\(limited)")
        try eventually("it is told: \(daemon.log)") {
            daemon.log.contains("source secure: TLS handshakes failed: ")
                && daemon.log.contains("source secure: certificates were not permitted: 1; ")
                && daemon.log.contains("source narrow: connections refused")
        }
        #expect(try daemon.stop() == 0)
        #expect(daemon.log.components(separatedBy: "TLS handshakes failed").count == 2)
        #expect(try daemon.count("\"let me in\"") == 0)

        let listed = try Program.hisui("sources", "--store", daemon.store, "--format", "jsonl")
        let listeners = try Self.objects(listed.text).filter { $0["listener"] != nil }
        #expect(listeners.map { $0["listener"] as? String } == ["narrow", "secure"])
        #expect(listeners.map { $0["refused"] as? Int } == [1, 4])
        let refusals = try #require(listeners.last?["refusals"] as? [[String: Any]])
        #expect(
            refusals.map { $0["reason"] as? String } == ["tls-handshake", "tls-certificate"])
        #expect(refusals.map { $0["count"] as? Int } == [3, 1])
        #expect(refusals[0]["peer"] as? String == "127.0.0.1")
        #expect("\(refusals[0]["detail"] ?? "")".hasPrefix("certificate verify failed: "))
        #expect("\(refusals[1]["detail"] ?? "")".hasSuffix("(client.example)"))
        for arguments in [["status"], ["sources", "--format", "table"]] {
            let told = try Program.run(
                Program.hisui, arguments + ["--store", daemon.store, "--lang", "en"])
            #expect(told.text.contains("secure: failed TLS handshakes: 3; the last "))
            #expect(told.text.contains("narrow: connections beyond connections_max: 1;"))
        }
        let shown = try Program.hisui(
            "sources", "show", "--store", daemon.store, "secure", "--format", "table", "--lang",
            "ja")
        #expect(shown.text.contains("許可されていない証明書 1 件"), "\(shown.text)\(shown.errors)")
        let page = try Program.hisui(
            "sources", "show", "--store", daemon.store, "narrow/127.0.0.1", "--format", "table",
            "--lang", "en")
        #expect(page.text.contains("connections beyond connections_max"), "\(page.text)")
    }

    @Test("without a descriptor left, peers wait and lose nothing, and it is told")
    func descriptors() throws {
        let daemon = try RunningDaemon()
        try daemon.start()
        try daemon.limitDescriptors(to: 8)
        try Program.shell(
            """
            for n in $(seq 10 39); do
                eval "exec $n<>/dev/tcp/127.0.0.1/\(daemon.tcpPort)"
                echo "<13>peer $n" >&$n
            done
            sleep 3
            """)
        try eventually("all have been heard: \(daemon.log)") {
            try daemon.count("peer") == 30
        }
        #expect(daemon.log.contains("no descriptor was left for a connection, which waits: "))
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }

    @Test("a listener whose place is taken is told, and begins when it is free")
    func placeTaken() throws {
        let port = try freePort()
        let daemon = try RunningDaemon(
            sources: ["{ syslog: { tcp: \"127.0.0.1:\(port)\" }, id: late }"])
        let other = try Child(
            "/usr/bin/python3",
            [
                "-c",
                "import socket, time; s = socket.socket(); "
                    + "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); "
                    + "s.bind(('127.0.0.1', \(port))); s.listen(); time.sleep(600)",
            ])
        try eventually("the place is taken") {
            try Program.shell("ss -ltn | grep -q ':\(port) ' && echo yes || true").text
                .contains("yes")
        }
        try daemon.start()
        try eventually("it is told: \(daemon.log)") {
            daemon.log.contains("source late: cannot listen on TCP 127.0.0.1:\(port)")
                && daemon.log.contains("another program listens there")
        }
        other.signal(SIGKILL)
        _ = try other.wait(seconds: 10)
        try eventually("it listens") {
            try Program.shell(
                "(echo '<13>at last' > /dev/tcp/127.0.0.1/\(port)) 2>/dev/null || true")
            return try daemon.count("\"at last\"") > 0
        }
        #expect(try daemon.stop() == 0)
    }

    @Test("what is said while a device is connected can be read by a program")
    func events() throws {
        let folder = try Self.certificates()
        let port = try freePort()
        let daemon = try RunningDaemon(
            sources: [
                "{ syslog: { tcp: \"127.0.0.1:\(port)\" }, id: secure, tls: { certificate: "
                    + "\(folder.path)/server.pem, key: \(folder.path)/server.key } }"
            ])
        try daemon.start()
        let out = daemon.folder.path + "/add.out"
        let add = try Child(
            Program.hisui,
            [
                "sources", "add", "cisco", "--over", "udp", "--config", daemon.configuration,
                "--wait", "--format", "jsonl", "--lang", "en",
            ], output: out, errors: daemon.folder.path + "/add.err")
        func said() throws -> String { try String(contentsOfFile: out, encoding: .utf8) }
        try eventually("it waits") { try said().contains("\"waiting\"") }
        try Program.shell(
            "echo \"<189>45: sw01: $(TZ=JST-9 date +'%b %e %Y %H:%M:%S').123 JST: "
                + "%SYS-5-CONFIG_I: Configured from console by admin on vty0 (192.0.2.5)\" "
                + "> /dev/udp/127.0.0.1/\(daemon.udpPort)")
        #expect(try add.wait(seconds: 60, "sources add") == 0)
        let events = try Self.objects(try said())
        #expect(
            events.map { $0["event"] as? String } == ["recipe", "waiting", "first", "arrived"])
        let ways = try #require(events[0]["ways"] as? [[String: Any]])
        #expect("\(ways[0]["paste"] ?? "")".contains("logging host 127.0.0.1"))
        let source = "syslog-udp-127.0.0.1:\(daemon.udpPort)/127.0.0.1"
        #expect(events[3]["source"] as? String == source)
        #expect(events[3]["records"] as? Int == 1)
        #expect(events[3]["parsers"] as? [String: Int] == ["network.cisco-ios": 1])
        #expect("\(events[3]["message"] ?? "")".contains("1 record arrived."))

        // A device that does not speak TLS where it should is no riddle.
        let tls = try Child(
            Program.hisui,
            [
                "sources", "add", "linux-rsyslog", "--over", "tls", "--config",
                daemon.configuration, "--wait", "--seconds", "6", "--format", "jsonl",
            ], output: out + "2", errors: daemon.folder.path + "/add.err")
        try eventually("it waits") {
            try String(contentsOfFile: out + "2", encoding: .utf8).contains("\"waiting\"")
        }
        try Program.shell("echo '<13>plain' > /dev/tcp/127.0.0.1/\(port)")
        #expect(try tls.wait(seconds: 60, "sources add") == 1)
        let others = try Self.objects(try String(contentsOfFile: out + "2", encoding: .utf8))
        #expect(
            others.map { $0["event"] as? String } == ["recipe", "waiting", "refused", "nothing"])
        let listener = try #require((others[2]["listener"] as? [[String: Any]])?.first)
        #expect(listener["listener"] as? String == "secure")
        #expect(try daemon.stop() == 0)
    }
}
