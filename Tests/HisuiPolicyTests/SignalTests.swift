import HisuiPolicy
import Testing

/// How the daemon says that it lives, and when the silence of a source is told.
@Suite struct SignalTests {
    private static func signal(_ value: String) -> Configuration.Signal? {
        loaded(text(extra: "signal: \(value)\n"))?.signal
    }

    private static func signalProblems(_ value: String) -> [String] {
        problems([:], extra: "signal: \(value)\n")
    }

    @Test func everyWay() throws {
        #expect(loaded(text())?.signal == nil)
        let datagram = try #require(Self.signal("{udp: \"192.0.2.9:514\"}"))
        #expect(datagram.seconds == 60)
        guard case .udp(let endpoint) = datagram.way else { return #expect(Bool(false)) }
        #expect(endpoint.description == "192.0.2.9:514")
        let stream = try #require(Self.signal("{tcp: \"[2001:db8::9]:601\", seconds: 5}"))
        #expect(stream.seconds == 5)
        guard case .tcp(let other) = stream.way else { return #expect(Bool(false)) }
        #expect(other.description == "[2001:db8::9]:601")
        #expect(
            Self.signal("{command: [/usr/local/bin/alive, lgwan, \"a b\"]}")?.way
                == .command(["/usr/local/bin/alive", "lgwan", "a b"]))
    }

    @Test func whatIsWrongWithASignal() {
        #expect(
            Self.signalProblems("{seconds: 5}") == [
                "6:9: `signal` needs one of the keys `udp`, `tcp`, `command`"
            ])
        #expect(
            Self.signalProblems("{udp: \"192.0.2.9:514\", tcp: \"192.0.2.9:514\"}") == [
                "6:32: `signal` takes only one of the keys `udp`, `tcp`, `command` "
                    + "(keep one of them)"
            ])
        #expect(Self.signalProblems("{udp: alarm}").count == 1)
        #expect(Self.signalProblems("{udp: \"192.0.2.9:514\", seconds: 0}").count == 1)
        #expect(
            Self.signalProblems("{command: [alive]}") == [
                "6:20: the program `alive` is no absolute path (begin it with /)"
            ])
        #expect(
            Self.signalProblems("{command: []}") == [
                "6:19: `command` is empty (give at least one)"
            ])
        #expect(
            Self.signalProblems("{command: [/bin/a, \"\"]}") == [
                "6:28: a word of the command is empty or holds a NUL"
            ])
        let words = Array(repeating: "a", count: 64).joined(separator: ", ")
        #expect(Self.signalProblems("{command: [/bin/a, \(words)]}").count == 1)
    }

    @Test func silenceOfEveryKindOfSource() throws {
        let configuration = try #require(
            loaded(
                sourcesText([
                    "{journal: {local: true}}",
                    "{syslog: {udp: \"127.0.0.1:514\"}, silence_seconds: 0}",
                    "{files: {paths: [/a.log]}, silence_seconds: 86400}",
                ])))
        #expect(configuration.sources.map(\.silenceSeconds) == [nil, 0, 86_400])
        #expect(sourceProblems("{journal: {local: true}, silence_seconds: -1}").count == 1)
        #expect(sourceProblems("{journal: {local: true}, silence_seconds: 31536001}").count == 1)
    }

    @Test func howDearDatagramsAre() throws {
        let configuration = try #require(
            loaded(
                sourcesText([
                    "{syslog: {udp: \"127.0.0.1:514\"}}",
                    "{syslog: {udp: \"127.0.0.1:515\"}, spill_class: low}",
                    "{syslog: {unix: /run/log}, spill_class: security}",
                ])))
        #expect(configuration.sources.map(\.spillClass) == [.priority, .low, .security])
        #expect(
            sourceProblems("{syslog: {udp: 127.0.0.1:1}, spill_class: lowest}") == [
                "6:45: unknown spill_class `lowest` "
                    + "(valid: priority, low, middle, high, security)"
            ])
        // What can wait is never spilled.
        #expect(
            sourceProblems("{syslog: {tcp: 127.0.0.1:1}, spill_class: low}") == [
                "6:32: `spill_class` has no meaning for tcp (it belongs to udp and unix)"
            ])
        #expect(
            sourceProblems("{files: {paths: [/a]}, spill_class: low}") == [
                "6:26: `spill_class` is no key of a files source (it belongs to syslog)"
            ])
    }

    @Test func heartbeats() {
        #expect(loaded(text())?.service.heartbeatSeconds == 10)
        #expect(
            loaded(text(extra: "service: {heartbeat_seconds: 60}\n"))?.service.heartbeatSeconds
                == 60)
        #expect(problems([:], extra: "service: {heartbeat_seconds: 3601}\n").count == 1)
    }
}
