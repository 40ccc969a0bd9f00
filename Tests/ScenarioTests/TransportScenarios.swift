import Foundation
import Testing

/// Every way in which Debian's senders send, each to a listener of its own.
@Suite("transports, with real senders", .serialized)
struct TransportScenarios {
    private static let lines = 3000

    /// A throwaway authority with certificates of both ends.
    private static func certificates() throws -> Scratch {
        let folder = try Scratch()
        try Program.shell(
            "bash '\(RunningDaemon.repository)/Tests/KillCampaign/certificates.sh' '\(folder.path)'"
        )
        return folder
    }

    private static func tls(_ folder: Scratch, _ more: String = "") -> String {
        "tls: { certificate: \(folder.path)/server.pem, key: \(folder.path)/server.key\(more) }"
    }

    private static func clients(_ folder: Scratch) -> String {
        ", authorities: \(folder.path)/authority.pem, permitted: [client.example]"
    }

    /// Sends numbered lines with rsyslog, and expects each of them once, of one source.
    private func expectDelivery(
        _ daemon: RunningDaemon, action: String, preamble: String = "", source: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try daemon.start()
        let rsyslog = try RSyslog(action: action, preamble: preamble)
        try rsyslog.start()
        defer { rsyslog.stop() }
        try rsyslog.feed(lines: Self.lines).wait()
        try eventually("every line has come: \(daemon.log)") {
            try daemon.count("feed") >= Self.lines
        }
        let found = try daemon.messages("hisui.source:=\"\(source)\" feed")
        let numbers = found.compactMap { message in
            message.firstRange(of: "feed ").flatMap {
                Int(message[$0.upperBound...].prefix { $0.isNumber })
            }
        }
        let isWhole = numbers.sorted().elementsEqual(0..<Self.lines)
        #expect(isWhole, "\(numbers.count) of \(source)", sourceLocation: sourceLocation)
        rsyslog.stop()
        #expect(try daemon.stop() == 0, sourceLocation: sourceLocation)
        try expectEquation(daemon.store)
    }

    @Test("rsyslog omfwd, counted frames")
    func counted() throws {
        let port = try freePort()
        let daemon = try RunningDaemon(
            sources: ["{ syslog: { tcp: \"127.0.0.1:\(port)\" }, id: octets }"])
        try expectDelivery(
            daemon,
            action: "type=\"omfwd\" target=\"127.0.0.1\" port=\"\(port)\" protocol=\"tcp\" "
                + "TCP_Framing=\"octet-counted\"",
            source: "octets/127.0.0.1")
    }

    @Test("rsyslog omfwd through TLS, by its certificate", arguments: ["gtls", "ossl"])
    func forwardedByTLS(driver: String) throws {
        let port = try freePort()
        let folder = try Self.certificates()
        let daemon = try RunningDaemon(
            sources: [
                "{ syslog: { tcp: \"127.0.0.1:\(port)\" }, id: secure, "
                    + Self.tls(folder, Self.clients(folder)) + " }"
            ])
        try expectDelivery(
            daemon,
            action: "type=\"omfwd\" target=\"127.0.0.1\" port=\"\(port)\" protocol=\"tcp\" "
                + "StreamDriver=\"\(driver)\" StreamDriverMode=\"1\" "
                + "StreamDriverAuthMode=\"x509/name\" "
                + "StreamDriverPermittedPeers=\"server.example\"",
            preamble: """
                global(defaultNetstreamDriverCAFile="\(folder.path)/authority.pem"
                       defaultNetstreamDriverCertFile="\(folder.path)/client.pem"
                       defaultNetstreamDriverKeyFile="\(folder.path)/client.key")
                """,
            source: "secure/cert:client.example")
    }

    @Test("rsyslog omrelp")
    func acknowledged() throws {
        let port = try freePort()
        let daemon = try RunningDaemon(
            sources: ["{ syslog: { relp: \"127.0.0.1:\(port)\" }, id: relp }"])
        try expectDelivery(
            daemon, action: "type=\"omrelp\" target=\"127.0.0.1\" port=\"\(port)\"",
            preamble: "module(load=\"omrelp\")", source: "relp/127.0.0.1")
    }

    @Test("rsyslog omrelp through TLS, by its certificate", arguments: ["openssl", "gnutls"])
    func acknowledgedByTLS(library: String) throws {
        let port = try freePort()
        let folder = try Self.certificates()
        let daemon = try RunningDaemon(
            sources: [
                "{ syslog: { relp: \"127.0.0.1:\(port)\" }, id: relp, "
                    + Self.tls(folder, Self.clients(folder)) + " }"
            ])
        let files = folder.path
        try expectDelivery(
            daemon,
            action: "type=\"omrelp\" target=\"127.0.0.1\" port=\"\(port)\" tls=\"on\" "
                + "tls.caCert=\"\(files)/authority.pem\" tls.myCert=\"\(files)/client.pem\" "
                + "tls.myPrivKey=\"\(files)/client.key\" tls.authMode=\"name\" "
                + "tls.permittedPeer=[\"server.example\"]",
            preamble: "module(load=\"omrelp\" tls.tlslib=\"\(library)\")",
            source: "relp/cert:client.example")
    }

