import HisuiEvent
import HisuiPolicy
import Testing

/// What may be said of the Linux audit system.
@Suite struct AuditSourceTests {
    @Test func theSocketOfThePluginAndTheKernelsCount() throws {
        let socket = try #require(
            loaded(sourcesText(["{audit: {socket: /run/hisui-audit/events}, silence_seconds: 0}"])))
        #expect(socket.sources[0].id == "audit-run-hisui-audit-events")
        #expect(socket.sources[0].input == .audit(.socket("/run/hisui-audit/events")))
        #expect(socket.sources[0].kind == .audit && socket.sources[0].parser == nil)
        let losses = try #require(loaded(sourcesText(["{audit: {lost: true}, id: k}"])))
        #expect(losses.sources[0].id == "k")
        #expect(losses.sources[0].input == .audit(.losses))
    }

    @Test func thereIsOneForAMachine() {
        let taken = "counts already what the kernel's audit loses"
        for other in ["{audit: {lost: true}, id: b}", "{audit: {socket: /other}}"] {
            let found = sourceProblems("{audit: {socket: /run/a}}", other)
            #expect(found.count == 1 && found[0].contains(taken), "\(found)")
            #expect(found[0].contains("at line 6, column 12"), "\(found)")
        }
        let twice = sourceProblems("{audit: {socket: /run/a}}", "{syslog: {unix: /run/a}}")
        #expect(twice.count == 1 && twice[0].contains("already read"), "\(twice)")
    }

    @Test func whatIsRefused() {
        func problem(_ source: String) -> String {
            sourceProblems(source).joined(separator: "; ")
        }
        #expect(problem("{audit: {lost: false}}").contains("`lost` is false (remove the source)"))
        #expect(
            problem("{audit: {}}").contains("`audit` needs one of the keys `socket`, `lost`"))
        #expect(
            problem("{audit: {socket: /a, lost: true}}")
                .contains("takes only one of the keys `socket`, `lost` (a source with `socket`"))
        #expect(problem("{audit: {socket: a}}").contains("is no absolute path"))
        let long = "/" + String(repeating: "a", count: 107)
        #expect(problem("{audit: {socket: \(long)}}").contains("the kernel takes 107"))
        #expect(problem("{audit: {sockett: /a}}").contains("did you mean `socket`"))
        #expect(problem("{audit: {socket: /a}, from: end}").contains("no key of an audit source"))
        #expect(problem("{audit: {socket: /a}, spill_class: low}").contains("no key of an audit"))
    }
}
