import CTLS
import Glibc
import HisuiCollect
import HisuiEvent
import Testing

/// Certificates for a test: an authority, a server and a client of it, and a stranger.
final class TestCertificates {
    let folder = TestDirectory()

    init(days: Int = 365) { renew(days: days) }

    /// Makes all of them anew.
    func renew(days: Int) {
        let script = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let made = shell(
            "bash '/\(script)/KillCampaign/certificates.sh' '\(folder.path)' \(days) 2>&1")
        precondition(made.status == 0, String(decoding: made.output, as: UTF8.self))
    }

    func settings(
        _ clients: TLSSettings.Clients, permitted: [String] = [], hasAuthority: Bool = true
    ) -> TLSSettings {
        TLSSettings(
            certificate: folder.path("server.pem"), key: folder.path("server.key"),
            authorities: hasAuthority ? folder.path("authority.pem") : nil, clients: clients,
            permitted: permitted.compactMap { PermittedPeer($0) })
    }

    /// SHA-256 of a certificate, as OpenSSL prints it.
    func fingerprint(_ name: String) -> String {
        let said = shell(
            "openssl x509 -in '\(folder.path("\(name).pem"))' -noout -fingerprint -sha256")
        let text = String(decoding: said.output, as: UTF8.self)
        return "sha256:" + text.split(separator: "=")[1].filter { !$0.isWhitespace }
    }
}

/// A client that speaks TLS; nil where the server did not let it.
@safe final class TLSClient {
    private let client: TestClient
    // Safe: freed with this object, which alone has it.
    private let tls: OpaquePointer

    init?(
        port: UInt16, _ certificates: TestCertificates, as name: String? = nil, version: Int32 = 13
    ) {
        client = TestClient(port: port, stream: true)
        let folder = certificates.folder
        let made = unsafe hisui_tls_connect(
            client.descriptor, name.map { folder.path("\($0).pem") },
            name.map { folder.path("\($0).key") }, version)
        guard let made = unsafe made else { return nil }
        unsafe tls = made
    }

    deinit { unsafe hisui_tls_free(tls) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe hisui_tls_write(tls, bytes, Int32(bytes.count))
    }

    /// The next bytes; empty at the end.
    func receive() -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Int(unsafe hisui_tls_read(tls, &bytes, Int32(bytes.count)))
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }

    func end() { unsafe hisui_tls_say_end(tls) }
}

@Suite(.serialized) struct TLSTests {
    private let certificates = TestCertificates()

    private func collector(
        _ settings: TLSSettings, limits: StreamLimits = StreamLimits()
    ) throws -> SyslogStreamCollector {
        try SyslogStreamCollector(address: "127.0.0.1", port: 0, limits: limits, tls: settings)
    }

    @Test(arguments: [12, 13] as [Int32])
    func theNameInTheCertificateIsTheSourceWhateverTheRecordSays(version: Int32) throws {
        let collector = try collector(
            certificates.settings(.required, permitted: ["*.EXAMPLE"]))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = TLSClient(
            port: collector.port, certificates, as: "client", version: version)
        client?.send("<13>Nov 23 10:00:00 other.example app: a\n5 <13>b")
        eventually("two records") { sink.count == 2 }
        running.end()
        let id = "syslog-tls:127.0.0.1:\(collector.port)/cert:client.example"
        #expect(sink.now.records.allSatisfy { $0.source == id && $0.sender == "127.0.0.1" })
        #expect(sink.texts == ["<13>Nov 23 10:00:00 other.example app: a", "<13>b"])
    }

