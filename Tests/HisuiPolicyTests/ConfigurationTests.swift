import Glibc
import HisuiBytes
import HisuiEvent
import HisuiYAML
import Testing

@testable import HisuiPolicy

/// The example that is shipped, from the place of this file.
func example() throws -> [UInt8] {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return try contents("/" + root + "/ops/hisui.example.yaml")
}

/// A small file.
func contents(_ path: String) throws -> [UInt8] {
    // Safe: Swift ends the string with a NUL and keeps it for the call.
    let file = unsafe open(path, O_RDONLY)
    try #require(file >= 0)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    // Safe: `read` writes at most the array's count.
    let count = unsafe read(file, &bytes, bytes.count)
    try #require(count > 0)
    return Array(bytes[..<count])
}

@Suite struct ConfigurationTests {
    @Test func theExampleLoads() throws {
        let (loaded, diagnostics) = Configuration.load(try example(), file: "hisui.example.yaml")
        #expect(diagnostics.map(\.description) == [])
        let configuration = try #require(loaded)
        #expect(configuration.organisation.nameJapanese == "翡翠市")
        #expect(configuration.ownZone?.nameJapanese == "LGWAN 接続系")
        #expect(configuration.zones.map(\.id) == ["mynumber", "lgwan", "internet"])
        #expect(configuration.zones.map(\.zoneClass) == [.isolated, .restricted, .exposed])
        #expect(
            configuration.zones[1].addresses.map(\.description) == ["10.2.0.0/16", "fd00:2::/32"])
        #expect(configuration.store == "/var/lib/hisui")
        #expect(configuration.parsers == ["/usr/share/hisui/parsers", "/etc/hisui/parsers"])
        #expect(configuration.streams.map(\.name) == ["firewall", "default"])
        #expect(configuration.streams.map(\.retentionClass) == ["short", "standard"])
        #expect(
            configuration.sources.map(\.id) == [
                "journal", "syslog-udp-127.0.0.1:5514", "syslog-tcp-127.0.0.1:5514", "fw-main",
                "journal-remote", "app", "audit", "audit-lost", "assets", "portal",
            ])
        #expect(
            configuration.sources.map(\.kind) == [
                .journal, .syslogUDP, .syslogTCP, .syslogUDP, .journal, .file, .file, .audit,
                .file, .file,
            ])
        var service = Configuration.Service()
        service.spillPath = "/var/spool/hisui"
        #expect(configuration.service == service)
        #expect(configuration.stream(forSource: "fw-main").name == "firewall")
        #expect(configuration.stream(forSource: "syslog-udp-127.0.0.1:5514").name == "firewall")
        #expect(configuration.stream(forSource: "syslog-tcp-127.0.0.1:5514").name == "default")
    }

    @Test func whatIsLeftOutHasDefaults() throws {
        let configuration = try #require(loaded(text()))
        #expect(configuration.organisation.nameJapanese == "City")
        #expect(configuration.zones[0].nameJapanese == "A")
        #expect(configuration.zones[0].zoneClass == .general)
        #expect(configuration.zones[0].addresses == [])
        #expect(configuration.parsers == [])
        #expect(configuration.timeZone == "Asia/Tokyo")
        #expect(configuration.subjectKeys == nil)
        #expect(loaded(text() + "subject_keys: /k\n")?.subjectKeys == "/k")
        #expect(configuration.streams.map(\.name) == ["default"])
        #expect(configuration.streams.map(\.retentionClass) == ["default"])
        #expect(configuration.service.commitMilliseconds == 20)
        #expect(
            configuration.sources[0].input
                == .journal(Configuration.Journal(place: .local, namespace: nil)))
    }

    @Test func everyKindOfSource() throws {
        let configuration = try #require(
            loaded(
                sourcesText([
                    "{journal: {local: true}, namespace: app}",
                    "{journal: {files: [/j/a.journal, /j/b.journal]}}",
                    "{syslog: {unix: /run/hisui/log}, receive_buffer_bytes: 65536}",
                    "{syslog: {tcp: \"[::]:601\"}, connections_max: 9, idle_seconds: 60}",
                    "{files: {paths: [/var/log/*.log]}, parser: linux.sshd, from: end}",
                ]) + "time_zone: UTC\n"))
        #expect(
            configuration.sources.map(\.id) == [
                "journal.app", "journal-j-a.journal", "syslog-unix-run-hisui-log",
                "syslog-tcp-:::601", "files-var-log-_.log",
            ])
        let endpoint = Configuration.Endpoint(address: IPAddress(v6High: 0, low: 0), port: 601)
        #expect(
            configuration.sources[3].input
                == .syslog(
                    Configuration.Syslog(
                        listener: .tcp(endpoint), timeZone: "UTC", encoding: .utf8,
                        receiveBufferBytes: nil, connectionsMax: 9, idleSeconds: 60)))
        #expect(
            configuration.sources[4].input
                == .files(
                    Configuration.Files(
                        paths: ["/var/log/*.log"], timeZone: "UTC", encoding: .utf8,
                        parser: "linux.sshd", from: .end, join: nil)))
    }

    @Test func aUnixSocketWithConnections() throws {
        let configuration = try #require(
            loaded(
                sourcesText([
                    "{syslog: {unix_stream: /run/hisui/log}, connections_per_sender_max: 4}"
                ]) + "time_zone: UTC\n"))
        let source = configuration.sources[0]
        #expect(source.id == "syslog-unix-stream-run-hisui-log" && source.kind == .syslogUnix)
        #expect(
            source.input
                == .syslog(
                    Configuration.Syslog(
                        listener: .unixStream("/run/hisui/log"), timeZone: "UTC",
                        encoding: .utf8, connectionsPerSenderMax: 4)))
    }

    @Test func listenersThatSpeakTLS() throws {
        let print = String(repeating: "0a:", count: 31) + "0a"
        let configuration = try #require(
            loaded(
                sourcesText([
                    "{syslog: {relp: \"[::1]:2514\"}, window: 64, connections_per_sender_max: 3, "
                        + "tls: {certificate: /c, key: /k, authorities: /a, "
                        + "permitted: [\"*.Example.jp\"]}}",
                    "{syslog: {tcp: 127.0.0.1:6514}, records_per_second_max: 7, "
                        + "bytes_per_second_max: 2048, tls: {certificate: /c, key: /k, "
                        + "clients: optional, permitted: [\"sha256:\(print)\"]}}",
                    "{syslog: {tcp: 127.0.0.1:6515}, tls: {certificate: /c, key: /k}}",
                ])))
        let syslogs = configuration.sources.compactMap { source -> Configuration.Syslog? in
            if case .syslog(let syslog) = source.input { syslog } else { nil }
        }
        #expect(configuration.sources.map(\.id)[0] == "syslog-relp-::1:2514")
        #expect(configuration.sources.map(\.kind) == [.relp, .syslogTCP, .syslogTCP])
        #expect(syslogs[0].window == 64 && syslogs[0].connectionsPerSenderMax == 3)
        #expect(
            syslogs[0].tls
                == Configuration.TLS(
                    certificate: "/c", key: "/k", authorities: "/a", clients: .required,
                    permitted: [.name("*.example.jp")]))
        #expect(syslogs[1].recordsPerSecondMax == 7 && syslogs[1].bytesPerSecondMax == 2048)
        #expect(syslogs[1].tls?.clients == .optional)
        #expect(
            syslogs[1].tls?.permitted
                == [.fingerprint([UInt8](repeating: 10, count: 32))])
        #expect(syslogs[2].tls?.clients == Configuration.TLS.Clients.none)
    }

    @Test func listenersForHTTP() throws {
        let digest = String(repeating: "0a", count: 32)
        let configuration = try #require(
            loaded(
                sourcesText([
                    "{http: {journal: \"0.0.0.0:19532\"}, tls: {certificate: /c, key: /k}, "
                        + "idle_seconds: 9, connections_max: 8, connections_per_sender_max: 7, "
                        + "records_per_second_max: 6, bytes_per_second_max: 5000, "
                        + "tokens: {web1: \"sha256:\(digest)\"}}",
                    "{http: {journal: \"127.0.0.1:1\"}, id: plain, silence_seconds: 60}",
                    "{http: {shippers: \"[::1]:9200\"}}",
                ])))
        #expect(
            configuration.sources.map(\.id)
                == ["journal-upload-0.0.0.0:19532", "plain", "shippers-::1:9200"])
        #expect(configuration.sources.map(\.kind) == [.http, .http, .http])
        let trades = configuration.sources.compactMap { source -> Configuration.HTTP.Trade? in
            if case .http(let http) = source.input { http.trade } else { nil }
        }
        #expect(trades == [.journal, .journal, .shippers])
        #expect(configuration.sources[0].endpoint?.port == 19532)
        guard case .http(let http) = configuration.sources[0].input else {
            Issue.record("no listener for HTTP")
            return
        }
        #expect(http.tls?.certificate == "/c")
        #expect(http.idleSeconds == 9 && http.connectionsMax == 8)
        #expect(http.connectionsPerSenderMax == 7 && http.recordsPerSecondMax == 6)
        #expect(http.bytesPerSecondMax == 5000)
        #expect(http.tokens == [[UInt8](repeating: 10, count: 32): "web1"])
    }

    @Test func derivedIDsAreBoundedValidAndDistinct() throws {
        let long = String(repeating: "/directory", count: 20)
        let configuration = try #require(
            loaded(
                sourcesText([
                    "{files: {paths: [\(long)/a]}}", "{files: {paths: [\(long)/b]}}",
                    "{files: {paths: [/記録/*.log]}}",
                ])))
        let ids = configuration.sources.map(\.id)
        #expect(Set(ids).count == 3)
        #expect(ids.allSatisfy { $0.utf8.count <= Limits.configuredSourceIDBytesMax })
        #expect(ids[2] == "files-______-_.log")
    }

    @Test func endpointsKnowWhoReachesThem() {
        func endpoint(_ v4: UInt32) -> Configuration.Endpoint {
            Configuration.Endpoint(address: IPAddress(v4: v4), port: 1)
        }
        #expect(endpoint(0x7F00_0001).isLoopback && endpoint(0x7FFF_0001).isLoopback)
        #expect(!endpoint(0).isLoopback && !endpoint(0x0A00_0001).isLoopback)
        let six = Configuration.Endpoint(address: IPAddress(v6High: 0, low: 1), port: 514)
        #expect(six.isLoopback && six.description == "[::1]:514")
        let mapped = IPAddress(v6High: 0, low: 0xFFFF_7F00_0001)
        #expect(Configuration.Endpoint(address: mapped, port: 1).isLoopback)
    }

    @Test func everyLineOfTheExampleMayBeMissing() throws {
        let lines = String(decoding: try example(), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        for index in lines.indices {
            var kept = lines
            kept.remove(at: index)
            let result = Configuration.load(
                Array(kept.joined(separator: "\n").utf8), file: "f")
            #expect((result.configuration == nil) == !result.diagnostics.isEmpty, "\(lines[index])")
        }
    }

    @Test(arguments: 0..<8)
    func aMutatedExampleNeverCrashes(part: Int) throws {
        let base = try example()
        let words = ["\n", "  ", "- ", ": ", "[", "]", "{", "}", "~", "&a", "*a", "/", "0", "-1"]
        let seed = randomSeed()
        // Another sequence for each part, never zero.
        var state = (seed &+ UInt64(part)) | 1 << 63
        func next(_ bound: Int) -> Int {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
        }
        for _ in 0..<100 {
            var bytes = base
            for _ in 0...next(4) {
                let at = next(bytes.count)
                switch next(5) {
                case 0: bytes[at] = UInt8(next(256))
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + 1 + next(12)))
                case 2: bytes.insert(contentsOf: Array(words[next(words.count)].utf8), at: at)
                case 3:
                    let from = next(base.count)
                    bytes.insert(contentsOf: base[from..<min(base.count, from + 30)], at: at)
                default: bytes.swapAt(at, next(bytes.count))
                }
            }
            let result = Configuration.load(bytes, file: "f")
            #expect(
                (result.configuration == nil) == !result.diagnostics.isEmpty,
                "seed \(seed), part \(part)")
            #expect(
                result.diagnostics.allSatisfy { $0.line >= 1 && $0.column >= 1 && $0.file == "f" },
                "seed \(seed), part \(part)")
        }
    }
}