    @Test("a sender with a certificate of nobody's authority stores nothing")
    func stranger() throws {
        let port = try freePort()
        let folder = try Self.certificates()
        let daemon = try RunningDaemon(
            sources: [
                "{ syslog: { tcp: \"127.0.0.1:\(port)\" }, id: secure, "
                    + Self.tls(folder, Self.clients(folder)) + " }"
            ])
        try daemon.start()
        for name in ["stranger", "client"] {
            try Program.shell(
                """
                (echo '<13>from \(name)'; sleep 0.5) | timeout 2 openssl s_client -quiet \
                    -connect 127.0.0.1:\(port) -cert '\(folder.path)/\(name).pem' \
                    -key '\(folder.path)/\(name).key' >/dev/null 2>&1 || true
                """)
        }
        try eventually("the client's line is found") { try daemon.count("\"from client\"") == 1 }
        #expect(try daemon.count("\"from stranger\"") == 0)
        #expect(try daemon.stop() == 0)
    }

    @Test("a certificate that is replaced is taken at SIGHUP; one that ends soon is told")
    func renewed() throws {
        let port = try freePort()
        let folder = try Scratch()
        let script = "\(RunningDaemon.repository)/Tests/KillCampaign/certificates.sh"
        try Program.shell("bash '\(script)' '\(folder.path)' 20")
        let daemon = try RunningDaemon(
            sources: [
                "{ syslog: { tcp: \"127.0.0.1:\(port)\" }, id: secure, " + Self.tls(folder) + " }"
            ])
        try daemon.start()
        try eventually("the end is told") {
            daemon.log.contains("warning: source secure: its certificate expires in ")
        }
        func serial() throws -> String {
            try Program.shell(
                "openssl s_client -connect 127.0.0.1:\(port) </dev/null 2>/dev/null "
                    + "| openssl x509 -noout -serial"
            ).text
        }
        let before = try serial()
        try Program.shell("bash '\(script)' '\(folder.path)' 300")
        daemon.hangUp()
        try eventually("the new one is shown") { try serial() != before }
        #expect(!daemon.log.contains("what is in force stays"))
        #expect(try daemon.stop() == 0)
    }

    @Test("loggen by TCP, TLS and UDP: what it sent is stored or counted as dropped")
    func loadGenerator() throws {
        guard let tools = ProcessInfo.processInfo.environment["HISUI_LOGGEN"] else {
            throw ScenarioError("HISUI_LOGGEN is not set; ops/test unpacks syslog-ng's loggen")
        }
        let port = try freePort()
        let folder = try Self.certificates()
        let daemon = try RunningDaemon(
            sources: [
                "{ syslog: { tcp: \"127.0.0.1:\(port)\" }, id: secure, " + Self.tls(folder) + " }"
            ])
        try daemon.start()
        let loggen =
            "SYSLOGNG_PREFIX='\(tools)/usr' LD_LIBRARY_PATH='\(tools)/usr/lib/syslog-ng' "
            + "'\(tools)/usr/bin/loggen' --rate 20000 --size 300 --number 5000 --interval 30 "
            + "--quiet"
        try Program.shell("\(loggen) --inet --stream 127.0.0.1 \(daemon.tcpPort)")
        try Program.shell("\(loggen) --inet --stream --syslog-proto 127.0.0.1 \(daemon.tcpPort)")
        try Program.shell("\(loggen) --inet --dgram 127.0.0.1 \(daemon.udpPort)")
        try Program.shell("\(loggen) --use-ssl 127.0.0.1 \(port)")
        try eventually("all is accounted for: \(try daemon.sum("stored"))") {
            try daemon.sum("offered") == 20_000
        }
        #expect(try daemon.count("hisui.source:=\"secure/127.0.0.1\"") == 5000)
        #expect(try daemon.count("hisui.flags:\"framing-error\"") == 0)
        #expect(try daemon.stop() == 0)
        try expectEquation(daemon.store)
    }

    @Test("logger by counted frames, and through a Unix socket with what the kernel says of it")
    func logger() throws {
        let daemon = try RunningDaemon(
            sources: ["{ syslog: { unix: FOLDER/log }, id: local }"])
        try daemon.start()
        try Program.shell(
            "logger -n 127.0.0.1 -P \(daemon.tcpPort) -T --octet-count -t counted 'marker one'")
        try Program.shell("logger -u '\(daemon.folder.path)/log' -t claims 'marker two'")
        try eventually("both are found") { try daemon.count("marker") == 2 }
        let rows = try daemon.search("hisui.source:=local")
        #expect(rows.count == 1)
        #expect("\(rows[0]["hisui.sender.uid"] ?? "")" == "\(getuid())")
        #expect("\(rows[0]["hisui.sender.gid"] ?? "")" == "\(getgid())")
        #expect(Int("\(rows[0]["hisui.sender.pid"] ?? "")") ?? 0 > 1)
        #expect(try daemon.count("hisui.sender.uid:=\(getuid())") == 1)
        #expect(rows[0]["log.source.address"] == nil)
        #expect(try daemon.stop() == 0)
    }
}

/// The campaign of `ops/kill-campaign`, in short.
@Suite("kills over RELP", .serialized)
struct RELPKillScenarios {
    @Test("kill -9 of either end: nothing acknowledged is lost, and what comes twice is flagged")
    func kills() throws {
        let finished = try Program.run(
            "/usr/bin/python3",
            [
                RunningDaemon.repository + "/Tests/KillCampaign/kill_campaign.py", "--hisui",
                Program.hisui, "--rounds", "8", "--only-daemon",
            ], seconds: 300)
        #expect(finished.status == 0, "\(finished.text)\(finished.errors)")
        let summary =
            try JSONSerialization.jsonObject(
                with: Data((finished.lines.last ?? "").utf8)) as? [String: Any]
        #expect(summary?["kills"] as? Int == 8)
        #expect((summary?["acknowledged_and_lost"] as? [Int])?.isEmpty == true)
        #expect(summary?["doubled"] as? Int == 0)
    }
}