    @Test func whoHasNoPermittedCertificateIsRefusedAndCounted() throws {
        let collector = try collector(
            certificates.settings(.required, permitted: ["server.example"]))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        // Nobody vouches for it, though it has a client's name; no certificate; another name.
        for name in ["stranger", nil, "client"] {
            let client = TLSClient(port: collector.port, certificates, as: name)
            client?.send("<13>let me in\n")
            #expect(client?.receive() ?? "" == "")
        }
        eventually("three refusals") { collector.counts.refusals.total == 3 }
        running.end()
        let refusals = collector.counts.refusals
        #expect(refusals[.handshake] == 2 && refusals[.certificate] == 1)
        #expect(
            refusals.entries[.handshake]?.detail == "peer did not return a certificate")
        let last = try #require(refusals.entries[.certificate])
        #expect(last.peer == "127.0.0.1")
        #expect(last.detail.hasPrefix("sha256:") && last.detail.hasSuffix(" (client.example)"))
        #expect(sink.count == 0)
        #expect(collector.counts.open == 0)
    }

    @Test func aFingerprintNeedsNoAuthority() throws {
        let collector = try collector(
            certificates.settings(
                .required, permitted: [certificates.fingerprint("stranger")], hasAuthority: false))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        TLSClient(port: collector.port, certificates, as: "client")?.send("<13>other\n")
        eventually("one refusal") { collector.counts.refusals[.certificate] == 1 }
        #expect(
            collector.counts.refusals.entries[.certificate]?.detail
                .hasSuffix(", no authority vouches for it") == true)
        let client = TLSClient(port: collector.port, certificates, as: "stranger")
        client?.send("<13>pinned\n")
        eventually("a record") { sink.count == 1 }
        running.end()
        #expect(sink.texts == ["<13>pinned"])
        #expect(sink.now.records[0].source.hasSuffix("/cert:client.example"))
    }

    @Test func aCertificateThatIsNotAskedForMakesNoSource() throws {
        for clients in [TLSSettings.Clients.none, .optional] {
            let collector = try collector(certificates.settings(clients))
            let sink = TestSink()
            let running = Running(collector, into: sink)
            let client = TLSClient(port: collector.port, certificates)
            client?.send("<13>a\n")
            eventually("a record") { sink.count == 1 }
            running.end()
            #expect(sink.now.records[0].source.hasSuffix("/127.0.0.1"))
        }
    }

    @Test func oldVersionsAndOtherProtocolsAreRefused() throws {
        let collector = try collector(certificates.settings(.none))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        #expect(TLSClient(port: collector.port, certificates, version: 11) == nil)
        let plain = TestClient(port: collector.port, stream: true)
        plain.send("<13>plain text, which is no handshake of any kind\n")
        eventually("two refusals") { collector.counts.refusals[.handshake] == 2 }
        running.end()
        #expect(collector.counts.refusals.entries[.handshake]?.detail == "wrong version number")
        #expect(sink.count == 0)
    }

    @Test func whoDoesNotShakeHandsInTimeIsClosedAndCountedAndNobodyElse() throws {
        let collector = try collector(
            certificates.settings(.none), limits: StreamLimits(handshakeSeconds: 1))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let quick = TLSClient(port: collector.port, certificates)
        // One says nothing, one stops amid its first message.
        let silent = TestClient(port: collector.port, stream: true)
        let slow = TestClient(port: collector.port, stream: true)
        slow.send("\u{16}\u{3}\u{1}")
        eventually("both are closed") { collector.counts.refusals[.handshakeTime] == 2 }
        #expect(silent.isEnded && slow.isEnded)
        quick?.send("<13>still there\n")
        eventually("the one that was in time") { sink.texts == ["<13>still there"] }
        running.end()
        #expect(collector.counts.refusals.total == 2)
    }

    @Test func certificatesAreReadAgainAndThoseInForceStayIfTheyAreBad() throws {
        certificates.renew(days: 10)
        let collector = try collector(certificates.settings(.none))
        let first = try #require(collector.certificateExpiry)
        certificates.renew(days: 300)
        try collector.reload()
        let second = try #require(collector.certificateExpiry)
        #expect((second - first) / 86_400 == 290)
        certificates.folder.append("bad.pem", "no certificate")
        shell(
            "cd '\(certificates.folder.path)' && cp bad.pem server.pem"
        )
        #expect(throws: CollectError.self) { try collector.reload() }
        #expect(collector.certificateExpiry == second)
        let sink = TestSink()
        let running = Running(collector, into: sink)
        TLSClient(port: collector.port, certificates)?.send("<13>still\n")
        eventually("a record") { sink.count == 1 }
        running.end()
    }

    @Test func aListenerWithoutItsKeyDoesNotBegin() {
        var settings = certificates.settings(.none)
        settings.key = certificates.folder.path("client.key")
        let error = #expect(throws: CollectError.self) { try collector(settings) }
        #expect(error?.code == .badConfiguration)
        #expect(error?.description.contains("client.key") == true)
    }

    @Test func manyBytesThroughTLSAreAllTaken() throws {
        let collector = try collector(certificates.settings(.none))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = TLSClient(port: collector.port, certificates)
        let line = String(repeating: "x", count: 200)
        for _ in 0..<200 {
            client?.send((0..<50).map { "<13>\(line) \($0)\n" }.joined())
        }
        client?.end()
        eventually("10,000 records") { sink.count == 10_000 }
        running.end()
    }

    @Test func relpThroughTLSIsAnswered() throws {
        let collector = try RELPCollector(
            address: "127.0.0.1", port: 0, tls: certificates.settings(.required))
        let sink = TestSink()
        let running = Running(collector, into: sink)
        let client = TLSClient(port: collector.port, certificates, as: "client")
        client?.send("1 open 1 x\n")
        #expect(client?.receive().hasPrefix("1 rsp 57 200 OK\n") == true)
        client?.send("2 syslog 5 <13>a\n")
        #expect(client?.receive() == "2 rsp 6 200 OK\n")
        running.end()
        let id = "relp-tls:127.0.0.1:\(collector.port)/cert:client.example"
        #expect(sink.now.records.map(\.source) == [id])
    }
}

@Suite struct PermittedPeerTests {
    @Test func aNameIsComparedWithoutCaseAndAStarStandsForOneLabel() throws {
        let plain = try #require(PermittedPeer("Web1.Example"))
        #expect(plain.matches(name: "web1.EXAMPLE"))
        #expect(!plain.matches(name: "web1.example.org"))
        let star = try #require(PermittedPeer("*.example"))
        #expect(star.matches(name: "a.example"))
        #expect(!star.matches(name: "a.b.example"))
        #expect(!star.matches(name: "example"))
        #expect(!star.matches(name: ".example"))
    }

    @Test(arguments: ["", "*", "*.", "a*b", "a b", "sha256:", "sha256:00", "web.*.example"])
    func whatIsNoPeerIsRefused(text: String) { #expect(PermittedPeer(text) == nil) }
}
